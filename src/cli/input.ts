import { readFile } from 'node:fs/promises';
import { reasonOf } from '../common/systemError.js';
import { CodeManagerError } from '../protocol/errors.js';

/** All of the standard input as text. */
async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return textOf(Buffer.concat(chunks), 'The standard input');
}

/** What is no text would arrive as something else. Throws `invalid`. */
function textOf(bytes: Buffer, place: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CodeManagerError('invalid', `${place} has bytes that are no UTF-8`, {
      hint: 'Convert it first: iconv -f latin1 -t utf-8',
      cause,
    });
  }
}

/**
 * What somebody says by the standard input or a file: there has to be something.
 *
 * @param what is meant to be there: `task`, `text`
 */
export async function readText(path: string, what: string): Promise<string> {
  const text = await readInput(path);
  if (text.trim() !== '') return text;
  const [place, hint] =
    path === '-'
      ? ['The standard input', 'See whether the command before it gave something.']
      : [`The file ${path}`, `Write the ${what} into it.`];
  throw new CodeManagerError('invalid', `${place} is empty, so there is no ${what}`, { hint });
}

/** A file that a flag names, as text; `-` is the standard input. */
export async function readInput(path: string): Promise<string> {
  if (path === '-') return readStdin();
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new CodeManagerError('invalid', `Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  });
  return textOf(bytes, `The file ${path}`);
}

/** `KEY=VALUE` as it stands on a command line. */
export function parseVariable(text: string): [string, string] {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(text);
  if (match === null)
    throw new CodeManagerError('invalid', `The variable "${text.split('=')[0] ?? ''}" is not KEY=VALUE`);
  return [match[1] ?? '', match[2] ?? ''];
}

/**
 * Variables of a file: `KEY=VALUE` a line, empty lines and lines with `#` left out, `export ` before the name allowed,
 * a value in single or double quotes taken without them (in double ones `\n`, `\"` and `\\` are known).
 */
export function parseEnvFile(text: string, path: string): [string, string][] {
  const variables: [string, string][] = [];
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim().replace(/^export\s+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*([\s\S]*)$/.exec(line);
    // Never the line itself: it may hold a secret.
    if (match === null) throw new CodeManagerError('invalid', `${path}:${i + 1} is not KEY=VALUE`);
    variables.push([match[1] ?? '', unquote(match[2] ?? '')]);
  }
  return variables;
}

function unquote(value: string): string {
  const quoted = /^(["'])([\s\S]*)\1$/.exec(value);
  if (quoted === null) return value;
  const inner = quoted[2] ?? '';
  if (quoted[1] === "'") return inner;
  return inner.replace(/\\([\s\S])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}
