import { stat } from 'node:fs/promises';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Result } from '../../protocol/requests.js';
import type { TerminalSize } from '../machine/machine.js';
import type { LogPosition, LogSink, LogSubscription } from '../machine/machineService.js';
import { LogFeed } from './logFeed.js';
import { LogFollowers } from './logFollowers.js';
import { LogSizes } from './logSizes.js';
import { logInfo, startOffset, type Logs } from './logs.js';

export interface LocalLogsOptions {
  readonly path: (record: Pick<SessionRecord, 'id' | 'archived'>) => string;
  /** First offset of a log that may be read; grows while older parts are freed. */
  readonly base: (id: string) => number;
  readonly log: Logger;
}

/** Logs on this machine's own disk, read straight from the files. */
export class LocalLogs implements Logs {
  readonly #options: LocalLogsOptions;
  readonly #followers = new LogFollowers<LogFeed>();

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
    const first = (): number => this.#options.base(id);
    // Later sizes are told to the follower from this moment on.
    const { feed, release } = this.#followers.add(
      id,
      sink,
      (to) => new LogFeed({ path, offset, closed, base: first, sink: to }),
    );
    const sizes = new LogSizes(path).from(offset);
    return { base, offset, size, path, sizes, feed: release, start: () => feed.onGrown() };
  }

  onSize(id: string, { columns, rows }: TerminalSize): void {
    try {
      const size = new LogSizes(this.#options.path({ id, archived: false })).note(columns, rows);
      if (size) this.#followers.resized(id, size);
    } catch (error) {
      this.#options.log.warn(`sizes of ${id}: ${errorText(error)}`);
    }
  }

  onGrown(id: string): void {
    for (const feed of this.#followers.of(id)) feed.onGrown();
  }

  onRemade(id: string): void {
    for (const feed of this.#followers.of(id)) feed.onRemade();
  }

  onClosed(id: string): void {
    this.#followers.onClosed(id);
  }

  dispose(): void {
    this.#followers.dispose();
  }
}
