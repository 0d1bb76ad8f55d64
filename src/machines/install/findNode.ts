import { CodeManagerError } from '../../protocol/errors.js';
import { runScript } from './hostScript.js';
import type { SshConnection } from '../ssh/sshConnection.js';

/** The oldest Node.js that the agent server runs on. */
const MIN_MAJOR = 20;
const LOGIN_TIMEOUT_MS = 15_000;

/** Where version managers and editors keep theirs; the newest of a group is tried first. */
const PLACES = [
  '"${NVM_DIR:-$HOME/.nvm}"/versions/node/*/bin/node',
  '"${FNM_DIR:-$HOME/.local/share/fnm}"/node-versions/*/installation/bin/node',
  '"$HOME"/.fnm/node-versions/*/installation/bin/node',
  '"${VOLTA_HOME:-$HOME/.volta}"/tools/image/node/*/bin/node',
  '"${ASDF_DATA_DIR:-$HOME/.asdf}"/installs/nodejs/*/bin/node',
  '"${MISE_DATA_DIR:-$HOME/.local/share/mise}"/installs/node/*/bin/node',
  '/usr/local/bin/node',
  '/opt/homebrew/bin/node',
  '/snap/bin/node',
];
const EDITORS = ['.vscode-server', '.vscode-server-insiders', '.cursor-server', '.windsurf-server', '.vscodium-server'];
const EDITOR_PLACES = EDITORS.flatMap((name) => [
  `"$HOME"/${name}/bin/*/node`,
  `"$HOME"/${name}/bin/*/*/node`,
  `"$HOME"/${name}/cli/servers/*/server/node`,
]);

/** `group|path|version` a line. An unmatched pattern stays as it is and is no file. */
const TRY = 'if [ -x "$c" ] && [ -f "$c" ]; then v="$("$c" --version 2>/dev/null </dev/null)"; echo "$g|$c|$v"; fi';

function script(withLoginShell: boolean): string {
  const login =
    'l="$("${SHELL:-/bin/sh}" -lc "command -v node" 2>/dev/null </dev/null | tail -n 1)"; g=path; c="$l"; ' + TRY;
  return [
    ...(withLoginShell ? [login] : []),
    `g=path; c="$(command -v node)"; ${TRY}`,
    `g=manager; for c in ${PLACES.join(' ')}; do ${TRY}; done`,
    `g=editor; for c in ${EDITOR_PLACES.join(' ')}; do ${TRY}; done`,
    'exit 0',
  ].join('; ');
}

interface Candidate {
  readonly group: string;
  readonly path: string;
  readonly version: readonly number[];
}

/**
 * A Node.js on a host that is new enough: that of the login shell, of a version manager, or of an editor's server.
 *
 * @throws CodeManagerError `dependencyMissing` when there is none
 */
export async function findNode(connection: SshConnection, signal: AbortSignal): Promise<string> {
  const candidates = parse(
    await runScript(connection, script(true), { signal, timeoutMs: LOGIN_TIMEOUT_MS }).then(
      ({ stdout }) => stdout,
      async (error: unknown) => {
        // A profile that asks something or hangs is left out.
        if (!(error instanceof CodeManagerError) || error.code !== 'timeout') throw error;
        return (await runScript(connection, script(false), { signal })).stdout;
      },
    ),
  );
  const best = bestNode(candidates);
  if (best !== undefined) return best.path;
  const [old] = candidates;
  const found = old === undefined ? '' : `; ${old.path} is ${old.version.join('.')}`;
  throw new CodeManagerError(
    'dependencyMissing',
    `There is no Node.js ${MIN_MAJOR} or newer on ${connection.target}${found}`,
    { hint: 'Install Node.js there, or leave it as it is: without an agent server the host needs only tmux.' },
  );
}

function parse(stdout: string): Candidate[] {
  return stdout.split('\n').flatMap((line) => {
    const match = /^(path|manager|editor)\|(\/.*)\|v(\d+)\.(\d+)\.(\d+)\S*$/.exec(line.trim());
    if (match === null) return [];
    const [, group = '', path = '', ...version] = match;
    return [{ group, path, version: version.map(Number) }];
  });
}

/** The first one of the PATH, else the newest of a version manager, else the newest of an editor. */
export function bestNode(candidates: readonly Candidate[]): Candidate | undefined {
  const fitting = candidates.filter(({ version: [major = 0] }) => major >= MIN_MAJOR);
  for (const group of ['path', 'manager', 'editor']) {
    const ofGroup = fitting.filter((candidate) => candidate.group === group);
    if (group === 'path' && ofGroup[0] !== undefined) return ofGroup[0];
    const [newest] = ofGroup.sort((a, b) => compare(b.version, a.version));
    if (newest !== undefined) return newest;
  }
  return undefined;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
