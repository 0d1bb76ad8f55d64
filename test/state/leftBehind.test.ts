import assert from 'node:assert/strict';
import test from 'node:test';
import type { Evidence } from '../../src/core/state/evidence.js';
import { PLAIN, WORKING_TTL } from '../../src/core/state/evidenceParts.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { initialState, reduceState, type StateEvent, type StateModel } from '../../src/core/state/reducer.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';

const catalog = new ToolCatalog('/nonexistent');
const WIDTH = 60;
const row = (text: string): string => `│ ${text.padEnd(WIDTH - 4)} │`;
const edge = (left: string, right: string): string => `${left}${'─'.repeat(WIDTH - 2)}${right}`;

/** A turn that fails, then some that a person breaks off and whose prompts are taken off the screen. */
class Turns {
  model: StateModel = initialState(0);
  #time = 0;

  #step(event: (time: number) => StateEvent): void {
    this.model = reduceState(this.model, event(this.#time));
  }

  #see(source: Evidence['source'], state: 'working' | 'idle', error?: string): void {
    const ttl = state === 'working' ? WORKING_TTL : null;
    this.#step((time) => ({ type: 'evidence', evidence: { ...PLAIN, source, state, error, time, ttl, detail: '' } }));
    for (const end = this.#time + 3000; this.#time < end;) {
      this.#time += 100;
      this.#step((time) => ({ type: 'time', time }));
    }
  }

  work(): this {
    this.#see('event', 'working');
    this.#see('screen', 'working');
    return this;
  }

  end(error?: string): this {
    this.#see('screen', 'idle', error);
    return this;
  }

  breakOff(left: string): this {
    this.#step((time) => ({ type: 'interrupted', time }));
    return this.end(left);
  }
}

test('an error that stands above any number of turns that were broken off is none of theirs', () => {
  const turns = new Turns().end().work().end('401 Unauthorized');
  assert.equal(turns.model.verdict.error, '401 Unauthorized');
  for (let turn = 0; turn < 4; turn++) {
    turns.work().breakOff('401 Unauthorized');
    assert.equal(turns.model.verdict.error, null, `turn ${turn}`);
  }
  // The same error of a turn that nobody broke off is its own.
  assert.equal(turns.work().end('401 Unauthorized').model.verdict.error, '401 Unauthorized');
});

test('a list in which Copilot rewinds needs input, and is no half-typed line', () => {
  const copilot = catalog.get('copilot');
  const lists: Readonly<Record<string, readonly string[]>> = {
    'Rewind to a previous point': [
      '❯ 10. Case 31: do:fail(500,99) do:delay(0.3)… (just now)',
      '   9. Case 29: do:fail(401,99) do:delay(0.6)… (1m ago)',
      '',
      '↑↓ Navigate · Enter Select · Esc Cancel',
    ],
    'Rewind turn 10': [
      'Case 31: do:fail(500,99) do:delay(0.3) do:say(never)',
      '',
      '❯ Conversation only   Files left untouched',
      '  Conversation + files   No file changes to restore',
      '  Cancel',
      '',
      '↑↓ Navigate · Enter Confirm · Esc Back',
    ],
  };
  for (const [title, rows] of Object.entries(lists)) {
    const framed = [title, ...rows].map((text) => ` ${row(text)}`);
    const screen = [' ● done', '', ` ${edge('╭', '╮')}`, ...framed, ` ${edge('╰', '╯')}`].join('\n');
    const { state, kind, draft, request } = judgeScreen(copilot, screen, 0);
    assert.deepEqual({ state, kind, draft }, { state: 'waiting', kind: 'question', draft: null }, title);
    assert.equal(request?.question, title);
  }
});

test('a frame of Gemini in which nothing stands yet is no part of a command', () => {
  const inner = (left: string, right: string): string => row(`${left}${'─'.repeat(WIDTH - 6)}${right}`);
  const screen = (rows: readonly string[]): string =>
    [
      edge('╭', '╮'),
      row('? Shell  touch new-60.txt'),
      ...rows,
      row('Allow execution of [Shell]?'),
      row(''),
      row('● 1. Allow once'),
      row('  2. Allow for this session'),
      row('  3. No, suggest changes (esc)'),
      edge('╰', '╯'),
    ].join('\n');
  const read = (rows: readonly string[]): string | null =>
    judgeScreen(catalog.get('gemini'), screen(rows), 0, WIDTH).request?.command ?? null;
  const [top, bottom] = [inner('╭', '╮'), inner('╰', '╯')];
  assert.equal(read([top, row(`│ ${'touch new-60.txt'.padEnd(WIDTH - 8)} │`), bottom]), 'touch new-60.txt');
  for (const part of [[top, bottom], [top], [bottom]]) assert.doesNotMatch(read(part) ?? '', /[╭╮╰╯─]/u);
});
