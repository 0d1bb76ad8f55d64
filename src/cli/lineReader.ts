import { StringDecoder } from 'node:string_decoder';
import { displayWidth } from './displayWidth.js';

/** Why there is no line: Ctrl-C, the end of the input, or a signal. */
export type NoLine = 'interrupted' | 'ended' | 'aborted';
export type Line = { readonly text: string } | NoLine;

/** The part of a terminal's input that is used here. */
export interface TerminalInput {
  setRawMode(mode: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
}

export interface LineOptions {
  /** Shows what is typed. */
  readonly echo: boolean;
  readonly write: (text: string) => void;
  readonly signal: AbortSignal;
}

// Arrow keys and the like, which no answer has in it.
const SEQUENCES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|[^[O]|$)/g;

/**
 * Reads one line from a terminal by its letters, so that nothing of a secret is shown. The terminal is as it was before
 * when this is over, however it ends.
 */
export function readLine(input: TerminalInput, { echo, write, signal }: LineOptions): Promise<Line> {
  const decoder = new StringDecoder('utf8');
  return new Promise((resolve) => {
    const letters: string[] = [];
    const restore = (): void => void input.setRawMode(false);
    const finish = (line: Line): void => {
      input.off('data', onData);
      input.off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
      process.off('exit', restore);
      restore();
      input.pause();
      resolve(line);
    };
    const erase = (count: number): void => {
      const gone = letters.splice(letters.length - count, count);
      if (echo) write('\b \b'.repeat(displayWidth(gone.join(''))));
    };
    /** False when the line is over. */
    const onLetter = (letter: string): boolean => {
      switch (letter) {
        case '\r':
        case '\n':
          finish({ text: letters.join('') });
          return false;
        case '\x03':
        case '\x1c':
          finish('interrupted');
          return false;
        case '\x04':
          if (letters.length > 0) return true;
          finish('ended');
          return false;
        case '\x7f':
        case '\b':
          if (letters.length > 0) erase(1);
          return true;
        case '\x15':
          erase(letters.length);
          return true;
        default:
          if (letter < ' ') return true;
          letters.push(letter);
          if (echo) write(letter);
          return true;
      }
    };
    const onData = (chunk: Buffer | string): void => {
      const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
      for (const letter of text.replace(SEQUENCES, '')) if (!onLetter(letter)) return;
    };
    const onEnd = (): void => finish('ended');
    const onAbort = (): void => finish('aborted');
    if (signal.aborted) return resolve('aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    process.once('exit', restore);
    input.setRawMode(true);
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
  });
}
