import { stripTerminal } from '../common/terminalText.js';
import { connectionText, machineType } from '../view/machineText.js';
import type { Method, ParamsInput, Result } from '../protocol/requests.js';
import { describe } from '../protocol/word.js';
import { machineOfSession } from '../view/machineText.js';
import type { App } from './app.js';
import type { Argument, Command, Completes, Flag } from './command.js';
import { COMMANDS, GROUPS } from './commands.js';
import { allFlags } from './parse.js';

const ANSWER_MS = 1500;

type Candidate = readonly [value: string, description: string];
/** What could stand at the cursor; files and folders are the shell's own business. */
type Candidates = readonly Candidate[] | 'file' | 'folder';

/** `cm __complete SHELL WORD…`: prints what the last word could become, for the scripts of `cm completion`. */
export async function complete(app: App, [shell = '', ...given]: readonly string[]): Promise<void> {
  const { words, current } = splitWords(shell, given);
  const found = await candidates(app, words, current);
  if (typeof found === 'string') return app.output.lines([found === 'file' ? ':files' : ':folders']);
  // A flag with its value in one word: the shell replaces the whole word, except bash, which breaks it at the `=`.
  const prefix = shell !== 'bash' && /^--[^=]+=/.test(current) ? current.slice(0, current.indexOf('=') + 1) : '';
  const begun = /^--[^=]+=/.test(current) ? current.slice(current.indexOf('=') + 1) : current;
  const fitting = found.filter(([value]) => value.startsWith(begun));
  await app.output.lines(
    fitting.map(([value, text]) => (text === '' ? prefix + value : `${prefix}${value}\t${stripTerminal(text)}`)),
  );
}

/** The words before the cursor and the one at it. Bash gives `--flag=value` as three words. */
function splitWords(shell: string, given: readonly string[]): { words: readonly string[]; current: string } {
  const words: string[] = [];
  for (const [i, word] of given.entries()) {
    const previous = words.at(-1) ?? '';
    const continues = /^--[^=]+$/.test(previous) && word === '=';
    const isValue = previous.startsWith('--') && previous.endsWith('=') && given[i - 1] === '=';
    if (shell === 'bash' && (continues || isValue)) words[words.length - 1] = previous + word;
    else words.push(word);
  }
  return { words: words.slice(0, -1), current: words.at(-1) ?? '' };
}

async function candidates(app: App, words: readonly string[], current: string): Promise<Candidates> {
  const found = findCommand(words);
  if (found === undefined) return commandNames(words);
  const { command } = found;
  const flags = allFlags(command);
  const { positionals, awaited, isRest } = readBefore(flags, found.words);
  if (isRest) return 'file';
  if (awaited !== undefined) return complements(app, awaited.completes);
  const inline = flags.find(({ name, value }) => value !== undefined && current.startsWith(`--${name}=`));
  if (inline !== undefined) return complements(app, inline.completes);
  if (current.startsWith('-')) return flags.map(({ name, description }) => [`--${name}`, description]);
  return complements(app, argumentAt(command, positionals)?.completes);
}

function findCommand(words: readonly string[]): { command: Command; words: readonly string[] } | undefined {
  for (const command of COMMANDS) {
    for (const path of [command.path, ...(command.aliases ?? [])]) {
      if (path.every((word, i) => words[i] === word)) return { command, words: words.slice(path.length) };
    }
  }
  return undefined;
}

function commandNames(words: readonly string[]): Candidates {
  const [group] = words;
  if (group === undefined) {
    const single = COMMANDS.filter(({ path }) => path.length === 1).map(({ path, summary }): Candidate => [
      path[0] ?? '',
      summary,
    ]);
    return [...single, ...Object.entries(GROUPS)];
  }
  if (words.length > 1) return [];
  return COMMANDS.filter(({ path }) => path.length > 1 && path[0] === group).map(({ path, summary }) => [
    path[1] ?? '',
    summary,
  ]);
}

/** What the finished words mean for the next one. */
function readBefore(
  flags: readonly Flag[],
  words: readonly string[],
): { positionals: number; awaited: Flag | undefined; isRest: boolean } {
  let positionals = 0;
  let awaited: Flag | undefined;
  for (const word of words) {
    if (awaited !== undefined) awaited = undefined;
    else if (word === '--') return { positionals, awaited, isRest: true };
    else if (word.startsWith('-') && word !== '-') awaited = flagThatWaits(flags, word);
    else positionals++;
  }
  return { positionals, awaited, isRest: false };
}

function flagThatWaits(flags: readonly Flag[], word: string): Flag | undefined {
  return flags.find(
    ({ name, short, value, isValueOptional }) =>
      value !== undefined && isValueOptional !== true && (word === `--${name}` || word === `-${short ?? ''}`),
  );
}

function argumentAt(command: Command, index: number): Argument | undefined {
  return command.args[index] ?? command.args.find(({ isRepeated }) => isRepeated === true);
}

async function complements(app: App, completes: Completes | undefined): Promise<Candidates> {
  if (completes === undefined) return [];
  if (typeof completes !== 'string') return completes.map((value) => [value, '']);
  switch (completes) {
    case 'file':
    case 'folder':
      return completes;
    case 'context': {
      const contexts = await ask(app, 'context/list', {});
      return contexts.map(({ name, path }) => [name, path]);
    }
    case 'machine': {
      const machines = await ask(app, 'machine/list', {});
      const now = Date.now();
      return machines.map((machine) => [machine.host, `${machineType(machine)}, ${connectionText(machine, now)}`]);
    }
    case 'sshHost': {
      const hosts = await ask(app, 'machine/hosts', {});
      return hosts.map(({ alias, hostName }) => [alias, hostName ?? '']);
    }
    case 'tool': {
      const tools = await ask(app, 'tool/list', { versions: false });
      return tools.filter(({ installed }) => installed).map(({ id, name }) => [id, name]);
    }
    case 'session': {
      const [sessions, machines] = await Promise.all([ask(app, 'session/list', {}), ask(app, 'machine/list', {})]);
      const now = Date.now();
      return sessions.flatMap((session): Candidate[] => {
        const { word, detail } = describe(session, now, machineOfSession(session, machines));
        const text = detail === '' ? word : `${word}, ${detail}`;
        return [
          [session.name, text],
          [session.id, `${session.name}: ${text}`],
        ];
      });
    }
  }
}

/** A key press starts no server and waits for none: where nobody answers, there is nothing to offer. */
async function ask<M extends Extract<Method, `${string}/list` | 'machine/hosts'>>(
  app: App,
  method: M,
  params: ParamsInput<M>,
): Promise<Result<M> | []> {
  try {
    return await app.connectToRunning().request(method, params, { signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    return [];
  }
}
