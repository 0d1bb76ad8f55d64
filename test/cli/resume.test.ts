import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Session } from '../../src/protocol/session.js';
import { privateTmux } from '../helpers/privateTmux.js';
import { TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

test('what has no conversation is neither resumed nor transcribed, and says why', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'sleep 60');
  const running = await home.run(['resume', id]);
  assert.equal(running.code, 6);
  assert.match(running.stderr, /is running.*cm send/s);
  await home.ok('kill', id);
  const ended = await home.run(['resume', id]);
  assert.equal(ended.code, 6);
  assert.match(ended.stderr, /no conversation to resume.*[Ss]tart it again/s);
  const transcript = await home.run(['logs', id, '--transcript']);
  assert.equal(transcript.code, 3);
  assert.match(transcript.stderr, /No conversation of .* is known/);
  assert.equal((await home.run(['resume', 'nobody'])).code, 3);
  for (const flags of [['-f'], ['--raw'], ['-n', '3'], ['--since', '1m']]) {
    assert.equal((await home.run(['logs', id, '--transcript', ...flags])).code, 2, flags.join(' '));
  }
});

/** Stands for an agent that keeps its records as Claude Code does: says what it was started with, and what it is told. */
const PROGRAM = `#!/bin/sh
echo "args: $*"
echo "variable: $GIVEN"
folder=$CLAUDE_CONFIG_DIR/projects/work
mkdir -p "$folder"
while [ $# -gt 1 ] && [ "$1" != --session-id ]; do shift; done
[ "$1" != --session-id ] || printf '{"type":"user","message":{"content":"first"}}\\n' >"$folder/$2.jsonl"
while read -r line; do echo "got $line"; [ "$line" != exit ] || exit 7; done
`;

test('a session is resumed in its own log, with its mode and arguments, and tells what was not kept', async (t) => {
  const home = new TestHome(t);
  const program = join(home.root, 'agent.sh');
  writeFileSync(program, PROGRAM, { mode: 0o755 });
  mkdirSync(join(home.cm, 'tools'), { recursive: true });
  const startup = { dialogs: [], ready: [], loading: [], stableMs: 0 };
  writeFileSync(join(home.cm, 'tools', 'claude.json'), JSON.stringify({ id: 'claude', command: [program], startup }));
  const config = join(home.root, 'config');
  const env = ['--env', `CLAUDE_CONFIG_DIR=${config}`, '--env', 'GIVEN=secret-value'];
  const id = await home.ok('start', 'claude', 'first', '--mode', 'plan', ...env, '--', '--verbose');
  await home.ok('send', id, 'exit');
  assert.equal(await home.ok('wait', id), 'Failed');
  const known = async (): Promise<string | false> => (await home.json<Session>('status', id)).conversationId ?? false;
  const conversation = await until('its conversation is known', known);
  assert.match(conversation, /^[0-9a-f-]{36}$/);
  assert.match(await home.ok('logs', id, '--transcript'), /> first/);

  const { code, stdout, stderr } = await home.run(['resume', id]);
  assert.deepEqual([code, stdout], [0, `${id}\n`]);
  assert.match(stderr, /without the given GIVEN/);
  const told = new RegExp(`--permission-mode plan [^]*--verbose --resume ${conversation}`);
  await until('it was told to resume', async () => told.test(await home.ok('logs', id, '-n', 'all')));
  const log = await home.ok('logs', id, '-n', 'all');
  assert.ok(log.indexOf('variable: secret-value') < log.indexOf('got exit'));
  assert.match(log.slice(log.indexOf('got exit')), /^variable: *$/m);
  const resumed = await home.json<Session>('status', id);
  const { status, exitCode, completed, unread, conversationId, reason } = resumed;
  assert.deepEqual([status, exitCode, completed, unread, conversationId], ['running', null, null, false, conversation]);
  assert.doesNotMatch(JSON.stringify(resumed), /secret-value/);
  assert.match(reason ?? '', /GIVEN/);
  await home.ok('send', id, 'exit');
  assert.equal((await home.run(['wait', id, '--exit-status'])).code, 7);

  // A tmux that is only slow: it stays what it was, and is resumed later.
  const before = await home.json<Session>('status', id);
  const tmux = Number(await privateTmux(home.cm, ['display-message', '-p', '#{pid}']));
  process.kill(tmux, 'SIGSTOP');
  const slow = await home.run(['resume', id]).finally(() => process.kill(tmux, 'SIGCONT'));
  assert.deepEqual([slow.code, slow.stdout], [4, '']);
  assert.match(slow.stderr, /^tmux did not answer within \d+ s\. It may only be slow: try again\.$/m);
  const after = await home.json<Session>('status', id);
  assert.deepEqual({ ...after, lastOutput: null }, { ...before, lastOutput: null });

  await home.ok('rm', id);
  assert.equal(await home.ok('resume', id, '--env', 'GIVEN=again'), id);
  await until('it got the variable', async () => (await home.ok('logs', id, '-n', 'all')).includes('variable: again'));
  assert.equal((await home.json<Session>('status', id)).archived, false);
  await home.ok('kill', id);
  assert.equal((await home.json<Session>('status', id)).conversationId, conversation);
});

test('a session whose tool never recorded anything is not resumed', async (t) => {
  const home = new TestHome(t);
  const program = join(home.root, 'agent.sh');
  writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  mkdirSync(join(home.cm, 'tools'), { recursive: true });
  writeFileSync(join(home.cm, 'tools', 'claude.json'), JSON.stringify({ id: 'claude', command: [program] }));
  const id = await home.ok('start', 'claude', 'first', '--env', `CLAUDE_CONFIG_DIR=${home.root}/none`);
  await home.ok('wait', id);
  const { code, stderr } = await home.run(['resume', id]);
  assert.equal(code, 6);
  assert.match(stderr, /No conversation of session .* is known/);
});

test('an agent that is too old for an id of ours is started without one', async (t) => {
  for (const [version, expected] of [
    ['0.40.1', /^args: +end$/m],
    ['0.41.0', /^args: --session-id [0-9a-f-]{36} +end$/m],
  ] as const) {
    const home = new TestHome(t);
    mkdirSync(join(home.cm, 'tools'), { recursive: true });
    const folder = join(home.root, 'lib/node_modules/@google/gemini-cli');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: '@google/gemini-cli', version }));
    writeFileSync(join(folder, 'gemini.sh'), '#!/bin/sh\necho "args: $* end"\nsleep 60\n', { mode: 0o755 });
    const program = join(home.root, 'gemini');
    symlinkSync(join(folder, 'gemini.sh'), program);
    writeFileSync(join(home.cm, 'tools', 'gemini.json'), JSON.stringify({ id: 'gemini', command: [program] }));
    const id = await home.ok('start', 'gemini');
    await until(`${version} runs`, async () => expected.test(await home.ok('logs', id, '-n', 'all')));
    await home.ok('kill', id);
  }
});
