import type { Duplex } from 'node:stream';
import { stripTerminal } from '../common/terminalText.js';
import { truncate } from '../common/text.js';
import { DIAL_MARKER, DialAnswer } from '../protocol/dial.js';
import { CodeManagerError } from '../protocol/errors.js';

/** More than any banner has; a host that prints for ever is not listened to for ever. */
const MAX_BANNER_BYTES = 256 * 1024;
const ANSWER_TIMEOUT_MS = 30_000;
const TOLD_LETTERS = 200;

/**
 * Waits until `dial-stdio` at the other end of a stream has said that what follows comes from its agent server; the
 * stream is then read from there. Rejects with the error that it told, or with `unavailable` and the last line that the
 * host printed instead. The stream is destroyed when it fails.
 *
 * @param stderr what the host wrote to its standard error
 */
export async function afterMarker(
  stream: Duplex,
  signal: AbortSignal,
  stderr: () => string = () => '',
): Promise<Duplex> {
  try {
    await readMarker(stream, signal, stderr);
    return stream;
  } catch (error) {
    stream.on('error', () => undefined);
    stream.destroy();
    throw error;
  }
}

function readMarker(stream: Duplex, signal: AbortSignal, stderr: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      stream.off('readable', onReadable).off('end', onEnd).off('error', onEnd).off('close', onEnd);
    };
    const fail = (error: CodeManagerError): void => {
      settle();
      reject(error);
    };
    const onAbort = (): void => fail(new CodeManagerError('cancelled', 'Cancelled'));
    const onEnd = (): void => {
      const said = lastLine(stderr()) || lastLine(read.toString('utf8'));
      fail(
        new CodeManagerError(
          'unavailable',
          `The agent server there could not be reached${said === '' ? '' : `: ${said}`}`,
        ),
      );
    };
    const onReadable = (): void => {
      for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) {
        read = Buffer.concat([read, chunk as Buffer]);
        const start = markerStart(read);
        const end = start < 0 ? -1 : read.indexOf('\n', start);
        if (end >= 0) {
          const answer = parseAnswer(read.subarray(start, end).toString('utf8'));
          if (answer === undefined) return onEnd();
          if (answer.error !== undefined) {
            const { code, message, hint } = answer.error;
            const clean = (text: string): string => truncate(stripTerminal(text), TOLD_LETTERS);
            return fail(
              new CodeManagerError(code, clean(message), { hint: hint === undefined ? undefined : clean(hint) }),
            );
          }
          settle();
          const rest = read.subarray(end + 1);
          if (rest.length > 0) stream.unshift(rest);
          return resolve();
        }
        if (read.length > MAX_BANNER_BYTES) {
          return fail(new CodeManagerError('unavailable', 'The host prints too much before its agent server answers'));
        }
      }
    };
    const timer = setTimeout(
      () => fail(new CodeManagerError('unavailable', 'The agent server there did not answer within 30 s')),
      ANSWER_TIMEOUT_MS,
    );
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('readable', onReadable).on('end', onEnd).on('error', onEnd).on('close', onEnd);
  });
}

/** Where the answer begins: only a marker at the start of a line is one. */
function markerStart(read: Buffer): number {
  const at = read.indexOf(`\n${DIAL_MARKER}`);
  return at < 0 ? -1 : at + 1 + DIAL_MARKER.length;
}

function parseAnswer(text: string): DialAnswer | undefined {
  try {
    return DialAnswer.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string {
  const lines = text.split(/[\r\n]/).map(stripTerminal);
  return truncate(lines.filter((line) => line !== '').at(-1) ?? '', TOLD_LETTERS);
}
