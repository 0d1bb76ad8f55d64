import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../desk.js';

/** Finding, naming and putting away. */
export const recordCases: readonly Case[] = [
  {
    name: 'a session is started, found by id, prefix and name, and ends',
    run: async (desk) => {
      const name = `named-${desk.key}`;
      const started = await desk.shell('read -r line; echo "$line"', { name });
      assert.equal(started.machineId, desk.machineId);
      // Sessions that other cases start in the same millisecond have ids that begin alike.
      const others = (await desk.client.request('session/list', {})).filter(({ id }) => id !== started.id);
      const isUnique = (start: string): boolean => !others.some(({ id }) => id.startsWith(start));
      const prefix = [8, 9, 10, 11].map((length) => started.id.slice(0, length)).find(isUnique) ?? started.id;
      for (const ref of [started.id, prefix, name]) assert.equal((await desk.get(ref)).id, started.id);
      const running = await desk.is(started.id, 'runs', ({ status }) => status === 'running');
      await desk.client.request('session/send', { session: name, text: 'hello' });
      return [running, await desk.ended(started.id)].map(({ lastOutput: _, ...session }) => session);
    },
  },
  {
    name: 'a shell without a command takes commands',
    run: async (desk) => {
      const { id } = await desk.shell('');
      await desk.client.request('session/send', { session: id, text: 'echo the sum is $((40 + 2))' });
      await desk.shows(id, 'the sum is 42');
      await desk.client.request('session/send', { session: id, text: 'exit 4' });
      const { status, exitCode } = await desk.ended(id);
      return { status, exitCode };
    },
  },
  {
    name: 'a name is given once: the next one is refused, or numbered when nobody chose it',
    run: async (desk) => {
      const name = `once-${desk.key}`;
      await desk.shell('cat', { name });
      const refused = await desk.fails(desk.shell('cat', { name }));
      const task = `sleep 1000 # ${desk.key} polish brass`;
      const [first, second] = [await desk.shell(task), await desk.shell(task)];
      assert.equal(second.name, `${first.name}-2`);
      return [refused, first.name];
    },
  },
  {
    name: 'a session is renamed, but not to a name that is taken or none',
    run: async (desk) => {
      const one = await desk.shell('cat', { name: `one-${desk.key}` });
      const two = await desk.shell('cat', { name: `two-${desk.key}` });
      const rename = (name: string) => desk.client.request('session/rename', { session: two.id, name });
      const errors = [];
      for (const name of [one.name, 'a\nb', '\x1b[31mred', ' ', 'x'.repeat(201)])
        errors.push(await desk.fails(rename(name)));
      const { name } = await rename(`“${desk.key}” ünd 🦊`);
      assert.equal((await desk.get(name)).id, two.id);
      assert.equal((await desk.fails(desk.get(two.name))).code, 'notFound');
      return [errors, name];
    },
  },
  {
    name: 'a session is pinned and marked as read',
    run: async (desk) => {
      const { id } = await desk.ran('exit 1');
      const update = (change: object) => desk.client.request('session/update', { session: id, ...change });
      const steps = [await desk.get(id), await update({ pinned: true }), await update({ unread: false })];
      steps.push(await update({ pinned: false, unread: true }), await desk.get(id));
      const seen = steps.map(({ pinned, unread }) => [pinned, unread]);
      assert.deepEqual(seen, [
        [false, true],
        [true, true],
        [true, false],
        [false, true],
        [false, true],
      ]);
      return seen;
    },
  },
  {
    name: 'an ended session goes to the archive with its log, and away',
    run: async (desk) => {
      const { client, host, context } = desk;
      const { id, name } = await desk.ran('printf kept');
      const archived = await client.request('session/archive', { session: id });
      const ids = async (all: boolean): Promise<string[]> =>
        (await client.request('session/list', { context: context.id, archived: all })).map((session) => session.id);
      assert.deepEqual([await ids(false), await ids(true)], [[], [id]]);
      assert.equal((await desk.get(name)).archived, true);
      assert.equal((await desk.log(id).whole()).text, 'kept');
      const file = join(host.cm, 'sessions', 'archive', `${id}.log`);
      assert.ok(existsSync(file));
      await client.request('session/purge', { session: id });
      assert.deepEqual([await ids(true), existsSync(file)], [[], false]);
      return [
        archived.status,
        await desk.fails(desk.get(id)),
        await desk.fails(client.request('log/info', { session: id })),
      ];
    },
  },
  {
    name: 'a running session is neither archived nor deleted unless that is forced, which kills it',
    run: async (desk) => {
      const { client } = desk;
      const seen: unknown[] = [];
      for (const method of ['session/archive', 'session/purge'] as const) {
        const { id } = await desk.shell('sleep 1000', { name: `${method.replace('/', '-')}-${desk.key}` });
        seen.push(await desk.fails(client.request(method, { session: id })));
        assert.equal((await desk.get(id)).status, 'running');
        const { archived } = await client.request(method, { session: id, force: true });
        seen.push(
          archived,
          method === 'session/archive' ? (await desk.get(id)).status : await desk.fails(desk.get(id)),
        );
        assert.equal(await desk.host.tmux('has-session', '-t', `=${id}`).catch(() => 'gone'), 'gone');
      }
      return seen;
    },
  },
  {
    name: 'the same request id starts one session, also asked ten times at once and by two clients',
    run: async (desk) => {
      const request = {
        requestId: `request ${desk.key}`,
        tool: 'shell',
        task: 'echo x >>started; cat',
        context: desk.key,
      };
      const clients = [desk.client, desk.otherClient()];
      const sessions = await Promise.all(
        Array.from({ length: 10 }, (_, n) => (clients[n % 2] ?? desk.client).request('session/create', request)),
      );
      const [first] = sessions;
      assert.equal(new Set(sessions.map(({ id }) => id)).size, 1);
      await desk.is(first?.id ?? '', 'has begun', () => desk.has('started'));
      const again = await desk.client.request('session/create', { ...request, task: 'another' });
      assert.equal(again.id, first?.id);
      assert.equal((await desk.client.request('session/list', { context: desk.key })).length, 1);
      assert.equal(desk.read('started'), 'x\n');
      return desk.fails(desk.client.request('session/create', { ...request, requestId: 'short' }));
    },
  },
  {
    name: 'lists are narrowed down by context, agent, state and tag, newest first',
    run: async (desk) => {
      const { client, key } = desk;
      await client.request('context/edit', { context: key, tags: [`tag-${key}`] });
      const names = [`a-${key}`, `b-${key}`, `c-${key}`];
      const [a = '', b = '', c = ''] = names;
      await desk.ran('exit 0', { name: a });
      await desk.ran('exit 3', { name: b });
      const last = await desk.shell('cat', { name: c });
      await desk.is(last.id, 'runs', ({ status }) => status === 'running');
      const list = async (filter: object): Promise<string[]> =>
        (await client.request('session/list', filter)).map(({ name }) => name).filter((name) => names.includes(name));
      assert.deepEqual((await list({ context: key })).sort(), names);
      assert.deepEqual((await list({ tag: `tag-${key}` })).sort(), names);
      assert.deepEqual(await list({ tag: 'no such tag' }), []);
      assert.deepEqual(await list({ context: key, state: 'failed' }), [b]);
      assert.deepEqual(await list({ context: key, state: 'Completed' }), [a]);
      assert.deepEqual(await list({ context: key, state: 'running' }), [c]);
      assert.deepEqual((await list({ tool: 'shell' })).sort(), names);
      assert.deepEqual(await list({ tool: 'claude' }), []);
      return [await list({ context: key }), await desk.fails(client.request('session/list', { context: 'nowhere' }))];
    },
  },
  {
    name: 'a session is found by its machine',
    run: async (desk) => {
      const { client, key } = desk;
      await desk.ran('exit 0');
      const machines = await client.request('machine/list', {});
      const machine = machines.find(({ id }) => id === desk.machineId);
      assert.equal(machine?.connection, 'connected');
      for (const name of [machine.id, machine.host]) {
        assert.equal((await client.request('session/list', { machine: name, context: key })).length, 1, name);
      }
      assert.deepEqual(
        await client.request('session/list', { machine: 'elsewhere', context: key }).catch(() => []),
        [],
      );
      return machine.problem;
    },
  },
  {
    name: 'a reference that fits nothing or several is refused with what is near',
    run: async (desk) => {
      const { key } = desk;
      const one = await desk.shell('cat', { name: `winter-${key}` });
      return [
        await desk.fails(desk.get(`wintre-${key}`)),
        await desk.fails(desk.get(one.id.slice(0, 3))),
        await desk.fails(desk.get('')),
      ];
    },
  },
];
