import assert from 'node:assert/strict';
import test from 'node:test';
import { screenEvidence, type Evidence } from '../../src/core/state/evidence.js';
import { PLAIN } from '../../src/core/state/evidenceParts.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { initialState, reduceState, type StateEvent, type StateModel } from '../../src/core/state/reducer.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { recordedScreen, recordedScreens, toolOf } from '../helpers/screens.js';
import { Random } from '../truth/random.js';

// An agent that was given nothing to do has ended no turn: it is idle, and nobody is told that it has finished or failed,
// whatever its start looks like.

const catalog = new ToolCatalog('/nonexistent');
const TOOLS = ['claude', 'codex', 'gemini', 'opencode', 'copilot'];
const ROUNDS = 300;
const STEPS = 30;

const fresh = (): StateModel => initialState(0, false, false, false);

/** Of a start nobody tells more: what each source can say before there is a turn. */
function ofAStart(random: Random, time: number): StateEvent {
  const source = random.pick(['report', 'event', 'title', 'screen'] as const);
  const base = { ...PLAIN, source, time, ttl: null, detail: '' } as const;
  const idle: Evidence = {
    ...base,
    state: 'idle',
    turnEnded: random.pick([true, false, null]),
    error: random.pick(['500 Internal Server Error', null, undefined]),
    background: random.pick([0, 0, 1]),
  };
  const busy: Evidence = { ...base, source: random.pick(['screen', 'title']), state: 'working' };
  const asked = { kind: random.pick(['trust', 'login', 'question'] as const), text: '', request: null, options: [] };
  const evidence = random.pick<Evidence>([idle, idle, busy, { ...base, state: 'waiting', asked }]);
  return random.pick<StateEvent>([
    { type: 'evidence', evidence },
    { type: 'evidence', evidence },
    { type: 'silence', source, time },
    { type: 'output', time },
    { type: 'answered', time },
    { type: 'interrupted', time },
    { type: 'time', time },
  ]);
}

test('whatever the sources tell of a start, no turn has ended before something was given', () => {
  for (let round = 0; round < ROUNDS; round++) {
    const random = new Random(`start ${round}`);
    let model = fresh();
    for (let step = 0, time = 0; step < STEPS; step++) {
      time += random.pick([10, 300, 1000, 5000]);
      model = reduceState(model, ofAStart(random, time));
      const { turnEnded, error } = model.verdict;
      assert.deepEqual({ turnEnded, error }, { turnEnded: false, error: null }, `round ${round}, step ${step}`);
    }
  }
});

/** Shows some screens of a tool, each for two seconds. */
function after(model: StateModel, screens: readonly string[], from: number): StateModel {
  let time = from;
  for (const name of screens) {
    const judged = judgeScreen(catalog.get(toolOf(name)), recordedScreen(name), 0);
    const evidence = screenEvidence(judged, time);
    if (evidence) model = reduceState(model, { type: 'evidence', evidence });
    for (const end = time + 2000; time < end;) {
      time += 100;
      if (evidence) model = reduceState(model, { type: 'evidence', evidence: { ...evidence, time } });
    }
  }
  return model;
}

for (const tool of TOOLS) {
  test(`${tool} that looks busy at its start has finished nothing, and has once it was given something`, () => {
    const all = recordedScreens.filter((name) => toolOf(name) === tool);
    const stateOf = (name: string): string => judgeScreen(catalog.get(tool), recordedScreen(name), 0).state;
    const busy = all.filter((name) => stateOf(name) === 'working');
    const still = all.filter((name) => stateOf(name) === 'idle');
    assert.ok(busy.length > 0 && still.length > 0);
    for (const first of busy) {
      for (const second of still) {
        const { state, turnEnded, error } = after(fresh(), [first, second], 0).verdict;
        assert.deepEqual([state, turnEnded, error], ['idle', false, null], `${first}, ${second}`);
      }
    }
    const plain = still.find((name) => !judgeScreen(catalog.get(tool), recordedScreen(name), 0).interrupted) ?? '';
    const given = reduceState(after(fresh(), [plain], 0), { type: 'given', time: 2000 });
    assert.equal(after(given, [busy[0] ?? '', plain], 2000).verdict.turnEnded, true, plain);
  });
}

test('what only an agent with a task does shows that it has one, whoever gave it', () => {
  const permission = { kind: 'permission', text: 'rm x', request: null, options: [] } as const;
  const shows: readonly Partial<Evidence>[] = [
    { source: 'event', state: 'working' },
    { source: 'report', state: 'working' },
    { source: 'screen', state: 'waiting', asked: permission },
  ];
  for (const one of shows) {
    const at = (time: number, more: Partial<Evidence>): StateEvent => ({
      type: 'evidence',
      evidence: { ...PLAIN, source: 'screen', state: 'idle', time, ttl: null, detail: '', ...more },
    });
    let model = reduceState(fresh(), at(0, one));
    assert.equal(model.isGiven, true, JSON.stringify(one));
    for (let time = 5000; time < 9000; time += 200)
      model = reduceState(model, at(time, { source: one.source ?? 'screen' }));
    assert.equal(model.verdict.turnEnded, true, JSON.stringify(one));
  }
});
