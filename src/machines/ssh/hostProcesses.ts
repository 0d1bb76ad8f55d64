import { quotePosix } from '../../core/tmux/quote.js';
import type { ProcessFiles } from '../../core/machine.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { ShellAnswer } from './commandShell.js';

/** The variable that every process of a session carries. */
const MARKER = 'CM_SESSION';

/**
 * Shell functions for the processes of a host. One program reads all of them, from /proc where there is one.
 *
 * - `list` prints `P pid parent group session state start` of each; `start` names with the pid one process for ever.
 * - `marked VALUE` prints `M pid` of those that carry the marker in their environment.
 * - `find ROOT VALUE` prints `pid start` of those that are marked, descend from the root or share a group or session that
 *   one of them leads; `$known` holds what was found before, as `K pid start`, for when parents are gone. Our own shell
 *   and what it has started are never among them.
 */
const FUNCTIONS = `
export LC_ALL=C
list() {
  if [ -r /proc/self/stat ]; then
    cat /proc/[0-9]*/stat | awk '{ p = $1; sub(/^.*\\) /, ""); print "P", p, $2, $3, $4, $1, $20 }'
  else
    ps -ax -o pid= -o ppid= -o pgid= -o stat= -o lstart= |
      awk '{ s = $5; for (i = 6; i <= NF; i++) s = s "_" $i; print "P", $1, $2, $3, 0, $4, s }'
  fi
}
marked() {
  [ -n "$1" ] || return 0
  if [ -r /proc/self/environ ]; then
    if printf 'b\\0a\\0' | grep -qzxF a; then grep -lzxF ${MARKER}="$1" /proc/[0-9]*/environ
    else grep -laF ${MARKER}="$1" /proc/[0-9]*/environ
    fi | awk -F / '{ print "M", $3 }'
  else
    { ps -axEww -o pid= -o command= || ps axeww -o pid= -o command=; } |
      awk -v v=" ${MARKER}=$1" 'index($0 " ", v " ") { print "M", $1 }'
  fi
}
find() {
  { printf '%s' "$known"; marked "$2"; list; } | awk -v root="$1" -v self=$$ '
    $1 == "K" { known[$2] = $3; next }
    $1 == "M" { marked[$2] = 1; next }
    { n++; pid[n] = $2; parent[$2] = $3; group[$2] = $4; session[$2] = $5; state[$2] = $6; start[$2] = $7 }
    END {
      for (i = 1; i <= n; i++) { p = pid[i]; if ((p in marked) || ((p in known) && known[p] == start[p])) m[p] = 1 }
      if (root > 1) { if (root in start) { if (!(root in known) || known[root] == start[root]) m[root] = 1 } else known[root] = "-" }
      own = group[self]
      for (p in m) if (p <= 1 || group[p] == own) delete m[p]
      for (grown = 1; grown;) {
        grown = 0
        for (i = 1; i <= n; i++) {
          p = pid[i]
          if ((p in m) || p <= 1 || group[p] == own) continue
          g = group[p]; s = session[p]
          if ((parent[p] in m) || (g in m) || (g in known) || (s > 0 && ((s in m) || (s in known)))) { m[p] = 1; grown = 1 }
        }
      }
      for (p in m) if (state[p] !~ /^[ZXx]/) print p, start[p]
    }'
}
known=
`;

// Stopped first, so that none can fork while it is looked for.
const KILL_TREE = `
IFS='
'
seen='|'; count=0; round=0; end=$(($(date +%s) + 10))
while :; do
  found=$(find "$root" "$marker"); fresh=; all=; round=$((round + 1))
  [ -n "$found" ] || { echo "$count"; exit 0; }
  for l in $found; do
    p=\${l%% *}; all="$all
$p"
    case $seen in *"|$l|"*) ;; *)
      seen="$seen$l|"; count=$((count + 1)); fresh="$fresh
$p"; known="\${known}K $l
";; esac
  done
  if [ -n "$fresh" ] && [ "$round" -lt 20 ]; then kill -STOP $fresh; continue; fi
  done=; for p in $all; do kill -KILL "$p" && done=1; done
  if [ -z "$done" ] && [ "$round" -gt 3 ] || [ "$(date +%s)" -gt "$end" ]; then printf '%s ' $all; exit 9; fi
  sleep 0.02 || sleep 1
done`;

/**
 * Ends every process that descends from `root` or carries the marker, also what is started meanwhile.
 * @param run runs a script where it may take seconds
 * @returns how many there were
 * @throws CodeManagerError `timeout` when some cannot be ended
 */
export async function killHostTree(
  run: (script: string) => Promise<ShellAnswer>,
  root: number | null,
  marker: string,
): Promise<number> {
  const { code, output } = await run(
    `${FUNCTIONS}root=${rootPid(root)}\nmarker=${quotePosix(marker)}\n{${KILL_TREE}\n} 2>/dev/null`,
  );
  const text = output.toString().trim();
  if (code === 9) {
    throw new CodeManagerError(
      'timeout',
      `these processes cannot be ended: ${text.split(/\s+/).slice(0, 20).join(', ')}`,
      {
        hint: 'They belong to another user or hang in the system.',
      },
    );
  }
  if (code !== 0 || !/^\d+$/.test(text)) {
    throw new CodeManagerError('unavailable', 'the processes of the host cannot be listed');
  }
  return Number(text);
}

/**
 * Script that signals every process of a group but its leader, and of the groups that its children lead in its terminal;
 * status 0 when there is one.
 */
export function signalGroupScript(leader: number, signal: NodeJS.Signals): string {
  const name = signal.replace(/^SIG/, '').replace(/[^A-Z0-9]/g, '');
  return `${FUNCTIONS}p=$(list | awk -v g=${leader} '
  { pid[NR] = $2; up[NR] = $3; group[NR] = $4; session[NR] = $5; state[NR] = $6; if ($4 == g) own[$2] = 1 }
  END {
    ids[g] = 1
    for (i = 1; i <= NR; i++) if (pid[i] == group[i] && (up[i] in own) && (session[i] == 0 || session[i] == g)) ids[pid[i]] = 1
    for (i = 1; i <= NR; i++) if ((group[i] in ids) && pid[i] != g && state[i] !~ /^[ZXx]/) print pid[i]
  }')
[ -n "$p" ] || exit 1
kill -${name} $p
exit 0`;
}

/** Script that prints `pid` or `pid TAB path` for the files that processes hold open; see {@link parseOpenFiles}. */
export function openFilesScript(of: { readonly root: number | null; readonly marker: string } | null): string {
  const folders =
    of === null
      ? '/proc/[0-9]*/fd'
      : `$(find ${rootPid(of.root)} ${quotePosix(of.marker)} | awk '{ print "/proc/" $1 "/fd" }')`;
  return `${FUNCTIONS}[ -r /proc/self/stat ] || exit 0
ls -l /proc/self/fd ${folders} | awk '
  /^\\/proc\\/[^ ]*\\/fd:$/ { split($0, part, "/"); pid = part[3]; if (pid != "self") print pid; next }
  pid != "self" { i = index($0, " -> /"); if (i) { f = substr($0, i + 4); if (f !~ /^\\/dev\\//) print pid "\\t" f } }'
exit 0`;
}

/** Reads what `openFilesScript` prints. */
export function parseOpenFiles(output: string): ProcessFiles[] {
  const files = new Map<number, Set<string>>();
  for (const line of output.split('\n')) {
    const [pid = '', path] = line.split('\t', 2);
    if (!/^\d+$/.test(pid)) continue;
    const known = files.get(Number(pid)) ?? new Set();
    files.set(Number(pid), known);
    if (path !== undefined) known.add(path);
  }
  return [...files].map(([pid, paths]) => ({ pid, files: [...paths] }));
}

function rootPid(root: number | null): number {
  return root !== null && Number.isInteger(root) && root > 1 ? root : 0;
}
