import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as z from 'zod';
import { limitEnd } from '../../src/core/state/limitTime.js';
import { reportEvidence, screenEvidence, type Asked, type Evidence } from '../../src/core/state/evidence.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import {
  IDLE_HOLDS_MS,
  initialState,
  nextLook,
  reduceState,
  type StateEvent,
  type StateModel,
  type Verdict,
} from '../../src/core/state/reducer.js';
import type { ScreenOption } from '../../src/protocol/screen.js';
import type { StateReport } from '../../src/core/state/stateReports.js';
import { turnErrorText } from '../../src/core/state/turnError.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';

const catalog = new ToolCatalog('/nonexistent');

function report(state: StateReport['state'], time: number, message = '', kind: StateReport['kind'] = null): StateEvent {
  const evidence = reportEvidence({ state, kind, message }, time);
  assert.ok(evidence);
  return { type: 'evidence', evidence };
}

function screen(state: Evidence['state'], time: number, more: Partial<Evidence> = {}): StateEvent {
  const evidence: Evidence = {
    source: 'screen',
    state,
    phase: null,
    asked: null,
    turnEnded: null,
    error: undefined,
    limitedUntil: null,
    background: 0,
    time,
    ttl: state === 'working' ? 60_000 : null,
    detail: state,
    ...more,
  };
  return { type: 'evidence', evidence };
}

function asks(time: number, text: string): StateEvent {
  return screen('waiting', time, { asked: { kind: 'permission', text, request: null, options: [] } });
}

/** What a hook or a title says. */
function word(
  source: 'event' | 'title',
  state: Evidence['state'],
  time: number,
  more: Partial<Evidence> = {},
): StateEvent {
  const { evidence } = screen(state, time, more) as StateEvent & { readonly type: 'evidence' };
  const asked = { kind: 'permission', text: source === 'event' ? 'rm x' : '', request: null, options: [] } as const;
  return { type: 'evidence', evidence: { ...evidence, source, asked: state === 'waiting' ? asked : null } };
}

const output = (time: number): StateEvent => ({ type: 'output', time });
const passed = (time: number): StateEvent => ({ type: 'time', time });

function run(...events: readonly StateEvent[]): Verdict {
  return events.reduce(reduceState, initialState(0)).verdict;
}

/** What is true after each row: state, whether the turn ended, and whose word it is. */
const ROWS: readonly (readonly [name: string, events: readonly StateEvent[], expected: readonly unknown[]])[] = [
  ['nothing is known of a session that just runs', [output(1000)], ['unknown', false, null]],
  [
    'a turn that ends right after a person interrupted it has not ended by itself, when nothing else tells',
    [word('event', 'working', 0), { type: 'interrupted', time: 3000 }, word('event', 'idle', 3400), passed(6000)],
    ['idle', false, 'event'],
  ],
  [
    'a turn that goes on after an interrupt ends by itself',
    [word('event', 'working', 0), { type: 'interrupted', time: 3000 }, word('event', 'idle', 60_000), passed(62_000)],
    ['idle', true, 'event'],
  ],
  [
    'an interrupt before the turn says nothing of its end',
    [{ type: 'interrupted', time: 0 }, word('event', 'working', 100), word('event', 'idle', 5000), passed(8000)],
    ['idle', true, 'event'],
  ],
  [
    'that it needs to be signed in holds while its screen shows an input box',
    [report('blocked', 0, 'Please run /login', 'auth'), screen('idle', 100), screen('idle', 9000)],
    ['waiting', false, 'report'],
  ],
  ['a report is believed at once', [report('working', 100)], ['working', false, 'report']],
  ['a reported end of a turn is one', [report('working', 0), report('done', 9000)], ['idle', true, 'report']],
  ['an error ends a turn too', [report('working', 0), report('error', 9000)], ['idle', true, 'report']],
  [
    'idle right after the end of a turn takes nothing back',
    [report('done', 1), report('idle', 2)],
    ['idle', true, 'report'],
  ],
  ['idle after an interrupt is no end of a turn', [report('working', 0), report('idle', 9)], ['idle', false, 'report']],
  [
    'a screen that never showed the work does not end it while a long answer is printed',
    [
      screen('idle', 0),
      report('working', 1000),
      output(6000),
      screen('idle', 6000),
      output(8000),
      screen('idle', 8000),
    ],
    ['working', false, 'report'],
  ],
  [
    'nor does it take the end away that is reported then',
    [screen('idle', 0), report('working', 1000), output(6000), screen('idle', 6000), report('done', 6100)],
    ['idle', true, 'report'],
  ],
  [
    'but when nothing has been printed for long the report of the end was missed',
    [screen('idle', 0), report('working', 1000), output(6000), screen('idle', 6000), screen('idle', 9000)],
    ['idle', false, 'screen'],
  ],
  ['a screen is believed when nobody reports', [screen('working', 100)], ['working', false, 'screen']],
  ['a request on the screen counts at once', [screen('working', 0), asks(100, 'rm x')], ['waiting', false, 'screen']],
  [
    'an idle screen counts when it has held',
    [screen('working', 0), screen('idle', 5000), passed(5800)],
    ['idle', true, 'screen'],
  ],
  [
    'an input box that flashes is no end',
    [screen('working', 0), screen('idle', 5000), screen('working', 5300), passed(6000)],
    ['working', false, 'screen'],
  ],
  ['an idle screen at the start ends no turn', [screen('idle', 0), passed(800)], ['idle', false, 'screen']],
  [
    'an interrupted turn is nothing to review',
    [screen('working', 0), screen('idle', 5000, { turnEnded: false }), passed(5800)],
    ['idle', false, 'screen'],
  ],
  [
    'and is over sooner than one that may go on',
    [screen('working', 0), screen('idle', 5000, { turnEnded: false }), passed(5200)],
    ['idle', false, 'screen'],
  ],
  [
    'also when nothing tells of the interrupt any more in a moment',
    [
      word('event', 'working', 0),
      screen('working', 100),
      screen('idle', 900, { turnEnded: false }),
      screen('idle', 1000),
      screen('idle', 1100),
    ],
    ['idle', false, 'screen'],
  ],
  [
    'a turn goes on while its shells run',
    [screen('working', 0), screen('idle', 5000, { background: 1 }), passed(5800)],
    ['idle', false, 'screen'],
  ],
  [
    'and ends with them',
    [screen('working', 0), screen('idle', 5000, { background: 1 }), passed(5800), screen('idle', 9000)],
    ['idle', true, 'screen'],
  ],
  [
    'a limit is neither idle nor waiting',
    [screen('working', 0), screen('limited', 100, { limitedUntil: '2026-11-22T14:00:00.000Z' })],
    ['limited', false, 'screen'],
  ],
  [
    'working that nothing confirms decays',
    [screen('working', 0), passed(59_000), passed(61_000)],
    ['unknown', false, null],
  ],
  ['output keeps it alive', [screen('working', 0), output(50_000), passed(100_000)], ['working', false, 'screen']],
  [
    'reported work that nothing confirms decays to what the screen says',
    [screen('idle', 100), report('working', 200), passed(70_000)],
    ['idle', false, 'screen'],
  ],
  ['waiting does not decay', [asks(0, 'rm x'), passed(9_000_000)], ['waiting', false, 'screen']],
  ['a report beats an older screen', [asks(0, 'rm x'), report('working', 50)], ['working', false, 'report']],
  [
    'a report beats a screen of the same moment',
    [report('idle', 1000), screen('working', 1100)],
    ['idle', false, 'report'],
  ],
  [
    'a request that the tool does not report is seen on its screen',
    [report('idle', 1000), asks(1500, 'rm x')],
    ['waiting', false, 'screen'],
  ],
  [
    'a screen that goes on contradicting a report is right in the end',
    [report('working', 0), screen('idle', 1000), screen('idle', 4000), passed(4800)],
    ['idle', true, 'screen'],
  ],
  [
    'an event is believed before a title, and a title before a screen',
    [screen('idle', 0), word('title', 'working', 10), word('event', 'waiting', 20)],
    ['waiting', false, 'event'],
  ],
  [
    'the end of a turn that a hook tells is one',
    [word('event', 'idle', 0, { turnEnded: true })],
    ['idle', true, 'event'],
  ],
  [
    'a denial that no hook tells is seen when the dialog has gone',
    [word('event', 'waiting', 0), asks(100, 'rm x'), screen('working', 900), screen('working', 1150)],
    ['working', false, 'screen'],
  ],
  [
    'a dialog that is missing for a moment while it is drawn anew has not gone',
    [word('event', 'waiting', 0), asks(100, 'rm x'), screen('working', 900), passed(1100)],
    ['waiting', false, 'event'],
  ],
  [
    'nor has one that is reported, however long it has been there',
    [report('blocked', 0), asks(100, 'rm x'), screen('working', 9000), passed(9100)],
    ['waiting', false, 'report'],
  ],
  [
    'a screen that has not shown the dialog yet takes nothing back',
    [word('event', 'waiting', 0), screen('working', 900)],
    ['waiting', false, 'event'],
  ],
  [
    'what is over does not come back when the screen falls silent',
    [word('event', 'waiting', 0), asks(100, 'rm x'), screen('working', 900), screen('working', 1200), passed(100_000)],
    ['unknown', false, null],
  ],
  [
    'an interrupt that no hook tells is seen on the screen',
    [word('event', 'working', 0), screen('working', 100), screen('idle', 900, { turnEnded: false }), passed(1700)],
    ['idle', false, 'screen'],
  ],
  [
    'an input box that flashes for a second is no end of a turn of which hooks tell',
    [word('event', 'working', 0), screen('working', 100), screen('idle', 900), screen('idle', 2000), passed(2100)],
    ['working', false, 'event'],
  ],
  [
    'it is one when it stays',
    [word('event', 'working', 0), screen('working', 100), screen('idle', 900), screen('idle', 3000)],
    ['idle', true, 'screen'],
  ],
  [
    'a limit is told though the turn has ended',
    [word('event', 'idle', 0, { turnEnded: true }), screen('limited', 100)],
    ['limited', false, 'screen'],
  ],
  [
    'a title that asks waits for the screen to say why',
    [screen('working', 0), word('title', 'working', 0), word('title', 'waiting', 100), passed(300)],
    ['working', false, 'title'],
  ],
  [
    'also while the screen still shows the work',
    [
      screen('working', 0),
      word('title', 'working', 0),
      word('title', 'waiting', 100),
      screen('working', 150),
      passed(300),
    ],
    ['working', false, 'title'],
  ],
  [
    'and is believed when it does not',
    [screen('working', 0), word('title', 'working', 0), word('title', 'waiting', 100), passed(700)],
    ['waiting', false, 'title'],
  ],
  [
    'an idle title counts with an idle screen',
    [word('title', 'working', 0), word('title', 'idle', 100), screen('idle', 200)],
    ['idle', true, 'title'],
  ],
  [
    'and alone when it holds',
    [word('title', 'working', 0), word('title', 'idle', 100), passed(900)],
    ['idle', true, 'title'],
  ],
  [
    'a screen that says nothing leaves the report alone',
    [report('working', 0), screen('idle', 1000), { type: 'silence', source: 'screen', time: 5000 }],
    ['working', false, 'report'],
  ],
];

test('evidence is merged by rank, age and how long it holds', async (t) => {
  for (const [name, events, [state, turnEnded, source]] of ROWS) {
    await t.test(name, () => {
      const verdict = run(...events);
      assert.deepEqual([verdict.state, verdict.turnEnded, verdict.source], [state, turnEnded, source]);
    });
  }
});

const FAILED: readonly (readonly [string, readonly StateEvent[], string | null])[] = [
  ['a report says why', [report('working', 0), report('error', 1000, 'API Error: 529 x')], '529 Overloaded'],
  [
    'a report says that it failed, and the screen why',
    [
      report('working', 0),
      report('error', 1000),
      report('idle', 1010),
      screen('idle', 1100, { error: '401 Unauthorized' }),
    ],
    '401 Unauthorized',
  ],
  ['nobody says why', [report('working', 0), report('error', 1000), report('idle', 1010)], ''],
  [
    'the report says that it is done: what the agent printed is no error',
    [report('working', 0), screen('working', 10), report('done', 1000), screen('idle', 1100, { error: '500 x' })],
    null,
  ],
  [
    'a hook says that it is done',
    [
      word('event', 'working', 0),
      word('event', 'idle', 900, { turnEnded: true, error: null }),
      screen('idle', 1000, { error: '500 x' }),
    ],
    null,
  ],
  [
    'only the screen knows',
    [screen('working', 0), screen('idle', 1000, { error: '500 x' }), screen('idle', 2000, { error: '500 x' })],
    '500 x',
  ],
  [
    'the screen is cleared afterwards',
    [
      screen('working', 0),
      screen('idle', 1000, { error: '500 x' }),
      screen('idle', 2000, { error: '500 x' }),
      screen('idle', 3000),
    ],
    '500 x',
  ],
  [
    'the next turn',
    [report('working', 0), report('error', 1000, 'x'), report('working', 2000), report('done', 3000)],
    null,
  ],
  ['it works again', [report('working', 0), report('error', 1000, 'x'), report('working', 2000)], null],
];

test('how a turn went wrong is told by whoever can know', async (t) => {
  for (const [name, events, error] of FAILED) await t.test(name, () => assert.equal(run(...events).error, error));
});

test('an error is told in few words', () => {
  const rows = [
    [
      'unexpected status 401 Unauthorized: invalid x-api-key, url: http://127.0.0.1:18931/v1/responses',
      '401 Unauthorized',
    ],
    ['exceeded retry limit, last status: 429 Too Many Requests', '429 Too Many Requests'],
    ['API Error: Repeated 529 Overloaded errors. The API is at capacity', '529 Overloaded'],
    [
      '[API Error: {"error":{"code":401,"message":"invalid x-api-key (mock)","status":"UNAUTHENTICATED"}}]',
      '401 Unauthorized',
    ],
    ['API Error: Connection refused (ECONNREFUSED) 127.0.0.1:500', 'Connection refused (ECONNREFUSED) 127.0.0.1:500'],
    ['Invalid API key · Fix external API key', 'Invalid API key · Fix external API key'],
    ['took 500ms, 404.5 tokens', 'took 500ms, 404.5 tokens'],
    ['\u001b[31mfailed\u001b[0m\nbadly', 'failed badly'],
    ['', ''],
  ] as const;
  for (const [text, shown] of rows) assert.equal(turnErrorText(text), shown);
  assert.ok(turnErrorText('x'.repeat(10_000)).length <= 80);
});

test('a report says what is waited for', () => {
  const asked = (message: string, kind: StateReport['kind']): unknown => {
    const seen = reportEvidence({ state: 'blocked', kind, message }, 0)?.asked;
    return [seen?.kind, seen?.text];
  };
  assert.deepEqual(asked('approve Bash: touch b.txt', 'permission'), ['permission', 'Bash: touch b.txt']);
  assert.deepEqual(asked('answer: Which colour?', 'question'), ['question', 'Which colour?']);
  assert.deepEqual(asked('trust this folder', null), ['trust', 'trust this folder']);
  assert.deepEqual(asked('trust this folder', 'permission'), ['trust', 'trust this folder']);
  assert.deepEqual(asked('approve Bash: trust me', 'permission'), ['permission', 'Bash: trust me']);
  assert.deepEqual(asked('sign in', 'auth'), ['login', 'sign in']);
  assert.equal(reportEvidence({ state: 'clear', kind: null, message: '' }, 0), undefined);
});

test('since tells when the state began, not when it was confirmed', () => {
  assert.equal(run(screen('working', 100), screen('working', 500), screen('working', 900)).since, 100);
});

test('the screen gives a report what it leaves out', () => {
  const request = {
    action: 'shell',
    command: 'touch b.txt',
    path: null,
    question: null,
    text: 'touch b.txt',
    exact: 'event',
  } as const;
  const asked = { kind: 'permission', text: 'touch b.txt', request, options: [] } as const;
  const verdict = run(
    report('blocked', 100, 'approve Bash: touch b.txt', 'permission'),
    screen('waiting', 250, { asked }),
  );
  assert.equal(verdict.source, 'report');
  assert.deepEqual(verdict.asked?.request, request);
  assert.equal(verdict.request, 1);
  const phase = run(report('working', 100), screen('working', 300, { phase: 'testing' })).phase;
  assert.equal(phase, 'testing');
});

test('details of an older dialog are not given to a newer report', () => {
  const asked = { kind: 'permission', text: 'rm old', request: null, options: [] } as const;
  const verdict = run(screen('waiting', 100, { asked }), report('blocked', 5000, 'approve Bash: rm new', 'permission'));
  assert.equal(verdict.asked?.text, 'Bash: rm new');
});

test('an equal request that comes later is another request', () => {
  const first = run(asks(0, 'rm x'), asks(100, 'rm x'), output(150), asks(200, 'rm x'));
  assert.equal(first.request, 1);
  const later = run(asks(0, 'rm x'), screen('working', 100), asks(200, 'rm x'));
  assert.equal(later.request, 2);
  assert.equal(run(asks(0, 'rm x'), asks(100, 'rm y')).request, 2);
  const request = {
    action: 'shell',
    command: 'rm x',
    path: null,
    question: null,
    text: 'rm x',
    exact: 'event',
  } as const;
  const dialog = { asked: { kind: 'permission', text: 'rm x', request, options: [] } } as const;
  const redrawn = [word('event', 'waiting', 0), screen('waiting', 100, dialog), screen('working', 900)];
  assert.equal(run(...redrawn, screen('waiting', 1000, dialog)).request, 1);
  assert.equal(run(...redrawn, screen('working', 1150), screen('waiting', 1300, dialog)).request, 2);
});

test('a hook gives a report the exact request, when they tell of the same', () => {
  const asked = {
    kind: 'permission',
    text: 'touch b.txt',
    request: {
      action: 'shell',
      command: 'touch  b.txt',
      path: null,
      question: null,
      text: 'touch b.txt',
      exact: 'event',
    },
    options: [],
  } as const;
  const event = screen('waiting', 0, { source: 'event', asked });
  const same = run(event, report('blocked', 50, 'approve Bash: touch b.txt', 'permission'));
  assert.deepEqual([same.source, same.request, same.asked?.request?.command], ['report', 1, 'touch  b.txt']);
  const other = run(event, report('blocked', 50, 'approve Bash: rm x', 'permission'));
  assert.equal(other.asked?.text, 'Bash: rm x');
});

test('what a hook has told exactly is not read from a screen, which another dialog may be on', () => {
  const command = (text: string, exact: 'event' | null = 'event'): Partial<Evidence> => ({
    asked: {
      kind: 'permission',
      text,
      request: { action: 'shell', command: text, path: null, question: null, text, exact },
      options: [],
      ...(exact === null ? {} : { call: text }),
    },
  });
  const event = (time: number, text: string): StateEvent => {
    const one = word('event', 'waiting', time) as StateEvent & { readonly type: 'evidence' };
    return { ...one, evidence: { ...one.evidence, ...command(text) } };
  };
  const shown = (time: number, text: string): StateEvent => screen('waiting', time, command(text, null));
  const one = run(event(0, 'rm  x'), shown(100, 'rm x'));
  assert.deepEqual([one.request, one.asked?.request?.command], [1, 'rm  x']);
  const two = run(event(0, 'rm x'), shown(100, 'rm x'), shown(500, 'rm y'));
  assert.deepEqual([two.request, two.asked?.request?.command, two.asked?.options], [1, 'rm x', []]);
  const told = run(event(0, 'rm x'), shown(100, 'rm x'), shown(500, 'rm y'), event(600, 'rm y'), shown(700, 'rm y'));
  assert.equal(told.request, 2);
  assert.equal(run(event(0, 'rm x'), shown(100, 'rm x'), event(600, 'rm y')).request, 2);
});

test('a dialog that is seen while it is drawn, or in turns with a hook, stays one request', () => {
  const label = (text: string): ScreenOption => ({ label: text, keys: null, role: null, selected: null, detail: null });
  const about = (kind: 'permission' | 'question', command: string | null, text: string, labels: string[]): Asked => ({
    kind,
    text,
    request: { action: null, command, path: null, question: kind === 'question' ? text : null, text, exact: null },
    options: labels.map(label),
  });
  const shown = (time: number, asked: Asked): StateEvent => screen('waiting', time, { asked });
  const told = (time: number, asked: Asked): StateEvent => screen('waiting', time, { source: 'event', asked });
  const shell = (text: string, ...labels: string[]): Asked => about('permission', 'rm x', text, labels);
  const other = about('permission', 'rm y', 'rm y', ['Yes', 'No']);
  const colour = (...labels: string[]): Asked => about('question', null, 'Which?', labels);
  const answered = [shown(0, shell('rm x', 'Yes', 'No')), { type: 'answered', time: 40 }] as const;
  const unknown = shell('rm x');
  const exact: Asked = { ...unknown, request: unknown.request && { ...unknown.request, exact: 'event' } };
  const toldAnswered = [told(0, exact), shown(10, shell('rm x', 'Yes', 'No')), { type: 'answered', time: 40 }] as const;
  // Answered by its own way, it is told to be over while its dialog still stands there.
  const toldOver = [told(0, exact), shown(10, shell('rm x', 'Yes', 'No')), word('event', 'working', 40)] as const;
  for (const [events, requests] of [
    [[shown(0, shell('')), shown(50, shell('rm x', 'Yes', 'No'))], 1],
    [[told(0, shell('rm x')), shown(50, shell('rm x')), shown(90, shell('rm x', 'Yes', 'No'))], 1],
    [[shown(0, shell('rm x', 'Yes', 'No')), told(50, shell('rm x')), shown(90, shell('', 'Yes', 'No'))], 1],
    [[shown(0, colour('Red', 'Blue')), shown(50, colour('Red', 'Blue ✓'))], 1],
    [[shown(0, shell('rm x', 'Yes', 'No')), shown(50, shell('rm x', 'Confirm', 'Cancel'))], 2],
    [[shown(0, shell('rm x', 'Yes', 'No')), shown(50, other)], 2],
    [[...answered, shown(50, shell('rm x', 'Yes', 'No'))], 1],
    [[...answered, shown(50, shell('rm x', 'Yes', 'No')), shown(400, shell('rm x', 'Yes', 'No'))], 2],
    [[...answered, shown(50, other)], 2],
    // A busy program draws its answered dialog for long, and tells each by an event.
    [[...toldAnswered, shown(50, shell('rm x', 'Yes', 'No')), shown(1000, shell('rm x', 'Yes', 'No'))], 1],
    [[...toldAnswered, shown(50, shell('rm x', 'Yes', 'No')), told(400, exact)], 2],
    [[...toldAnswered, shown(50, other)], 2],
    [[...toldAnswered, shown(50, shell('rm x', 'Yes', 'No')), shown(3100, shell('rm x', 'Yes', 'No'))], 2],
    [[...toldOver, shown(50, shell('rm x', 'Yes', 'No')), shown(1000, shell('rm x', 'Yes', 'No'))], 1],
    [[...toldOver, shown(50, shell('rm x', 'Yes', 'No')), told(400, exact)], 2],
    [[...toldOver, shown(50, other), shown(600, other)], 2],
    [[...toldOver, shown(50, shell('rm x', 'Yes', 'No')), shown(3600, shell('rm x', 'Yes', 'No'))], 2],
  ] as const) {
    assert.equal(run(...events).request, requests, JSON.stringify(events));
  }
});

test('the screen is read again when that can change the verdict', () => {
  const model = (...events: readonly StateEvent[]): StateModel => events.reduce(reduceState, initialState(0));
  assert.equal(nextLook(model(screen('working', 0), screen('idle', 5000)), 5000), 5000 + IDLE_HOLDS_MS);
  assert.equal(nextLook(model(screen('idle', 0), passed(1000)), 1000), undefined);
  assert.equal(nextLook(model(asks(0, 'rm x')), 0), undefined);
  assert.equal(nextLook(model(screen('working', 0), output(1000)), 1000), 61_000);
  assert.equal(nextLook(model(report('idle', 0), screen('waiting', 200)), 200), 400);
  assert.equal(nextLook(model(word('event', 'waiting', 0), asks(100, 'rm x'), screen('working', 900)), 900), 1150);
});

const Sequence = z.object({
  id: z.string(),
  tool: z.string(),
  expect: z.object({
    frames: z.array(z.tuple([z.number(), z.string()])),
    until: z.number(),
    confirm_exactly: z.number().optional(),
    idle_periods: z.number().optional(),
  }),
});

test('every collected sequence of screens has its exact number of requests and of idle times', async (t) => {
  const text = readFileSync(join(process.cwd(), 'test/fixtures/screens/collected.json'), 'utf8');
  const all = z.array(z.looseObject({ expect: z.looseObject({}) })).parse(JSON.parse(text));
  const sequences = all.flatMap((one) => (Object.hasOwn(one.expect, 'frames') ? [Sequence.parse(one)] : []));
  assert.equal(sequences.length, 5);
  for (const { id, tool, expect } of sequences) {
    await t.test(id, () => {
      let model = initialState(0);
      let idle = 0;
      for (let time = 0; time <= expect.until * 1000; time += 250) {
        const shown = expect.frames.findLast(([from]) => from * 1000 <= time)?.[1] ?? '';
        const evidence = screenEvidence(judgeScreen(catalog.get(tool), shown, time), time);
        const before = model.verdict.state;
        model = reduceState(
          model,
          evidence ? { type: 'evidence', evidence } : { type: 'silence', source: 'screen', time },
        );
        if (model.verdict.state === 'idle' && before !== 'idle') idle++;
      }
      if (expect.confirm_exactly !== undefined) assert.equal(model.verdict.request, expect.confirm_exactly);
      if (expect.idle_periods !== undefined) assert.equal(idle, expect.idle_periods);
    });
  }
});

test('the end of a usage limit is read as tools write it', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const rows: readonly (readonly [string, string | null])[] = [
    ['3pm (Europe/Berlin)', '2026-11-22T14:00:00.000Z'],
    ['3:05 PM (UTC)', '2026-11-22T15:05:00.000Z'],
    ['9am (UTC)', '2026-11-23T09:00:00.000Z'],
    ['Nov 24 at 9am (UTC)', '2026-11-24T09:00:00.000Z'],
    ['Jan 4, 9:30am (UTC)', '2027-01-04T09:30:00.000Z'],
    ['2 days 3 hours', '2026-11-24T15:00:00.000Z'],
    ['18h 5m', '2026-11-23T06:05:00.000Z'],
    ['1795352400', '2026-11-22T13:00:00.000Z'],
    ['soon', null],
    ['99:99', null],
    ['40 days', '2027-01-01T12:00:00.000Z'],
    ['2 weeks', '2026-12-06T12:00:00.000Z'],
    ['Jan 9, 2027 at 3pm (UTC)', '2027-01-09T15:00:00.000Z'],
    ['Feb 31 at 9am (UTC)', null],
    ['999999999999999999999 days', null],
    ['999999999 days', null],
    ['9999999999', null],
    ['Nov 20 at 9am (UTC)', '2026-11-20T09:00:00.000Z'],
  ];
  for (const [text, end] of rows) assert.equal(limitEnd(text, now), end, text);
});

test('whatever a tool says of the end of its limit, it is a time that can be or none', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const pick = (list: readonly string[]): string => list[random(list.length)] ?? '';
  const number = (): string =>
    pick([String(random(100)), '9'.repeat(1 + random(400)), '0', '-1', '1e999', '٣', '40.5']);
  const words = [
    'in',
    'at',
    'days',
    'd',
    'hours',
    'm',
    's',
    'weeks',
    'pm',
    'AM',
    ':',
    '(UTC)',
    '(No/Such)',
    'Jan',
    'Feb',
    'Foo',
    ',',
    '|',
    '.',
    '·',
  ];
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + random(8) }, () => (random(2) === 0 ? number() : pick(words))).join(
      pick(['', ' ', ' ']),
    );
    const end = limitEnd(text, now);
    if (end !== null) assert.ok(Math.abs(Date.parse(end) - now) <= 400 * 86_400_000, text);
  }
});

test('what the record of a tool has open tells exactly what its dialog asks, once and only alone', () => {
  const command = (text: string, exact: 'record' | null): Asked => ({
    kind: 'permission',
    text,
    request: { action: 'shell', command: text, path: null, question: null, text, exact },
    options: [],
  });
  const shown = (time: number, text: string): StateEvent => screen('waiting', time, { asked: command(text, null) });
  const calls = (began: number, ...open: readonly (readonly [string, string])[]): StateEvent => ({
    type: 'calls',
    open: open.map(([id, text]) => ({ id, request: command(text, 'record').request })),
    began,
    time: began + 5,
  });
  const told = (...events: readonly StateEvent[]): unknown[] => {
    const { request, asked } = run(...events);
    return [request, asked?.request?.exact, asked?.request?.command];
  };
  const hidden = './mark\u200b yes';
  const answered = { type: 'answered', time: 100 } as const;
  assert.deepEqual(told(shown(0, './mark yes'), calls(1, ['c1', hidden])), [1, 'record', hidden]);
  assert.deepEqual(told(shown(0, './mark yes'), calls(1, ['c1', hidden]), shown(50, './mark yes')), [
    1,
    'record',
    hidden,
  ]);
  assert.deepEqual(
    told(calls(0, ['c1', './mark yes']), shown(10, './mark yes')),
    [1, null, './mark yes'],
    'read before',
  );
  assert.deepEqual(
    told(shown(0, './mark yes'), calls(1, ['c1', 'rm x'])),
    [1, null, './mark yes'],
    'not what is shown',
  );
  const two = calls(1, ['c1', './mark yes'], ['c2', hidden]);
  assert.deepEqual(told(shown(0, './mark yes'), two), [1, null, './mark yes'], 'one of two');
  assert.deepEqual(
    told(
      shown(0, 'ls'),
      calls(1, ['c1', 'ls']),
      answered,
      screen('working', 150),
      shown(500, 'ls'),
      calls(510, ['c1', 'ls']),
    ),
    [2, null, 'ls'],
    'its end is not written down yet',
  );
  assert.deepEqual(
    told(
      shown(0, 'ls'),
      calls(1, ['c1', 'ls']),
      answered,
      screen('working', 150),
      shown(500, 'ls'),
      calls(510, ['c2', 'ls']),
    ),
    [2, 'record', 'ls'],
  );
});

test('a tool’s own name of a dialog decides which it is, whatever its screen shows and however its options are worded', () => {
  const option = (text: string): ScreenOption => ({
    label: text,
    keys: null,
    role: null,
    selected: null,
    detail: null,
  });
  const asked = (command: string, call: string | undefined, ...labels: string[]): Asked => ({
    kind: 'permission',
    text: command,
    request: {
      action: 'shell',
      command,
      path: null,
      question: null,
      text: command,
      exact: call === undefined ? null : 'event',
    },
    options: labels.map(option),
    ...(call === undefined ? {} : { call }),
  });
  const told = (time: number, command: string, call: string): StateEvent =>
    screen('waiting', time, { source: 'event', asked: asked(command, call) });
  const shown = (time: number, command: string, ...labels: string[]): StateEvent =>
    screen('waiting', time, { asked: asked(command, undefined, ...labels) });
  for (const [events, requests] of [
    [[told(0, 'rm x', '1'), shown(50, 'rm x', 'Yes', 'No'), shown(100, 'rm x', 'Yes, once', 'No')], 1],
    [[shown(0, 'rm x', 'Yes', 'No'), told(50, 'rm x', '1'), shown(100, 'rm x', 'Yes, once', 'No')], 1],
    [[told(0, 'rm x', '1'), shown(50, 'rm x', 'Yes', 'No'), told(60, 'rm x', '2')], 2],
    [[told(0, 'rm -rf /tmp/x', '1'), shown(50, 'rm -rf /tmp/x', 'Yes'), told(60, 'rm -rf / tmp/x', '2')], 2],
    [[told(0, 'rm x', '1'), shown(50, 'something that was read wrongly', 'Yes', 'No')], 1],
  ] as const) {
    assert.equal(run(...events).request, requests, JSON.stringify(events));
  }
});

test('an error that stood there before a turn that a person broke off is none of that turn', () => {
  const failed = { error: '401 Unauthorized' };
  const before = [screen('working', 0), screen('idle', 1000, failed), passed(2000)];
  assert.equal(run(...before).error, '401 Unauthorized');
  const again = [...before, word('event', 'working', 3000), screen('working', 3100)];
  const broken = [...again, { type: 'interrupted', time: 5000 } as const];
  // The prompt that was broken off is taken off the screen.
  const end = run(...broken, screen('idle', 5100, failed), passed(5900), screen('idle', 6000, failed), passed(7000));
  assert.deepEqual([end.state, end.turnEnded, end.error], ['idle', false, null]);
  // Without that it is how this turn went wrong too, and so it is in a later one.
  assert.equal(run(...again, screen('idle', 5100, failed), passed(5900)).error, '401 Unauthorized');
  const later = [screen('idle', 5100, failed), passed(5900), screen('working', 7000), screen('idle', 8000, failed)];
  assert.equal(run(...broken, ...later, passed(9000)).error, '401 Unauthorized');
});

test('a turn of which hooks do not tell the end has ended once its screen says how it went wrong', () => {
  const working = [word('event', 'working', 0), screen('working', 100)];
  assert.equal(run(...working, screen('idle', 5000, { error: '500 x' }), passed(5800)).state, 'idle');
  assert.equal(run(...working, screen('idle', 5000), passed(5800)).state, 'working');
});
