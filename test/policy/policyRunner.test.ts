import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Emitter } from '../../src/common/emitter.js';
import type { AnswerRequest } from '../../src/core/approvals/answerer.js';
import { PolicyRunner, type PolicyScope } from '../../src/core/approvals/policyRunner.js';
import { PolicyStore } from '../../src/core/approvals/policy/policyStore.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { SessionRecord } from '../../src/protocol/files.js';
import type { AnswerResult, PendingRequest } from '../../src/protocol/pendingRequest.js';
import { PolicyDraft } from '../../src/protocol/policy.js';
import { pendingRecord, storedRecord } from '../helpers/records.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { until } from '../helpers/until.js';

const ID = '0123456789ab';
const NOW = '2026-11-22T12:00:00.000Z';

function asks(command: string, id = command): PendingRequest {
  return pendingRecord({ id, command, since: NOW });
}

/** One session, and everything that is answered in it. */
class Desk {
  readonly store: PolicyStore;
  readonly answered: AnswerRequest[] = [];
  readonly #changed = new Emitter<SessionRecord>();
  readonly #timers = new Set<() => void>();
  readonly runner: PolicyRunner;
  record: SessionRecord;
  leads = true;
  /** Nothing else is asked at the same time. */
  isOnly = true;
  isHere = true;
  /** Between the count and the key. */
  beforeKey: () => Promise<void> = () => Promise.resolve();
  /** Instead of any answer. */
  refusal: Error | undefined;
  refusals = 0;
  /** How often a decision was given on. */
  decisions = 0;

  constructor(home: string) {
    this.store = new PolicyStore(home);
    this.record = storedRecord({ id: ID, name: 'refactor', tool: 'claude' });
    const isLead = (): boolean => this.leads;
    const host = (): string => (this.isHere ? this.record.machine.host : 'elsewhere');
    const scope = {
      identity: {
        get host() {
          return host();
        },
        bootId: 'unknown',
      },
      leadership: {
        get leads() {
          return isLead();
        },
      },
      table: { all: () => [this.record], get: () => this.record, onDidChange: this.#changed.event },
      clock: {
        now: () => Date.parse(NOW),
        after: (_ms: number, run: () => void) => {
          this.#timers.add(run);
          return { cancel: () => this.#timers.delete(run) };
        },
      },
      log: silentLogger,
    } as unknown as PolicyScope;
    this.runner = new PolicyRunner(scope, {
      policies: this.store,
      places: {
        own: '/cm',
        resolve: (paths, folder) => Promise.resolve(paths.map((path) => posix.resolve(folder, path))),
      },
      states: { isOnly: () => this.isOnly },
      answers: { decide: (request) => this.#decide(request) },
      contexts: {
        get: () => {
          throw new CodeManagerError('notFound', 'no context');
        },
      },
      find: () => this.record,
    });
  }

  static async setUp(t: TestContext): Promise<Desk> {
    const home = await mkdtemp(join(tmpdir(), 'cm-runner-'));
    const desk = new Desk(home);
    t.after(async () => {
      desk.runner.dispose();
      await rm(home, { recursive: true, force: true });
    });
    return desk;
  }

  async #decide(request: AnswerRequest): Promise<AnswerResult> {
    this.decisions++;
    if (this.refusal !== undefined) {
      this.refusals++;
      throw this.refusal;
    }
    await request.permit?.take();
    await this.beforeKey();
    assert.ok(this.record.request);
    request.permit?.check(this.record.request);
    this.answered.push(request);
    this.patch({ request: null, answered: { request: request.request, by: 'rule', outcome: 'answered' } });
    return {
      request: request.request,
      decision: 'allow',
      answer: 'Yes',
      via: 'keys',
      notRecorded: null,
      reasonWaits: null,
    };
  }

  patch(changes: Partial<SessionRecord>): void {
    this.record = { ...this.record, ...changes };
    this.#changed.fire(this.record);
  }

  ask(request: PendingRequest): void {
    this.patch({ request });
  }

  /** Everything that waits for its time. */
  tick(): void {
    for (const run of [...this.#timers]) {
      this.#timers.delete(run);
      run();
    }
  }

  get isWaiting(): boolean {
    return this.#timers.size > 0;
  }

  add(effect: 'allow' | 'deny', command: string, more: Partial<PolicyDraft> = {}): Promise<{ id: string }> {
    return this.store.add(PolicyDraft.parse({ effect, command: command.split(' '), ...more }));
  }

  async used(): Promise<number[]> {
    return (await this.store.current()).rules.map(({ used }) => used);
  }
}

test('each request is answered once by what the rules say, with the rule on record', async (t) => {
  const desk = await Desk.setUp(t);
  const { id } = await desk.add('allow', 'npm test');
  await desk.add('deny', 'rm');
  desk.ask(asks('npm test'));
  desk.patch({ unread: true });
  await until('it is allowed', () => desk.answered.length === 1);
  desk.ask(asks('rm x'));
  await until('it is denied', () => desk.answered.length === 2);
  const [first, second] = desk.answered;
  assert.deepEqual([first?.request, first?.answer], ['npm test', { type: 'allow', always: false }]);
  assert.deepEqual(first?.by, { type: 'policy', rule: id, text: 'allow shell npm test' });
  assert.deepEqual(second?.answer, { type: 'deny', reason: 'Denied by a rule of the user: deny shell rm' });
  assert.deepEqual(await desk.used(), [1, 1]);
});

test('what no rule is about waits for a person, also after a look again', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  desk.ask(asks('npm publish'));
  desk.ask(asks('npm test'));
  await until('the next one is answered', () => desk.answered.length === 1);
  assert.equal(desk.answered[0]?.request, 'npm test');
  assert.equal(desk.isWaiting, false);
});

test('what becomes known of a request later is decided then', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  const whole = asks('npm test');
  desk.patch({ request: { ...whole, action: null, command: null, options: [] } });
  desk.ask(whole);
  await until('it is answered', () => desk.answered.length === 1);
});

test('what was answered is not decided on again, whatever becomes known of it', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  const answered = asks('npm test', 'first');
  desk.patch({ request: answered, answered: { request: 'first', by: 'cm', outcome: null } });
  desk.patch({ request: { ...answered, text: 'npm test, drawn anew' } });
  // A look of the rules at it would take as long.
  await desk.store.current();
  desk.ask(asks('npm test', 'second'));
  await until('the next one is answered', () => desk.answered.length > 0);
  assert.deepEqual([desk.answered[0]?.request, desk.decisions], ['second', 1]);
});

test('a rule that is added is about what is asked already', async (t) => {
  const desk = await Desk.setUp(t);
  desk.ask(asks('npm test'));
  await desk.add('allow', 'npm test', { max: 1 });
  await until('it is answered', () => desk.answered.length === 1);
  desk.ask(asks('npm test', 'second'));
  await desk.add('deny', 'rm');
  desk.ask(asks('rm'));
  await until('the one after it', () => desk.answered.length === 2);
  assert.equal(desk.answered[1]?.request, 'rm', 'a rule that is used up answers nothing');
});

test('turning off stops an answer that was counted and is about to go', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  let isStopped = false;
  desk.beforeKey = async () => {
    await desk.store.setOff(true);
    isStopped = true;
  };
  desk.ask(asks('npm test'));
  await until('it was about to go', () => isStopped);
  desk.tick();
  assert.deepEqual(desk.answered, []);
  desk.beforeKey = () => Promise.resolve();
  await desk.store.setOff(false);
  await until('it goes when they hold again', () => desk.answered.length === 1);
});

test('a rule that is removed while its answer is on the way stops it', async (t) => {
  const desk = await Desk.setUp(t);
  const { id } = await desk.add('allow', 'npm test');
  let isStopped = false;
  desk.beforeKey = async () => {
    await desk.store.remove(id);
    isStopped = true;
  };
  desk.ask(asks('npm test'));
  await until('it was about to go', () => isStopped);
  desk.tick();
  desk.beforeKey = () => Promise.resolve();
  await desk.add('deny', 'rm');
  desk.ask(asks('rm'));
  await until('another one', () => desk.answered.length > 0);
  assert.equal(desk.answered[0]?.request, 'rm');
});

test('when a person is in the way it is tried again as long as it is asked', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  desk.refusal = new CodeManagerError('conflict', 'Somebody types');
  desk.ask(asks('npm test'));
  await until('it is put off', () => desk.isWaiting);
  desk.tick();
  await until('it is put off again', () => desk.isWaiting && desk.refusals === 2);
  desk.refusal = undefined;
  desk.tick();
  await until('it is answered', () => desk.answered.length === 1);
  assert.equal(desk.isWaiting, false);
});

test('while another server acts on the sessions this one waits', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  desk.leads = false;
  desk.ask(asks('npm test'));
  await until('it is put off', () => desk.isWaiting);
  assert.deepEqual(desk.answered, []);
  desk.leads = true;
  desk.tick();
  await until('it is answered', () => desk.answered.length === 1);
});

test('a session on another node of the same home is left to the server there', async (t) => {
  const [desk, here] = [await Desk.setUp(t), await Desk.setUp(t)];
  for (const each of [desk, here]) await each.add('allow', 'npm test');
  desk.isHere = false;
  for (const each of [desk, here]) each.ask(asks('npm test'));
  await until('the one here is answered', () => here.answered.length > 0);
  assert.equal(desk.decisions, 0);
  desk.isHere = true;
  desk.ask(asks('npm test', 'second'));
  await until('the next one is answered', () => desk.answered.length > 0);
  assert.equal(desk.answered[0]?.request, 'second');
});

test('an answer that may have arrived is not given again', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  desk.patch({ answered: { request: 'npm test', by: 'rule', outcome: null } });
  desk.ask(asks('npm test'));
  await desk.add('deny', 'rm');
  desk.ask(asks('rm'));
  await until('the next one is answered', () => desk.answered.length === 1);
  assert.equal(desk.answered[0]?.request, 'rm');
});

test('what is not known exactly is left to a person', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'git log');
  await desk.add('deny', 'rm');
  desk.ask({ ...asks('git log', 'read from a screen'), exact: null });
  desk.ask({ ...asks('rm x'), exact: null });
  await until('what is denied is denied all the same', () => desk.answered.length === 1);
  desk.ask({ ...asks('git log', 'it has come'), exact: 'event' });
  await until('the exact one is answered', () => desk.answered.length === 2);
  assert.deepEqual(
    desk.answered.map(({ request }) => request),
    ['rm x', 'it has come'],
  );
});

test('what became another one since it was judged is not answered', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'git log');
  let isStopped = false;
  desk.beforeKey = () => {
    desk.record = { ...desk.record, request: asks('git log; reboot', 'git log') };
    isStopped = true;
    return Promise.resolve();
  };
  desk.ask(asks('git log'));
  await until('it was about to go', () => isStopped);
  await desk.add('deny', 'rm');
  desk.beforeKey = () => Promise.resolve();
  desk.ask(asks('rm'));
  await until('the next one is answered', () => desk.answered.length > 0);
  assert.equal(desk.answered[0]?.request, 'rm');
});

test('what is asked beside something else waits until it is alone', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'git log');
  desk.isOnly = false;
  desk.ask(asks('git log'));
  await until('it is put off', () => desk.isWaiting || desk.answered.length > 0);
  assert.equal(desk.answered.length, 0);
  desk.isOnly = true;
  desk.tick();
  await until('it is alone', () => desk.answered.length === 1);
});

test('what has no options yet is answered when it has', async (t) => {
  const desk = await Desk.setUp(t);
  await desk.add('allow', 'npm test');
  desk.ask({ ...asks('npm test'), options: [] });
  await until('it is put off', () => desk.isWaiting || desk.answered.length > 0);
  assert.deepEqual(desk.answered, []);
  desk.ask(asks('npm test'));
  await until('it is answered', () => desk.answered.length === 1);
});
