import type { Disposable } from '../../common/disposable.js';
import { hasEnded } from '../../protocol/session.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Result } from '../../protocol/requests.js';
import type { TerminalSize } from '../machine/machine.js';
import type { LogPosition, LogSink, LogSubscription } from '../machine/machineService.js';

/** The logs of one machine's sessions, and those who follow them. */
export interface Logs extends Disposable {
  /** Where the log of a session is and how much of it. */
  info(record: SessionRecord): Promise<Result<'log/info'>>;
  subscribe(record: SessionRecord, from: LogPosition, sink: LogSink): Promise<LogSubscription>;
  /** The terminal of a session has this size, maybe as before, for what its log gets from now on. */
  onSize(id: string, size: TerminalSize): void;
  /** The log may have grown. */
  onGrown(id: string): void;
  /** Another file has the name of the log: it goes on there, at offsets behind all that were. */
  onRemade(id: string): void;
  /** The log has its last byte. */
  onClosed(id: string): void;
}

/** What {@link Logs.info} tells of a log with so many bytes. */
export function logInfo(record: SessionRecord, path: string, size: number): Result<'log/info'> {
  return { path, base: Math.min(record.logBase, size), size, closed: hasEnded(record) };
}

/** The offset that a position means in a log. */
export function startOffset(from: LogPosition, { base, size }: Pick<Result<'log/info'>, 'base' | 'size'>): number {
  const wanted = typeof from === 'number' ? from : size - from.tail;
  return Math.min(Math.max(base, wanted), size);
}
