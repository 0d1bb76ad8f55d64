import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import type { Case } from '../desk.js';

/** Contexts and the walk to them. */
export const contextCases: readonly Case[] = [
  {
    name: 'a context is renamed, moved and tagged',
    run: async (desk) => {
      mkdirSync(desk.path('other'));
      const name = `moved-${desk.key}`;
      const edited = await desk.client.request('context/edit', {
        context: desk.key,
        name,
        path: desk.path('other'),
        tags: ['a', 'b'],
      });
      assert.deepEqual([edited.path, edited.machine], [desk.path('other'), desk.context.machine]);
      const path = await desk.printed('pwd', { context: name });
      assert.equal(path, `${desk.path('other')}\n`);
      const { machine: _, ...rest } = await desk.client.request('context/get', { context: name });
      return [rest, await desk.fails(desk.client.request('context/edit', { context: name, path: desk.path('none') }))];
    },
  },
  {
    name: 'a context with running sessions is removed only by force, and they go on',
    run: async (desk) => {
      const { client, context } = desk;
      const { id } = await desk.shell('cat');
      const refused = await desk.fails(client.request('context/remove', { context: desk.key }));
      await client.request('context/remove', { context: desk.key, force: true });
      assert.equal((await desk.fails(client.request('context/get', { context: context.id }))).code, 'notFound');
      await desk.is(id, 'runs', ({ status }) => status === 'running');
      await client.request('session/send', { session: id, text: 'still here' });
      await desk.shows(id, 'still here');
      const { status, contextName } = await client.request('session/kill', { session: id });
      return [refused, status, contextName];
    },
  },
  {
    name: 'the test of a context walks to its folder, tmux and agents',
    run: async (desk) => {
      const checks = await desk.client.request('context/test', { context: desk.key });
      assert.ok(
        checks.every(({ status }) => status !== 'failed'),
        JSON.stringify(checks),
      );
      assert.ok(checks.every(({ ms }) => ms === null || ms >= 0));
      // The steps on the way to a machine are its own; the end of the walk is the same.
      const common = ['shell', 'folder', 'tmux', 'agents'];
      const end = checks.filter(({ name }) => common.includes(name)).map(({ name, status }) => `${name} ${status}`);
      return [...new Set(end)].sort();
    },
  },
  {
    name: 'the test of a context whose folder went away stops there',
    run: async (desk) => {
      mkdirSync(desk.path('goes'));
      const name = `goes-${desk.key}`;
      await desk.client.request('context/add', { name, path: desk.path('goes'), machine: desk.machine.spec });
      rmSync(desk.path('goes'), { recursive: true });
      const checks = await desk.client.request('context/test', { context: name });
      const failed = checks.filter(({ status }) => status === 'failed');
      assert.equal(failed.length, 1);
      assert.equal(checks.at(-1), failed[0]);
      return failed;
    },
  },
];
