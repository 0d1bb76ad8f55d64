import { CodeManagerError } from '../../../protocol/errors.js';
import { ShellReader } from './shellReader.js';
import type { SimpleCommand } from './simpleCommand.js';

/** What a command line runs, in order, or why that cannot be told for sure. */
export type ParsedLine =
  | { readonly understood: true; readonly commands: readonly SimpleCommand[] }
  | {
      readonly understood: false;
      readonly reason: string;
      /** What was read before the first thing that was not understood. */
      readonly commands: readonly SimpleCommand[];
    };

/** Agents' commands are shorter; a longer one is read by nobody. */
const LONGEST = 20_000;
const MOST_WORDS = 500;
const MOST_COMMANDS = 200;
const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh']);
/** `sh -c` in `sh -c`. */
const DEEPEST = 4;

/**
 * Reads a command line as sh, bash and zsh agree to: quotes, escapes, comments, `;` `&&` `||` `|` `&`, lines, subshells,
 * redirections, here-documents, assignments. `sh -c TEXT` is what the text runs. What depends on anything else than the
 * text itself (variables, substitutions, patterns, functions, loops) is not understood, and neither is what these shells
 * do not agree on.
 */
export function parseShell(line: string): ParsedLine {
  return parse(line, 0);
}

function parse(line: string, depth: number): ParsedLine {
  const commands: SimpleCommand[] = [];
  const fail = (reason: string): ParsedLine => ({ understood: false, reason, commands });
  if (line.length > LONGEST) return fail('it is too long');
  if (line.includes('…')) return fail('it may have been cut');
  const read = new ShellReader(line).read();
  for (const command of read.commands) {
    if (command.words.length > MOST_WORDS) return fail('it has too many words');
    if (commands.length >= MOST_COMMANDS) return fail('it has too many commands');
    const text = shellText(command);
    if (text === undefined) {
      commands.push(command);
    } else {
      if (depth >= DEEPEST) return fail('it starts a shell in a shell in a shell');
      const inner = parse(text, depth + 1);
      commands.push(...inner.commands);
      if (!inner.understood) return fail(inner.reason);
    }
  }
  if (read.problem !== undefined) return fail(read.problem);
  return commands.length === 0 ? fail('it is empty') : { understood: true, commands };
}

/** What `bash -lc TEXT` runs, when it does nothing else. */
function shellText({ words, assignments, files }: SimpleCommand): string | undefined {
  const [program = '', option = '', text, ...more] = words;
  if (assignments > 0 || files.length > 0 || more.length > 0 || text === undefined) return undefined;
  return SHELLS.has(program.replace(/^\/(?:usr\/)?bin\//u, '')) && /^-l?c$/u.test(option) ? text : undefined;
}

/** The words of a line that is one plain command. @throws CodeManagerError `invalid` when it is anything else */
export function commandWords(line: string): string[] {
  const { commands, problem } = new ShellReader(line).read();
  const [only, ...more] = commands;
  const hint = 'Write the words with which it begins, as in a shell: npm test.';
  if (problem !== undefined)
    throw new CodeManagerError('invalid', `The command is not understood: ${problem}`, { hint });
  if (only === undefined || more.length > 0 || only.files.length > 0) {
    throw new CodeManagerError('invalid', 'A rule is about one command, without redirections', { hint });
  }
  if (only.tildes.length > 0) throw new CodeManagerError('invalid', 'A rule cannot quote a "~"', { hint });
  return [...only.words];
}
