import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { readText } from '../../common/files.js';
import { TerminalStripper } from '../../common/terminalText.js';
import { toCodeManagerError } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';

const SIGNS = { ok: '✓', warning: '!', failed: '✗' } as const satisfies Record<Check['status'], string>;

/** Checks as a text that a person reads, what is wrong with the command that mends it below. */
export function checksText(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, fix, ms }) => {
    const time = ms === null ? '' : ` (${Math.round(ms)} ms)`;
    const line = `${SIGNS[status]} ${name.padEnd(width)}  ${detail}${time}`;
    return fix === null ? [line] : [line, `  ${' '.repeat(width)}  → ${fix}`];
  });
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const wrong = count('failed');
  const summary =
    wrong === 0
      ? count('warning') === 0
        ? 'Everything is fine.'
        : 'Works, with warnings.'
      : `${wrong} of ${checks.length} checks failed. The lines with → say what to do.`;
  // What a host says is shown as text and nothing else.
  return new TerminalStripper().push(`${[...lines, '', summary].join('\n')}\n`);
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
  const last = log.trim().split('\n').slice(-5).join('\n    ');
  if (last !== '') checks.push(check('Server log', 'ok', `its last lines:\n    ${last}`));
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
