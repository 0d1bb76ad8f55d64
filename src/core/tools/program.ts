import { CodeManagerError } from '../../protocol/errors.js';
import type { Tool } from '../../protocol/tool.js';
import type { Machine } from '../machine.js';
import { resolveProgram, toolEnvironment, type Placeholders } from './resolve.js';

export interface FindProgramOptions {
  readonly machine: Pick<Machine, 'loginEnvironment' | 'findProgram'>;
  readonly placeholders: Placeholders | null;
  readonly tool: Tool;
  /** Host name as people see it. */
  readonly host: string;
  /** The folder of our data there. */
  readonly home: string;
}

/**
 * Program and whole environment of a tool; one that was installed a moment ago is found by reading the login
 * environment again.
 *
 * @param given variables that are added for this start
 * @throws CodeManagerError `toolMissing` with the install command as hint
 */
export async function findProgram(
  options: FindProgramOptions,
  given: Readonly<Record<string, string>>,
): Promise<{ readonly program: readonly string[]; readonly env: Readonly<Record<string, string>> }> {
  const { machine, placeholders, tool, host, home } = options;
  const resolve = async (refresh: boolean): ReturnType<typeof findProgram> => {
    const login = await machine.loginEnvironment({ refresh });
    const ours = toolEnvironment(tool, process.versions['electron'] !== undefined);
    const env = { ...login.env, ...ourHome(home, login.env), ...ours, ...given };
    const program = await resolveProgram(
      tool,
      { env, aliases: login.aliases },
      (name, path) => machine.findProgram(name, path),
      { placeholders, host },
    );
    return { program, env };
  };
  try {
    return await resolve(false);
  } catch (error) {
    if (error instanceof CodeManagerError && error.code === 'toolMissing') return resolve(true);
    throw error;
  }
}

/** By which `cm` in a session finds the agent server that cares for it. */
function ourHome(home: string, env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return (env['CM_HOME'] ?? `${env['HOME'] ?? ''}/.cm`) === home ? {} : { CM_HOME: home };
}
