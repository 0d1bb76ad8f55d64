import type { Machine } from '../machine.js';
import { StateReportReader, type StateReport } from './stateReports.js';

/** How much of a log is read back for the last report when a server takes a session over. */
const TAIL_BYTES = 256 * 1024;
const CHUNK_BYTES = 64 * 1024;

export interface ReportFollowerOptions {
  readonly machine: Pick<Machine, 'stat' | 'readFile'>;
  /** The session's log. */
  readonly path: string;
  /** Where the run of the tool begins in it: what stands before it was said by another one. */
  readonly from: number;
  /** Reports in order; the next waits until this one is dealt with. */
  readonly onReport: (report: StateReport) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Reads the state reports of a tool out of its log as it grows. */
export class ReportFollower {
  readonly #options: ReportFollowerOptions;
  readonly #reader = new StateReportReader();
  #offset: number | undefined;
  /** Reports from before we watched; undefined once they are told. */
  #past: StateReport[] | undefined = [];
  #reading = false;
  #grown = false;

  constructor(options: ReportFollowerOptions) {
    this.#options = options;
    this.onOutput();
  }

  /** The log has grown. */
  onOutput(): void {
    this.#grown = true;
    if (!this.#reading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#takeGrown()) await this.#readToEnd();
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#reading = false;
    }
  }

  #takeGrown(): boolean {
    const grown = this.#grown;
    this.#grown = false;
    return grown;
  }

  async #readToEnd(): Promise<void> {
    const { machine, path, from, onReport } = this.#options;
    const size = (await machine.stat(path))?.size ?? 0;
    this.#offset ??= Math.max(from, size - TAIL_BYTES);
    while (this.#offset < size) {
      const bytes = await machine.readFile(path, this.#offset, CHUNK_BYTES);
      if (bytes.length === 0) return;
      this.#offset += bytes.length;
      for (const report of this.#reader.push(bytes)) {
        if (this.#past) this.#past.push(report);
        else await onReport(report);
      }
    }
    const last = lastWord(this.#past ?? []);
    this.#past = undefined;
    if (last) await onReport(last);
  }
}

/** What holds of reports that came while nobody listened: the last one, or the end of a turn just before it. */
function lastWord(reports: readonly StateReport[]): StateReport | undefined {
  const [before, last] = [reports.at(-2), reports.at(-1)];
  const ended = before?.state === 'done' || before?.state === 'error';
  return last?.state === 'idle' && ended ? before : last;
}
