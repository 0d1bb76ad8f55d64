import assert from 'node:assert/strict';
import test from 'node:test';
import { drawnRows } from '../helpers/campaign.js';
import { byAlias, byOwnFile, byPath, Desk } from './desk.js';
import type { AgentName } from './home.js';

// A turn that ends in an error of the service that an agent talks to does not look like one that succeeded: each agent
// is refused by its model, is shown as `Error` with the reason, and is no error any more once it works again.

interface Row {
  readonly agent: AgentName;
  readonly reach: Parameters<typeof Desk.setUp>[2];
  readonly mode: string;
  /** How its question whether it may be trusted is answered: the mark of the chosen option, and its words. */
  readonly trust?: readonly [string, string];
  readonly status: number;
  readonly detail: RegExp;
}

const ROWS: readonly Row[] = [
  {
    agent: 'claude',
    reach: byAlias,
    mode: 'default',
    trust: ['❯', 'Yes, I trust this folder'],
    status: 500,
    detail: /^500 Internal Server Error$/u,
  },
  {
    agent: 'gemini',
    reach: byPath,
    mode: 'default',
    trust: ['●', 'Trust folder'],
    status: 401,
    detail: /^401 Unauthorized$/u,
  },
  { agent: 'opencode', reach: byOwnFile, mode: 'build', status: 401, detail: /^401 Unauthorized$/u },
  {
    agent: 'codex',
    reach: byPath,
    mode: 'auto',
    trust: ['›', 'Trust and continue'],
    status: 401,
    detail: /^401 Unauthorized$/u,
  },
  {
    agent: 'copilot',
    reach: byPath,
    mode: 'interactive',
    trust: ['❯', 'Yes'],
    status: 401,
    detail: /^401 Unauthorized$/u,
  },
];

for (const { agent, reach, mode, trust, status, detail } of drawnRows('errors', ROWS, 3, (row) => row.agent)) {
  test(`${agent}: a turn that ends in an error is shown as one`, { timeout: 600_000 }, async (t) => {
    const desk = await Desk.setUp(t, agent, reach);
    const { id } = await desk.start(agent, `do:fail(${status},99) do:say(never)`, mode);
    if (trust) {
      await desk.needs('trust');
      await desk.choose(...trust);
    }
    await desk.isError(detail);
    const waited = await desk.home.run(['wait', id, '--for', 'idle']);
    assert.deepEqual([waited.code, waited.stdout.trim()], [1, 'Error']);
    assert.equal((await desk.home.ok('status', '--state', 'error', '-q')).trim(), id);
    await desk.send('do:delay(1) do:say(fine)');
    await desk.becomes('working');
    await desk.becomes('idle');
    assert.equal((await desk.session()).error, null, await desk.explain());
  });
}
