import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';

/** A terminal of a person's, in which `command` runs. */
export interface AttachedTerminal {
  /** All that it was sent so far. */
  readonly screen: string;
  write(bytes: string): void;
  close(): void;
}

/** Opens one, until the test is over. */
export function openTerminal(
  t: TestContext,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): AttachedTerminal {
  const quoted = command.map((word) => `'${word}'`).join(' ');
  const terminal = spawn('script', ['-qfec', quoted, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm-256color', ...env },
  });
  t.after(() => terminal.kill('SIGKILL'));
  let screen = '';
  terminal.stdout.on('data', (data: Buffer) => (screen += data.toString()));
  return {
    get screen() {
      return screen;
    },
    write: (bytes) => void terminal.stdin.write(bytes),
    close: () => void terminal.kill('SIGKILL'),
  };
}
