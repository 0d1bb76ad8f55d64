import { CodeManagerError } from '../../protocol/errors.js';
import type { Tool } from '../../protocol/tool.js';
import type { LoginEnvironment, LoginOptions, Machine } from '../machine/machine.js';
import type { ShellRun } from '../shell/throughShell.js';
import { resolveProgram, toolEnvironment, type Placeholders } from './resolve.js';

export interface FindProgramOptions extends Pick<LoginOptions, 'folder' | 'words' | 'seat'> {
  readonly machine: Pick<Machine, 'loginEnvironment' | 'knownLogin' | 'findProgram'>;
  readonly placeholders: Placeholders | null;
  readonly tool: Tool;
  /** Host name as people see it. */
  readonly host: string;
  /** The folder of our data there. */
  readonly home: string;
}

/** How a tool is run at one start. */
export interface FoundProgram {
  /** Program and arguments to which the launch arguments are appended. */
  readonly program: readonly string[];
  /** What says its version: never a function of the person, which may do anything. */
  readonly versionProgram: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The person's shell runs it; undefined: it is started directly. */
  readonly through: ShellRun | undefined;
  /** The mask with which the person's shell makes files; null when it is not known. */
  readonly umask: number | null;
  /** What whoever starts it has to know. */
  readonly warning: string | null;
}

/**
 * What the person's interactive login shell would run for a tool in a folder, and with which environment.
 *
 * @param given variables that are added for this start
 * @throws CodeManagerError `toolMissing` with the install command as hint
 */
export async function findProgram(
  { machine, placeholders, tool, host, home, folder, words, seat }: FindProgramOptions,
  given: Readonly<Record<string, string>>,
): Promise<FoundProgram> {
  const place = { ...(folder === undefined ? {} : { folder }), ...(words === undefined ? {} : { words }), seat };
  const resolve = async (login: LoginEnvironment): Promise<FoundProgram> => {
    const ours = toolEnvironment(tool, process.versions['electron'] !== undefined);
    const env = { ...login.env, ...ourHome(home, login.env), ...ours };
    const find: Machine['findProgram'] = (name, path) => machine.findProgram(name, path);
    const found = await resolveProgram(tool, { ...login, env: { ...env, ...given } }, find, { placeholders, host });
    const { shell, base, warnings, umask } = login;
    const said = [...(found.notUsed === undefined ? [] : [found.notUsed]), ...warnings];
    return {
      program: found.words,
      versionProgram: found.file === undefined ? [] : found.isThrough ? [found.file] : found.words,
      env: { ...env, ...found.assigned, ...given },
      through: found.isThrough ? { shell, env: base, own: login.env } : undefined,
      umask,
      warning: said.length === 0 ? null : said.join('. '),
    };
  };
  // What is known most likely holds: on another host looking at both together is one round trip.
  const known = machine.knownLogin(place);
  const early = known && resolve(known);
  early?.catch(() => undefined);
  const login = await machine.loginEnvironment({ ...place, refresh: 'start' });
  try {
    return await (early !== undefined && login === known ? early : resolve(login));
  } catch (error) {
    if (!(error instanceof CodeManagerError) || error.code !== 'toolMissing' || login !== known) throw error;
    return resolve(await machine.loginEnvironment({ ...place, refresh: 'always' }));
  }
}

/** By which `cm` in a session finds the agent server that cares for it. */
function ourHome(home: string, env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return (env['CM_HOME'] ?? `${env['HOME'] ?? ''}/.cm`) === home ? {} : { CM_HOME: home };
}
