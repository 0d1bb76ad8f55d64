import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { reasonOf } from '../common/systemError.js';
import { stripTerminal } from '../common/terminalText.js';
import { CodeManagerError, errorText, EXIT_CODES, toCodeManagerError } from '../protocol/errors.js';
import { App } from './app.js';
import { commandHelp, groupHelp, overview } from './help.js';
import { Output } from './output.js';
import { failureText } from './failureText.js';
import { parseInvocation } from './parse.js';
import { resolveCommand } from './resolve.js';

/** The words as the system has them. */
const GIVEN = '/proc/self/cmdline';

/** Runs one command line and gives its exit code. */
async function main(words: readonly string[]): Promise<number> {
  // Read by hand: it decides how everything else is printed, also the error about a wrong flag.
  const end = words.indexOf('--');
  const json = words.slice(0, end < 0 ? undefined : end).includes('--json');
  const output = new Output(process.stdout, process.stderr, json, process.env);
  // Whether results can be written shows only when one is.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => onLost(error, output));
  const app = new App(output, process.env);
  // Waiting for the next try of a connection alone would not keep the process alive.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    needText(words);
    return await dispatch(app, words);
  } catch (error) {
    const { code } = toCodeManagerError(error);
    // Who cancels something knows that.
    if (code === 'cancelled') output.transient('');
    else output.note(failureText(error));
    return EXIT_CODES[code];
  } finally {
    clearInterval(alive);
    app.dispose();
  }
}

/**
 * What is no text came as marks in its place, and would be sent and named so.
 *
 * @throws CodeManagerError `invalid`; a system without /proc does not tell
 */
function needText(words: readonly string[]): void {
  if (!words.some((word) => word.includes('\ufffd')) || !existsSync(GIVEN)) return;
  if (isUtf8(readFileSync(GIVEN))) return;
  throw new CodeManagerError('invalid', 'What was typed has bytes that are no UTF-8', {
    hint: 'See `locale`: the terminal and the shell have to use UTF-8.',
  });
}

async function dispatch(app: App, words: readonly string[]): Promise<number> {
  const [first, ...others] = words;
  if (first === '__complete') {
    const { complete } = await import('./completeCommand.js');
    await complete(app, others);
    return 0;
  }
  if (first === 'help') return dispatch(app, [...others, '--help']);
  if (first === '--version' || first === '-V') return dispatch(app, ['version', ...others]);
  const resolved = resolveCommand(words);
  switch (resolved.kind) {
    case 'none':
      return help(app, words);
    case 'group': {
      const lines = groupHelp(resolved.group);
      if (words.length > 1) return print(app, lines);
      app.output.noteLines(lines);
      return EXIT_CODES.invalid;
    }
    case 'command': {
      const invocation = parseInvocation(resolved.command, resolved.words);
      if (invocation.has('help')) return print(app, commandHelp(resolved.command));
      const run = await resolved.command.load();
      return (await run(app, invocation)) ?? 0;
    }
  }
}

async function print(app: App, lines: readonly string[]): Promise<number> {
  await app.output.lines(lines);
  return 0;
}

async function help(app: App, words: readonly string[]): Promise<number> {
  const unknown = words.find((word) => word !== '--help' && word !== '-h');
  if (unknown === undefined) return print(app, overview());
  app.output.note(`Unknown flag ${unknown} before a command. See \`cm --help\`.`);
  return EXIT_CODES.invalid;
}

/** Results cannot be written. Whoever read them may have gone: then there is nobody to tell anything. */
function onLost(error: NodeJS.ErrnoException, { done }: Output): never {
  if (error.code === 'EPIPE') process.exit(0);
  return fail(`The standard output cannot be written: ${reasonOf(error, 'written')}.${done === '' ? '' : ` ${done}`}`);
}

/** Ends with a sentence: left alone, Node would print a part of our own source. */
function fail(text: string): never {
  try {
    writeSync(2, `${stripTerminal(text)}\n`);
  } catch {
    // Nobody can be told.
  }
  process.exit(EXIT_CODES.internal);
}

function onUncaught(error: unknown): never {
  const debug = (process.env['CM_DEBUG'] ?? '') === '' ? '' : ` ${error instanceof Error ? (error.stack ?? '') : ''}`;
  return fail(`Something went wrong in cm itself: ${errorText(error)}${debug}`);
}

process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);
// Remarks are lost then, and results are not.
process.stderr.on('error', () => undefined);
process.once('SIGINT', () => process.exit(EXIT_CODES.cancelled));
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
