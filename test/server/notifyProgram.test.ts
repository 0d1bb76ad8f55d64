import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Clock } from '../../src/common/async.js';
import { Emitter } from '../../src/common/emitter.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import type { Change } from '../../src/protocol/events.js';
import { NotifyEvent } from '../../src/protocol/notice.js';
import type { Session } from '../../src/protocol/session.js';
import { notifyCommand, NotifyProgram } from '../../src/server/notifyProgram.js';
import { sessionRecord } from '../helpers/records.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { tempDir } from '../helpers/tempDir.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** A program that writes down what it gets, line by line. */
function recorder(folder: string): { readonly program: string; readonly events: () => NotifyEvent[] } {
  const program = join(folder, 'told me.sh');
  const out = join(folder, 'events.jsonl');
  writeFileSync(program, `#!/bin/sh\n[ $# -eq 0 ] || echo "{\\"args\\":\\"$*\\"}" >> '${out}.args'\ncat >> '${out}'\n`);
  chmodSync(program, 0o755);
  const lines = (): string[] => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1) : []);
  return { program, events: () => lines().map((line) => NotifyEvent.parse(JSON.parse(line))) };
}

/** Time that passes when the test says so. */
class Steps implements Clock {
  #now = Date.parse('2026-01-02T03:04:05.000Z');
  #due: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const entry = { at: this.#now + ms, run };
    this.#due.push(entry);
    return { cancel: () => (this.#due = this.#due.filter((each) => each !== entry)) };
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#due = this.#due.filter((each) => each !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}

interface Scene {
  readonly clock: Steps;
  readonly warnings: string[];
  change(fields: Partial<Session>): void;
}

function scene(t: TestContext, command: () => readonly string[] | undefined): Scene {
  const clock = new Steps();
  const changes = new Emitter<Change>();
  const warnings: string[] = [];
  let session = sessionRecord({ name: 'refactor-auth', state: 'working' });
  const notify = new NotifyProgram({
    sessions: () => [{ session, machineName: 'build-box' }],
    onDidChange: changes.event,
    command: () => Promise.resolve(command()),
    machine: new LocalMachine(),
    clock,
    log: { ...silentLogger, warn: (message) => warnings.push(message) },
  });
  t.after(() => notify.dispose());
  return {
    clock,
    warnings,
    change: (fields) => {
      const changed = fields.state === session.state ? session.changed : new Date(clock.now()).toISOString();
      session = { ...session, ...fields, changed };
      changes.fire({ type: 'session/changed', session });
    },
  };
}

const asks = { state: 'waiting', waiting: { kind: 'permission', text: 'npm publish' } } as const;

test('the notify program gets each event once as JSON, also from a path with blanks and without a shell', async (t) => {
  const { program, events } = recorder(tempDir(t));
  const { clock, change, warnings } = scene(t, () => [program]);
  change(asks);
  clock.pass(3_000);
  change(asks);
  clock.pass(3_000);
  change({ state: 'working', waiting: null });
  clock.pass(3_000);
  change({ status: 'failed', state: null, exitCode: 3, unread: true });
  clock.pass(3_000);
  await until('the program was told', () => events().length >= 2);
  const kinds = events().map(({ event, text }) => [event, text]);
  assert.deepEqual(kinds, [
    ['needsInput', 'refactor-auth needs permission: npm publish'],
    ['failed', 'refactor-auth failed (exit 3)'],
  ]);
  assert.equal(events().find(({ event }) => event === 'failed')?.session.exitCode, 3);
  assert.deepEqual(warnings, []);
});

test('what a rule answers at once, and what a person has seen by then, is not told', async (t) => {
  const { program, events } = recorder(tempDir(t));
  const { clock, change } = scene(t, () => [program]);
  clock.pass(400);
  change(asks);
  clock.pass(700);
  change({ state: 'working', waiting: null });
  clock.pass(5_000);
  change({ state: 'idle', unread: true });
  clock.pass(1_000);
  change({ unread: false });
  clock.pass(5_000);
  change(asks);
  clock.pass(5_000);
  await until('the program was told', () => events().length > 0);
  assert.deepEqual(
    events().map(({ event }) => event),
    ['needsInput'],
  );
});

test('a notify program that fails is told once in the log, and the next one is tried all the same', async (t) => {
  const folder = tempDir(t);
  const { program, events } = recorder(folder);
  let command: readonly string[] = ['/bin/sh', '-c', 'echo "no bus" >&2; exit 4'];
  const { clock, change, warnings } = scene(t, () => command);
  const happen = (): void => {
    change(asks);
    clock.pass(3_000);
    change({ state: 'working', waiting: null });
    clock.pass(3_000);
  };
  happen();
  await until('the program was told', () => warnings.length === 1);
  assert.match(warnings[0] ?? '', /^notify: \/bin\/sh ended with exit code 4: it said “no bus”$/);
  happen();
  command = [join(folder, 'missing')];
  happen();
  await until('the program was told', () => warnings.length === 2);
  assert.match(warnings[1] ?? '', /missing was not found/);
  command = [program];
  happen();
  await until('the program was told', () => events().length === 1);
  assert.equal(warnings.length, 2);
});

test('the command of config.json is a program, or a list with its arguments', () => {
  assert.deepEqual(notifyCommand('~/bin/tell me'), ['~/bin/tell me']);
  assert.deepEqual(notifyCommand(['ntfy', 'send', 'agents']), ['ntfy', 'send', 'agents']);
  assert.equal(notifyCommand(undefined), undefined);
  assert.equal(notifyCommand(''), undefined);
});

test('an agent server tells the notify program once, with two clients that look on and with none', async (t) => {
  const { program, events } = recorder(tempDir(t));
  const server = new TestServer(t);
  mkdirSync(server.cm, { recursive: true, mode: 0o700 });
  writeFileSync(join(server.cm, 'config.json'), JSON.stringify({ notify: program }));
  const first = server.client({ subscribe: true });
  const other = server.client({ subscribe: true, serverPath: undefined });
  const create = { requestId: 'notify-test-1', tool: 'demo', task: 'greet', path: server.work } as const;
  const { id } = await first.request('session/create', create);
  await other.request('session/list', {});
  await until('the program was told', () => events().length > 0);
  first.dispose();
  other.dispose();
  const [asked] = events();
  assert.equal(asked?.event, 'needsInput');
  assert.match(asked.text, / asks: Which colour should the greeting have\?$/);
  const last = server.client();
  await last.request('session/key', { session: id, keys: ['2'] });
  last.dispose();
  await until('the program was told', () => events().length > 1);
  assert.deepEqual(
    events().map(({ event }) => event),
    ['needsInput', 'finished'],
  );
});
