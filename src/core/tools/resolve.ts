import { CodeManagerError } from '../../protocol/errors.js';
import type { Tool } from '../../protocol/tool.js';
import type { LoginEnvironment, Machine } from '../machine/machine.js';
import { canRunThrough, throughShell } from '../shell/throughShell.js';

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

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/;
/** What an interactive login shell runs for the name of a tool. */
export interface ResolvedProgram {
  /** Program and arguments to which the launch arguments are appended. */
  readonly words: readonly string[];
  /** What an alias sets for it. */
  readonly assigned: Readonly<Record<string, string>>;
  /** The shell itself runs it. */
  readonly isThrough: boolean;
  /** The program file that a person would take for it; undefined where only the shell knows. */
  readonly file: string | undefined;
  /** What it is when it is no file in PATH, for people: `a function of bash`. */
  readonly what: string | undefined;
  /** What a person would have run in its place, and why that was not done, one sentence. */
  readonly notUsed: string | undefined;
}

/** What resolving needs to know of a login shell. */
export type Login = Pick<LoginEnvironment, 'env' | 'aliases' | 'functions' | 'shell' | 'warnings' | 'isWhole'>;

/**
 * Finds a tool's program as the person's interactive login shell would: its aliases, its functions, then its PATH; then
 * the same for each alternative, which may also be a path. A command with a `/` is taken as it is.
 *
 * @param findProgram as that of {@link Machine}
 * @throws CodeManagerError `toolMissing` with the install command as hint
 */
export async function resolveProgram(
  tool: Pick<Tool, 'name' | 'command' | 'alternatives' | 'install'>,
  login: Login,
  findProgram: Machine['findProgram'],
  options: ResolveOptions,
): Promise<ResolvedProgram> {
  const { placeholders } = options;
  const words = placeholders === null ? tool.command : tool.command.map((word) => substitute(word, placeholders));
  const isOurs = placeholders === null && words.some((word) => word.includes(NODE) || word.includes(MEDIA));
  if (isOurs) {
    throw new CodeManagerError('toolMissing', `${tool.name} is not on ${options.host}`, {
      hint: 'It comes with the agent server: cm machine install puts that there.',
    });
  }
  const [command = '', ...fixed] = words;
  if (command.includes('/')) return plainly([expandHome(command, login), ...fixed]);
  for (const name of [command, ...tool.alternatives]) {
    const found = await resolveName(name, login, findProgram);
    if (found !== undefined) return { ...found, words: [...found.words, ...fixed] };
  }
  // What nobody installs as an agent is named by its program.
  const what = tool.install === undefined ? `The program ${command}` : tool.name;
  const [warning] = login.warnings;
  if (!login.isWhole && warning !== undefined) {
    throw new CodeManagerError(
      'toolMissing',
      `${what} was not found on ${options.host} without what your shell sets: ${warning}`,
      {
        hint: 'Mend that file; cm doctor says what is wrong with it.',
      },
    );
  }
  if (tool.install === undefined) {
    throw new CodeManagerError('toolMissing', `${what} was not found on ${options.host}`, {
      hint: 'Check PATH there: cm doctor shows what the login shell gives.',
    });
  }
  throw new CodeManagerError('toolMissing', `${tool.name} is not installed on ${options.host}`, {
    hint: `Install it: ${tool.install.command}`,
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

function plainly(words: readonly string[], more: Partial<ResolvedProgram> = {}): ResolvedProgram {
  const [file] = words;
  return { words, assigned: {}, isThrough: false, file, what: undefined, notUsed: undefined, ...more };
}

async function resolveName(
  name: string,
  login: Login,
  findProgram: Machine['findProgram'],
): Promise<ResolvedProgram | undefined> {
  const path = login.env['PATH'] ?? '';
  const find = (program: string): Promise<string | undefined> => {
    const file = expandHome(program, login);
    const slash = file.lastIndexOf('/');
    return slash < 0 ? findProgram(file, path) : findProgram(file.slice(slash + 1), file.slice(0, slash) || '/');
  };
  const { aliases, functions, shell } = login;
  const shellName = shell.path.slice(shell.path.lastIndexOf('/') + 1);
  const isAlias = Object.hasOwn(aliases, name);
  const alias = isAlias ? splitAlias(aliases[name]) : undefined;
  if (alias !== undefined) {
    const { program, assigned, args } = alias;
    const file = await find(program);
    const words = [...Object.keys(assigned).map((each) => `${each}=…`), program, ...args];
    if (file !== undefined)
      return plainly([file, ...args], { assigned, what: `an alias of ${shellName}: ${words.join(' ')}` });
    const own = await find(name);
    const notUsed = `${name} is an alias of ${shellName} for ${program}, which is not there: ${own ?? name} was started`;
    return own === undefined ? undefined : plainly([own], { notUsed });
  } else if (isAlias || functions.has(name)) {
    const what = `${isAlias && !functions.has(name) ? 'an alias' : 'a function'} of ${shellName}`;
    const file = await find(name);
    if (canRunThrough(shell, name)) {
      return { words: throughShell(shell, name), assigned: {}, isThrough: true, file, what, notUsed: undefined };
    }
    const notUsed = `${name} is ${what}, which cannot be run from outside it: ${file ?? name} was started`;
    if (file !== undefined) return plainly([file], { what: undefined, notUsed });
  }
  const found = await find(name);
  return found === undefined ? undefined : plainly([found]);
}

function expandHome(file: string, login: Pick<LoginEnvironment, 'env'>): string {
  const home = login.env['HOME'];
  return home !== undefined && file.startsWith('~/') ? `${home}${file.slice(1)}` : file;
}

interface ExpandedAlias {
  readonly assigned: Readonly<Record<string, string>>;
  readonly program: string;
  readonly args: readonly string[];
}

/** What an alias stands for; undefined when only the shell can tell. */
function splitAlias(alias: readonly string[] | null | undefined): ExpandedAlias | undefined {
  const assigned: Record<string, string> = {};
  const [program, ...args] = withoutAssignments(alias ?? [], assigned);
  return program === undefined ? undefined : { assigned, program, args };
}

/** The words behind what is assigned before them, which is noted; `env` may stand before it. */
function withoutAssignments(words: readonly string[], assigned: Record<string, string>): readonly string[] {
  let rest = words[0] === 'env' && ASSIGNMENT.test(words[1] ?? '') ? words.slice(1) : words;
  for (let match = ASSIGNMENT.exec(rest[0] ?? ''); match !== null; match = ASSIGNMENT.exec(rest[0] ?? '')) {
    assigned[match[1] ?? ''] = match[2] ?? '';
    rest = rest.slice(1);
  }
  return rest;
}
