import assert from 'node:assert/strict';
import test from 'node:test';
import { trackRequest } from '../../src/core/state/requestIdentity.js';
import { screenEvidence } from '../../src/core/state/evidence.js';
import { besideOwnWord } from '../../src/core/state/ownWord.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { initialState, nextLook, reduceState, tellable, type StateEvent } from '../../src/core/state/reducer.js';
import { requestOf } from '../../src/core/state/requestOf.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';

const GEMINI = new ToolCatalog('/nonexistent').get('gemini');
const COLUMNS = 60;

/** Gemini's dialog with so much of what it asks in it. */
function dialog(...command: readonly string[]): string {
  const inside = COLUMNS - 4;
  const row = (text: string): string => `│ ${text.padEnd(inside)} │`;
  return [
    `╭${'─'.repeat(COLUMNS - 2)}╮`,
    row('? Shell  Run it'),
    row(`╭${'─'.repeat(inside - 2)}╮`),
    ...command.map((text) => row(`│ ${text.padEnd(inside - 4)} │`)),
    row(`╰${'─'.repeat(inside - 2)}╯`),
    row('Allow execution of [Shell]?'),
    row(''),
    row('● 1. Allow once'),
    row('  2. Allow for this session'),
    row('  3. No, suggest changes (esc)'),
    `╰${'─'.repeat(COLUMNS - 2)}╯`,
  ].join('\n');
}

const shown = (time: number, ...command: readonly string[]): StateEvent => {
  const evidence = screenEvidence(
    besideOwnWord(GEMINI, judgeScreen(GEMINI, dialog(...command), time, COLUMNS)),
    time,
    COLUMNS,
  );
  assert.ok(evidence?.asked, command.join());
  return { type: 'evidence', evidence };
};

const recorded = (time: number, ...open: readonly string[]): StateEvent => ({
  type: 'calls',
  open: open.map((command) => ({ id: command, request: requestOf({ action: 'shell', command, exact: 'record' }) })),
  began: time,
  time,
});

/** Each request that can be answered, one after another, and how long after its dialog the first was told. */
function told(
  keepsRecord: boolean,
  ...events: readonly StateEvent[]
): { readonly ids: string[]; readonly after: number } {
  let model = initialState(0, false, keepsRecord);
  let request: PendingRequest | null = null;
  let [known, number, after] = [-1, 0, NaN];
  const ids: string[] = [];
  for (const event of events) {
    model = reduceState(model, event);
    const { verdict } = model;
    const found = { asked: tellable(verdict), isNew: known >= 0 && known !== verdict.request, time: '' };
    known = verdict.request;
    request = trackRequest(request, found, GEMINI.screen, () => String(++number));
    assert.equal(verdict.state, 'waiting', 'it needs input from the first drawing on');
    if (request === null) continue;
    const one = `${request.id}: ${request.command ?? ''}${request.exact === null ? '' : ' exactly'}`;
    if (ids.at(-1) !== one) ids.push(one);
    if (Number.isNaN(after))
      after = event.type === 'evidence' ? event.evidence.time : 'time' in event ? event.time : NaN;
  }
  return { ids, after };
}

test('a dialog that is drawn in pieces, or looked up late, is one request with one id', () => {
  const whole = ['touch a b c && touch d e f && touch g h i && touch j', 'k l m'];
  const command = whole.join(' ');
  // Drawn in pieces, and its call is read last.
  const pieces = [shown(0, 'touch a b c'), recorded(20), shown(100, ...whole), recorded(150, command)];
  assert.deepEqual(told(true, ...pieces).ids, [`1: ${command} exactly`]);
  // Its record names what the screen cannot show.
  const hidden = 'touch\u200b a';
  assert.deepEqual(told(true, shown(0, 'touch a'), recorded(300, hidden)).ids, [`1: ${hidden} exactly`]);
});

test('what is in no record is told once its dialog has stood for a moment, and at once where no record is kept', () => {
  const events = [shown(0, 'touch a'), recorded(50), shown(400, 'touch a'), { type: 'time', time: 800 } as const];
  assert.deepEqual(told(true, ...events), { ids: ['1: touch a'], after: 800 });
  assert.deepEqual(told(false, ...events), { ids: ['1: touch a'], after: 0 });
  const model = reduceState(initialState(0, false, true), shown(0, 'touch a'));
  assert.equal(nextLook(model, 0), 800, 'the screen is read again then');
});
