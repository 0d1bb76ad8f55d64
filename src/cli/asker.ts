import { KeyedMutex } from '../common/async.js';
import { stripTerminal } from '../common/terminalText.js';
import { formatDuration, truncate } from '../common/text.js';
import type { AnswerQuestion } from '../client/api.js';
import type { Question } from '../protocol/question.js';
import { readLine, type Line, type TerminalInput } from './lineReader.js';
import type { Output } from './output.js';

const MAX_LINES = 20;
const MAX_LENGTH = 400;

type Input = TerminalInput & { readonly isTTY?: boolean };

/** Asks the person at the terminal, one question after another. Without a terminal nothing is answered, at once. */
export function createAsker(output: Output, input: Input): AnswerQuestion {
  const turns = new KeyedMutex();
  return (question, signal) => {
    if (input.isTTY !== true || !output.isRemarkTerminal) {
      const what = `${question.machine} wants an answer (${question.title})`;
      const hint = `Run \`cm machine connect ${question.machine}\` in a terminal.`;
      output.note(`${what}, and there is no terminal to ask on. ${hint}`);
      return Promise.resolve(null);
    }
    return turns.run('', () => ask(output, input, question, signal));
  };
}

async function ask(output: Output, input: Input, question: Question, signal: AbortSignal): Promise<string | null> {
  if (signal.aborted) return null;
  const isHostKey = question.kind === 'hostKey';
  const title = shown(question.title);
  const text = question.text.split('\n').slice(0, MAX_LINES).map(shown);
  const intro = [...(isHostKey ? [title] : []), ...text].filter((line) => line !== '');
  output.transient('');
  if (intro.length > 0) output.prompt(`${intro.join('\n')}\n`);
  const prompt = isHostKey ? 'Type yes to trust it and to connect: ' : `${title.replace(/[:\s]+$/, '')}: `;
  for (;;) {
    output.prompt(prompt);
    const echo = !question.secret;
    const line = await readLine(input, { echo, write: (letters) => output.echo(letters), signal });
    if (typeof line === 'string') return withoutLine(output, question, line, signal);
    output.prompt('\n');
    const answer = isHostKey ? readYes(line.text) : readAnswer(question, line.text);
    if (answer !== undefined) return answer;
    output.prompt('Please type yes or no.\n');
  }
}

function withoutLine(output: Output, question: Question, why: Exclude<Line, object>, signal: AbortSignal): null {
  if (why === 'aborted') {
    output.clearPrompt();
    const time = formatDuration(question.timeoutMs);
    if (signal.reason === 'timeout') output.note(`No answer within ${time}: ${question.title}`);
    return null;
  }
  output.prompt('\n');
  // As if the terminal itself had seen the key: whoever handles it decides what it ends.
  if (why === 'interrupted') process.kill(process.pid, 'SIGINT');
  return null;
}

/** Undefined when it is neither. */
function readYes(text: string): string | null | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'yes') return 'yes';
  return word === 'no' || word === 'n' ? null : undefined;
}

/** Nobody means an empty password, and a wrong one counts; a host may want just Enter, though. */
function readAnswer({ kind }: Question, text: string): string | null {
  return text === '' && kind !== 'code' ? null : text;
}

function shown(text: string): string {
  return truncate(stripTerminal(text), MAX_LENGTH);
}
