import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { readText } from '../../common/files.js';
import { neutralise } from '../../common/terminalText.js';
import { toCodeManagerError } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';
import { oneLine } from '../../view/plainText.js';

const SIGNS = { ok: '✓', warning: '!', failed: '✗' } as const satisfies Record<Check['status'], string>;

/** Checks as a text that a person reads, what is wrong with the command that mends it below. */
export function checksText(checks: readonly Check[]): string {
  const names = checks.map(({ name }) => oneLine(name, 40));
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = checks.flatMap(({ status, detail, fix, ms }, index) => {
    const time = ms === null ? '' : ` (${Math.round(ms)} ms)`;
    // No line of what a host says can look like a check of its own.
    const [first = '', ...rest] = neutralise(detail).split('\n');
    const below = [...rest, ...(fix === null ? [] : [`→ ${oneLine(fix, 1000)}`])];
    return [
      `${SIGNS[status]} ${(names[index] ?? '').padEnd(width)}  ${first}${time}`,
      ...below.map((line) => `  ${' '.repeat(width)}  ${line}`),
    ];
  });
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const wrong = count('failed');
  const summary =
    wrong === 0
      ? count('warning') === 0
        ? 'Everything is fine.'
        : 'Works, with warnings.'
      : `${wrong} of ${checks.length} checks failed. The lines with → say what to do.`;
  return `${[...lines, '', summary].join('\n')}\n`;
}

/** What can be found out from here when the agent server cannot be asked. */
export async function checkWithoutServer(error: unknown, home: string, serverPath: string): Promise<readonly Check[]> {
  const check = (name: string, status: Check['status'], detail: string, fix: string | null = null): Check => ({
    name,
    status,
    detail,
    fix,
    ms: null,
    code: null,
  });
  const { message, hint } = toCodeManagerError(error);
  const checks = [check('Agent server', 'failed', message, hint ?? null)];
  const isThere = (await stat(serverPath).catch(() => undefined)) !== undefined;
  checks.push(
    isThere
      ? check('Program', 'ok', serverPath)
      : check('Program', 'failed', `${serverPath} is missing`, 'Install the extension again.'),
  );
  const writable = await access(`${home}/`, constants.W_OK).then(
    () => true,
    (failure: unknown) => failure instanceof Error && 'code' in failure && failure.code === 'ENOENT',
  );
  checks.push(
    writable
      ? check('Data folder', 'ok', home)
      : check('Data folder', 'failed', `${home} is no folder that can be written`, `ls -ld '${home}'`),
  );
  const tmux = await findProgram('tmux');
  checks.push(
    tmux === undefined
      ? check(
          'tmux',
          'warning',
          'not found in the PATH of the editor',
          'Install tmux, or set its path in the settings.',
        )
      : check('tmux', 'ok', tmux),
  );
  const log = await readText(join(home, 'server.log')).catch(() => '');
  const last = log.trim().split('\n').slice(-5).join('\n');
  if (last !== '') checks.push(check('Server log', 'ok', `its last lines:\n${last}`));
  return checks;
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter((path) => path !== '')) {
    const path = join(folder, name);
    const isProgram = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return path;
  }
  return undefined;
}
