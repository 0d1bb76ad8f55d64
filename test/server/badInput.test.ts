import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { HOSTILE } from '../helpers/hostileText.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

test('names are one line of at most 200 characters; anything else is said to be wrong', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  for (const [name, message] of [
    ['a\nb', /line breaks, control characters/],
    ['\x1b[31mred', /control characters/],
    ['x'.repeat(10_000), /at most 200 characters/],
    ['   ', /cannot be empty/],
  ] as const) {
    await assert.rejects(server.shell(client, 'exit 0', { name }), { code: 'invalid', message });
    await assert.rejects(client.request('context/add', { name, path: server.work }), { code: 'invalid', message });
  }
  for (const name of HOSTILE) {
    const session = await server.shell(client, 'cat', { name });
    assert.equal((await client.request('session/get', { session: name })).id, session.id);
    await assert.rejects(server.shell(client, 'cat', { name }), { code: 'conflict' });
    await client.request('session/rename', { session: session.id, name: `${name}.` });
  }
  assert.deepEqual(
    readdirSync(server.home.user).filter((name) => !name.startsWith('.')),
    [],
  );
});

test('tasks of any size arrive whole, are typed, or are refused with the reason', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const empty = await server.shell(client, '');
  assert.equal(empty.status, 'running', 'a shell without a task is a shell');
  await assert.rejects(server.shell(client, 'a\0b'), { code: 'invalid', message: /NUL/ });
  await assert.rejects(server.shell(client, 'x'.repeat(5 * 1024 * 1024)), { code: 'invalid', message: /at most 4 MB/ });
  await assert.rejects(server.shell(client, `: ${'x'.repeat(1024 * 1024)}`), {
    code: 'invalid',
    hint: /Put it into a script/,
  });
  await assert.rejects(server.shell(client, 'exit 0', { args: ['x'.repeat(200_000)] }), { code: 'invalid' });
  const large = `stty -opost; printf '%s' '${'x'.repeat(90_000)}' | wc -c`;
  const { id } = await server.shell(client, large);
  await server.ended(client, id);
  assert.equal(server.logText(id).trim(), '90000');
});

test('what is not there is named: folder, agent, context, session', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  writeFileSync(join(server.work, 'file'), '');
  await assert.rejects(server.shell(client, '', { path: join(server.work, 'none') }), {
    code: 'invalid',
    message: /does not exist/,
  });
  await assert.rejects(server.shell(client, '', { path: join(server.work, 'file') }), {
    code: 'invalid',
    message: /is no folder/,
  });
  await assert.rejects(server.start(client, 'claud', ''), { code: 'notFound', hint: /Did you mean claude\?/ });
  await assert.rejects(client.request('session/get', { session: 'nobody' }), { code: 'notFound' });
  await assert.rejects(client.request('context/get', { context: 'nowhere' }), { code: 'notFound' });
  const folder = join(server.work, 'goes');
  mkdirSync(folder);
  const context = await client.request('context/add', { name: 'goes', path: folder });
  rmSync(folder, { recursive: true });
  await assert.rejects(
    client.request('session/create', { requestId: 'a request id', tool: 'shell', task: '', context: context.id }),
    { code: 'notFound', message: /The folder of context goes is not there/ },
  );
  assert.deepEqual(await client.request('session/list', {}), []);
});

for (const name of ["with blank and 'quote'", '#(touch run)#{pid}%H', 'new\nline', 'x'.repeat(120)]) {
  test(`data can live in a folder named ${JSON.stringify(name.slice(0, 30))}`, async (t) => {
    const outer = new TestServer(t);
    const server = new TestServer(t, { cm: join(outer.work, name, 'cm') });
    mkdirSync(server.cm, { recursive: true });
    const client = server.client();
    const { id } = await server.shell(client, 'echo hello; read line; echo "got $line"; exit 4');
    await until('it prints', () => server.logText(id).includes('hello'));
    await server.kill();
    await client.request('ping', {});
    await client.request('session/send', { session: id, text: 'an answer' });
    assert.equal((await server.ended(client, id)).exitCode, 4);
    assert.match(server.logText(id), /got an answer/);
    assert.deepEqual(readdirSync(outer.work), [basename(join(outer.work, name))]);
    assert.ok(!(await server.runtimeDirectory).startsWith(server.cm));
  });
}

test('records that are broken are named and kept, and the others work', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const good = await server.shell(client, 'exit 1');
  await server.ended(client, good.id);
  await server.kill();
  const record = JSON.stringify(server.record(good.id));
  writeFileSync(join(server.active, '0000000000a1.json'), record.slice(0, 200));
  writeFileSync(join(server.active, '0000000000a2.json'), '');
  writeFileSync(join(server.active, '0000000000a3.json'), record);
  writeFileSync(join(server.cm, 'contexts.json'), '{"version": 1, "contexts": {"a": 5}}');
  writeFileSync(join(server.cm, 'config.json'), '{"logCapMiB": "much"}');
  const sessions = await client.request('session/list', {});
  assert.deepEqual(
    sessions.map(({ id, exitCode }) => [id, exitCode]),
    [[good.id, 1]],
  );
  for (const id of ['0000000000a1', '0000000000a2', '0000000000a3'])
    assert.ok(existsSync(join(server.active, `${id}.json.bad-1`)), id);
  const findings = (await client.request('doctor/run', {})).map(({ detail }) => detail).join('\n');
  for (const named of ['0000000000a1', '0000000000a2', '0000000000a3', 'contexts.json', 'logCapMiB'])
    assert.ok(findings.includes(named), named);
  assert.equal((await server.ended(client, (await server.shell(client, 'exit 2')).id)).exitCode, 2);
});

test('a home that cannot be ours or cannot be written is refused with what to do', async (t) => {
  const outer = new TestServer(t);
  const refused = async (cm: string, expected: { code: string; message: RegExp }): Promise<void> => {
    const client = new TestServer(t, { cm, env: { HOME: outer.home.user } }).client({ reconnect: false });
    await assert.rejects(client.request('ping', {}, { timeoutMs: 20_000 }), expected);
  };
  const others = join(outer.work, 'others');
  mkdirSync(others, { mode: 0o777 });
  chownSync(others, 12_345, 12_345);
  await refused(others, { code: 'conflict', message: /belongs to another user \(uid 12345\)/ });

  const squatted = join(outer.work, 'squatted');
  mkdirSync(join(squatted, 'run'), { recursive: true });
  chownSync(join(squatted, 'run'), 12_345, 12_345);
  await refused(squatted, { code: 'conflict', message: /belongs to another user/ });

  const file = join(outer.work, 'file');
  writeFileSync(file, '');
  await refused(file, { code: 'conflict', message: /is not a folder/ });
  await refused(outer.home.user, { code: 'invalid', message: /cannot be the folder of Code Manager's data/ });

  const mount = mkdtempSync('/tmp/cm-readonly-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', mount]);
  await refused(join(mount, 'cm'), { code: 'unavailable', message: /the disk is read-only/ });
  // Last: hooks are called in the order in which they are added.
  t.after(() => {
    execFileSync('umount', ['-l', mount]);
    rmSync(mount, { recursive: true });
  });
});
