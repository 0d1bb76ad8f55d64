import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` gives something, looking again and again; fails after a deadline that no healthy run meets. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  deadlineMs = 30_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const looked = performance.now();
    const value = await condition();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`);
    // A look that starts a program is not repeated at once: it would take the processor from what is waited for.
    await sleep(Math.min(1000, Math.max(15, performance.now() - looked)));
  }
}
