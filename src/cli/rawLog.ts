import type { App } from './app.js';
import type { ShowLogOptions } from './showLogOptions.js';

const NEWLINE = 0x0a;
const FIRST_TAIL_BYTES = 128 * 1024;

/** Prints a session's bytes as they are. */
export async function showBytes(app: App, session: string, { lines, follow }: ShowLogOptions): Promise<void> {
  const from = lines === 'all' ? 0 : await findLines(app, session, lines);
  await readBytes(app, session, from, follow, (bytes) => app.output.bytes(bytes));
}

/** The offset at which the last `count` lines begin. */
async function findLines(app: App, session: string, count: number): Promise<number> {
  const { base, size } = await app.client.request('log/info', { session });
  if (count === 0) return size;
  for (let tail = FIRST_TAIL_BYTES; ; tail *= 4) {
    const begin = Math.max(base, size - tail);
    const breaks: number[] = [];
    let at = begin;
    await readBytes(app, session, begin, false, (bytes) => {
      for (let i = bytes.indexOf(NEWLINE); i >= 0; i = bytes.indexOf(NEWLINE, i + 1)) {
        // A break at the very end begins no further line.
        if (at + i + 1 < size) breaks.push(at + i + 1);
      }
      at += bytes.length;
    });
    const found = breaks.at(-count);
    if (found !== undefined) return found;
    if (begin === base) return base;
  }
}

/** Reads from an offset to where the log ends now, or until the session ends. */
function readBytes(
  app: App,
  session: string,
  from: number,
  follow: boolean,
  onBytes: (bytes: Uint8Array) => void | Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let target: number | undefined;
    let done = Promise.resolve();
    const finish = (): void => {
      log.dispose();
      done.then(resolve, reject);
    };
    const log = app.client.followLog(session, {
      from,
      onStart: ({ size, offset }) => {
        target ??= size;
        if (!follow && offset >= target) queueMicrotask(finish);
      },
      onChunk: ({ offset, bytes }) => {
        const room = follow || target === undefined ? bytes.length : Math.max(0, target - offset);
        if (room > 0) done = done.then(() => onBytes(bytes.subarray(0, room)));
        if (!follow && target !== undefined && offset + bytes.length >= target) finish();
        return done;
      },
      onEnd: finish,
      onError: reject,
    });
  });
}
