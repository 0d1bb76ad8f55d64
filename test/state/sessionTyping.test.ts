import assert from 'node:assert/strict';
import test from 'node:test';
import { SessionTyping, type SessionTypingOptions, type TypingScope } from '../../src/core/sessions/sessionTyping.js';
import type { SendGates, Typist } from '../../src/core/live/sessionInput.js';
import { NOTHING_SEEN } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import type { SessionRecord } from '../../src/protocol/files.js';

/** A session of Claude Code in whose input box something stands; the key that empties it does. */
function typing(box: { draft: string | null; late?: string }): {
  readonly it: SessionTyping;
  readonly typed: string[];
} {
  const typed: string[] = [];
  const record = { id: 's', name: 'claude-1', state: 'idle', tool: 'claude' } as SessionRecord;
  const keys = (pressed: readonly string[]): Promise<void> => {
    if (pressed.includes('C-u')) box.draft = null;
    return Promise.resolve();
  };
  const options = {
    running: () => Promise.resolve(record),
    tool: () => new ToolCatalog('/nonexistent').get('claude'),
    screens: { look: () => Promise.resolve({ ...NOTHING_SEEN, state: 'idle', draft: box.draft, screen: '' }) },
    states: {
      onGiven: () => undefined,
      onInterrupted: () => undefined,
      // It was not seen to work.
      restoredDraft: () => null,
    },
    input: {
      isTyping: () => Promise.resolve(false),
      isScrolled: () => Promise.resolve(false),
      keys: () => Promise.resolve(),
      keysInTurn: () => Promise.resolve(),
      send: async (_id: string, text: string, _enter: boolean, gates: SendGates) => {
        const typist = { keys } as Typist;
        await gates.mayGo(typist);
        box.draft = `${box.late ?? ''}${box.draft ?? ''}${text}`;
        delete box.late;
        if (await gates.mustGoAgain(box.draft, typist)) box.draft = text;
        typed.push(box.draft);
        box.draft = null;
      },
    },
    suspensions: { look: () => Promise.resolve(false), resume: () => Promise.resolve() },
  } as unknown as SessionTypingOptions;
  const scope = {
    table: { get: () => record, until: () => Promise.resolve(true) },
    clock: { now: () => 0 },
  } as unknown as TypingScope;
  return { it: new SessionTyping(scope, options), typed };
}

const send = (it: SessionTyping, text: string): Promise<void> =>
  it.send({ session: 's', text, enter: true, force: false });

test('what it was told last is removed from its box after an interrupt, however late it is put back there', async () => {
  const box: { draft: string | null } = { draft: null };
  const { it, typed } = typing(box);
  await send(it, 'one two');
  // Without an interrupt a person has fetched it back.
  box.draft = 'one two';
  await assert.rejects(send(it, 'next'), { code: 'conflict' });
  box.draft = null;
  await send(it, 'one two');
  await it.interrupt({ session: 's', force: false });
  box.draft = 'one\n two';
  await send(it, 'next');
  assert.deepEqual([typed, box.draft], [['one two', 'one two', 'next'], null]);
  // A person's own line stays.
  await it.interrupt({ session: 's', force: false });
  box.draft = 'next to it';
  await assert.rejects(send(it, 'more'), { code: 'conflict' });
  assert.equal(box.draft, 'next to it');
});

test('what is put back while a text is on its way is taken away, and the text goes alone', async () => {
  const box: { draft: string | null; late?: string } = { draft: null };
  const { it, typed } = typing(box);
  await send(it, 'rm -rf the old build');
  await it.interrupt({ session: 's', force: false });
  box.late = 'rm -rf the\n old build';
  await send(it, 'stop and think');
  assert.deepEqual(typed, ['rm -rf the old build', 'stop and think']);
  // What it was told last without an interrupt is nobody's to take away.
  box.late = 'stop and think';
  await send(it, 'more');
  assert.equal(typed.at(-1), 'stop and thinkmore');
});
