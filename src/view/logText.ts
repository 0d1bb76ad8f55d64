import { formatBytes, formatDuration, localDateTime, truncate } from '../common/text.js';
import { hasEnded, type Session } from '../protocol/session.js';
import { describe } from '../protocol/word.js';
import { oneLine } from './plainText.js';

/** Longer lines make a log that is followed slow; Open Whole Log has them. */
const LINE_LENGTH = 4096;

/**
 * `— refactor-auth · Claude Code · api @build-box · 14:02 —`
 *
 * @param machine name of its machine when that is another one than this window's
 */
export function logHeader(session: Session, toolName: string, machine: string | undefined): string {
  const place = machine === undefined ? session.contextName : `${session.contextName} @${machine}`;
  const parts = [session.name, toolName, place, localDateTime(session.started ?? session.created)];
  return `— ${parts.map((part) => oneLine(part)).join(' · ')} —`;
}

/** What stands where the beginning of a log was left out; undefined when nothing was. */
export function cutLine(bytes: number): string | undefined {
  return bytes === 0 ? undefined : `— ${formatBytes(bytes)} earlier: Code Manager: Open Whole Log —`;
}

/** `— failed, exit 3, after 12m 4s —`; undefined while the session runs. */
export function logFooter(session: Session): string | undefined {
  if (!hasEnded(session)) return undefined;
  const { word, detail } = describe(session, Date.parse(session.changed));
  const from = session.started ?? session.created;
  const after =
    session.completed === null ? '' : `after ${formatDuration(Date.parse(session.completed) - Date.parse(from))}`;
  const parts = [word.toLowerCase(), detail === after ? '' : oneLine(detail), after];
  return `— ${parts.filter((part) => part !== '').join(', ')} —`;
}

/** Lines as one text, each cut to what an editor shows well as it comes, or to `length`. */
export function joinLines(lines: readonly string[], length = LINE_LENGTH): string {
  return lines.map((line) => `${line.length <= length ? line : truncate(line, length)}\n`).join('');
}

/** Where text is written to. */
export interface TextSink {
  append(text: string): void;
}

/** Gathers text and passes it on in few, large pieces: each costs the editor about the same. */
export class BatchWriter {
  readonly #sink: TextSink;
  readonly #schedule: (run: () => void) => { cancel(): void };
  readonly #pieceLength: number;
  #pending: string[] = [];
  #length = 0;
  #timer: { cancel(): void } | undefined;
  #waiting: (() => void)[] = [];

  /**
   * @param schedule calls back after the time for which text is gathered
   * @param pieceLength in characters; a writer with more than that in hand should wait for {@link drained}
   */
  constructor(sink: TextSink, schedule: (run: () => void) => { cancel(): void }, pieceLength: number) {
    this.#sink = sink;
    this.#schedule = schedule;
    this.#pieceLength = pieceLength;
  }

  write(text: string): void {
    if (text === '') return;
    this.#pending.push(text);
    this.#length += text.length;
    this.#timer ??= this.#schedule(() => this.flush());
  }

  get isFull(): boolean {
    return this.#length >= this.#pieceLength;
  }

  /** Resolves when what was written has been passed on. */
  drained(): Promise<void> {
    return this.#length === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const text = this.#pending.join('');
    this.#pending = [];
    this.#length = 0;
    if (text !== '') this.#sink.append(text);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Forgets what has not been passed on. */
  discard(): void {
    this.#pending = [];
    this.flush();
  }
}
