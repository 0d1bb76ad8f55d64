import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';

// Screens of real agents, 120x40 and 80x24, whose turn left something running.

const catalog = new ToolCatalog('/nonexistent');

function judge(name: string, change = (screen: string): string => screen): readonly [string, number] {
  const [tool = ''] = name.split('/');
  const screen = readFileSync(join(process.cwd(), 'test/fixtures/menus', `${name}.txt`), 'utf8');
  const changed = change(screen);
  assert.ok(changed === screen || changed.length > screen.length, 'nothing was put in');
  const { state, background } = judgeScreen(catalog.get(tool), changed, 0);
  return [state, background];
}

for (const [name, state, background] of [
  ['codex/background-120', 'idle', 1],
  ['codex/background-80', 'idle', 1],
  ['codex/background-given', 'idle', 1],
  ['codex/background-working-120', 'working', 1],
  ['codex/background-working-80', 'working', 1],
  ['codex/background-over-120', 'idle', 0],
  ['codex/background-over-80', 'idle', 0],
  ['gemini/background-120', 'idle', 1],
  ['gemini/background-80', 'idle', 1],
  ['gemini/background-given', 'idle', 1],
  ['gemini/background-over-120', 'idle', 0],
  ['gemini/background-over-80', 'idle', 0],
  ['claude/background-120', 'idle', 1],
  ['claude/background-80', 'idle', 1],
  ['claude/background-over-120', 'idle', 0],
  ['claude/background-over-80', 'idle', 0],
] as const) {
  test(`${name}: ${state}, ${background} in the background`, () => {
    assert.deepEqual(judge(name), [state, background]);
  });
}

test('what an agent prints about the background is nothing that goes on there', () => {
  const codex = '  3 background terminals running · /ps to view · /stop to close';
  const gemini = '  3 Background processes';
  assert.deepEqual(
    judge('codex/background-over-120', (screen) => screen.replace('• started it', `• started it\n${codex}`)),
    ['idle', 0],
  );
  assert.deepEqual(
    judge('gemini/background-over-120', (screen) => screen.replace('✦ started it', `✦ started it\n${gemini}`)),
    ['idle', 0],
  );
});
