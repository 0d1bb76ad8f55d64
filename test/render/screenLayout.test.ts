import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readScreen, type ScreenContent } from '../../src/client/render/screenLayout.js';

const folder = join(process.cwd(), 'test/fixtures/screens');

function screen(name: string): ScreenContent {
  const rows = readFileSync(join(folder, `${name}.txt`), 'utf8').split('\n');
  return readScreen(
    rows.map((text) => ({ text, isContinuation: false })),
    name.includes('60x20') ? 60 : 120,
  );
}

const DONE = (steps: number, bullet: string): string =>
  `${bullet}All done (${steps} steps).${' The scripted work is finished.'.repeat(3)}`;

/** Real screens of five programs: the last line of the conversation, and whether it may still change. */
const screens: readonly (readonly [name: string, lastLine: string | undefined, isUnfinished: boolean])[] = [
  ['claude/06-idle-default-mode', undefined, false],
  ['claude/07-working', '❯ do:delay(3) do:bash(touch b.txt) do:write(new.txt) do:edit(README.md)', true],
  ['claude/08-approval-bash', '⎿  $ touch b.txt', true],
  ['claude/09-approval-create-file', '● Write(new.txt)', true],
  ['claude/10-approval-edit-file', '● Update(README.md)', true],
  ['claude/11-final-idle', DONE(4, '● '), false],
  ['claude/12-interrupted', DONE(4, '● '), false],
  ['claude/14-denied-4', '⎿  Interrupted · What should Claude do instead?', false],
  ['claude/15-ask-question', '● I will ask now.', true],
  ['claude/20-error-500-during', '❯ error test 500', true],
  [
    'claude/22-server-down',
    '● API Error: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)',
    false,
  ],
  ['claude/54-hang-20s', '❯ hang test', true],
  ['claude-2.1.197/01-trust', undefined, true],
  ['claude-2.1.197/02-idle', undefined, false],
  ['claude-2.1.197/04-approval-bash', '⎿  Waiting…', true],
  ['claude-2.1.197/07-final', DONE(4, '● '), false],
  ['codex/03-working', '› do:delay(4) do:bash(touch a.txt && ls) do:write(new.txt) do:edit(README.md)', true],
  ['codex/05-approval-bash', '• Running touch /home/dev/notes/esc.txt && echo done', true],
  ['codex/07-after-deny', '■ Conversation interrupted - use /feedback if something went wrong', false],
  ['codex/25-ask', DONE(1, '• '), false],
  ['codex/40-narrow-60x20', DONE(1, '• '), false],
  ['codex/54-hang-20s', '› hang test', true],
  ['gemini/04-approval-bash', '✦ I will bash now.', true],
  ['gemini/06-approval-edit-file', '✦ I will edit now.', true],
  ['gemini/07-final-idle', DONE(2, '✦ '), false],
  ['gemini/09-interrupted', 'ℹ Request cancelled.', false],
  ['gemini/10-question', '✦ I will ask now.', true],
  ['opencode/01-idle', undefined, false],
  ['opencode/02-working', 'do:delay(3) do:bash(touch b.txt) do:write(new.txt) do:edit(README.md)', true],
  ['opencode/03-approval-bash', '$ touch b.txt', true],
  ['opencode/05-approval-edit-file', '← Edit README.md', true],
  ['opencode/06-final-idle', DONE(4, ''), false],
  ['opencode/10-question', '→ Asked 1 question', true],
  ['opencode/12-error-401', 'invalid x-api-key (mock)', false],
];

for (const [name, lastLine, isUnfinished] of screens) {
  test(`${name}: the conversation ends with ${lastLine ?? 'nothing'}, ${isUnfinished ? 'not ' : ''}finished`, () => {
    const content = screen(name);
    assert.equal(content.lines.at(-1)?.text, lastLine);
    assert.equal(content.isUnfinished, isUnfinished);
  });
}

const tools = ['claude', 'claude-2.1.197', 'codex', 'gemini', 'opencode'];

test('no screen of a conversation leaves an input box, the options of an approval, a spinner or a border in it', () => {
  let count = 0;
  for (const tool of tools) {
    for (const file of readdirSync(join(folder, tool))) {
      // What a program shows before the first prompt is its own business.
      if (!file.endsWith('.txt') || /^(?:0[01]|02b|1[0156]-(?:startup|after-hook|warning|hooks)|5)/.test(file))
        continue;
      const { lines } = screen(`${tool}/${file.slice(0, -'.txt'.length)}`);
      count += lines.length;
      for (const { text } of lines) {
        const where = `${tool}/${file}: ${text}`;
        assert.doesNotMatch(text, /[─━╭╮╰╯│┃╹▀█⣀-⣿]/, where);
        assert.doesNotMatch(
          text,
          /Do you want to (?:proceed|create|make)|Would you like to|Allow once|Allow execution/,
          where,
        );
        assert.doesNotMatch(
          text,
          /Ask Codex|Type your message|Ask anything|\? for shortcuts|esc (?:to )?interrupt/,
          where,
        );
        assert.doesNotMatch(text, /^[✢✳✶✻✽⠁-⣿]|\(\d+s|for \d+s/, where);
      }
    }
  }
  assert.ok(count > 300);
});
