import assert from 'node:assert/strict';
import test from 'node:test';
import { SessionTyping, type SessionTypingOptions, type TypingScope } from '../../src/core/sessions/sessionTyping.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import type { Verdict } from '../../src/core/state/reducer.js';
import { stillWorks } from '../../src/core/state/stillWorks.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import type { SessionRecord } from '../../src/protocol/files.js';
import { recordedScreen, recordedScreens, toolOf } from '../helpers/screens.js';

// What interrupts an agent opens a list of what was asked before in many of them, once nothing goes on any more: no key is
// pressed for work that has ended, whoever else still takes it for work.

const catalog = new ToolCatalog('/nonexistent');
const WORKING: Readonly<Record<string, string>> = {
  claude: 'claude/07-working.txt',
  codex: 'codex/03-working.txt',
  gemini: 'gemini/03-working.txt',
  opencode: 'opencode/02-working.txt',
  copilot: 'copilot/05-working.txt',
};
const TOOLS = Object.keys(WORKING);
/** All that each shows when it does not work. */
const atRest = (tool: string): readonly string[] =>
  recordedScreens.filter((name) => {
    if (toolOf(name) !== tool) return false;
    const { state } = judgeScreen(catalog.get(tool), recordedScreen(name), 0);
    return state !== 'working' && state !== 'unknown';
  });

/** A session whose hooks have told that it works and tell no end. Its work ends with one of the keys. */
function program(
  tool: string,
  heard: number,
  rest: string,
  state: 'working' | 'idle' = 'working',
): { readonly it: SessionTyping; readonly keys: string[] } {
  const keys: string[] = [];
  const record = { id: 's', name: 's', state, suspended: null, tool } as SessionRecord;
  const screen = (): string => recordedScreen(keys.length < heard ? (WORKING[tool] ?? '') : rest);
  const look = () => Promise.resolve({ ...judgeScreen(catalog.get(tool), screen(), 0), screen: screen() });
  const verdict: Pick<Verdict, 'state' | 'source'> = { state: 'working', source: 'event' };
  const options = {
    running: () => Promise.resolve(record),
    tool: () => catalog.get(tool),
    screens: { look, works: async () => stillWorks(await look(), verdict) },
    states: {
      onGiven: () => undefined,
      onInterrupted: () => undefined,
    },
    input: {
      isScrolled: () => Promise.resolve(false),
      keysInTurn: async (_id: string, pressed: readonly string[], _gap: number, mayGoOn: () => Promise<boolean>) => {
        for (const [index, key] of pressed.entries()) {
          if (index > 0 && !(await mayGoOn())) return;
          keys.push(key);
        }
      },
    },
    suspensions: { look: () => Promise.resolve(false) },
  } as unknown as SessionTypingOptions;
  const scope = {
    table: { get: () => record, until: () => Promise.resolve(false) },
    clock: { now: () => 0 },
  } as unknown as TypingScope;
  return { it: new SessionTyping(scope, options), keys };
}

for (const tool of TOOLS) {
  test(`${tool} gets no key of an interrupt more once its work has ended, whatever it shows then`, async () => {
    const screens = atRest(tool);
    assert.ok(screens.length > 4);
    const most = catalog.get(tool).interruptKeys.length * 3;
    for (const rest of screens) {
      for (let heard = 1; heard <= most; heard++) {
        const { it, keys } = program(tool, heard, rest);
        await it.interrupt({ session: 's', force: false });
        assert.equal(keys.length, heard, `${rest}, key ${heard}`);
      }
    }
    const deaf = program(tool, Infinity, '');
    await assert.rejects(deaf.it.interrupt({ session: 's', force: false }), { code: 'timeout' });
    assert.equal(deaf.keys.length, most);
  });
}

test('an agent that is idle gets no key of an interrupt', async () => {
  for (const tool of TOOLS) {
    const idle = atRest(tool).find((name) => judgeScreen(catalog.get(tool), recordedScreen(name), 0).state === 'idle');
    assert.ok(idle);
    const { it, keys } = program(tool, 0, idle, 'idle');
    await it.interrupt({ session: 's', force: false });
    assert.deepEqual(keys, [], tool);
  }
});

test('its own word tells the end of its work, hooks and the state before do not', () => {
  const [works, rests] = [{ state: 'working' }, { state: 'idle' }] as const;
  const rows = [
    [works, { state: 'working', source: 'event' }, true],
    [rests, { state: 'working', source: 'event' }, false],
    // An answer that is streamed over its input box.
    [rests, { state: 'working', source: 'report' }, true],
    [rests, { state: 'working', source: 'title' }, true],
    // A screen is drawn later.
    [works, { state: 'idle', source: 'report' }, false],
    [{ state: 'waiting' }, { state: 'working', source: 'screen' }, false],
    [works, undefined, true],
    [undefined, { state: 'working', source: 'report' }, true],
    [undefined, { state: 'idle', source: 'report' }, false],
    [undefined, { state: 'unknown', source: null }, true],
    [undefined, undefined, true],
  ] as const;
  for (const [seen, verdict, expected] of rows) assert.equal(stillWorks(seen, verdict), expected);
});
