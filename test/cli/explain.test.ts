import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ScreenJudgement } from '../../src/protocol/judgement.js';
import { TestHome } from '../helpers/testHome.js';

const SCREENS = join(process.cwd(), 'test/fixtures/screens');

test('cm explain judges a saved screen', async (t) => {
  const home = new TestHome(t);
  const file = join(SCREENS, 'claude/08-approval-bash.txt');
  const judged = ScreenJudgement.parse(
    JSON.parse(await home.ok('explain', '--tool', 'claude', '--screen', file, '--json')),
  );
  assert.deepEqual(
    [judged.state, judged.kind, judged.request?.command, judged.wouldSend, judged.startup],
    ['waiting', 'permission', 'touch b.txt', ['1'], null],
  );
  const lines = await home.ok('explain', '--tool', 'claude', '--screen', file);
  assert.match(lines, /^asks +permission: touch b\.txt$/m);
  assert.match(lines, /^would send +1$/m);
  const screen = readFileSync(join(SCREENS, 'codex/01-trust-prompt.txt'), 'utf8');
  const piped = await home.run(['explain', '--tool', 'codex', '--screen', '-', '--json'], { input: screen });
  assert.equal(ScreenJudgement.parse(JSON.parse(piped.stdout)).startup, 'trust');
});

test('cm explain says what it needs, and which agents there are', async (t) => {
  const home = new TestHome(t);
  const nothing = await home.run(['explain', '--tool', 'claude']);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /Give an ID, or --tool and --screen/);
  const unknown = await home.run(['explain', '--tool', 'clade', '--screen', join(SCREENS, 'claude/03-idle.txt')]);
  assert.match(unknown.stderr, /No agent is called "clade"[\s\S]*Did you mean claude\?/);
});
