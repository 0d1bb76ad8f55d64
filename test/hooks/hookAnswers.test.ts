import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { HookAnswers } from '../../src/core/hooks/hookAnswers.js';
import { parseHookLine } from '../../src/core/hooks/hookEvent.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { hookChannel, hookCommand, hookScript } from '../../src/core/hooks/hookScript.js';
import { opencodePlugin } from '../../src/core/hooks/opencodePlugin.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

// The real programs of the hooks, a real tmux that wakes them, and a disk.

const ID = 'abcdefghijkl';
const TMUX = execFileSync('/bin/sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim();
const EVENT = '{"hook_event_name":"PermissionRequest"}';

interface Hook {
  readonly ticket: string;
  readonly child: ChildProcess;
  /** What it has printed, once it has ended. */
  readonly printed: Promise<string>;
}

class Place {
  readonly active: string;
  readonly run: string;
  readonly socket: string;
  readonly answers: HookAnswers;
  #end: (() => void) | undefined;

  constructor(t: TestContext, { runsTmux = true } = {}) {
    // Its folder goes only after it.
    t.after(() => this.#end?.());
    const root = tempDir(t);
    this.active = join(root, "a b'c");
    this.run = join(root, 'run');
    this.socket = join(this.run, 'tmux.sock');
    mkdirSync(this.active);
    mkdirSync(this.run);
    writeFileSync(join(this.active, `${ID}.json`), '{}');
    const tmux = { program: TMUX, socket: this.socket };
    writeFileSync(join(this.run, 'hook.sh'), hookScript(this.active, tmux));
    writeFileSync(join(this.run, 'hook.mjs'), opencodePlugin(this.active, tmux));
    if (runsTmux) {
      this.tmux('-f', '/dev/null', 'new-session', '-d', 'sleep 1000');
      this.#end = () => this.tmux('kill-server');
    }
    this.answers = this.answersWith((ticket) => Promise.resolve(void this.tmux('wait-for', '-S', hookChannel(ticket))));
  }

  answersWith(wake: (ticket: string) => Promise<void>): HookAnswers {
    return new HookAnswers({ machine: new LocalMachine(), directory: this.run, wake });
  }

  tmux(...args: string[]): string {
    return execFileSync(TMUX, ['-S', this.socket, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  }

  /** Lines that were written down. */
  get events(): string[] {
    const file = join(this.active, `${ID}.hooks`);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  }

  get tickets(): string[] {
    return this.events.flatMap((line) => parseHookLine(line, 7)?.ticket ?? []);
  }

  /** A hook that asks, once it has said so. */
  async asks(t: TestContext, input = EVENT): Promise<Hook> {
    const known = this.tickets;
    const command = hookCommand(join(this.run, 'hook.sh'), ID, 'ask');
    const env = { PATH: '/usr/bin:/bin', CM_SESSION: ID, CM_RUN: '7' };
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    t.after(() => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended.
      }
    });
    child.stdin.end(input);
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    const printed = new Promise<string>((resolve) => child.on('close', () => resolve(text)));
    const ticket = await until('it asks', () => this.tickets.find((one) => !known.includes(one)));
    await until('it has written all', () => this.left.length === 0);
    return { ticket, child, printed };
  }

  get left(): string[] {
    return readdirSync(this.run).filter((name) => !['hook.sh', 'hook.mjs', 'tmux.sock'].includes(name));
  }
}

test('a hook that asks waits for its answer, prints it, and leaves nothing behind', async (t) => {
  const here = new Place(t);
  const hook = await here.asks(t);
  assert.match(hook.ticket, new RegExp(`^${ID}\\.\\d+\\.\\d+$`));
  assert.equal(hook.child.exitCode, null);
  assert.equal(await here.answers.give(hook.ticket, '{"it is":"allowed"}'), true);
  assert.equal(await hook.printed, '{"it is":"allowed"}');
  assert.deepEqual([hook.child.exitCode, here.left], [0, []]);
});

test('of two hooks each gets its own answer', async (t) => {
  const here = new Place(t);
  const [one, other] = [await here.asks(t), await here.asks(t)];
  assert.equal(await here.answers.give(other.ticket, 'other'), true);
  assert.equal(await other.printed, 'other');
  assert.equal(one.child.exitCode, null);
  assert.equal(await here.answers.give(one.ticket, 'one'), true);
  assert.equal(await one.printed, 'one');
});

test('an answer that comes before the hook waits is kept for it', async (t) => {
  const here = new Place(t);
  const hook = await here.asks(t);
  const ticket = 'later.1.2';
  here.tmux('wait-for', '-S', hookChannel(ticket));
  here.tmux('wait-for', hookChannel(ticket));
  await here.answers.give(hook.ticket, 'yes');
  assert.equal(await hook.printed, 'yes');
});

test('a hook that is released prints nothing and ends, also when an answer of a server lies there that has gone', async (t) => {
  const here = new Place(t);
  const hook = await here.asks(t);
  await here.answers.release(hook.ticket);
  assert.equal(await hook.printed, '');
  const late = await here.asks(t);
  writeFileSync(join(here.run, `${late.ticket}.answer`), 'late');
  await here.answers.release(late.ticket);
  assert.equal(await late.printed, '');
  assert.deepEqual([late.child.exitCode, here.left], [0, []]);
});

test('an answer that nobody takes is taken back, and is never given', async (t) => {
  const here = new Place(t);
  const hook = await here.asks(t);
  process.kill(-(hook.child.pid ?? 0), 'SIGKILL');
  await hook.printed;
  assert.equal(await here.answers.give(hook.ticket, 'yes'), false);
  assert.deepEqual(here.left, []);
});

test('when nobody can be woken nothing is given, and it is known', async (t) => {
  const here = new Place(t);
  const hook = await here.asks(t);
  const fails = here.answersWith(() => Promise.reject(new Error('no tmux')));
  assert.equal(await fails.give(hook.ticket, 'yes'), false);
  assert.equal(hook.child.exitCode, null);
});

test('a hook ends in silence where there is no tmux, and when its tool ends it', async (t) => {
  const without = new Place(t, { runsTmux: false });
  assert.equal(await (await without.asks(t)).printed, '');
  const here = new Place(t);
  const hook = await here.asks(t);
  process.kill(-(hook.child.pid ?? 0), 'SIGTERM');
  assert.equal(await hook.printed, '');
  assert.equal(await here.answers.give(hook.ticket, 'yes'), false);
});

test('a hook of another session, or of nobody, does not wait', (t) => {
  const here = new Place(t);
  for (const session of ['', 'lkjihgfedcba']) {
    const command = hookCommand(join(here.run, 'hook.sh'), ID, 'ask');
    const env = { PATH: '/usr/bin:/bin', CM_SESSION: session, CM_RUN: '7' };
    assert.equal(execFileSync('/bin/sh', ['-c', command], { input: EVENT, env, encoding: 'utf8' }), '');
  }
  assert.deepEqual(here.tickets, []);
});

/** OpenCode with our plugin in it, as far as the plugin sees it: it takes events on stdin and prints what is replied. */
async function opencode(t: TestContext, here: Place): Promise<{ child: ChildProcess; replies: () => string[] }> {
  const main = `import { createInterface } from 'node:readline';
    import { CodeManager } from './hook.mjs';
    const post = async ({ url, path, body }) => console.log(JSON.stringify([url, path, body]));
    const { event: tell } = await CodeManager({ client: { _client: { post } } });
    createInterface({ input: process.stdin }).on('line', (line) => tell({ event: JSON.parse(line) }));`;
  writeFileSync(join(here.run, 'main.mjs'), main);
  const env = { PATH: '/usr/bin:/bin', CM_SESSION: ID, CM_RUN: '7' };
  const child = spawn(process.execPath, [join(here.run, 'main.mjs')], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  return Promise.resolve({ child, replies: () => text.split('\n').slice(0, -1) });
}

const asked = (id: string, sessionID = 'ses_1'): string =>
  `${JSON.stringify({ type: 'permission.asked', properties: { id, sessionID, permission: 'bash', metadata: { command: 'ls' } } })}\n`;

test('the plugin for OpenCode replies what it is given, to that request alone', async (t) => {
  const here = new Place(t);
  const { child, replies } = await opencode(t, here);
  child.stdin?.write(asked('per_1') + asked('per_2'));
  await until('both are asked', () => here.tickets.length === 2);
  assert.deepEqual(here.tickets, [`${ID}.per_1`, `${ID}.per_2`]);
  assert.equal(await here.answers.give(`${ID}.per_2`, '{"reply":"reject","message":"use pnpm"}'), true);
  await until('it is replied', () => replies().length === 1);
  const body = { reply: 'reject', message: 'use pnpm' };
  assert.deepEqual(JSON.parse(replies()[0] ?? ''), ['/permission/{requestID}/reply', { requestID: 'per_2' }, body]);
  assert.equal(await here.answers.give(`${ID}.per_1`, '{"reply":"once"}'), true);
  await until('the other too', () => replies().length === 2);
  for (const [requestID, reply] of [
    ['per_2', 'reject'],
    ['per_1', 'once'],
  ]) {
    child.stdin?.write(`${JSON.stringify({ type: 'permission.replied', properties: { requestID, reply } })}\n`);
  }
  // With a reason it goes on with its turn, and nobody else is told that there was one.
  await until('both are told of', () => here.events.filter((line) => line.includes('replied')).length === 2);
  const told = here.events.flatMap((line) => /"reply":"(\w+)"/.exec(line)?.[1] ?? []);
  assert.deepEqual(told, ['explained', 'once']);
});

test('the plugin for OpenCode takes no answer to what was replied in the terminal, nor to what a subagent asks', async (t) => {
  const here = new Place(t);
  const { child, replies } = await opencode(t, here);
  const replied = { type: 'permission.replied', properties: { requestID: 'per_1', sessionID: 'ses_1', reply: 'once' } };
  const child2 = { type: 'session.created', properties: { info: { id: 'ses_2', parentID: 'ses_1' } } };
  child.stdin?.write(
    `${asked('per_1')}${JSON.stringify(replied)}\n${JSON.stringify(child2)}\n${asked('per_2', 'ses_2')}${asked('per_3')}`,
  );
  await until('the last is asked', () => here.tickets.includes(`${ID}.per_3`));
  assert.deepEqual(here.tickets, [`${ID}.per_1`, `${ID}.per_2`, `${ID}.per_3`]);
  assert.equal(await here.answers.give(`${ID}.per_2`, '{"reply":"once"}'), false);
  assert.equal(await here.answers.give(`${ID}.per_1`, '{"reply":"once"}'), false);
  assert.equal(await here.answers.give(`${ID}.per_3`, '{"reply":"once"}'), true);
  await until('it is replied', () => replies().length === 1);
  assert.match(replies()[0] ?? '', /per_3/);
});
