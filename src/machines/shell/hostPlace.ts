import { posix } from 'node:path';
import type { MachinePlace } from '../../core/machine/machine.js';
import { homePaths } from '../../core/store/home.js';
import { quotePosix } from '../../common/quote.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { NODE_FILE } from '../nodeClaim.js';
import { cannotHoldSockets, runtimeFolderIn, runtimeFolders } from '../runtimeDirectory.js';
import type { ShellAnswer } from './commandShell.js';
import { toHostDiskError } from './hostErrors.js';
import type { HostFacts } from './hostFacts.js';
import { newMark } from './shellText.js';

/**
 * Makes the folders of Code Manager on a host for us alone, in one round trip, by the rules that an agent server there
 * follows, `holdsSockets` among them.
 * @throws CodeManagerError `invalid` when the folder would be the user's home, `conflict` when somebody else's or no
 * folder is in its place, `unavailable` when it cannot be made
 */
export async function makePlace(
  run: (script: string) => Promise<ShellAnswer>,
  facts: PlaceFacts,
): Promise<MachinePlace> {
  const { root, active, archive, tools, servers, worktrees } = homePaths(facts.dataDirectory);
  if (root === '/' || root === posix.resolve(facts.homeDirectory)) {
    throw new CodeManagerError('invalid', `${root} cannot be the folder of Code Manager's data`, {
      hint: 'Set CM_HOME to a folder of its own.',
    });
  }
  const data = [root, posix.join(root, 'sessions'), active, archive, tools, servers, worktrees];
  const rule = { uid: facts.uid, isNetworkDisk: facts.isNetworkHome };
  const sockets = runtimeFolders(root, rule);
  const { host, bootId } = facts;
  const inHome = sockets.at(-1) === runtimeFolderIn(root);
  const others = inHome ? runtimeFolders(root, { ...rule, node: host }) : [];
  const make = (folders: readonly string[], kind: 'data' | 'sockets'): string =>
    `for d in ${folders.map(quotePosix).join(' ')}; do private "$d" ${kind} || exit 1; done`;
  const mark = newMark();
  const node = [NODE_FILE, `.${NODE_FILE}.${mark}`].map((name) => posix.join(runtimeFolderIn(root), name));
  const holds = `holds ${[...node, host, bootId].map(quotePosix).join(' ')}`;
  const { code, output } = await run(
    `${MAKE_PRIVATE}
uid=${facts.uid}
${make(data, 'data')}
${make(sockets, 'sockets')}
${inHome ? `${holds} || { echo ${mark}; ${make(others, 'sockets')}; }` : ':'}`,
  );
  const text = output.toString();
  const isOther = text.startsWith(`${mark}\n`);
  if (code !== 0) throw placeError(isOther ? text.slice(mark.length + 1) : text);
  return { home: root, runtimeDirectory: (isOther ? others : sockets).at(-1) ?? root, umask: facts.umask };
}

type PlaceFacts = Pick<
  HostFacts,
  'dataDirectory' | 'homeDirectory' | 'uid' | 'isNetworkHome' | 'umask' | 'host' | 'bootId'
>;

// Sockets of ours are not put behind links: one of somebody else would lead them to where he reads them.
const MAKE_PRIVATE = `umask 077
fail() { printf '%s\\n%s\\n%s\\n' "$1" "$2" "$3"; return 1; }
private() {
  if [ "$2" = sockets ] && [ -L "$1" ]; then fail sockets "$1" 'it is a link'; return 1; fi
  if [ ! -d "$1" ]; then
    if [ -L "$1" ]; then fail link "$1"; return 1; fi
    if [ -e "$1" ]; then fail file "$1"; return 1; fi
    e=$(mkdir -p "$1" 2>&1) || [ -d "$1" ] || { fail disk "$1" "$e"; return 1; }
  fi
  set -- "$1" "$2" $(ls -ldnL "$1")
  if [ "$5" != "$uid" ]; then fail "owner-$2" "$1" "$5"; return 1; fi
  case $3 in
  drwx------*) ;;
  *) e=$(chmod 700 "$1" 2>&1) || { fail disk "$1" "$e"; return 1; };;
  esac
}
claim() { h= b=; [ -f "$1" ] && [ -r "$1" ] && { IFS= read -r h && IFS= read -r b; } <"$1" && [ -n "$h" ] && [ -n "$b" ]; }
others() { claim "$1" && [ "$h" != "$3" ] && { [ "$b" != "$4" ] || [ "$b" = unknown ]; }; }
holds() {
  if claim "$1" && [ "$h" = "$3" ] && [ "$b" = "$4" ]; then return 0; fi
  if others "$@"; then return 1; fi
  if printf '%s\\n%s\\n' "$3" "$4" 2>/dev/null >"$2"; then
    claim "$1" || ln "$2" "$1" 2>/dev/null
    if others "$@"; then rm -f "$2"; return 1; fi
    mv -f "$2" "$1" 2>/dev/null
  fi
  rm -f "$2"
  return 0
}`;

function placeError(output: string): CodeManagerError {
  const [kind = '', folder = '', ...rest] = output.split('\n');
  const detail = rest.join('\n').trim();
  const conflict = (message: string, hint: string): CodeManagerError =>
    new CodeManagerError('conflict', `${folder} ${message}`, { hint });
  switch (kind) {
    case 'sockets':
      return cannotHoldSockets(folder, detail);
    case 'owner-sockets':
      return cannotHoldSockets(folder, `it belongs to another user (uid ${detail})`);
    case 'owner-data':
      return conflict(
        `belongs to another user (uid ${detail})`,
        'Sign in as that user, or set CM_HOME there to a folder of your own.',
      );
    case 'link':
      return conflict('is a link to a folder that does not exist', 'Make that folder or remove the link.');
    case 'file':
      return conflict('is not a folder', 'Move that file away, or set CM_HOME there to another folder.');
    default:
      return toHostDiskError(detail === '' ? output : detail, folder === '' ? 'the folder of Code Manager' : folder);
  }
}
