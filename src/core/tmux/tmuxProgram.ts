import { CodeManagerError } from '../../protocol/errors.js';
import type { Machine } from '../machine.js';
import { isSupported, OLDEST_TMUX, parseTmuxVersion, type TmuxVersion } from './version.js';

export interface FoundTmux {
  readonly program: string;
  readonly version: TmuxVersion;
}

const USUAL_PLACES = '/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/opt/local/bin';

/**
 * Path and version of a machine's tmux.
 *
 * @param configured path that the person gave, undefined to look for it
 * @param loginFirst the login shell's PATH comes before the usual places
 * @throws CodeManagerError `dependencyMissing` with what to do
 */
export async function findTmux(
  machine: Machine,
  configured: string | undefined,
  loginFirst = false,
): Promise<FoundTmux> {
  const { host } = await machine.identity();
  const path = configured === undefined ? await find(machine, loginFirst) : machine.resolvePath(configured);
  if (path === undefined) {
    throw new CodeManagerError('dependencyMissing', `Agents run in tmux, which was not found on ${host}`, {
      hint:
        machine.type === 'local'
          ? 'Install it, or set its path in config.json.'
          : 'Install it there, or name the one to use: cm ctx edit NAME --tmux PATH.',
    });
  }
  const { code, stdout, stderr } = await machine.run([path, '-V']).catch((error: unknown) => {
    throw new CodeManagerError('dependencyMissing', `${path} cannot be started on ${host}`, {
      cause: error,
      hint: pathHint(machine),
    });
  });
  const version = parseTmuxVersion(stdout);
  if (code !== 0 || !version) {
    throw new CodeManagerError(
      'dependencyMissing',
      `${path} does not say which tmux it is: ${(stderr || stdout).trim().slice(0, 200)}`,
      { hint: pathHint(machine) },
    );
  }
  if (!isSupported(version)) {
    throw new CodeManagerError(
      'dependencyMissing',
      `tmux ${version.text} on ${host} is too old; ${OLDEST_TMUX} or newer is needed`,
      { hint: `Install a newer one. ${pathHint(machine)}` },
    );
  }
  return { program: path, version };
}

/** The login shell is asked only when the usual places have none, or when the person sets it up for that: it may be slow. */
async function find(machine: Machine, loginFirst: boolean): Promise<string | undefined> {
  const inLogin = async (): Promise<string | undefined> =>
    machine.findProgram('tmux', (await machine.loginEnvironment()).env['PATH'] ?? '');
  if (loginFirst) return (await inLogin()) ?? machine.findProgram('tmux', USUAL_PLACES);
  return (await machine.findProgram('tmux', USUAL_PLACES)) ?? inLogin();
}

function pathHint(machine: Machine): string {
  return machine.type === 'local'
    ? 'Set the path of tmux in config.json.'
    : 'Name another one: cm ctx edit NAME --tmux PATH.';
}
