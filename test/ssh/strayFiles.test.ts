import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { RemoteHost } from '../helpers/remoteHost.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

test('stray files among the records of a host cost nothing, are named once where people look, and broken ones set aside', async (t) => {
  const hub = new TestServer(t, { env: { SHELL: '/bin/sh' } });
  const host = await RemoteHost.start(t);
  host.introduce(hub.home.user, 'far-box');
  mkdirSync(host.active, { recursive: true, mode: 0o700 });
  const at = (name: string): string => join(host.active, name);
  writeFileSync(at('notes.json'), 'my notes');
  writeFileSync(at('a b.json'), '{}');
  mkdirSync(at('f0derf0der00.json'));
  execFileSync('mkfifo', [at('f1f0f1f0f1f0.json'), at('f1f0f1f0f1f0.log'), at('x.log')]);
  symlinkSync('/dev/zero', at('zer0zer0zer0.json'));
  symlinkSync('nowhere', at('n0where00000.json'));
  writeFileSync(at('br0kenbr0ken.json'), '{"half":');
  const names = ['notes', 'a b', 'f0derf0der00', 'f1f0f1f0f1f0', 'zer0zer0zer0', 'n0where00000', 'br0kenbr0ken'];
  const client = hub.client({ subscribe: true });
  await client.request('context/add', {
    name: 'far',
    path: host.work,
    machine: { type: 'ssh', host: 'far-box' },
  });
  const machine = () => client.snapshot.machines.find(({ id }) => id === 'ssh:far-box');
  await until('it is connected', () => machine()?.connection === 'connected');
  // It works: a session starts, is followed and ends.
  const { id } = await client.request('session/create', {
    requestId: randomBytes(8).toString('hex'),
    tool: 'shell',
    task: 'echo a word; exit 3',
    context: 'far',
  });
  const ended = await hub.ended(client, id);
  assert.deepEqual([ended.status, ended.exitCode], ['failed', 3]);
  const problems = await client.request('server/problems', {});
  const findings = (await client.request('doctor/run', {})).map(({ detail }) => detail);
  for (const name of names) {
    const about = (list: readonly string[]): readonly string[] =>
      list.filter((text) => text.includes(`/${name}.json is skipped`));
    assert.equal(about(problems).length, 1, `${name}: ${problems.join('; ')}`);
    assert.match(about(problems)[0] ?? '', /^far-box: /);
    assert.equal(about(findings).length, 1, name);
    assert.equal(hub.serverLog.split(`/${name}.json is skipped`).length, 2, `once in the log: ${name}`);
    const isBroken = name === 'br0kenbr0ken';
    assert.ok(name === 'n0where00000' || existsSync(at(`${name}.json${isBroken ? '.bad-1' : ''}`)), 'it is kept');
    if (isBroken) assert.match(about(problems)[0] ?? '', / and kept as br0kenbr0ken\.json\.bad-1: /);
  }
  await until('the machine tells', () => machine()?.problem?.message.includes('is skipped'));
  assert.equal(machine()?.connection, 'connected');
});
