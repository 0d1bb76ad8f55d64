import { stat } from 'node:fs/promises';
import { toDisposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Result } from '../../protocol/requests.js';
import type { TerminalSize } from '../machine.js';
import type { LogPosition, LogSink, LogSubscription } from '../machineService.js';
import { LogFeed } from './logFeed.js';
import { LogSizes } from './logSizes.js';
import { logInfo, startOffset, type Logs } from './logs.js';

export interface LocalLogsOptions {
  readonly path: (record: Pick<SessionRecord, 'id' | 'archived'>) => string;
  /** First offset of a log that may be read; grows while older parts are freed. */
  readonly base: (id: string) => number;
  readonly log: Logger;
}

interface Follower {
  readonly feed: LogFeed;
  readonly sink: LogSink;
}

/** Logs on this machine's own disk, read straight from the files. */
export class LocalLogs implements Logs {
  readonly #options: LocalLogsOptions;
  readonly #followers = new Map<string, Set<Follower>>();

  constructor(options: LocalLogsOptions) {
    this.#options = options;
  }

  async info(record: SessionRecord): Promise<Result<'log/info'>> {
    const path = this.#options.path(record);
    return logInfo(record, path, (await stat(path).catch(() => undefined))?.size ?? 0);
  }

  async subscribe(record: SessionRecord, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    const { id } = record;
    const { path, base, size, closed } = await this.info(record);
    const offset = startOffset(from, { base, size });
    const followers = this.#followers.get(id) ?? new Set();
    this.#followers.set(id, followers);
    const forget = (): void => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(id) === followers) this.#followers.delete(id);
    };
    const feed = new LogFeed({
      path,
      offset,
      closed,
      base: () => this.#options.base(id),
      sink: {
        write: (at, bytes) => sink.write(at, bytes),
        end: (at) => {
          forget();
          sink.end(at);
        },
        fail: (error) => {
          forget();
          sink.fail(error);
        },
      },
    });
    const follower = { feed, sink };
    // Later sizes are told to the follower from this moment on.
    followers.add(follower);
    const sizes = new LogSizes(path).from(offset);
    const release = toDisposable(() => {
      forget();
      feed.dispose();
    });
    return { base, offset, size, path, sizes, feed: release, start: () => feed.onGrown() };
  }

  onSize(id: string, { columns, rows }: TerminalSize): void {
    try {
      const size = new LogSizes(this.#options.path({ id, archived: false })).note(columns, rows);
      if (size) for (const { sink } of this.#followers.get(id) ?? []) sink.resized(size);
    } catch (error) {
      this.#options.log.warn(`sizes of ${id}: ${errorText(error)}`);
    }
  }

  onGrown(id: string): void {
    for (const { feed } of this.#followers.get(id) ?? []) feed.onGrown();
  }

  onClosed(id: string): void {
    for (const { feed } of [...(this.#followers.get(id) ?? [])]) feed.onClosed();
  }

  dispose(): void {
    for (const followers of this.#followers.values()) for (const { feed } of followers) feed.dispose();
    this.#followers.clear();
  }
}
