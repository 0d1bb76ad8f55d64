import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Terminal } from '../helpers/terminal.js';
import { distDir, TestHome } from '../helpers/testHome.js';

/** What `cm` offers for the last of some words. */
async function offers(home: TestHome, ...words: string[]): Promise<string[]> {
  const stdout = await home.ok('__complete', 'fish', ...words);
  return stdout === '' ? [] : stdout.split('\n').map((line) => line.split('\t')[0] ?? '');
}

test('commands, flags and fixed values are offered without a server', async (t) => {
  const home = new TestHome(t);
  assert.deepEqual(await offers(home, 'st'), ['start', 'status', 'stop']);
  assert.deepEqual(await offers(home, 'ctx', ''), ['add', 'list', 'show', 'edit', 'remove', 'test']);
  assert.deepEqual(await offers(home, 'machine', ''), ['list', 'test', 'connect', 'disconnect', 'install']);
  assert.deepEqual(await offers(home, 'ctx', 'add', 'x', '/src', '--agent'), ['--agent', '--agent-port']);
  assert.deepEqual(await offers(home, 'stop', '--t'), ['--timeout']);
  assert.deepEqual(await offers(home, 'wait', 'x', '--for', 'i'), ['input', 'idle']);
  assert.deepEqual(await offers(home, 'wait', '--for=i'), ['--for=input', '--for=idle']);
  assert.deepEqual(await offers(home, 'completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(await offers(home, 'start', 'shell', '--task-file', ''), [':files']);
  assert.deepEqual(await offers(home, 'ctx', 'add', 'x', ''), [':folders']);
  assert.deepEqual(await offers(home, 'start', 'claude', 'x', '--', ''), [':files']);
  assert.deepEqual(await offers(home, 'rename', 'x', ''), []);
  assert.deepEqual(await offers(home, 'nonsense', ''), []);
  assert.deepEqual(await offers(home, 'stop', ''), [], 'a key press starts no server');
  assert.equal((await home.run(['server', 'status'])).code, 4);
});

test('sessions, contexts and tools are offered by the server', async (t) => {
  const home = new TestHome(t);
  await home.ok('ctx', 'add', 'my context', '.');
  const id = await home.ok('start', 'shell', 'sleep 1000', '--name', 'my $session', '--ctx', 'my context');
  assert.deepEqual(await offers(home, 'logs', ''), ['my $session', id]);
  assert.deepEqual(await offers(home, 'stop', 'x', id.slice(0, 5)), [id], 'also for the arguments after the first');
  assert.deepEqual(await offers(home, 'status', '--ctx', ''), ['my context']);
  assert.deepEqual(await offers(home, 'ctx', 'show', 'm'), ['my context']);
  assert.ok((await offers(home, 'start', '')).includes('shell'));
  assert.deepEqual(await offers(home, 'rename', id, ''), []);
  const described = await home.ok('__complete', 'fish', 'logs', 'my');
  assert.match(described, /^my \$session\tRunning/);
});

/** A home in which `cm` is a program on the PATH, with a session to be completed. */
async function shellHome(t: TestContext): Promise<{ home: TestHome; env: NodeJS.ProcessEnv }> {
  const home = new TestHome(t);
  const bin = join(home.root, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'cm'), `#!/bin/sh\nexec '${process.execPath}' '${join(distDir, 'cm.js')}' "$@"\n`);
  chmodSync(join(bin, 'cm'), 0o755);
  writeFileSync(join(home.work, 'a task.md'), '');
  await home.ok('start', 'shell', 'sleep 1000', '--name', 'my $session');
  return { home, env: { ...home.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, PS1: '> ' } };
}

const shells = [
  { shell: 'bash', command: ['bash', '--norc', '--noprofile'], source: 'eval "$(cm completion bash)"' },
  { shell: 'zsh', command: ['zsh', '-f'], source: 'eval "$(cm completion zsh)"' },
  { shell: 'fish', command: ['fish', '--no-config'], source: 'cm completion fish | source' },
];

for (const { shell, command, source } of shells) {
  test(`Tab completes commands, names with spaces and files in a real ${shell}`, async (t) => {
    const { home, env } = await shellHome(t);
    const terminal = await Terminal.open(t, { dir: home.root, command, env, cwd: home.work });
    // In pieces, so that the typed line does not look like its own result.
    await terminal.type(`${source}; echo rea''dy`);
    await terminal.keys('Enter');
    await terminal.shows(/^ready$/m);
    await terminal.type('cm ren');
    await terminal.keys('Tab');
    await terminal.shows(/cm rename $|cm rename\s*$/m);
    await terminal.type('my');
    await terminal.keys('Tab');
    await terminal.shows(/cm rename (my\\ \\\$session|'my \$session')/);
    await terminal.type('new-name');
    await terminal.keys('Enter');
    await terminal.keys('Enter');
    await home.ok('wait', 'new-name', '--timeout', '1ms').catch(() => undefined);
    const names = async (): Promise<string> => String((await home.json<{ name: string }[]>('status'))[0]?.name);
    for (let i = 0; i < 100 && (await names()) !== 'new-name'; i++);
    assert.equal(await names(), 'new-name');
    await terminal.type('cm start shell --task-file a');
    await terminal.keys('Tab');
    await terminal.shows(/--task-file (a\\ task\.md|'a task\.md')/);
  });
}
