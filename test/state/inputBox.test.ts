import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ScreenRules } from '../../src/protocol/screen.js';

// What has been typed is what stands behind the mark of an input box, whatever the mark looks like.
for (const [line, row, draft] of [
  ['^demo>', 'demo> ', null],
  ['^demo>', 'demo> half a line', 'half a line'],
  ['^demo>', 'demo>half', 'half'],
  ['^❯(?:$| )', '❯', null],
  ['^❯(?:$| )', '❯ half', 'half'],
  ['^ *> +\\S.*', '   > half a line', 'half a line'],
  ['^❯❯ ', '❯❯ half', 'half'],
  ['^> ?', '>half', 'half'],
] as const) {
  test(`${JSON.stringify(row)} of a box that begins with ${line}`, () => {
    const rules = {
      startup: { dialogs: [], ready: [], loading: [], stableMs: 0 },
      screen: ScreenRules.parse({ box: { line } }),
    };
    assert.equal(judgeScreen(rules, `done\n\n${row}\n`, 0).draft, draft);
  });
}
