import { systemClock, type Clock } from '../common/async.js';
import { toDisposable, type Disposable } from '../common/disposable.js';
import { toCodeManagerError } from '../protocol/errors.js';
import type { Client, FollowLogOptions } from './api.js';
import { LogRenderer, type LogRendererOptions } from './render/logRenderer.js';

/** So long after something came, and again while more comes, what stands is looked at. */
const MOMENT_MS = 200;
const MOMENTS = 3;
/** So much may wait for the renderer before the server is held back. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

export interface FollowTextOptions extends Pick<FollowLogOptions, 'from' | 'onStart' | 'onEnd' | 'onError'> {
  /** Readable lines, without line breaks, each once and in order. Nothing more is rendered while a promise is pending. */
  readonly onLines: (lines: readonly string[]) => void | Promise<void>;
  /** All that was in the log when it was subscribed has been given. */
  readonly onCaughtUp?: () => void;
  /** False: end where the log ended at the start, and give also what is unfinished there. Default true. */
  readonly follow?: boolean;
  /** How long the stream must be quiet before the unfinished line or the screen is given; default as the renderer says. */
  readonly settleMs?: number;
  readonly renderer?: LogRendererOptions;
  readonly clock?: Clock;
}

/** Follows the log of a session as lines that a person reads. `onEnd` or `onError` comes at most once, last. */
export function followText(client: Pick<Client, 'followLog'>, session: string, options: FollowTextOptions): Disposable {
  const { follow = true, clock = systemClock } = options;
  const renderer = new LogRenderer(options.renderer);
  let disposed = false;
  let backlog = 0;
  /** Where the log ended at the start; undefined once all until there has been given. */
  let target: number | undefined;
  let started = false;
  let settling: { cancel(): void } | undefined;
  let moment: { cancel(): void } | undefined;
  let moments = 0;
  let queue: Promise<void> = Promise.resolve();

  // A function, because the flag changes while others are awaited.
  const isDisposed = (): boolean => disposed;
  const stop = (): void => {
    disposed = true;
    settling?.cancel();
    moment?.cancel();
    log.dispose();
  };
  const fail = (error: unknown): void => {
    if (disposed) return;
    stop();
    options.onError?.(toCodeManagerError(error));
  };
  /** Everything goes through one queue, so that lines and ends keep their order. */
  const enqueue = (task: () => Promise<readonly string[]>, after?: () => void): Promise<void> => {
    queue = queue
      .then(async () => {
        if (isDisposed()) return;
        const lines = await task();
        if (lines.length > 0 && !isDisposed()) await options.onLines(lines);
        if (!isDisposed()) after?.();
      })
      .catch(fail);
    return queue;
  };
  const finish = (offset: number): void => {
    settling?.cancel();
    void enqueue(
      () => renderer.end(),
      () => {
        stop();
        options.onEnd?.(offset);
      },
    );
  };
  /** Looks a few times more once nothing comes. */
  const stand = (): void => {
    moment ??= clock.after(MOMENT_MS, () => {
      moment = undefined;
      void enqueue(() => renderer.stand());
      if (--moments > 0) stand();
    });
  };
  const reached = (offset: number): void => {
    if (target === undefined || offset < target) return;
    const end = target;
    target = undefined;
    void enqueue(
      async () => [],
      () => options.onCaughtUp?.(),
    );
    if (!follow) finish(end);
  };

  const log = client.followLog(session, {
    ...(options.from === undefined ? {} : { from: options.from }),
    onStart: (start) => {
      if (disposed) return;
      if (!started) target = start.size;
      started = true;
      options.onStart?.(start);
      reached(start.offset);
    },
    onResize: ({ columns, rows }) => void enqueue(() => renderer.resize(columns, rows)),
    onChunk: ({ offset, bytes }) => {
      if (disposed || (!follow && target === undefined)) return undefined;
      const wanted = !follow && target !== undefined ? bytes.subarray(0, Math.max(0, target - offset)) : bytes;
      settling?.cancel();
      settling = follow
        ? clock.after(options.settleMs ?? renderer.quietMs, () => void enqueue(() => renderer.settle()))
        : undefined;
      backlog += wanted.length;
      const done = enqueue(async () => {
        backlog -= wanted.length;
        const lines = await renderer.write(wanted);
        if (follow && renderer.isPainted) {
          moments = MOMENTS;
          stand();
        }
        return lines;
      });
      reached(offset + bytes.length);
      return backlog > MAX_BACKLOG_BYTES ? done : undefined;
    },
    onEnd: (offset) => {
      if (follow || target !== undefined) finish(offset);
    },
    onError: fail,
  });
  return toDisposable(stop);
}
