import { toCodeManagerError } from '../protocol/errors.js';
import type { Check } from '../protocol/requests.js';
import type { App } from './app.js';
import { showChecks } from './checks.js';

export async function doctor(app: App): Promise<number> {
  const begin = Date.now();
  let checks: readonly Check[];
  try {
    checks = await app.client.request('doctor/run', {});
  } catch (thrown) {
    // Without a server there is one finding, and it is the one that matters.
    const error = toCodeManagerError(thrown);
    if (error.code === 'cancelled') throw error;
    const { code, message, hint } = error;
    const detail = message;
    const fix = hint ?? 'Run `cm server run` to see what it says.';
    checks = [{ name: 'agent server', status: 'failed', detail, fix, ms: Date.now() - begin, code }];
  }
  return showChecks(app, checks, 'all');
}
