import assert from 'node:assert/strict';
import test from 'node:test';
import { delay, systemClock, KeyedMutex } from '../../src/common/async.js';
import { IdGenerator } from '../../src/common/ids.js';
import { Answerer } from '../../src/core/approvals/answerer.js';
import type { AnswerRoute, DirectAnswer } from '../../src/core/approvals/hookRoute.js';
import { trackRequest } from '../../src/core/state/requestIdentity.js';
import type { AuditEntry } from '../../src/protocol/audit.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { SessionRecord } from '../../src/protocol/files.js';
import type { Answer, AnswerResult, PendingRequest } from '../../src/protocol/pendingRequest.js';
import { storedRecord } from '../helpers/records.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { until } from '../helpers/until.js';
import { box, CLAUDE, draw, FakeAgent, SHELL, WORKING } from './fakeAgent.js';
import type { AnswerScope } from '../../src/core/approvals/laterReasons.js';

const ID = '0123456789ab';
const ids = new IdGenerator();
const ALLOW: Answer = { type: 'allow', always: false };

/** One session with an agent in its terminal, and everything that the answerer does. */
class Desk {
  readonly agent: FakeAgent;
  readonly audit: AuditEntry[] = [];
  /** In order: `note`, `key 1`, `audit answered`. */
  readonly steps: string[] = [];
  /** Under which nobody waited. */
  readonly untaken: string[] = [];
  record: SessionRecord;
  isTyping = false;
  /** Each look at the screen is seen by the one who follows the state. */
  isFollowed = true;
  /** Since the last look before a key. */
  printed = '';
  isDead: boolean | undefined = false;
  leads = true;
  diskWorks = true;
  /** Why answers wait to be recorded. */
  notRecorded: CodeManagerError | undefined;
  readonly answerer: Answerer;
  readonly #typing = new KeyedMutex();

  constructor(screen: string, route: AnswerRoute = { find: () => undefined }) {
    this.agent = new FakeAgent(screen);
    this.record = storedRecord({ id: ID, name: 'refactor', tool: 'claude' });
    this.see();
    const isLead = (): boolean => this.leads;
    const scope = {
      leadership: {
        get leads() {
          return isLead();
        },
      },
      live: { isDead: () => this.isDead },
      files: {
        logSize: () => Promise.resolve(0),
        printedSince: () => Promise.resolve(this.printed),
      },
      table: {
        all: () => [this.record],
        get: () => this.record,
        patch: (_id: string, changes: Partial<SessionRecord>) => {
          if (changes.answered?.outcome === null) this.steps.push('note');
          this.patch(changes);
          return Promise.resolve(this.diskWorks);
        },
      },
      tool: () => CLAUDE,
      ids,
      clock: systemClock,
      log: silentLogger,
    } as unknown as AnswerScope;
    this.answerer = new Answerer(scope, {
      supervisor: { act: () => Promise.resolve() },
      suspensions: { look: () => Promise.resolve() },
      screens: {
        look: async () => {
          const judgement = await this.agent.look();
          if (this.isFollowed) this.see();
          return judgement;
        },
      },
      states: {
        onAnswered: (_id, { id }) => {
          if (this.record.request?.id === id) this.patch({ request: null });
        },
        onUntaken: (_id, ticket) => this.untaken.push(ticket),
      },
      input: {
        exclusively: (id, task) =>
          this.#typing.run(id, () =>
            task({
              keys: (keys) => {
                this.steps.push(`key ${keys.join(' ')}`);
                return this.agent.typist.keys(keys);
              },
              text: (text, enter) => {
                this.steps.push(`text ${text}`);
                return this.agent.typist.text(text, enter);
              },
              prompt: (text) => {
                this.steps.push(`prompt ${text}`);
                return this.agent.typist.prompt(text);
              },
            }),
          ),
        isTyping: () => Promise.resolve(this.isTyping),
      },
      find: () => this.record,
      audit: {
        ready: () => (this.notRecorded === undefined ? Promise.resolve() : Promise.reject(this.notRecorded)),
        append: (entry) => {
          this.steps.push(`audit ${entry.outcome}`);
          this.audit.push(entry);
          return Promise.resolve(this.notRecorded);
        },
      },
      route,
    });
  }

  patch(changes: Partial<SessionRecord>): void {
    this.record = { ...this.record, ...changes };
  }

  /** What the one who follows the state makes of the screen as it is now. */
  see(isNew = false): void {
    const { kind, request, options, state } = this.agent.judged();
    const asked = kind === null ? null : { kind, text: request?.text ?? '', request, options };
    if (asked === null && state === 'unknown') return;
    const found = { asked, isNew, time: '2026-11-22T12:00:00.000Z' };
    this.patch({ request: trackRequest(this.record.request, found, CLAUDE.screen, () => ids.next()) });
  }

  get pending(): PendingRequest {
    assert.ok(this.record.request, 'nothing is asked');
    return this.record.request;
  }

  answer(answer: Answer = ALLOW, request = this.pending.id, client = 'cm'): Promise<AnswerResult> {
    return this.answerer.decide({ session: ID, request, answer, by: { type: 'person', client } });
  }

  async refuses(message: RegExp, answered: Promise<AnswerResult>): Promise<void> {
    await assert.rejects(
      answered,
      (error) => error instanceof CodeManagerError && message.test(`${error.message} ${error.hint ?? ''}`),
    );
  }
}

/** A desk whose agent asks; `chosen` collects what it was told. */
function asking(dialog = SHELL): { desk: Desk; chosen: string[] } {
  const desk = new Desk(draw(dialog));
  const chosen: string[] = [];
  desk.agent.asks(dialog, (label) => chosen.push(label));
  return { desk, chosen };
}

test('allow chooses the plain yes, once, and is on record before the key and after it', async () => {
  const { desk, chosen } = asking();
  const { id } = desk.pending;
  const result = await desk.answer();
  const done = { notRecorded: null, reasonWaits: null };
  assert.deepEqual(result, { request: id, decision: 'allow', answer: 'Yes', via: 'keys', ...done });
  assert.deepEqual(chosen, ['Yes']);
  assert.deepEqual(desk.steps, ['note', 'key 1', 'audit answered']);
  const [entry] = desk.audit;
  assert.deepEqual(entry?.keys, ['1']);
  assert.equal(entry.request.command, 'touch b.txt');
  assert.deepEqual(entry.by, { type: 'person', client: 'cm' });
  assert.equal(desk.record.answered?.outcome, 'answered');
});

const FULL = new CodeManagerError('unavailable', '/home/a/.cm/audit.jsonl cannot be written: the disk is full');
const RULE = { type: 'policy' as const, rule: 'r7', text: 'allow shell touch' };
const PERMIT = { take: () => Promise.resolve(), check: () => undefined, byKeys: true };

test('what a person answers while nothing can be recorded goes, and says so; its record keeps what is to be recorded', async () => {
  const { desk, chosen } = asking();
  desk.notRecorded = FULL;
  desk.diskWorks = false;
  const result = await desk.answer();
  assert.deepEqual([chosen, result.notRecorded], [['Yes'], FULL.message]);
  assert.equal(desk.record.answered?.outcome, 'answered');
  assert.equal(desk.record.answered.entry?.outcome, 'answered');
  const again = { session: ID, request: result.request, answer: ALLOW, by: { type: 'person' as const, client: 'cm' } };
  await assert.rejects(desk.answerer.decide(again), { code: 'conflict' }, 'never twice');
  // The next server records it.
  desk.notRecorded = undefined;
  const recorded = desk.audit.length;
  await desk.answerer.recover();
  assert.equal(desk.audit[recorded]?.id, desk.audit[recorded - 1]?.id);
  assert.equal(desk.record.answered.outcome, 'answered');
  assert.equal(desk.record.answered.entry, undefined);
});

test('a rule does not answer while nothing can be recorded, and is counted for nothing', async () => {
  for (const [notRecorded, diskWorks] of [
    [FULL, true],
    [undefined, false],
  ] as const) {
    const { desk, chosen } = asking();
    desk.notRecorded = notRecorded;
    desk.diskWorks = diskWorks;
    let taken = 0;
    const permit = {
      ...PERMIT,
      take: async () => {
        taken++;
      },
    };
    const request = { session: ID, request: desk.pending.id, answer: ALLOW, by: RULE, permit };
    await assert.rejects(desk.answerer.decide(request), { code: 'unavailable' });
    assert.deepEqual([chosen, desk.audit, desk.record.answered], [[], [], null]);
    assert.equal(taken, diskWorks ? 0 : 1);
    desk.notRecorded = undefined;
    desk.diskWorks = true;
    await desk.answerer.decide(request);
    assert.deepEqual(chosen, ['Yes'], 'once it can be');
  }
});

test('always and deny choose their options by what they say, wherever they stand', async () => {
  const always = asking();
  assert.equal((await always.desk.answer({ type: 'allow', always: true })).decision, 'always');
  assert.deepEqual(always.chosen, [SHELL.options[1]]);
  const deny = asking({ ...SHELL, options: ['No', ...SHELL.options.slice(0, 2)], selected: 1 });
  assert.equal((await deny.desk.answer({ type: 'deny' })).decision, 'deny');
  assert.deepEqual(deny.chosen, ['No']);
});

test('without numbers the cursor is moved step by step, read again, and only then Enter goes', async () => {
  const { desk, chosen } = asking({ ...SHELL, options: ['No', 'Yes'], selected: 0, isNumbered: false });
  await desk.answer();
  assert.deepEqual(desk.agent.keys, ['Down', 'Enter']);
  assert.deepEqual(chosen, ['Yes']);
});

test('a cursor that moves elsewhere than it was sent gets no Enter', async () => {
  const { desk } = asking({ ...SHELL, options: ['No', 'Yes'], selected: 0, isNumbered: false });
  const { agent } = desk;
  agent.onKey = () => undefined;
  let looks = 0;
  agent.onLook = () => {
    // It seems to have arrived, and falls back when it is read once more.
    if (agent.keys.length === 0) return;
    looks++;
    agent.screen = draw({ ...SHELL, options: ['No', 'Yes'], selected: looks === 1 ? 1 : 0, isNumbered: false });
  };
  await desk.refuses(/request has changed/, desk.answer());
  assert.deepEqual(agent.keys, ['Down']);
  assert.equal(desk.audit[0]?.outcome, 'changed');
});

test('the id of a request that is not the pending one gets no key', async () => {
  const { desk } = asking();
  const { id } = desk.pending;
  desk.see(true);
  assert.notEqual(desk.pending.id, id);
  await desk.refuses(/request has changed/, desk.answer(ALLOW, id));
  assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
});

test('a dialog that was replaced before the key gets none: another command, other options, none at all', async () => {
  for (const screen of [
    draw({ ...SHELL, command: 'rm -rf /' }),
    draw({ ...SHELL, options: ['Yes, and switch to auto mode', ...SHELL.options] }),
    WORKING,
    box(),
    '',
  ]) {
    const { desk } = asking();
    desk.agent.screen = screen;
    await desk.refuses(/request has changed/, desk.answer());
    assert.deepEqual([desk.agent.keys, desk.steps], [[], []], screen);
  }
});

test('a screen that shows another request than the one that is pending by another word gets no key', async () => {
  const pending = draw(SHELL);
  const dialogs = [
    { ...SHELL, command: 'rm -rf /' },
    { ...SHELL, options: ['Yes, and switch to auto mode', ...SHELL.options] },
    { ...SHELL, options: ['No', 'Yes'] },
  ];
  for (const screen of [...dialogs.map(draw), WORKING, box(), `${pending}\n${box()}`]) {
    const { desk } = asking();
    desk.isFollowed = false;
    desk.agent.screen = screen;
    await desk.refuses(/request has changed/, desk.answer());
    assert.deepEqual([desk.agent.keys, desk.steps], [[], []], screen);
  }
});

test('what a hook has told exactly is answered where the screen shows it wrapped or from its folder', async () => {
  const long = `touch ${'a'.repeat(30)} ${'b'.repeat(30)}`;
  const { desk, chosen } = asking({ ...SHELL, command: long.replace(/a b/u, 'a\n   b') });
  desk.patch({ request: { ...desk.pending, command: long } });
  desk.isFollowed = false;
  desk.agent.onLook = () => {
    if (chosen.length > 0) desk.patch({ request: null });
  };
  await desk.answer();
  assert.deepEqual(chosen, ['Yes']);
});

test('a request that is replaced while the cursor moves gets no Enter', async () => {
  const { desk } = asking({ ...SHELL, options: ['No', 'Yes'], selected: 0, isNumbered: false });
  desk.agent.onKey = () => {
    desk.agent.screen = draw({ command: 'rm -rf /', options: ['No', 'Yes'], selected: 1, isNumbered: false });
  };
  await desk.refuses(/request has changed/, desk.answer());
  assert.deepEqual(desk.agent.keys, ['Down']);
});

test('an equal request that came instead between two reads gets no key', async () => {
  const { desk } = asking({ ...SHELL, options: ['No', 'Yes'], selected: 0, isNumbered: false });
  const { id } = desk.pending;
  const { onKey } = desk.agent;
  desk.agent.onKey = (key) => {
    onKey(key);
    desk.see(true);
  };
  await desk.refuses(/request has changed/, desk.answer(ALLOW, id));
  assert.deepEqual(desk.agent.keys, ['Down']);
});

test('four answers at once are one answer and one line of the record', async () => {
  const { desk, chosen } = asking();
  const { id } = desk.pending;
  const answers = await Promise.allSettled([
    desk.answer(ALLOW, id, 'VS Code'),
    desk.answer({ type: 'deny' }, id, 'cm'),
    desk.answer(ALLOW, id, 'VS Code'),
    desk.answerer.decide({
      session: ID,
      request: id,
      answer: ALLOW,
      by: { type: 'policy', rule: 'git', text: 'allow shell git status' },
    }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'rejected'],
  );
  assert.deepEqual([chosen, desk.audit.length], [['Yes'], 1]);
  await desk.refuses(/answered already, by VS Code/, desk.answer(ALLOW, id));
});

test('five equal dialogs in a row get five answers', async () => {
  const { desk, chosen } = asking();
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    if (i > 0) {
      desk.agent.asks(SHELL, (label) => chosen.push(label));
      desk.see();
    }
    seen.add(desk.pending.id);
    await desk.answer();
  }
  assert.deepEqual([seen.size, chosen.length, desk.audit.length], [5, 5, 5]);
});

test('an equal dialog that comes at once, with no screen in between to be seen, is another request', async () => {
  const { desk } = asking();
  const { id } = desk.pending;
  desk.agent.onKey = () => (desk.printed = `working...${draw(SHELL)}`);
  await desk.answer();
  assert.equal(desk.audit[0]?.outcome, 'answered');
  desk.see();
  assert.notEqual(desk.pending.id, id);
});

test('a dialog that does not go is told, never answered a second time', async () => {
  const { desk } = asking();
  const { id } = desk.pending;
  desk.agent.onKey = () => undefined;
  await desk.refuses(/dialog is still there; answer it in the terminal/, desk.answer());
  await desk.refuses(/dialog is still there; answer it in the terminal/, desk.answer(ALLOW, id));
  assert.deepEqual(desk.agent.keys, ['1', 'Down']);
  assert.deepEqual(
    desk.audit.map(({ outcome }) => outcome),
    ['stayed'],
  );
});

test('a number that only moved the cursor, or was dropped, is followed by the cursor and Enter', async () => {
  for (const [answer, drops, keys, label] of [
    [{ type: 'deny' }, false, ['3', 'Enter'], 'No'],
    [{ type: 'deny' }, true, ['3', 'Down', 'Down', 'Enter'], 'No'],
    [ALLOW, true, ['1', 'Down', 'Up', 'Enter'], 'Yes'],
  ] as const) {
    const { desk, chosen } = asking();
    const { agent } = desk;
    const hears = agent.onKey;
    agent.onKey = (key) => {
      agent.onKey = hears;
      if (!drops) for (let i = 1; i < Number(key); i++) hears('Down');
    };
    await desk.answer(answer);
    assert.deepEqual([agent.keys, chosen, desk.audit[0]?.outcome], [keys, [label], 'answered']);
  }
});

test('a number that is heard late gets no Enter behind it, also when an equal dialog has come by then', async () => {
  const { desk, chosen } = asking();
  const { agent } = desk;
  const hears = agent.onKey;
  agent.onKey = (key) => {
    if (key === '1') return;
    hears('1');
    agent.asks(SHELL, (label) => chosen.push(label));
    agent.onKey('Down');
    desk.printed = `working...${draw(SHELL)}`;
  };
  await desk.answer();
  assert.deepEqual([agent.keys.includes('Enter'), chosen], [false, ['Yes']]);

  const gone = asking();
  gone.desk.agent.onKey = (key) => {
    if (key !== '1') gone.desk.agent.screen = WORKING;
  };
  await gone.desk.answer();
  assert.deepEqual([gone.desk.agent.keys, gone.desk.audit[0]?.outcome], [['1', 'Down'], 'answered']);
});

test('an answer that a crash cut off is never given again', async () => {
  const { desk } = asking();
  const { id } = desk.pending;
  // The record as it is on disk at the moment of the key.
  let onDisk: SessionRecord | undefined;
  const { onKey } = desk.agent;
  desk.agent.onKey = (key) => {
    onDisk = desk.record;
    onKey(key);
  };
  await desk.answer();
  assert.ok(onDisk);
  const next = asking();
  const { desk: after } = next;
  after.record = onDisk;
  await after.answerer.recover();
  await after.answerer.recover();
  assert.deepEqual(
    after.audit.map(({ request, outcome }) => [request.id, outcome]),
    [[id, 'failed']],
    'it is on record once that nobody can know',
  );
  await after.refuses(/cut off/, after.answer(ALLOW, id));
  assert.deepEqual([after.agent.keys, next.chosen], [[], []]);
});

test('no key goes while a person types, and none when they begin while the cursor moves', async () => {
  const { desk } = asking();
  desk.isTyping = true;
  await desk.refuses(/Somebody types/, desk.answer());
  assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
  const { desk: moving } = asking({ ...SHELL, options: ['No', 'Yes'], selected: 0, isNumbered: false });
  const { onKey } = moving.agent;
  moving.agent.onKey = (key) => {
    onKey(key);
    moving.isTyping = true;
  };
  await moving.refuses(/Somebody types/, moving.answer());
  assert.deepEqual(moving.agent.keys, ['Down']);
  moving.isTyping = false;
  await moving.answer();
  assert.deepEqual(moving.agent.keys, ['Down', 'Enter'], 'it can be answered once they have finished');
});

test('a reason is typed once the input box is there, never into a line that a person has begun', async () => {
  const { desk, chosen } = asking();
  desk.agent.onLook = () => {
    if (chosen.length > 0) desk.agent.screen = box();
  };
  const result = await desk.answer({ type: 'deny', reason: 'use pnpm' });
  assert.deepEqual([result.answer, desk.agent.texts], ['No: use pnpm', ['use pnpm']]);
  const { desk: half, chosen: told } = asking();
  half.agent.onLook = () => {
    if (told.length > 0) half.agent.screen = box('my own thou');
  };
  const denied = await half.answer({ type: 'deny', reason: 'use pnpm' });
  assert.match(denied.reasonWaits ?? '', /half-typed line/);
  assert.deepEqual([half.agent.texts, told, half.audit[0]?.outcome], [[], ['No'], 'answered']);
});

test('a reason is submitted also where the first Enter behind a paste is taken for a part of it, at once and later', async () => {
  for (const isLater of [false, true]) {
    const { desk, chosen } = asking();
    let line = isLater ? 'my own thou' : '';
    const said: string[] = [];
    let enters = 0;
    desk.agent.onText = (text) => (line += text);
    desk.agent.onLook = () => {
      if (chosen.length === 0) return;
      desk.agent.screen = box(line);
      desk.agent.onKey = (key) => {
        if (key !== 'Enter' || ++enters < 2) return;
        said.push(line);
        line = '';
      };
    };
    await desk.answer({ type: 'deny', reason: 'use pnpm' });
    if (isLater) line = '';
    await until('it is said', () => said.length > 0, 10_000);
    assert.deepEqual([said, line, enters], [['use pnpm'], '', 2]);
  }
});

test('a reason that could not be typed goes once its input box is free, and is dropped on record when the session ends', async () => {
  for (const ends of [false, true]) {
    const { desk, chosen } = asking();
    let line = 'my own thou';
    desk.agent.onLook = () => {
      if (chosen.length > 0) desk.agent.screen = box(line);
    };
    const { reasonWaits } = await desk.answer({ type: 'deny', reason: 'use pnpm' });
    assert.equal(reasonWaits, 'a half-typed line stands in refactor');
    await delay(1500);
    assert.deepEqual(desk.agent.texts, [], 'never behind that line');
    if (ends) desk.patch({ status: 'completed' });
    line = '';
    await until('it is said or dropped', () => desk.audit.length > 1, 10_000);
    assert.deepEqual(desk.agent.texts, ends ? [] : ['use pnpm']);
    assert.deepEqual(
      desk.audit.map(({ outcome, answer }) => [outcome, answer]),
      [
        ['answered', 'No: use pnpm'],
        [ends ? 'failed' : 'answered', 'Reason of the denial: use pnpm'],
      ],
    );
  }
});

test('a reason that waits is said by the next server, once', async () => {
  const { desk, chosen } = asking();
  desk.agent.onLook = () => {
    if (chosen.length > 0) desk.agent.screen = box('my own thou');
  };
  await desk.answer({ type: 'deny', reason: 'use pnpm' });
  const left = desk.record;
  assert.deepEqual(
    left.unsaid.map(({ reason }) => reason),
    ['use pnpm'],
  );
  const { desk: next } = asking();
  next.record = left;
  next.agent.screen = box();
  let whileTyped: SessionRecord | undefined;
  next.agent.onText = () => (whileTyped = next.record);
  await next.answerer.recover();
  await next.answerer.recover();
  await until('it is said', () => next.audit.length > 0, 10_000);
  assert.deepEqual([next.agent.texts, next.record.unsaid, whileTyped?.unsaid], [['use pnpm'], [], []]);
  await delay(1500);
  assert.deepEqual(next.agent.texts, ['use pnpm']);
});

test('a program that ends by the answer takes its screen with it, and was answered', async () => {
  const { desk, chosen } = asking();
  desk.agent.onLook = () => {
    if (chosen.length === 0) return;
    setTimeout(() => desk.patch({ status: 'completed', request: null }), 50);
    throw new CodeManagerError('unavailable', 'The session cannot be reached');
  };
  await desk.answer();
  assert.deepEqual([chosen, desk.audit[0]?.outcome], [['Yes'], 'answered']);
});

test('a perfect imitation in prose gets no key', async () => {
  const { desk } = asking();
  for (const below of [box(), '● Shall I go on?\n\n' + box(), 'It asked this and I said yes.']) {
    desk.agent.screen = `${draw(SHELL)}\n${below}`;
    assert.notEqual(desk.agent.judged().state, 'waiting');
    await desk.refuses(/request has changed/, desk.answer(ALLOW, desk.record.request?.id ?? 'gone'));
  }
  assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
});

test('a session that is suspended gets no key, also when it is so only right before the key', async () => {
  const { desk } = asking();
  desk.patch({ suspended: 'SIGSTOP' });
  desk.agent.onLook = () => assert.fail('its screen is not even looked at');
  await desk.refuses(/refactor is suspended/, desk.answer());
  const late = asking().desk;
  late.agent.onLook = () => late.patch({ suspended: 'SIGSTOP' });
  await late.refuses(/refactor is suspended/, late.answer());
  assert.deepEqual([desk.agent.keys, late.agent.keys], [[], []]);
});

test('a session that has ended, whose pane died or whose window is not known gets no key', async () => {
  for (const isDead of [true, undefined]) {
    const { desk } = asking();
    desk.isDead = isDead;
    await desk.refuses(/has ended/, desk.answer());
    assert.deepEqual(desk.agent.keys, []);
  }
  for (const gone of [{}, { request: null }]) {
    const { desk } = asking();
    const { id } = desk.pending;
    desk.patch({ status: 'stopped', ...gone });
    await desk.refuses(/has ended/, desk.answer(ALLOW, id));
    assert.deepEqual(desk.agent.keys, []);
  }
});

test('of several servers only the one that acts sends keys', async () => {
  const { desk } = asking();
  desk.leads = false;
  desk.agent.onLook = () => assert.fail('its screen is not even looked at');
  await desk.refuses(/Another server/, desk.answer());
  assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
});

test("a tool's own way comes first; when it does not take the answer keys do, and when nobody can know nothing more is sent", async () => {
  const { desk: taken, answers } = ownWay();
  assert.equal((await taken.answer()).via, 'hook');
  assert.deepEqual([taken.steps, answers], [['note', 'audit answered'], ['Yes']]);
  assert.deepEqual([taken.agent.keys, taken.audit[0]?.keys], [[], null]);
  const refused = ownWay(() => Promise.resolve(false)).desk;
  refused.agent.asks(SHELL, () => undefined);
  assert.equal((await refused.answer()).via, 'keys');
  assert.deepEqual([refused.agent.keys, refused.audit.length], [['1'], 1]);
  const unsure = ownWay(() => Promise.reject(new Error('cut off'))).desk;
  const { id } = unsure.pending;
  await assert.rejects(unsure.answer(), /cut off/);
  assert.deepEqual([unsure.agent.keys, unsure.audit[0]?.outcome], [[], 'failed']);
  await unsure.refuses(/cut off before it was known/, unsure.answer(ALLOW, id));
});

test("a tool's own way that is taken is checked like a key: a dialog that stays is told", async () => {
  const { desk } = ownWay(() => Promise.resolve(true));
  const { id } = desk.pending;
  await desk.refuses(/dialog is still there/, desk.answer());
  assert.deepEqual([desk.agent.keys, desk.audit[0]?.outcome], [[], 'stayed']);
  await desk.refuses(/dialog is still there/, desk.answer(ALLOW, id));
});

test('what was answered in the terminal before its own way took the answer is a conflict, and nothing is on record', async () => {
  const { desk } = ownWay((desk) => {
    desk.agent.screen = WORKING;
    return Promise.resolve(false);
  });
  await desk.refuses(/request has changed/, desk.answer());
  assert.deepEqual([desk.agent.keys, desk.audit, desk.record.answered], [[], [], null]);
});

test("nothing goes by a tool's own way when the request is another one after the look, when the server is replaced or the session ends", async () => {
  for (const [change, message] of [
    [(desk: Desk) => desk.see(true), /request has changed/],
    [(desk: Desk) => (desk.leads = false), /Another server/],
    [(desk: Desk) => (desk.isDead = true), /has ended/],
    [(desk: Desk) => desk.patch({ suspended: 'Ctrl+Z' }), /is suspended/],
  ] as const) {
    const { desk, answers } = ownWay();
    desk.agent.onLook = () => {
      desk.agent.onLook = () => undefined;
      change(desk);
    };
    desk.isFollowed = false;
    await desk.refuses(message, desk.answer());
    assert.deepEqual([answers, desk.steps], [[], []]);
  }
});

test("a person who types keeps a rule from answering by a tool's own way, and nobody else", async () => {
  const rule = ownWay();
  rule.desk.isTyping = true;
  await rule.desk.refuses(/Somebody types/, new Rule().answer(rule.desk));
  assert.deepEqual([rule.answers, rule.desk.steps], [[], []]);
  const person = ownWay();
  person.desk.isTyping = true;
  await person.desk.answer();
  assert.deepEqual(person.answers, ['Yes']);
});

test('only an answer that allows once or denies goes by its own way, with the reason', async () => {
  const resolved: string[] = [];
  const desk = new Desk(draw(SHELL), {
    find: (_session, _request, { decision, isPlain, reason }) => {
      resolved.push(`${decision} ${isPlain} ${reason ?? ''}`.trim());
      return undefined;
    },
  });
  const { id } = desk.pending;
  for (const answer of [
    ALLOW,
    { type: 'allow', always: true },
    { type: 'deny' },
    { type: 'deny', reason: 'use pnpm' },
    { type: 'option', label: 'Yes' },
  ] as const) {
    desk.agent.asks(SHELL, () => undefined);
    desk.see();
    desk.patch({ answered: null, request: { ...desk.pending, id } });
    desk.agent.onLook = () => {
      if (desk.agent.keys.length > 0) desk.agent.screen = box();
    };
    await desk.answer(answer, id);
    desk.agent.keys.length = 0;
  }
  assert.deepEqual(resolved, ['allow true', 'always false', 'deny true', 'deny true use pnpm', 'allow false']);
});

test('what a request does not offer is refused with what it offers', async () => {
  const { desk } = asking({ ...SHELL, options: ['Yes', 'No'] });
  await desk.refuses(/cannot be allowed always.*“Yes”, “No”/s, desk.answer({ type: 'allow', always: true }));
  await desk.refuses(/no text of your own/, desk.answer({ type: 'text', text: 'hello' }));
  await desk.refuses(/No option fits/, desk.answer({ type: 'option', label: 'Maybe' }));
  assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
});

/** A desk whose agent hears every answer by a way of its own; `answers` are those that it got. */
function ownWay(give?: (desk: Desk) => Promise<boolean>): { desk: Desk; answers: string[] } {
  const answers: string[] = [];
  const find: AnswerRoute['find'] = (_session, _request, { option }): DirectAnswer => ({
    ticket: 't1',
    via: 'hook',
    give: () => {
      answers.push(option);
      if (give) return give(desk);
      desk.agent.screen = WORKING;
      return Promise.resolve(true);
    },
  });
  const desk = new Desk(draw(SHELL), { find });
  return { desk, answers };
}

test("a tool's own way is not asked by a server that does not act, nor for a session that has ended", async () => {
  for (const change of [
    (desk: Desk) => (desk.leads = false),
    (desk: Desk) => (desk.isDead = true),
    (desk: Desk) => desk.patch({ status: 'stopped' }),
  ]) {
    const { desk, answers } = ownWay();
    change(desk);
    await desk.refuses(/Another server|has ended/, desk.answer());
    assert.deepEqual([answers, desk.steps], [[], []]);
  }
});

test("two answers at once reach a tool's own way once", async () => {
  const { desk, answers } = ownWay();
  const { id } = desk.pending;
  await Promise.allSettled([desk.answer(ALLOW, id), desk.answer({ type: 'deny' }, id)]);
  assert.deepEqual([answers, desk.audit.length], [['Yes'], 1]);
});

test('a server that is replaced and a session that ends while the screen is read send no key', async () => {
  for (const change of [
    (desk: Desk) => (desk.leads = false),
    (desk: Desk) => (desk.isDead = true),
    (desk: Desk) => desk.patch({ status: 'completed' }),
  ]) {
    const { desk } = asking();
    desk.agent.onLook = () => change(desk);
    await desk.refuses(/Another server|has ended/, desk.answer());
    assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
  }
});

test('a dialog beside a line that a person has begun gets no key', async () => {
  const { desk } = asking();
  const judged = desk.agent.judged();
  desk.agent.judged = () => ({ ...judged, draft: 'my own thou' });
  await desk.refuses(/half-typed line/, desk.answer());
  assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
});

test('of two options with the same words none is chosen', async () => {
  const { desk } = asking({ ...SHELL, options: ['Yes', 'Yes', 'No'] });
  await desk.refuses(/request has changed/, desk.answer());
  assert.deepEqual([desk.agent.keys, desk.steps], [[], []]);
});

test('an option that is ticked before its dialog goes is still there, and no other request', async () => {
  const { desk } = asking();
  const { id } = desk.pending;
  let looks = 0;
  desk.agent.onKey = () => (desk.agent.screen = draw({ ...SHELL, options: SHELL.options.map((o) => `${o} ✓`) }));
  desk.agent.onLook = () => {
    if (desk.agent.keys.length > 0 && ++looks === 9) {
      assert.equal(desk.pending.id, id);
      desk.agent.screen = WORKING;
    }
  };
  await desk.answer();
  assert.deepEqual([looks >= 9, desk.agent.keys, desk.audit[0]?.outcome], [true, ['1'], 'answered']);
});

test('a screen that is caught while it is drawn anew is no dialog that has gone', async () => {
  const { desk } = asking();
  const { agent } = desk;
  let looks = 0;
  agent.onKey = () => undefined;
  agent.onLook = () => {
    if (agent.keys.length > 0) agent.screen = looks++ % 2 === 0 ? '' : draw(SHELL);
  };
  await desk.refuses(/dialog is still there/, desk.answer());
  assert.equal(desk.audit[0]?.outcome, 'stayed');
});

test('a reason is not typed when a person types by then, nor when the next dialog is up', async () => {
  const { desk, chosen } = asking();
  desk.agent.onLook = () => {
    if (chosen.length === 0) return;
    desk.agent.screen = box();
    desk.isTyping = true;
  };
  const denied = await desk.answer({ type: 'deny', reason: 'use pnpm' });
  assert.match(denied.reasonWaits ?? '', /somebody types/);
  assert.deepEqual([desk.agent.texts, chosen], [[], ['No']]);
  const next = asking();
  let looks = 0;
  next.desk.agent.onLook = () => {
    if (next.chosen.length === 0) return;
    // Gone, another one, and an input box at last.
    const screens = [WORKING, WORKING, draw({ ...SHELL, command: 'touch c.txt' })];
    next.desk.agent.screen = screens[looks++] ?? box();
  };
  const other = await next.desk.answer({ type: 'deny', reason: 'use pnpm' });
  assert.match(other.reasonWaits ?? '', /asks something else/);
  assert.deepEqual([next.desk.agent.texts, next.chosen], [[], ['No']]);
});

/** An answer that nobody gives by hand, and may not be given once `isOver`. */
class Rule {
  taken = 0;
  isOver = false;
  onTake: () => void = () => undefined;

  answer(desk: Desk): Promise<AnswerResult> {
    const check = (): void => {
      if (this.isOver) throw new CodeManagerError('cancelled', 'The rule does not hold any more');
    };
    const take = (): Promise<void> => {
      this.taken++;
      this.onTake();
      return Promise.resolve();
    };
    const by = { type: 'policy', rule: 'r', text: 'allow shell' } as const;
    const { id } = desk.pending;
    return desk.answerer.decide({
      session: ID,
      request: id,
      answer: ALLOW,
      by,
      permit: { take, check },
    });
  }
}

test('a rule is counted once, before anything is sent, and one that cannot be counted answers nothing', async () => {
  const { desk } = ownWay();
  const rule = new Rule();
  rule.onTake = () => assert.deepEqual(desk.steps, []);
  assert.equal((await rule.answer(desk)).via, 'hook');
  assert.deepEqual([rule.taken, desk.agent.keys], [1, []]);
  const { desk: other } = asking();
  const usedUp = new Rule();
  usedUp.onTake = () => {
    throw new CodeManagerError('cancelled', 'The rule does not hold any more');
  };
  await other.refuses(/does not hold/, usedUp.answer(other));
  assert.deepEqual([other.agent.keys, other.steps], [[], []]);
});

test('a rule answers what a hook has told by that hook or not at all: keys could reach something else', async () => {
  const { desk } = ownWay(() => Promise.resolve(false));
  desk.agent.asks(SHELL, () => undefined);
  const rule = new Rule();
  await desk.refuses(/does not wait for an answer/, rule.answer(desk));
  assert.deepEqual([rule.taken, desk.agent.keys, desk.untaken], [1, [], ['t1']]);
  assert.equal(desk.record.answered, null, 'a person can answer it');
});

test('a rule that ends while its answer is on the way sends nothing more', async () => {
  const { desk } = asking();
  const rule = new Rule();
  rule.onTake = () => (rule.isOver = true);
  await desk.refuses(/does not hold/, rule.answer(desk));
  assert.deepEqual(desk.agent.keys, []);
  assert.equal(desk.record.answered, null, 'a person can answer it');
  const { desk: moving } = asking({ ...SHELL, options: ['No', 'Yes'], selected: 0, isNumbered: false });
  const late = new Rule();
  const { onKey } = moving.agent;
  moving.agent.onKey = (key) => {
    onKey(key);
    late.isOver = true;
  };
  await moving.refuses(/does not hold/, late.answer(moving));
  assert.deepEqual(moving.agent.keys, ['Down']);
});
