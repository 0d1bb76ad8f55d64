import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { Look } from '../../src/core/state/look.js';
import { lastTried } from '../../src/core/state/patterns.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { slowPatterns } from '../../src/core/tools/slowPatterns.js';
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

test('a pattern of an own file that would take for ever leaves its session unknown, says so, and rests', async () => {
  const tool = ownTool('^(a+)+$');
  const look = new Look();
  const slow = await look.screen(tool, `${NEVER}\nready>\n`, 0, 80);
  assert.equal(slow.state, 'unknown');
  assert.match(slow.rule ?? '', /took too long on this screen: \^\(a\+\)\+\$/u);
  assert.ok(slowPatterns().has('^(a+)+$'));
  assert.ok(look.restMs > 10_000);
  assert.equal((await look.screen(tool, 'ready>\n', 0, 80)).state, 'unknown');
});

test('a session of the same agent with a harmless screen is judged all the while, as is one whose pattern is only strange', async () => {
  const tool = ownTool('^(b|b)+(?!c)$');
  assert.equal((await new Look().screen(tool, 'ready>\n', 0, 80)).state, 'idle');
  const slow = new Look().screen(tool, `${'b'.repeat(60)}!\nready>\n`, 0, 80);
  assert.equal((await new Look().screen(tool, 'ready>\n', 0, 80)).state, 'idle');
  assert.equal((await slow).state, 'unknown');
});

/** Wherever a file of a person's own has an expression: what it reads, and a text that makes it take for ever. */
const PLACES: readonly {
  readonly where: string;
  readonly tool: object;
  readonly use: (tool: Tool, look: Look) => Promise<unknown>;
}[] = [
  ...['idle', 'working', 'workingBelow', 'limited', 'hidden', 'failed', 'interrupted', 'background'].map((field) =>
    onScreen(`screen.${field}`, { screen: { idle: ['!$'], [field]: ['^(a+)+$'] } }, `${NEVER}\n`),
  ),
  onScreen('screen.box', { screen: { box: { line: '^(a+)+$' } } }, `${NEVER}\n`),
  onScreen('screen.prompt', { screen: { prompt: '^(a+)+$', idle: ['!$'] } }, `${NEVER}\n`),
  onScreen('screen.options.footer', { screen: { options: { footer: ['^(a+)+$'] }, idle: ['!$'] } }, `${NEVER}\n`),
  onScreen('screen.options.cursor', { screen: { options: { cursor: '(a+)+' }, idle: ['!$'] } }, `${NEVER}\n`),
  ...['ownAnswer', 'roles'].map((field) =>
    onScreen(
      `screen.${field}`,
      {
        screen: {
          [field]: field === 'roles' ? { deny: '^(a+)+$', mode: 'x', always: 'x', allow: 'x' } : '^(a+)+$',
          dialogs: { any: { kind: 'permission' } },
        },
      },
      `Go on?\n❯ 1. ${NEVER}\n  2. No\n`,
    ),
  ),
  ...['all', 'not', 'read'].map((field) =>
    onScreen(
      `screen.dialogs.${field}`,
      { screen: { dialogs: { any: { kind: 'permission', [field]: ['^(a+)+$'] } } } },
      `${NEVER}\n❯ 1. Yes\n  2. No\n`,
    ),
  ),
  {
    where: 'startup',
    tool: { startup: { ready: ['^(a+)+$'] } },
    use: async (tool, look) => (await look.start(tool, `${NEVER}\n`)).kind,
  },
  ...['titles', 'notifications'].map((field) => ({
    where: `signals.${field}`,
    tool: { signals: { [field]: [{ match: '^(a+)+$', state: 'idle' }] } },
    use: (tool: Tool, look: Look) =>
      look.signal(
        tool,
        field === 'titles' ? { type: 'title', title: NEVER } : { type: 'notification', text: NEVER },
        0,
      ),
  })),
];

function onScreen(where: string, tool: object, text: string): (typeof PLACES)[number] {
  return { where, tool, use: async (own, look) => (await look.screen(own, text, 0, 80)).state };
}

for (const { where, tool, use } of PLACES) {
  test(`an own pattern ends wherever it stands, in a thread of its own: ${where}`, async () => {
    const own = Tool.parse({ id: 'own', name: 'Own', command: ['own'], ...tool });
    const before = lastTried();
    const look = new Look();
    assert.equal((await use(own, look)) ?? 'unknown', 'unknown');
    assert.ok(look.restMs > 0);
    // No expression of this tool was tried in this thread.
    assert.equal(lastTried(), before);
  });
}

test('expressions of a person are tried nowhere but in a look', () => {
  const users = sources('src').filter((file) => /from '[^']*\/patterns\.js'/u.test(readFileSync(file, 'utf8')));
  const lookers = [
    'dialogOptions',
    'failedWords',
    'judgeDialog',
    'judgeScreen',
    'looker',
    'readExactly',
    'signalEvidence',
  ];
  assert.deepEqual(users.map((file) => basename(file, '.ts')).sort(), [...lookers, 'startupScreen'].sort());
});

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}
