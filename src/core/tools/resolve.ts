import { CodeManagerError } from '../../protocol/errors.js';
import type { Tool } from '../../protocol/tool.js';
import type { LoginEnvironment, Machine } from '../machine.js';

/** What stands for the placeholders of a tool's command. */
export interface Placeholders {
  /** `{node}`: absolute path of the agent server's own runtime. */
  readonly node: string;
  /** `{media}`: absolute path of the folder of the files that come with Code Manager. */
  readonly media: string;
}

export interface ResolveOptions {
  /** Null where nothing of ours is: tools that come with us are not there. */
  readonly placeholders: Placeholders | null;
  /** Host name as people see it. */
  readonly host: string;
}

const NODE = '{node}';
const MEDIA = '{media}';

/** An alias is expanded at most so often, should aliases name one another. */
const MAX_ALIASES = 8;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
/** Words that only a shell understands: such an alias cannot be started directly. */
const SHELL_SYNTAX = /[;&|<>`()$*?]/;

/**
 * Finds a tool's program: the alias of the login shell first, then its PATH, then the same for each alternative, which
 * may also be a path. A command with a `/` is taken as it is.
 *
 * @param findProgram as that of {@link Machine}
 * @returns program and arguments to which the launch arguments are appended
 * @throws CodeManagerError `toolMissing` with the install command as hint
 */
export async function resolveProgram(
  tool: Pick<Tool, 'name' | 'command' | 'alternatives' | 'install'>,
  login: Pick<LoginEnvironment, 'env' | 'aliases'>,
  findProgram: Machine['findProgram'],
  options: ResolveOptions,
): Promise<readonly string[]> {
  const { placeholders } = options;
  const words = placeholders === null ? tool.command : tool.command.map((word) => substitute(word, placeholders));
  const isOurs = placeholders === null && words.some((word) => word.includes(NODE) || word.includes(MEDIA));
  if (isOurs) {
    throw new CodeManagerError('toolMissing', `${tool.name} is not on ${options.host}`, {
      hint: 'It comes with the agent server: cm machine install puts that there.',
    });
  }
  const [command = '', ...fixed] = words;
  if (command.includes('/')) return [expandHome(command, login), ...fixed];
  for (const name of [command, ...tool.alternatives]) {
    const found = await resolveName(name, login, findProgram);
    if (found !== undefined) return [...found, ...fixed];
  }
  throw new CodeManagerError('toolMissing', `${tool.name} is not installed on ${options.host}`, {
    hint: tool.install === undefined ? undefined : `Install it: ${tool.install.command}`,
  });
}

/**
 * The variables that a tool needs besides those of the session. An editor's runtime is Node only when it is told so.
 *
 * @param isEditorRuntime whether `{node}` is the runtime of a desktop editor
 */
export function toolEnvironment(
  tool: Pick<Tool, 'command' | 'env'>,
  isEditorRuntime: boolean,
): Readonly<Record<string, string>> {
  return isEditorRuntime && tool.command.includes(NODE) ? { ELECTRON_RUN_AS_NODE: '1', ...tool.env } : tool.env;
}

function substitute(word: string, { node, media }: Placeholders): string {
  return word.split(NODE).join(node).split(MEDIA).join(media);
}

async function resolveName(
  name: string,
  login: Pick<LoginEnvironment, 'env' | 'aliases'>,
  findProgram: Machine['findProgram'],
): Promise<readonly string[] | undefined> {
  const path = login.env['PATH'] ?? '';
  const find = (program: string): Promise<string | undefined> => {
    const file = expandHome(program, login);
    const slash = file.lastIndexOf('/');
    return slash < 0 ? findProgram(file, path) : findProgram(file.slice(slash + 1), file.slice(0, slash) || '/');
  };
  const [program, ...rest] = expandAlias(name, login.aliases) ?? [name];
  const aliased = program === undefined || program === name ? undefined : await find(program);
  if (aliased !== undefined) return [aliased, ...rest];
  const found = await find(name);
  return found === undefined ? undefined : [found, ...(program === name ? rest : [])];
}

function expandHome(file: string, login: Pick<LoginEnvironment, 'env'>): string {
  const home = login.env['HOME'];
  return home !== undefined && file.startsWith('~/') ? `${home}${file.slice(1)}` : file;
}

/** The words that an alias stands for, down to a name that is no alias or one already seen, as a shell does it. */
function expandAlias(name: string, aliases: LoginEnvironment['aliases']): readonly string[] | undefined {
  const seen = new Set<string>();
  let words: readonly string[] = [name];
  for (let count = 0; count < MAX_ALIASES; count++) {
    const [first = '', ...rest] = words;
    const alias = Object.hasOwn(aliases, first) && !seen.has(first) ? aliases[first] : undefined;
    if (alias === undefined || alias.length === 0) break;
    seen.add(first);
    words = [...alias, ...rest];
  }
  if (seen.size === 0 || words.some((word) => SHELL_SYNTAX.test(word))) return undefined;
  return ASSIGNMENT.test(words[0] ?? '') ? ['env', ...words] : words;
}
