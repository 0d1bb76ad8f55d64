import assert from 'node:assert/strict';
import test from 'node:test';
import { SessionTyping, type SessionTypingOptions } from '../../src/core/sessions/sessionTyping.js';
import { NOTHING_SEEN } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import type { SessionRecord } from '../../src/protocol/files.js';

/** A session of Claude Code in whose input box something stands; the key that empties it does. */
function typing(box: { draft: string | null }): { readonly it: SessionTyping; readonly typed: string[] } {
  const typed: string[] = [];
  const record = { id: 's', name: 'claude-1', state: 'idle', tool: 'claude' } as SessionRecord;
  const keys = (pressed: readonly string[]): Promise<void> => {
    if (pressed.includes('C-u')) box.draft = null;
    return Promise.resolve();
  };
  const options = {
    running: () => Promise.resolve(record),
    tool: () => new ToolCatalog('/nonexistent').get('claude'),
    table: { get: () => record, until: () => Promise.resolve(true) },
    states: {
      look: () => Promise.resolve({ ...NOTHING_SEEN, state: 'idle', draft: box.draft, screen: '' }),
      onInterrupted: () => undefined,
      // It was not seen to work.
      restoredDraft: () => null,
    },
    input: {
      isTyping: () => Promise.resolve(false),
      isScrolled: () => Promise.resolve(false),
      keys: () => Promise.resolve(),
      send: async (_id: string, text: string, _enter: boolean, mayGo?: (typist: unknown) => Promise<void>) => {
        await mayGo?.({ keys });
        typed.push(text);
      },
    },
    suspensions: { look: () => Promise.resolve(false), resume: () => Promise.resolve() },
    clock: { now: () => 0 },
  } as unknown as SessionTypingOptions;
  return { it: new SessionTyping(options), typed };
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
