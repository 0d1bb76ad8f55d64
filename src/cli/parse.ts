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
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
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
      if (before !== undefined && /^[^\s-]\S*$/u.test(token.value)) throw eitherError(command, before, token.value);
      (isRest ? rest : positionals).push(token.value);
    } else {
      const flag = flags.find(({ name }) => name === token.name);
      if (flag === undefined) {
        const hint = command.rest === undefined ? '' : ` What belongs to the agent stands after \`--\`.`;
        throw usageError(command, `Unknown flag ${token.rawName}.${hint}`);
      }
      // `--name --json` is a forgotten value; one that begins with a dash is given as `--name=-x`.
      if (flag.isValueOptional === true && token.value === undefined) optional = flag;
      const isForgotten = token.inlineValue === false && /^-./.test(token.value);
      readFlag(command, flag, token.rawName, isForgotten ? undefined : token.value, given, values);
    }
  }
  return { given, values, positionals, rest };
}

/** One word behind a flag whose value is optional may be meant for either. */
function eitherError(command: Command, { name, value = '' }: Flag, word: string): CodeManagerError {
  const shown = word.length > 40 ? `${word.slice(0, 40)}…` : word;
  return new CodeManagerError('invalid', `It cannot be told whether ${shown} is the ${value} of --${name}`, {
    hint: `Write --${name}=${shown} if it is; else put it before --${name}. See \`cm ${command.path.join(' ')} --help\`.`,
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
    throw usageError(command, `The word "${extra.slice(0, 40)}" is one argument too many. A text with spaces needs quotes.`);
  }
}
