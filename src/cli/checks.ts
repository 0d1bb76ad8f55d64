import { stripTerminal } from '../common/terminalText.js';
import { formatDuration } from '../common/text.js';
import { ErrorCode, EXIT_CODES } from '../protocol/errors.js';
import type { Check } from '../protocol/requests.js';
import type { App } from './app.js';
import type { Colour } from './output.js';
import { formatTable } from './table.js';

const COLOURS: Readonly<Record<Check['status'], Colour>> = { ok: 'green', warning: 'yellow', failed: 'red' };

/** Prints steps one a line, then what mends those that need it. Gives the exit code: that of the first failure. */
export async function showChecks(app: App, checks: readonly Check[], fixes: 'first' | 'all'): Promise<number> {
  const { output } = app;
  const bad = checks.filter(({ status }) => status !== 'ok');
  const failed = checks.find(({ status }) => status === 'failed');
  if (output.json) {
    await output.record(checks);
  } else {
    const rows = checks.map((check) => [check.status, check.name, time(check.ms), check.detail].map(stripTerminal));
    const paint = (cell: string): string => {
      return Object.hasOwn(COLOURS, cell) ? output.paint(COLOURS[cell as Check['status']], cell) : cell;
    };
    const columns = [{ title: '', paint }, { title: '' }, { title: '' }, { title: '' }];
    await output.lines(formatTable(columns, rows, { header: false }));
    for (const check of fixes === 'all' ? bad : bad.filter((check) => check === failed)) {
      if (check.fix !== null) await output.lines([`${stripTerminal(check.name)}: ${stripTerminal(check.fix)}`]);
    }
  }
  return failed === undefined ? 0 : EXIT_CODES[ErrorCode.safeParse(failed.code).data ?? 'internal'];
}

function time(ms: number | null): string {
  if (ms === null) return '';
  return ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms);
}
