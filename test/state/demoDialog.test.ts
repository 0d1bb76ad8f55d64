import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';

const demo = new ToolCatalog('/nonexistent').get('demo');
const QUESTION = ['? Which colour should the greeting have?', '  1. Green', '  2. Blue', '  3. Red'];
const asks = (path: string): string[] => [`? Write ${path}?`, '  1. Yes', '  2. No', 'answer>'];

test('what the demo agent asks is known exactly, below what was answered before', () => {
  const before = ['● Task: greet', ...QUESTION, 'answer> 2', '● Blue it is', ''];
  const { request, kind } = judgeScreen(demo, [...before, ...asks('demo-notes.md')].join('\n'), 0, 80);
  assert.deepEqual(
    [kind, request?.action, request?.path, request?.exact],
    ['permission', 'create', 'demo-notes.md', 'screen'],
  );
  const question = judgeScreen(demo, ['● Task: greet', ...QUESTION, 'answer>'].join('\n'), 0, 80);
  assert.deepEqual([question.kind, question.request?.question], ['question', 'Which colour should the greeting have?']);
});

test('with two dialogs on the screen nobody knows which of them is real', () => {
  const two = [...asks('a'), ...asks('b')];
  assert.equal(judgeScreen(demo, two.join('\n'), 0, 80).request?.exact ?? null, null);
});
