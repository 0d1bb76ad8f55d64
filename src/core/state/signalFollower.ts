import { Turns } from '../../common/async.js';
import { GrowingFile, type GrowingFileOptions } from '../machine/growingFile.js';
import type { StateReport } from './stateReports.js';
import { SignalReader, type TerminalSignal } from './terminalSignals.js';

export interface SignalFollowerOptions extends Pick<GrowingFileOptions, 'machine' | 'onError'> {
  /** The session's log. */
  readonly path: string;
  /** Where the run of the tool begins in it: what stands before it was said by another one. */
  readonly from: number;
  /** Signals in order; the next waits until this one is dealt with. */
  readonly onSignal: (signal: TerminalSignal) => Promise<void>;
}

/** So much is read at once, and of more signals than this in it only the last words count. */
const SLICE_BYTES = 16 * 1024;
const MOST = 100;

/** Reads out of a tool's log what it tells its terminal, as it grows. */
export class SignalFollower {
  readonly #reader = new SignalReader();
  readonly #file: GrowingFile;
  /** Signals from before we watched; undefined once they are told. */
  #past: TerminalSignal[] | undefined = [];

  constructor({ machine, path, from, onSignal, onError }: SignalFollowerOptions) {
    this.#file = new GrowingFile({
      machine,
      path,
      from,
      onError,
      onBytes: async (bytes) => {
        const turns = new Turns();
        for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
          const signals = this.#reader.push(bytes.subarray(at, at + SLICE_BYTES));
          for (const signal of signals.length > MOST ? lastOfEach(signals) : signals) {
            if (this.#past) this.#past.push(signal);
            else await onSignal(signal);
          }
          await turns.pass();
        }
      },
      onPresent: async () => {
        const past = this.#past ?? [];
        this.#past = undefined;
        for (const signal of lastWords(past)) await onSignal(signal);
      },
    });
  }

  /** The log has grown. */
  onOutput(): void {
    this.#file.onGrown();
  }
}

/** The last signal of each type, in their order. */
function lastOfEach(signals: readonly TerminalSignal[]): TerminalSignal[] {
  const last = new Map(signals.map(({ type }, index) => [type, index]));
  const report = lastReport(signals.flatMap((signal) => (signal.type === 'report' ? [signal.report] : [])));
  return signals.flatMap((signal, index) => {
    if (last.get(signal.type) !== index) return [];
    return report !== undefined && signal.type === 'report' ? [{ type: 'report', report }] : [signal];
  });
}

/** What holds of what was told while nobody listened: the last word of each kind. Who was called then was called in vain. */
function lastWords(past: readonly TerminalSignal[]): TerminalSignal[] {
  const report = lastReport(past.flatMap((signal) => (signal.type === 'report' ? [signal.report] : [])));
  const words = [past.findLast(({ type }) => type === 'progress'), past.findLast(({ type }) => type === 'title')];
  return [...words.filter((word) => word !== undefined), ...(report ? [{ type: 'report', report } as const] : [])];
}

/** The last one, or the end of a turn just before it. */
function lastReport(reports: readonly StateReport[]): StateReport | undefined {
  const [before, last] = [reports.at(-2), reports.at(-1)];
  const ended = before?.state === 'done' || before?.state === 'error';
  return last?.state === 'idle' && ended ? before : last;
}
