import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditEntry } from '../../src/protocol/audit.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Session } from '../../src/protocol/session.js';
import { askingScript, askingTool } from '../helpers/askingAgent.js';
import { Terminal } from '../helpers/terminal.js';
import { distDir, TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

/** Starts agents that ask two things each, the same unless one is given words of its own. */
async function askingMany(home: TestHome, own: Readonly<Record<string, string>>): Promise<Map<string, PendingRequest>> {
  const program = join(home.work, 'asking');
  const steps = ['ask "${OWN:-touch it}" "$NAME-1"', 'ask "touch last" "$NAME-2"'];
  writeFileSync(program, askingScript(steps));
  chmodSync(program, 0o755);
  mkdirSync(join(home.cm, 'tools'), { recursive: true });
  writeFileSync(join(home.cm, 'tools', 'asking.json'), JSON.stringify({ id: 'asking', ...askingTool(program, true) }));
  for (const [name, words] of Object.entries(own)) {
    const variables = ['--env', `NAME=${name}`, ...(words === '' ? [] : ['--env', `OWN=${words}`])];
    await home.ok('start', 'asking', '--name', name, ...variables);
    await until('it runs', async () => (await home.json<Session>('status', name)).status === 'running');
    await home.ok('key', name, 'Enter');
  }
  return new Map(await Promise.all(Object.keys(own).map(async (name) => [name, await pending(home, name)] as const)));
}

function pending(home: TestHome, name: string, command?: string): Promise<PendingRequest> {
  return until(`${name} asks`, async () => {
    const { request } = await home.json<Session>('status', name);
    return request !== null && (command === undefined || request.command === command) ? request : undefined;
  });
}

test('one answer goes to all that ask exactly the same, to each by its own id, and to nobody else', async (t) => {
  const home = new TestHome(t);
  const asked = await askingMany(home, { one: '', two: '', three: '', other: 'touch  it' });
  const id = (name: string): string => asked.get(name)?.id ?? '';
  const written = (name: string): string => {
    const path = join(home.work, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const unnamed = await home.run(['approve', 'one', '--all']);
  assert.equal(unnamed.code, 2);
  assert.match(unnamed.stderr, /--request is needed/);

  // Without a terminal only those are answered that are named.
  const some = await home.run(['approve', 'one', '--all', '--request', id('one'), '--request', id('other')]);
  assert.equal(some.code, 6);
  assert.match(some.stderr, new RegExp(`${id('other')}: The request has changed`));
  await pending(home, 'one', 'touch last');

  const command = [process.execPath, join(distDir, 'cm.js'), 'approve', 'two', '--all'];
  const terminal = await Terminal.open(t, { dir: home.root, command, env: home.env, cwd: home.work });
  const shown = await terminal.shows(/Type yes/);
  assert.match(shown, /two · permission \(shell\)[^]*touch it[^]*Asked the same by:[^]*two · [^]*three · [^]*all 2\?/);
  assert.doesNotMatch(shown, /other/);
  await terminal.type('yes');
  await terminal.keys('Enter');
  assert.equal(await terminal.exitCode(), 0);
  for (const name of ['two', 'three']) await pending(home, name, 'touch last');
  assert.equal((await pending(home, 'other')).id, id('other'));
  assert.deepEqual(['one-1', 'two-1', 'three-1', 'other-1'].map(written), ['x\n', 'x\n', 'x\n', '']);
  const entries = await home.json<AuditEntry[]>('audit');
  assert.deepEqual(
    entries.map(({ request }) => request.id).sort(),
    ['one', 'two', 'three'].map(id).sort(),
    'one entry for each',
  );
});

test('a text goes to all that run in contexts with a tag, and each that does not take it says why', async (t) => {
  const home = new TestHome(t);
  const folder = (name: string): string => {
    mkdirSync(join(home.work, name), { recursive: true });
    return join(home.work, name);
  };
  await home.ok('ctx', 'add', 'api', folder('api'), '--tags', 'backend,slow');
  await home.ok('ctx', 'add', 'jobs', folder('jobs'), '--tags', 'backend');
  await home.ok('ctx', 'add', 'web', folder('web'), '--tags', 'frontend');
  for (const ctx of ['api', 'jobs', 'web']) {
    await home.ok('start', 'shell', 'while read -r line; do echo "$line" >>got; done', '--ctx', ctx, '--name', ctx);
  }
  await home.ok('start', 'shell', 'true', '--ctx', 'api', '--name', 'over');
  await home.ok('wait', 'over');
  const ids = (await home.ok('send', '--tag', 'backend', 'hello there')).split('\n');
  const sessions = await home.json<Session[]>('status');
  const idOf = (name: string): string => sessions.find((session) => session.name === name)?.id ?? '';
  assert.deepEqual(ids.sort(), [idOf('api'), idOf('jobs')].sort());
  for (const ctx of ['api', 'jobs']) {
    await until(`${ctx} has it`, () => existsSync(join(home.work, ctx, 'got')));
    assert.equal(readFileSync(join(home.work, ctx, 'got'), 'utf8'), 'hello there\n');
  }
  assert.ok(!existsSync(join(home.work, 'web', 'got')));
  const nobody = await home.run(['send', '--tag', 'nothing', 'hello']);
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /^No session runs in a context with the tag "nothing"\./);
  const both = await home.run(['send', '--tag', 'backend', 'api', 'hello']);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /^With --tag there is no ID/);
  assert.equal((await home.run(['send'])).code, 2);
});
