import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../helpers/until.js';
import { byAlias, byPath, Desk } from './desk.js';
import type { AgentName } from './home.js';

// From its start to the end of what its first turn has left running: no agent is idle before it has taken its task, and
// none has finished while something goes on.

interface Row {
  readonly agent: AgentName;
  readonly reach: Parameters<typeof Desk.setUp>[2];
  readonly mode: string;
  readonly trust: readonly [string, string];
  /** Directive for a command that goes on for so many seconds after the turn. */
  readonly leaves: (seconds: number) => string;
}

const ROWS: readonly Row[] = [
  {
    agent: 'codex',
    reach: byPath,
    mode: 'auto',
    trust: ['›', 'Trust and continue'],
    leaves: (seconds) => `do:tool(exec_command {"cmd":"sleep ${seconds}","yield_time_ms":500})`,
  },
  {
    agent: 'gemini',
    reach: byPath,
    mode: 'yolo',
    trust: ['●', 'Trust folder'],
    leaves: (seconds) => `do:tool(run_shell_command {"command":"sleep ${seconds}","is_background":true})`,
  },
  {
    agent: 'claude',
    reach: byAlias,
    mode: 'default',
    trust: ['❯', 'Yes, I trust this folder'],
    leaves: (seconds) => `do:tool(Bash {"command":"sleep ${seconds}","description":"wait","run_in_background":true})`,
  },
];

for (const { agent, reach, mode, trust, leaves } of ROWS) {
  test(
    `${agent}: idle is the end of its turn, and finished that of all it has begun`,
    { timeout: 400_000 },
    async (t) => {
      const desk = await Desk.setUp(t, agent, reach);
      const { id } = await desk.start(agent, `do:delay(2) ${leaves(12)} do:say(left it running)`, mode);
      const words = desk.watch();
      const waits = desk.home.run(['wait', id, '--for', 'idle']);
      await desk.needs('trust');
      await desk.choose(...trust);
      await until('it goes on in the background', () => words.includes('Working · 1 in the background'), 60_000);
      const before = words.slice(0, words.indexOf('Working · 1 in the background'));
      assert.deepEqual(
        before.filter((word) => /^(?:Idle|Finished)/u.test(word)),
        [],
        `before its end: ${words.join(', ')}`,
      );
      assert.equal((await desk.session()).background, 1);
      await until('it has finished', () => words.at(-1) === 'Finished', 60_000);
      assert.equal(words.filter((word) => /^(?:Idle|Finished)/u.test(word)).length, 1, words.join(', '));
      assert.deepEqual(await waits.then(({ code, stdout }) => [code, stdout]), [0, 'Finished\n']);
      await desk.stop();
    },
  );
}
