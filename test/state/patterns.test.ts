import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { Look, pattern, slowPatterns } from '../../src/core/state/patterns.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { Tool } from '../../src/protocol/tool.js';

const catalog = new ToolCatalog('/nonexistent');
const NEVER = `${'a'.repeat(60)}!`;

function ownTool(source: string): Tool {
  return Tool.parse({ id: 'own', name: 'Own', command: ['own'], screen: { idle: ['^ready>$'], working: [source] } });
}

test('a command of forty blank lines on a screen of a hundred rows is looked at in no time', () => {
  const rows = (body: string): string =>
    `❯ go\n\n────\n Bash command\n\n${body}\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel\n`;
  const bodies = [
    `   a\n${'\n'.repeat(40)}   b\n`,
    '\n'.repeat(95),
    ' \n'.repeat(95),
    '   a\n\n'.repeat(45),
    '╌╌╌╌\n'.repeat(95),
    'Bash command\n\n'.repeat(45),
  ];
  for (const body of bodies) judgeScreen(catalog.get('claude'), rows(body), 0, 120);
});

test('a screen of any size and content is looked at in no time, by each built-in tool', () => {
  const bricks = [
    ' ',
    'a',
    '\t',
    '─',
    '│',
    '╌',
    '1. Yes  ',
    '(Y)es/',
    '? Shell ',
    '$ ',
    '"',
    ':',
    'allow ',
    '\u00a0',
    '\u001b[31m',
    '0',
  ];
  for (const tool of catalog.all()) {
    for (const brick of bricks) {
      const row = brick.repeat(Math.ceil(1000 / brick.length));
      judgeScreen(tool, `${row}\n`.repeat(1000), 0, 1000);
      judgeScreen(tool, `${brick}\n`.repeat(1000), 0, 1000);
      judgeScreen(tool, row.repeat(1000), 0, 1000);
    }
  }
});

test('a pattern of an own file that would take for ever leaves its session unknown, says so, and rests', () => {
  const tool = ownTool('^(a+)+$');
  const look = new Look();
  const slow = judgeScreen(tool, `${NEVER}\nready>\n`, 0, 80, look);
  assert.equal(slow.state, 'unknown');
  assert.match(slow.rule ?? '', /took too long on this screen: \^\(a\+\)\+\$/u);
  assert.ok(slowPatterns().has('^(a+)+$'));
  assert.ok(look.restMs > 10_000);
  assert.equal(judgeScreen(tool, 'ready>\n', 0, 80, look).state, 'unknown');
});

test('a session of the same agent with a harmless screen is judged, as is one whose pattern is only strange', async () => {
  const tool = ownTool('^(b|b)+(?!c)$');
  assert.equal(judgeScreen(tool, 'ready>\n', 0, 80, new Look()).state, 'idle');
  judgeScreen(tool, `${'b'.repeat(60)}!\nready>\n`, 0, 80, new Look());
  for (let i = 0; i < 100; i++) {
    if (judgeScreen(tool, 'ready>\n', 0, 80, new Look()).state === 'idle') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail('it is never judged again');
});

test('an own pattern ends wherever it is used', () => {
  assert.equal(pattern('^(?:c+)+$').test(`${'c'.repeat(60)}!`), false);
  assert.equal(pattern('^(?:d+)+$').exec('ddd')?.[0], 'ddd');
});
