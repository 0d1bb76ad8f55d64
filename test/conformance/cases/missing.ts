import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import type { Case } from '../desk.js';

/** What is not there, and what is wrong, is named. */
export const missingCases: readonly Case[] = [
  {
    name: 'an agent that is not installed is named with the command that installs it',
    run: async (desk) => {
      await desk.tool(`absent-${desk.key}`, {
        name: 'Absent',
        command: [`no-such-program-${desk.key}`],
        install: { command: 'npm install -g absent' },
      });
      const error = await desk.fails(desk.start(`absent-${desk.key}`, 'a task'));
      assert.deepEqual([error.code, error.hint], ['toolMissing', 'Install it: npm install -g absent']);
      assert.deepEqual(await desk.client.request('session/list', { context: desk.key }), []);
      return error;
    },
  },
  {
    name: 'an agent that nobody knows is refused, with the one that was meant',
    run: async (desk) => {
      const [near, never] = [await desk.fails(desk.start('claud', '')), await desk.fails(desk.start('../x', ''))];
      // Those of cases that run at the same time are known as well.
      return [{ ...near, hint: near.hint?.replace(/, [a-z]+-case-\d+(?:-again)?(?=[,.])/g, '') }, never];
    },
  },
  {
    name: 'a command that is not there ends with what the shell says',
    run: async (desk) => {
      const { id, exitCode } = await desk.ran(`stty -opost; no-such-program-${desk.key} --flag`);
      const { text } = await desk.log(id).whole();
      assert.match(text, /not found/);
      return [exitCode, text];
    },
  },
  {
    name: 'a program that cannot be run ends its session',
    run: async (desk) => {
      desk.script('broken', '#!/no/such/interpreter\n');
      await desk.tool(`broken-${desk.key}`, { name: 'Broken', command: [desk.path('broken')], versionArgs: null });
      const { id } = await desk.start(`broken-${desk.key}`, '');
      const { status, exitCode } = await desk.ended(id);
      return [status, exitCode];
    },
  },
  {
    name: 'a folder that is not there, or is a file, is refused',
    run: async (desk) => {
      desk.write('file', '');
      const add = (path: string) =>
        desk.client.request('context/add', { name: `new-${desk.key}`, path, machine: desk.machine.spec });
      const errors = [await desk.fails(add(desk.path('none'))), await desk.fails(add(desk.path('file')))];
      errors.push(await desk.fails(add('a\0b')));
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['invalid', 'invalid', 'invalid'],
      );
      assert.equal(
        (await desk.fails(desk.client.request('context/get', { context: `new-${desk.key}` }))).code,
        'notFound',
      );
      return errors;
    },
  },
  {
    name: 'a folder that went away is named when a session is to start in it',
    run: async (desk) => {
      mkdirSync(desk.path('goes'));
      const { id } = await desk.client.request('context/add', {
        name: `goes-${desk.key}`,
        path: desk.path('goes'),
        machine: desk.machine.spec,
      });
      rmSync(desk.path('goes'), { recursive: true });
      const error = await desk.fails(desk.shell('exit 0', { context: id }));
      assert.equal(error.code, 'notFound');
      assert.deepEqual(await desk.client.request('session/list', { context: id }), []);
      return error;
    },
  },
  {
    name: 'wrong arguments are refused and nothing is started',
    run: async (desk) => {
      const errors = [
        await desk.fails(desk.shell('exit 0', { env: { 'not a name': 'x' } })),
        await desk.fails(desk.shell('exit 0', { mode: 'no such mode' })),
        await desk.fails(desk.shell('exit 0', { model: 'any' })),
        await desk.fails(desk.shell('exit 0', { name: 'a\nb' })),
        await desk.fails(desk.shell('exit 0', { context: 'nowhere' })),
        await desk.fails(desk.client.request('session/create', { requestId: 'no context', tool: 'shell' })),
        await desk.fails(desk.client.request('session/stop', { session: 'x', timeoutMs: -1 })),
        await desk.fails(desk.client.request('session/key', { session: 'x', keys: [] })),
      ];
      assert.deepEqual(await desk.client.request('session/list', { context: desk.key }), []);
      return errors;
    },
  },
  {
    name: 'every request about a session that is not there says so',
    run: async (desk) => {
      const session = 'nobody';
      const { client } = desk;
      return Promise.all([
        desk.fails(client.request('session/get', { session })),
        desk.fails(client.request('session/send', { session, text: 'x' })),
        desk.fails(client.request('session/key', { session, keys: ['x'] })),
        desk.fails(client.request('session/interrupt', { session })),
        desk.fails(client.request('session/stop', { session })),
        desk.fails(client.request('session/kill', { session })),
        desk.fails(client.request('session/rename', { session, name: 'x' })),
        desk.fails(client.request('session/update', { session, pinned: true })),
        desk.fails(client.request('session/archive', { session })),
        desk.fails(client.request('session/purge', { session })),
        desk.fails(client.request('session/attach', { session })),
        desk.fails(client.request('session/transcript', { session })),
        desk.fails(client.request('session/changes', { session })),
        desk.fails(client.request('session/resume', { session, requestId: '12345678' })),
      ]);
    },
  },
];
