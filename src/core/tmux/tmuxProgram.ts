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
 * @throws CodeManagerError `dependencyMissing` with what to do
 */
export async function findTmux(machine: Machine, configured: string | undefined): Promise<FoundTmux> {
  const { host } = await machine.identity();
  const path = configured === undefined ? await find(machine) : machine.resolvePath(configured);
  if (path === undefined) {
    throw new CodeManagerError('dependencyMissing', `Agents run in tmux, which was not found on ${host}`, {
      hint: 'Install it, or set its path in config.json.',
    });
  }
  const { code, stdout, stderr } = await machine.run([path, '-V']).catch((error: unknown) => {
    throw new CodeManagerError('dependencyMissing', `${path} cannot be started on ${host}`, {
      cause: error,
      hint: 'Set the path of tmux in config.json.',
    });
  });
  const version = parseTmuxVersion(stdout);
  if (code !== 0 || !version) {
    throw new CodeManagerError(
      'dependencyMissing',
      `${path} does not say which tmux it is: ${(stderr || stdout).trim().slice(0, 200)}`,
      { hint: 'Set the path of tmux in config.json.' },
    );
  }
  if (!isSupported(version)) {
    throw new CodeManagerError(
      'dependencyMissing',
      `tmux ${version.text} on ${host} is too old; ${OLDEST_TMUX} or newer is needed`,
      { hint: 'Install a newer one, or set its path in config.json.' },
    );
  }
  return { program: path, version };
}

/** The login shell is asked only when the usual places have none: it may be slow. */
async function find(machine: Machine): Promise<string | undefined> {
  return (
    (await machine.findProgram('tmux', USUAL_PLACES)) ??
    machine.findProgram('tmux', (await machine.loginEnvironment()).env['PATH'] ?? '')
  );
}
