import { inTheirWords } from '../../common/whyFailed.js';
import { CodeManagerError, toCodeManagerError } from '../../protocol/errors.js';
import { installCommand } from '../tools/installCommand.js';
import type { Machine } from '../machine/machine.js';
import { isSupported, OLDEST_TMUX, parseTmuxVersion, type TmuxVersion } from './version.js';

export interface FoundTmux {
  readonly program: string;
  readonly version: TmuxVersion;
}

/** Where a person says that tmux is. */
export interface TmuxPlace {
  /** The path of tmux; undefined to look for it. */
  readonly program: string | undefined;
  /** Something is set up in the login shell first, which may be what brings it: its PATH comes before the usual places. */
  readonly searchLogin: boolean;
}

const USUAL_PLACES = '/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/opt/local/bin';

export interface FindTmuxOptions {
  readonly place: TmuxPlace;
  /** The command that changes something of the machine. */
  readonly editCommand: (change: string) => string;
}

/**
 * Path and version of a machine's tmux.
 *
 * @throws CodeManagerError `dependencyMissing` with what to do
 */
export async function findTmux(
  machine: Machine,
  { place: { program, searchLogin }, editCommand }: FindTmuxOptions,
): Promise<FoundTmux> {
  const { host } = await machine.identity();
  // What it needs to run may come by the same way as tmux itself.
  if (searchLogin) await machine.loginEnvironment();
  const path =
    program === undefined || program === '' ? await find(machine, searchLogin) : machine.resolvePath(program);
  const another = machine.capabilities.isOwnHost
    ? 'Set the path of tmux in config.json.'
    : `Name another one: ${editCommand('--tmux PATH')}.`;
  if (path === undefined) {
    const command = await installCommand(machine, 'tmux');
    throw new CodeManagerError('dependencyMissing', `Agents run in tmux, which was not found on ${host}`, {
      hint: command === null ? `Install it there. ${another}` : `Install it there: ${command}`,
    });
  }
  const { code, stdout, stderr } = await machine.run([path, '-V']).catch((error: unknown) => {
    if (toCodeManagerError(error).code === 'timeout') {
      throw new CodeManagerError('timeout', `${path} has not said its version on ${host}`, {
        cause: error,
        hint: `Try again: it may only be slow. ${another}`,
      });
    }
    throw new CodeManagerError('dependencyMissing', `${path} cannot be started on ${host}`, {
      cause: error,
      hint: another,
    });
  });
  const version = parseTmuxVersion(stdout);
  if (code !== 0 || !version) {
    throw new CodeManagerError(
      'dependencyMissing',
      `${path} does not say which tmux it is: ${inTheirWords(stderr || stdout)}`,
      { hint: another },
    );
  }
  if (!isSupported(version)) {
    throw new CodeManagerError(
      'dependencyMissing',
      `tmux ${version.text} on ${host} is too old; ${OLDEST_TMUX} or newer is needed`,
      { reason: 'tooOld', hint: `Install a newer one, or ${another.charAt(0).toLowerCase()}${another.slice(1)}` },
    );
  }
  return { program: path, version };
}

/** The login shell is asked only when the usual places have none, or when the person sets it up for that: it may be slow. */
async function find(machine: Machine, searchLogin: boolean): Promise<string | undefined> {
  const inLogin = async (): Promise<string | undefined> =>
    machine.findProgram('tmux', (await machine.loginEnvironment()).env['PATH'] ?? '');
  if (searchLogin) return (await inLogin()) ?? machine.findProgram('tmux', USUAL_PLACES);
  return (await machine.findProgram('tmux', USUAL_PLACES)) ?? inLogin();
}
