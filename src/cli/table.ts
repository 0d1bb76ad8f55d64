import { displayWidth, fitWidth } from './displayWidth.js';

export interface Column {
  readonly title: string;
  /** The column may be cut down to so many columns when the table is too wide; those with the most to spare are cut first. */
  readonly min?: number;
  /** In a terminal that is too narrow for all it is left out, those with the lowest number first. */
  readonly goes?: number;
  /** What somebody types to name the row: it is cut only where the terminal has not even room for it alone. */
  readonly isKey?: boolean;
  /** Colours a finished cell. */
  readonly paint?: (cell: string) => string;
}

const GAP = '  ';

/**
 * Lines of a table with aligned columns, at most `width` wide. Cells are one line each, without control characters. What
 * is too wide is cut down to the least of its columns, then columns are left out, then those are cut that name no row.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width = Infinity, header = true }: { width?: number; header?: boolean } = {},
): string[] {
  const widths = columns.map((column, i) =>
    Math.max(header ? displayWidth(column.title) : 0, ...rows.map((row) => displayWidth(row[i] ?? ''))),
  );
  if (shrink(widths, columns, width) > 0) {
    const next = leastNeeded(columns);
    if (next !== undefined) {
      const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== next);
      return formatTable(without(columns), rows.map(without), { width, header });
    }
    const others = columns.map((column) => (column.isKey === true ? column : { ...column, min: 1 }));
    const all = columns.map((column) => ({ ...column, min: 1 }));
    if (shrink(widths, others, width) > 0) shrink(widths, all, width);
  }
  const line = (cells: readonly string[], paints: boolean): string => {
    const parts = columns.map((column, i) => {
      const room = widths[i] ?? 0;
      const cell = fitWidth(cells[i] ?? '', room);
      const padding = ' '.repeat(Math.max(0, room - displayWidth(cell)));
      return (paints && column.paint !== undefined && cell !== '' ? column.paint(cell) : cell) + padding;
    });
    return parts.join(GAP).trimEnd();
  };
  return [
    ...(header
      ? [
          line(
            columns.map((column) => column.title),
            false,
          ),
        ]
      : []),
    ...rows.map((row) => line(row, true)),
  ];
}

/** The column to leave out first; undefined when each has to stay. */
function leastNeeded(columns: readonly Column[]): number | undefined {
  const going = columns.flatMap(({ goes }, index) => (goes === undefined ? [] : [{ goes, index }]));
  return going.sort((a, b) => a.goes - b.goes)[0]?.index;
}

/** @returns how many columns of the terminal it is too wide all the same */
function shrink(widths: number[], columns: readonly Column[], width: number): number {
  const gaps = GAP.length * (columns.length - 1);
  let excess = widths.reduce((sum, w) => sum + w, gaps) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [i, column] of columns.entries()) {
      const spare = (widths[i] ?? 0) - (column.min ?? Infinity);
      if (spare > 0 && spare > (widths[widest] ?? 0) - (columns[widest]?.min ?? 0)) widest = i;
    }
    if (widest < 0) return excess;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  return 0;
}

/** Lines `name  value` with the values aligned. */
export function formatFields(fields: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...fields.map(([name]) => displayWidth(name)));
  return fields.map(([name, value]) => `${name.padEnd(width)}${GAP}${value}`.trimEnd());
}
