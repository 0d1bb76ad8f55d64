import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CodeManagerError } from '../protocol/errors.js';
import { HELP_FLAG, JSON_FLAG, type Command, type Flag, type Invocation } from './command.js';

/** All flags of a command with those that every command has. */
export function allFlags(command: Command): readonly Flag[] {
  return [...command.flags, JSON_FLAG, HELP_FLAG];
}

/** A mistake in how the command was called. */
export function usageError(command: Command | undefined, message: string): CodeManagerError {
  const name = command === undefined ? 'cm' : `cm ${command.path.join(' ')}`;
  return new CodeManagerError('invalid', message, { hint: `See \`${name} --help\`.` });
}

/** Checks words against a command's table entry. Throws `invalid` with a sentence that names what is wrong. */
export function parseInvocation(command: Command, words: readonly string[]): Invocation {
  const flags = allFlags(command);
  const { given, values, positionals, rest } = readWords(command, flags, words);
  // Without a use of its own, what stands after `--` are arguments that may begin with a dash.
  const args = command.rest === undefined ? [...positionals, ...rest] : positionals;
  if (!given.has('help')) checkArguments(command, args);
  return {
    command,
    args,
    rest: command.rest === undefined ? [] : rest,
    has: (flag) => given.has(flag),
    value: (flag) => values.get(flag)?.at(-1),
    values: (flag) => values.get(flag) ?? [],
  };
}

interface Words {
  readonly given: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string[]>;
  readonly positionals: readonly string[];
  readonly rest: readonly string[];
}

function readWords(command: Command, flags: readonly Flag[], words: readonly string[]): Words {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const flag of flags) {
    options[flag.name] = {
      type: flag.value !== undefined && flag.isValueOptional !== true ? 'string' : 'boolean',
      ...(flag.short === undefined ? {} : { short: flag.short }),
    };
  }
  // Not strict: its own errors name no command, and it knows no flag whose value is optional.
  const { tokens } = parseArgs({
    args: words.map((word, i) => (isText(word, words.slice(0, i), flags) ? TEXT_MARK + word : word)),
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Set<string>();
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const rest: string[] = [];
  let isRest = false;
  let optional: Flag | undefined;
  for (const token of tokens) {
    const before = optional;
    optional = undefined;
    if (token.kind === 'option-terminator') {
      isRest = true;
    } else if (token.kind === 'positional') {
      const text = token.value.startsWith(TEXT_MARK) ? token.value.slice(TEXT_MARK.length) : token.value;
      if (before !== undefined && /^[^\s-]\S*$/u.test(token.value)) throw eitherError(before, token.value);
      (isRest ? rest : positionals).push(text);
    } else {
      const flag = flags.find(({ name }) => name === token.name);
      if (flag === undefined) throw unknownFlag(command, token.rawName, positionals.length);
      // `--name --json` is a forgotten value; one that begins with a dash is given as `--name=-x`.
      if (flag.isValueOptional === true && token.value === undefined) optional = flag;
      const isForgotten = token.inlineValue === false && /^-./.test(token.value);
      readFlag(command, flag, token.rawName, isForgotten ? undefined : token.value, given, values);
    }
  }
  return { given, values, positionals, rest };
}

/** A word that was told to be a text before flags were looked for; no argument can hold it. */
const TEXT_MARK = 'text\0';

/** A word that begins with a dash and is a text all the same: it has blanks, and is no flag with its value. */
function isText(word: string, before: readonly string[], flags: readonly Flag[]): boolean {
  if (!/^-.*\s/su.test(word) || before.includes('--')) return false;
  const known = (name: string | undefined): Flag | undefined =>
    name === undefined ? undefined : flags.find((flag) => flag.name === name || flag.short === name);
  // `--name="two words"`, `-n "5 "` as one word.
  if (known(/^--([^=\s]+)=/u.exec(word)?.[1]) !== undefined) return false;
  if (/^-[^-]/u.test(word) && known(word.charAt(1))?.value !== undefined) return false;
  // The value of a flag: that it begins with a dash is refused there.
  const taker = known(/^--?([^=]+)$/u.exec(before.at(-1) ?? '')?.[1]);
  return taker?.value === undefined || taker.isValueOptional === true;
}

/** The flag may belong to the agent, or be a text that begins with a dash. */
function unknownFlag(command: Command, rawName: string, given: number): CodeManagerError {
  const name = `cm ${command.path.join(' ')}`;
  // It can be a text where one is still to come.
  const text = command.args.find(
    ({ name, isRepeated }, i) => TEXTS.has(name) && (i >= given || isRepeated === true),
  )?.name;
  const hint =
    command.rest !== undefined
      ? `What belongs to the agent stands after \`--\`; a task that begins with a dash comes by \`-\` from the standard input.`
      : text === undefined
        ? `See \`${name} --help\`.`
        : `If it is the ${text}, put \`--\` in front of it.`;
  return new CodeManagerError('invalid', `Unknown flag ${rawName}`, { hint });
}

/** Arguments that are whatever a person writes. */
const TEXTS: ReadonlySet<string> = new Set(['TEXT', 'REASON', 'OPTION|TEXT', 'NAME', 'KEY']);

/** One word behind a flag whose value is optional may be meant for either. */
function eitherError({ name, value = '' }: Flag, word: string): CodeManagerError {
  const shown = word.length > 40 ? `${word.slice(0, 40)}…` : word;
  return new CodeManagerError('invalid', `It cannot be told whether ${shown} is the ${value} of --${name}`, {
    hint: `Write --${name}=${shown} if it is; else put it before --${name}.`,
  });
}

function readFlag(
  command: Command,
  flag: Flag,
  rawName: string,
  value: string | undefined,
  given: Set<string>,
  values: Map<string, string[]>,
): void {
  if (flag.value === undefined && value !== undefined) throw usageError(command, `The flag ${rawName} takes no value`);
  if (flag.value !== undefined && value === undefined && flag.isValueOptional !== true) {
    throw usageError(command, `The flag ${rawName} needs a value: ${rawName} ${flag.value}`);
  }
  if (given.has(flag.name) && flag.value !== undefined && flag.isRepeatable !== true) {
    throw usageError(command, `The flag ${rawName} was given twice`);
  }
  given.add(flag.name);
  if (value !== undefined) values.set(flag.name, [...(values.get(flag.name) ?? []), value]);
}

function checkArguments(command: Command, args: readonly string[]): void {
  const required = command.args.filter((argument) => argument.isOptional !== true);
  const missing = required[args.length];
  if (missing !== undefined) throw usageError(command, `${missing.name} is missing`);
  const max = command.args.some((argument) => argument.isRepeated === true) ? Infinity : command.args.length;
  const extra = args[max];
  if (extra !== undefined) {
    throw new CodeManagerError('invalid', `The word "${extra.slice(0, 40)}" is one argument too many`, {
      hint: `A text with spaces needs quotes; see \`cm ${command.path.join(' ')} --help\`.`,
    });
  }
}
