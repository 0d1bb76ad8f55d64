/**
 * For tests of crashes: ends the process as `kill -9` would when CM_TEST_CRASH names this point. Does nothing for
 * anybody else.
 */
export function crashPoint(name: string): void {
  if (process.env['CM_TEST_CRASH'] === name) process.kill(process.pid, 'SIGKILL');
}
