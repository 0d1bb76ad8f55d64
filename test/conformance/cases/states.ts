import assert from 'node:assert/strict';
import type { Session } from '../../../src/protocol/session.js';
import { until } from '../../helpers/until.js';
import type { Case, Desk } from '../desk.js';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
const report = (fields: string): string => `printf '\\033]7501;${fields}\\033\\\\'`;

/** Reports the next state with each line that it is sent. */
async function reporting(desk: Desk, ...reports: readonly string[]): Promise<string> {
  const id = `reporting-${desk.key}`;
  const program = desk.script(
    'reporting',
    `#!/bin/sh\nstty -echo\necho ready\n${reports.map((text) => `read -r line\n${report(text)}\necho said`).join('\n')}\ncat\n`,
  );
  await desk.tool(id, {
    name: 'Reporting',
    command: [program],
    versionArgs: null,
    reportsState: true,
    startup: { ready: ['^ready$'], stableMs: 0 },
  });
  const session = await desk.start(id, '');
  await desk.is(session.id, 'runs', ({ status }) => status === 'running');
  return session.id;
}

const next = (desk: Desk, id: string): Promise<unknown> =>
  desk.client.request('session/key', { session: id, keys: ['Enter'] });
const shown = ({ status, state, waiting, unread }: Session): unknown => ({ status, state, waiting, unread });

/** What sessions are doing. */
export const stateCases: readonly Case[] = [
  {
    name: 'an agent that reports its state is shown so, and a turn that ends is to be looked at',
    run: async (desk) => {
      const id = await reporting(
        desk,
        'state=working',
        `state=blocked:kind=permission:msg=${b64('approve Bash: npm publish\x1b[31m')}`,
        'state=working',
        `state=blocked:kind=question:msg=${b64('answer: Which colour?')}`,
        'state=done',
      );
      const seen = [];
      await next(desk, id);
      seen.push(shown(await desk.is(id, 'works', ({ state }) => state === 'working')));
      await next(desk, id);
      const permission = await desk.is(id, 'waits', ({ state }) => state === 'waiting');
      assert.deepEqual(permission.waiting, { kind: 'permission', text: 'Bash: npm publish' });
      seen.push(shown(permission));
      seen.push((await desk.fails(desk.client.request('session/send', { session: id, text: 'x' }))).code);
      await next(desk, id);
      await desk.is(id, 'works again', ({ state }) => state === 'working');
      await next(desk, id);
      const question = await desk.is(id, 'asks', ({ state }) => state === 'waiting');
      seen.push(shown(question));
      await next(desk, id);
      const idle = await desk.is(id, 'is idle', ({ state }) => state === 'idle');
      assert.equal(idle.unread, true);
      seen.push(shown(idle));
      seen.push(shown(await desk.client.request('session/update', { session: id, unread: false })));
      return seen;
    },
  },
  {
    name: 'what a session did is known with its times, also when it has ended',
    run: async (desk) => {
      const id = await reporting(desk, 'state=working', `state=blocked:kind=permission:msg=${b64('Bash: ls')}`);
      await next(desk, id);
      await desk.is(id, 'works', ({ state }) => state === 'working');
      await next(desk, id);
      await desk.is(id, 'waits', ({ state }) => state === 'waiting');
      await desk.client.request('session/kill', { session: id });
      await desk.ended(id);
      const { spans } = (await desk.client.request('session/explain', { session: id })).history;
      const did = spans.map(({ doing, kind }) => [doing, kind]);
      assert.deepEqual(
        did.filter(([doing]) => doing !== 'unknown'),
        [
          ['starting', null],
          ['working', null],
          ['waiting', 'permission'],
          ['ended', null],
        ],
      );
      const times = spans.map(({ from }) => from);
      assert.deepEqual(times, [...times].sort());
      return did;
    },
  },
  {
    name: 'a report that is no report changes nothing',
    run: async (desk) => {
      const id = await reporting(desk, 'state=working', 'state=nonsense', `state=blocked:msg=${'!'.repeat(40)}`);
      await next(desk, id);
      await desk.is(id, 'works', ({ state }) => state === 'working');
      await next(desk, id);
      await next(desk, id);
      const waiting = await desk.is(id, 'waits', ({ state }) => state === 'waiting');
      return shown(waiting);
    },
  },
  {
    name: 'titles change as the program changes them',
    run: async (desk) => {
      const { id } = await desk.shell(
        `printf '\\033]2;first title\\a'; read -r line; printf '\\033]0;second title\\a'; cat`,
      );
      const first = await desk.is(id, 'has a title', ({ title }) => title === 'first title');
      await desk.client.request('session/key', { session: id, keys: ['Enter'] });
      const second = await desk.is(id, 'has the next title', ({ title }) => title === 'second title');
      return [first.title, second.title];
    },
  },
  {
    name: 'the moment of the last output is known and moves on',
    run: async (desk) => {
      const { id } = await desk.shell('stty -echo; echo one; while read -r line; do echo two; done');
      const first = await desk.is(id, 'has printed', ({ lastOutput }) => lastOutput !== null);
      await until('it prints again', async () => {
        await desk.client.request('session/key', { session: id, keys: ['Enter'] });
        const { lastOutput } = await desk.get(id);
        return (lastOutput ?? '') > (first.lastOutput ?? '');
      });
      return (await desk.get(id)).status;
    },
  },
  {
    name: 'a session that ended is unread until it is looked at, one that a person ended is not',
    run: async (desk) => {
      const failed = await desk.ran('exit 3');
      const killed = await desk.shell('cat');
      await desk.client.request('session/kill', { session: killed.id });
      const looked = await desk.client.request('session/update', { session: failed.id, unread: false });
      const seen = [failed.unread, (await desk.get(killed.id)).unread, looked.unread];
      assert.deepEqual(seen, [true, false, false]);
      return seen;
    },
  },
];
