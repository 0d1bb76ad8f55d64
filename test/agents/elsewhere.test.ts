import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { until } from '../helpers/until.js';
import { byOwnFile, byPath, Desk } from './desk.js';
import type { AgentName } from './home.js';

/** What makes each run a command in another folder than that of its session, after a command that runs at home. */
const WAYS: readonly {
  readonly agent: AgentName;
  readonly reach: Parameters<typeof Desk.setUp>[2];
  readonly mode: string;
  readonly home: string;
  readonly elsewhere: string;
}[] = [
  {
    agent: 'opencode',
    reach: byOwnFile,
    mode: 'build',
    home: 'do:tool(bash {"command":"touch sub/first","description":"Touch","workdir":"."})',
    elsewhere: 'do:tool(bash {"command":"touch here","description":"Touch","workdir":"sub"})',
  },
  {
    agent: 'codex',
    reach: byPath,
    mode: 'read-only',
    home: 'do:bashesc(touch sub/first)',
    elsewhere:
      'do:tool(exec_command {"cmd":"touch here","workdir":"sub","sandbox_permissions":"require_escalated","justification":"So."})',
  },
];

for (const { agent, reach, mode, home, elsewhere } of WAYS) {
  test(
    `${agent}: a command that runs in another folder is told with it, and no rule allows it`,
    { timeout: 400_000 },
    async (t) => {
      const desk = await Desk.setUp(t, agent, reach);
      const sub = join(desk.folder, 'sub');
      mkdirSync(sub);
      await desk.home.ok('policy', 'add', 'allow', '--command', 'touch', '--ctx', 'project');
      await desk.start(agent, 'do:say(ready)', mode);
      if (agent !== 'opencode') await desk.answers('approve', await desk.asks('trust'));
      await desk.becomes('idle');
      await desk.send(home);
      await until('what runs at home is allowed', () => existsSync(join(sub, 'first')), 120_000);
      await desk.becomes('idle');
      await desk.send(elsewhere);
      const request = await until(
        'it is told exactly',
        async () => {
          const { request: asked } = await desk.session();
          return asked?.command === 'touch here' && asked.exact !== null ? asked : undefined;
        },
        120_000,
      );
      assert.equal(request.folder, sub);
      assert.equal(existsSync(join(sub, 'here')), false);
      await desk.answers('approve', request);
      await until('it ran there', () => existsSync(join(sub, 'here')), 60_000);
      assert.deepEqual(
        (await desk.audit()).filter(({ by }) => by.type === 'policy').map(({ request: { command } }) => command),
        [commandIn(home)],
      );
      await desk.stop();
    },
  );
}

function commandIn(step: string): string {
  return /"command":"([^"]*)"/u.exec(step)?.[1] ?? /\((.*)\)$/u.exec(step)?.[1] ?? '';
}
