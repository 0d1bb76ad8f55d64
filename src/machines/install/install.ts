import { createHash, randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { quotePosix } from '../../common/quote.js';
import { whyNotWritten } from '../../core/store/printedError.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { findNode } from './findNode.js';
import { runScript, shCommand } from './hostScript.js';
import { writeHostSettings, type HostSettings } from './hostSettings.js';
import type { SshConnection } from '../ssh/sshConnection.js';
import { upload } from './upload.js';

export interface InstallOptions {
  /** Relative path → bytes: all that the agent server needs. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Which of them is run. */
  readonly main: string;
  readonly version: string;
  readonly build: string;
  readonly signal: AbortSignal;
  readonly progress: (message: string, percent?: number) => void;
  /** What it is told of the host before it starts. */
  readonly settings?: HostSettings;
  /**
   * Starts it by a command line on the host; rejects when the server that answers then is not the new one.
   *
   * @param hasNews the settings are others than before: one that runs already may have looked for tmux without them
   */
  readonly start: (command: string, hasNews: boolean) => Promise<void>;
}

/** Looking, sending and starting, in percent of the whole. */
const LOOKED = 10;
const SENT = 85;

/** sha256 of each file, by the Node that will run them: not every host has a program for it. */
const HASHES =
  'const c=require("crypto"),f=require("fs");for(const p of process.argv.slice(1))' +
  'console.log(c.createHash("sha256").update(f.readFileSync(p)).digest("hex"))';

/**
 * Puts an agent server into `~/.cm/server/<version>-<build>` of a host and starts it. The one that ran there goes on when
 * the new one does not start; other versions are removed when it does. Asks nobody.
 *
 * @throws CodeManagerError `dependencyMissing` without a Node.js, `cancelled`, and what went wrong there
 */
export async function installAgentServer(connection: SshConnection, options: InstallOptions): Promise<void> {
  const { version, build, signal, progress, main } = options;
  progress('Looking for Node.js', 0);
  const node = await findNode(connection, signal);
  const home = await homeOf(connection, signal);
  const root = posix.join(home, 'server');
  const name = `${version}-${build}`;
  const folder = posix.join(root, name);
  const isNew = !(await isWhole(connection, node, folder, options));
  if (isNew) await place(connection, node, root, folder, options);
  progress('Starting the agent server', SENT);
  const script = posix.join(folder, main);
  try {
    const hasNews = await writeHostSettings(connection, options.settings ?? {}, { home, node, signal });
    await options.start(shCommand('exec "$@"', [node, script, '--dial-stdio', '--replace']), hasNews);
  } catch (error) {
    if (isNew) await remove(connection, folder);
    throw error;
  }
  await writeLauncher(connection, root, node, script, signal);
  await removeOthers(connection, root, name, signal);
  progress('The agent server runs', 100);
}

/** Folder of all data there. */
async function homeOf(connection: SshConnection, signal: AbortSignal): Promise<string> {
  const script =
    'umask 077; h="${CM_HOME:-$HOME/.cm}"; mkdir -p "$h/server" && chmod 700 "$h" "$h/server" && cd "$h" && pwd';
  const { stdout } = await checked(connection, script, [], signal, 'Its home cannot be written to');
  const home = stdout.trim();
  if (!home.startsWith('/')) throw new CodeManagerError('unavailable', 'The host did not tell where its home is');
  return home;
}

/** Whether exactly these files are there already. */
async function isWhole(
  connection: SshConnection,
  node: string,
  folder: string,
  { files, signal }: InstallOptions,
): Promise<boolean> {
  const hashes = await hashesOf(connection, node, folder, [...files.keys()], signal).catch((error: unknown) => {
    if (error instanceof CodeManagerError && error.code === 'dependencyMissing') return [];
    throw error;
  });
  return sameHashes(files, hashes);
}

/** Sends the files to a folder of their own, has them checked there, and gives it its name. */
async function place(
  connection: SshConnection,
  node: string,
  root: string,
  folder: string,
  options: InstallOptions,
): Promise<void> {
  const { files, signal, progress } = options;
  const temporary = posix.join(root, `.${randomBytes(6).toString('hex')}.tmp`);
  const paths = [...files.keys()];
  const folders = [...new Set(paths.map((path) => posix.join(temporary, posix.dirname(path))))];
  try {
    const made = 'umask 077; for d in "$@"; do mkdir -p "$d" || exit 1; done';
    await checked(connection, made, [temporary, ...folders], signal, 'A folder cannot be made there');
    const total = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    await upload(
      connection,
      new Map(paths.map((path) => [posix.join(temporary, path), files.get(path) ?? new Uint8Array()])),
      {
        signal,
        onSent: (sent) => progress('Sending the agent server', LOOKED + Math.floor(((SENT - LOOKED) * sent) / total)),
      },
    );
    if (!sameHashes(files, await hashesOf(connection, node, temporary, paths, signal))) {
      throw new CodeManagerError('unavailable', 'What arrived on the host is not what was sent', {
        hint: 'Look whether its disk is full, then try again.',
      });
    }
    // A folder that is there under this name was found not to be whole.
    const moved = 'chmod 700 "$1" && rm -rf "$2" && mv "$1" "$2"';
    await checked(connection, moved, [temporary, folder], signal, 'The files cannot be put in their place');
  } catch (error) {
    await remove(connection, temporary);
    throw error;
  }
}

async function hashesOf(
  connection: SshConnection,
  node: string,
  folder: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const args = [node, HASHES, ...paths.map((path) => posix.join(folder, path))];
  const script = 'n="$1"; e="$2"; shift 2; exec env ELECTRON_RUN_AS_NODE=1 "$n" -e "$e" "$@"';
  const { code, stdout } = await runScript(connection, script, { signal, args });
  // A file that is not there, or a Node that does not run.
  if (code !== 0) throw new CodeManagerError('dependencyMissing', `The files could not be checked by ${node}`);
  return stdout.trim().split('\n');
}

function sameHashes(files: ReadonlyMap<string, Uint8Array>, hashes: readonly string[]): boolean {
  const expected = [...files.values()].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  return expected.length === hashes.length && expected.every((hash, i) => hash === hashes[i]);
}

/** What starts it again when nothing else is known of how it was started. */
async function writeLauncher(
  connection: SshConnection,
  root: string,
  node: string,
  script: string,
  signal: AbortSignal,
): Promise<void> {
  const [program, bundle] = [quotePosix(node), quotePosix(script)];
  const text = `if [ -x ${program} ] && [ -f ${bundle} ]; then exec ${program} ${bundle} "$@"; fi\n`;
  const write = 'umask 077; cat > "$1.new" && mv "$1.new" "$1"';
  const path = posix.join(root, 'launch.sh');
  const { code, stderr } = await runScript(connection, write, { signal, args: [path], stdin: Buffer.from(text) });
  if (code !== 0) throw failure(`${path} cannot be written`, stderr);
}

/** Only folders that are named as ours are: versions that nothing runs any more, and what broken installations left. */
async function removeOthers(connection: SshConnection, root: string, name: string, signal: AbortSignal): Promise<void> {
  const script = [
    'cd "$1" || exit 0',
    'for d in [0-9]*.[0-9]*.[0-9]*-* .????????????.tmp; do if [ -d "$d" ] && [ "$d" = "$2" ]; then :; elif [ -d "$d" ]; then rm -rf "./$d"; fi; done',
  ].join('; ');
  await runScript(connection, script, { signal, args: [root, name] });
}

/** Best effort: the error that led here is the one to be told. */
async function remove(connection: SshConnection, folder: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  await runScript(connection, 'rm -rf "$1"', { signal, args: [folder] }).catch(() => undefined);
}

async function checked(
  connection: SshConnection,
  script: string,
  args: readonly string[],
  signal: AbortSignal,
  message: string,
): Promise<{ readonly stdout: string }> {
  const { code, stdout, stderr } = await runScript(connection, script, { signal, args });
  if (code !== 0) throw failure(message, stderr);
  return { stdout };
}

function failure(message: string, stderr: string): CodeManagerError {
  const { reason, hint } = whyNotWritten(stderr);
  return new CodeManagerError('unavailable', `${message}: ${reason}`, { hint });
}
