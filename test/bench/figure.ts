import type { Scratch } from './scratch.js';

/** One line of the table. */
export interface Row {
  readonly figure: string;
  readonly unit: 'ms' | '%' | 'MB' | 'MB/s' | 'KiB' | 'bytes' | 'processes' | 'connections' | 'round trips';
  readonly measured: number;
  /** The same without Code Manager, measured in the same run; null where there is nothing to compare with. */
  readonly raw: { readonly what: string; readonly value: number } | null;
  readonly goal: {
    readonly text: string;
    readonly met: boolean;
  } | null;
  /** What else was seen, in one line. */
  readonly note?: string;
}

/** What a group of figures is run with. */
export interface Bench {
  /** The files of the product: `dist/` and `media/` in one folder that no build changes meanwhile. */
  readonly product: string;
  readonly scratch: Scratch;
  /** Fewer and shorter rounds. */
  readonly quick: boolean;
  /** Folder of the programs that sessions run. */
  readonly programs: string;
  /** Where the CPU profiles of the agent server go; undefined: none are made. */
  readonly profiles: string | undefined;
  /** Shown on stderr while it runs. */
  progress(text: string): void;
}

/** Figures that share their sessions. */
export interface Group {
  readonly name: string;
  readonly run: (bench: Bench) => Promise<readonly Row[]>;
}

/** Measured divided by raw, where that says something. */
export function ratioOf({ measured, raw }: Row): number | null {
  return raw === null || raw.value <= 0 ? null : measured / raw.value;
}

/** A goal for the measured value itself. */
export function atMost(measured: number, limit: number, unit: string): { text: string; met: boolean } {
  return { text: `≤ ${limit} ${unit}`, met: measured <= limit };
}

/** A goal for the ratio to the raw limit. */
export function atMostRaw(measured: number, raw: number, factor: number): { text: string; met: boolean } {
  return { text: `≤ ${factor} × raw`, met: measured <= factor * raw };
}
