import { KeyedMutex } from '../../common/async.js';
import type { Logger } from '../../common/logger.js';
import { errorText, toCodeManagerError } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { LogSize } from '../../protocol/logSize.js';
import type { Result } from '../../protocol/requests.js';
import { siblingPath } from '../../protocol/sessionFiles.js';
import type { Machine, TerminalSize } from '../machine/machine.js';
import type { LogPosition, LogSink, LogSubscription } from '../machine/machineService.js';
import { HostLogFeed } from './hostLogFeed.js';
import { LogFollowers } from './logFollowers.js';
import { parseLogSizes, sizeLine, sizesFrom } from './logSizes.js';
import { logInfo, startOffset, type Logs } from './logs.js';

const AGAIN_MS = 1_000;

export interface HostLogsOptions {
  readonly machine: Machine;
  readonly path: (record: Pick<SessionRecord, 'id' | 'archived'>) => string;
  /** First offset of a log that may be read. */
  readonly base: (id: string) => number;
  readonly log: Logger;
}

/** Logs on the disk of a machine that is reached from here. Who follows one goes on where it was after a cut. */
export class HostLogs implements Logs {
  readonly #options: HostLogsOptions;
  readonly #followers = new LogFollowers<HostLogFeed>();
  readonly #noting = new KeyedMutex();
  /** The last size of each log that was noted or read. */
  readonly #last = new Map<string, LogSize>();
  /** The size of each log that could not be noted. */
  readonly #missed = new Map<string, TerminalSize>();
  #again: NodeJS.Timeout | undefined;

  constructor(options: HostLogsOptions) {
    this.#options = options;
    options.machine.link?.onDidChange(({ connection }) => {
      this.#last.clear();
      if (connection !== 'connected') return;
      for (const feed of this.#followers.all()) feed.onReachable();
      this.#noteMissed();
    });
  }

  async info(record: SessionRecord): Promise<Result<'log/info'>> {
    const path = this.#options.path(record);
    return logInfo(record, path, (await this.#options.machine.stat(path))?.size ?? 0);
  }

  async subscribe(record: SessionRecord, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    const { id } = record;
    const [{ path, base, size, closed }, sizes] = await Promise.all([this.info(record), this.#sizes(record)]);
    const offset = startOffset(from, { base, size });
    const { machine, base: first } = this.#options;
    const { feed, release } = this.#followers.add(
      id,
      sink,
      (to) => new HostLogFeed({ machine, path, offset, closed, base: () => first(id), sink: to }),
    );
    return { base, offset, size, path, sizes: sizesFrom(sizes, offset), feed: release, start: () => feed.start() };
  }

  async #sizes(record: Pick<SessionRecord, 'id' | 'archived'>): Promise<LogSize[]> {
    const { machine, path } = this.#options;
    const file = siblingPath(path(record), 'log', 'sizes');
    // Most terminals never change.
    if ((await machine.stat(file)) === undefined) return parseLogSizes('');
    const bytes = await machine.readFile(file).catch((error: unknown) => {
      if (isUnreachable(error)) throw error;
      return '';
    });
    return parseLogSizes(Buffer.from(bytes).toString('utf8'));
  }

  onSize(id: string, size: TerminalSize): void {
    void this.#noting.run(id, () => this.#tryToNote(id, size));
  }

  async #tryToNote(id: string, size: TerminalSize): Promise<void> {
    try {
      await this.#note(id, size);
      this.#missed.delete(id);
    } catch (error) {
      this.#options.log.debug(`sizes of ${id}: ${errorText(error)}`);
      this.#missed.set(id, size);
      this.#again ??= setTimeout(() => this.#noteMissed(), AGAIN_MS).unref();
    }
  }

  /** Tmux does not tell them again, and whoever reads the log would take what follows for as wide as before. */
  #noteMissed(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    // A machine that cannot be reached tells when it can.
    if ((this.#options.machine.link?.state.connection ?? 'connected') !== 'connected') return;
    for (const [id, size] of this.#missed) {
      void this.#noting.run(id, async () => {
        if (this.#missed.get(id) === size) await this.#tryToNote(id, size);
      });
    }
  }

  async #note(id: string, { columns, rows }: TerminalSize): Promise<void> {
    const { machine, path } = this.#options;
    const record = { id, archived: false };
    const last = this.#last.get(id) ?? (await this.#sizes(record)).at(-1);
    if (last?.columns === columns && last.rows === rows) {
      this.#last.set(id, last);
      return;
    }
    // A log that was removed goes on behind what it had.
    const offset = Math.max((await machine.stat(path(record)))?.size ?? 0, last?.offset ?? 0);
    const size = { offset, columns, rows };
    await machine.append(siblingPath(path(record), 'log', 'sizes'), sizeLine(size));
    this.#last.set(id, size);
    this.#followers.resized(id, size);
  }

  onGrown(): void {
    // What is followed is told by the machine itself.
  }

  onRemade(id: string): void {
    for (const feed of this.#followers.of(id)) feed.onRemade();
  }

  onClosed(id: string): void {
    this.#last.delete(id);
    this.#missed.delete(id);
    this.#followers.onClosed(id);
  }

  dispose(): void {
    this.#missed.clear();
    clearTimeout(this.#again);
    this.#followers.dispose();
  }
}

/** As against a file that is none. */
function isUnreachable(error: unknown): boolean {
  const { code } = toCodeManagerError(error);
  return code === 'unavailable' || code === 'unauthorized';
}
