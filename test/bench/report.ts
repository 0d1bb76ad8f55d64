import { cpus, hostname, loadavg, release } from 'node:os';
import { ratioOf, type Row } from './figure.js';

/** One number in three digits or so. */
function format(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (value === 0 || Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function verdictOf({ goal }: Row): 'ok' | 'short' | '' {
  return goal === null ? '' : goal.met ? 'ok' : 'short';
}

/** The table for people. */
export function table(rows: readonly Row[]): string {
  const lines = [
    ['figure', 'measured', 'raw limit', 'ratio', 'goal', ''],
    ...rows.map((row) => {
      const ratio = ratioOf(row);
      return [
        row.figure,
        `${format(row.measured)} ${row.unit}`,
        row.raw === null ? '–' : `${format(row.raw.value)} ${row.unit} (${row.raw.what})`,
        ratio === null ? '–' : ratio.toFixed(2),
        row.goal?.text ?? '–',
        verdictOf(row),
      ];
    }),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  text.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('  ') + '  ─────');
  return text.join('\n');
}

/** What was seen besides, one line a figure. */
export function notes(rows: readonly Row[]): string {
  return rows.flatMap(({ figure, note }) => (note === undefined ? [] : [`${figure}: ${note}`])).join('\n');
}

export interface Report {
  readonly date: string;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly quick: boolean;
  readonly figures: readonly Readonly<Record<string, unknown>>[];
  readonly errors: readonly { readonly group: string; readonly message: string }[];
}

/** The same for programs. */
export function report(
  groups: readonly { readonly name: string; readonly rows: readonly Row[] }[],
  errors: Report['errors'],
  { quick, tmux }: { quick: boolean; tmux: string },
): Report {
  return {
    date: new Date().toISOString(),
    machine: {
      host: hostname(),
      system: `${process.platform} ${release()}`,
      processors: cpus().length,
      processor: cpus()[0]?.model ?? '',
      node: process.version,
      tmux,
      load: loadavg()[0],
    },
    quick,
    figures: groups.flatMap(({ name, rows }) =>
      rows.map((row) => ({ group: name, ...row, ratio: ratioOf(row), verdict: verdictOf(row) || null })),
    ),
    errors,
  };
}
