import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { drawers, screenWith } from '../helpers/drawnDialogs.js';
import { judge } from '../helpers/drawings.js';

const catalog = new ToolCatalog('/nonexistent');

test('a screen is never exact of a tool that tells itself what it asks, and is all the same read whole', () => {
  const told = new Set<string>();
  for (const drawer of drawers) {
    const { hooks, calls, conversation, startup, screen: rules } = catalog.get(drawer.tool);
    const screen = screenWith(drawer, { what: './mark yes', columns: 120, rows: 40 });
    const alone = judge(drawer.tool, screen, 120);
    if (alone.request?.exact !== 'screen') continue;
    const ways = { hooks: { hooks }, calls: { calls }, conversation: { conversation } };
    for (const [way, telling] of Object.entries(ways)) {
      const isTold =
        way === 'conversation' ? conversation?.format === 'codex' : Object.values(telling)[0] !== undefined;
      const seen = judgeScreen({ startup, screen: rules, ...telling }, screen, 0, 120);
      assert.equal(seen.request?.exact, isTold ? null : 'screen', `${drawer.tool} ${way}`);
      assert.deepEqual({ ...seen.request, exact: 'screen' }, alone.request, drawer.tool);
      if (isTold) told.add(way);
    }
    assert.equal(judgeScreen(catalog.get(drawer.tool), screen, 0, 120).request?.exact, null, drawer.tool);
  }
  assert.deepEqual([...told].sort(), ['calls', 'conversation', 'hooks']);
});
