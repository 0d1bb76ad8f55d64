import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { readStartupScreen } from '../../src/core/state/startupScreen.js';
import { collectedScreens, recordedScreen as real, recordedScreens, toolOf } from '../helpers/screens.js';

const catalog = new ToolCatalog('/nonexistent');

function read(toolId: string, screen: string): string {
  const result = readStartupScreen(catalog.get(toolId), screen);
  return result.kind === 'dialog' ? result.dialog.id : result.kind;
}

/** Startup dialogs whose collected answer says nothing of the start. */
const RECOGNISED = new Set(['claude-boot-not-ready-menu', 'cm-trust-folder']);

test('every collected startup dialog is recognised, and nothing else is taken for one', async (t) => {
  const known = collectedScreens.filter(({ tool }) => catalog.all().some(({ id }) => id === tool));
  assert.ok(known.length > 60);
  for (const { id, tool, screen, expect } of known) {
    await t.test(id, () => {
      const seen = readStartupScreen(catalog.get(tool), screen);
      const isDialog = RECOGNISED.has(id) || (expect.boot_confirm ?? null) !== null;
      assert.equal(seen.kind === 'dialog', isDialog, JSON.stringify(seen));
      const ready = expect.boot_ready ?? expect.ready;
      if (ready !== undefined) assert.equal(seen.kind === 'ready', ready);
    });
  }
});

/** What each real screen of a start is; all other recorded screens must be anything but a dialog. */
const DIALOGS: Readonly<Record<string, string>> = {
  'claude/01-first.txt': 'trust',
  'claude/31-trust-with-spray.txt': 'trust',
  'claude/60-trust-80x24.txt': 'trust',
  'claude/62-api-key-80x24.txt': 'api-key',
  'claude/63-bypass-80x24.txt': 'bypass',
  'claude/64-mcp-server-80x24.txt': 'mcp-server',
  'claude/65-imports-80x24.txt': 'imports',
  'codex/61-trust-80x24.txt': 'trust',
  'gemini/60-trust-80x24.txt': 'trust',
  'copilot/01-trust-80x24.txt': 'trust',
  'copilot/18-trust-60x20.txt': 'trust',
  'copilot/02-login-80x24.txt': 'login',
  'claude-2.1.197/01-trust.txt': 'trust',
  'claude/02-second.txt': 'api-key',
  'claude/51-yolo-sandbox-warning.txt': 'bypass',
  'codex/00-startup-bare.txt': 'login',
  'codex/01-trust-prompt.txt': 'trust',
  'codex/10-startup-with-hooks.txt': 'hooks',
  'codex/50-hook-review-blocks-yolo.txt': 'hooks',
  'codex/11-after-hook-trust.txt': 'model',
  'codex/53-trust-esc.txt': 'command-center',
  'gemini/01-first.txt': 'trust',
};
const READY = [
  'claude/03-idle.txt',
  'claude/06-idle-default-mode.txt',
  'claude/52-continue.txt',
  'claude/61-done-80x24.txt',
  'codex/62-done-80x24.txt',
  'claude-2.1.197/02-idle.txt',
  'codex/02-idle.txt',
  'codex/40-narrow-60x20.txt',
  'codex/52-resume-last.txt',
  'gemini/02-after-trust.txt',
  'gemini/07-final-idle.txt',
  'gemini/50-yolo.txt',
  'opencode/01-idle.txt',
  'opencode/06-final-idle.txt',
];

test('every recorded screen of a real agent is read as what it is', async (t) => {
  for (const name of recordedScreens) {
    await t.test(name, () => {
      const seen = read(toolOf(name), real(name));
      const expected = DIALOGS[name];
      if (expected !== undefined) assert.equal(seen, expected);
      else if (READY.includes(name)) assert.equal(seen, 'ready');
      else assert.ok(seen === 'ready' || seen === 'unknown', `${name} was taken for the dialog ${seen}`);
    });
  }
});

test('a dialog stays what it is while the option that was chosen is ticked', () => {
  for (const name of ['claude/01-first.txt', 'claude-2.1.197/01-trust.txt']) {
    const ticked = real(name).replace(/^( *❯ .*\S) *$/mu, '$1 ✔');
    assert.match(ticked, /✔$/mu);
    assert.equal(read('claude', ticked), 'trust');
  }
});

test('a dialog that an agent quotes in its answer is none', () => {
  const dialog = real('claude/01-first.txt').trimEnd();
  assert.equal(read('claude', dialog), 'trust');
  assert.equal(
    read('claude', `● The screen was:\n${dialog}\n\n✻ Crunched for 4s\n────\n❯ \n────\n  ? for shortcuts`),
    'ready',
  );
  const codex = real('codex/01-trust-prompt.txt').trimEnd();
  assert.equal(read('codex', `${codex}\n\n› Ask Codex to do anything\n\n  gpt default · /home/dev`), 'ready');
  const gemini = real('gemini/01-first.txt').trimEnd();
  assert.equal(read('gemini', `${gemini}\n Gemini CLI is restarting to apply the trust changes...`), 'unknown');
});

test('the screens on which codex shows its input box too early are not ready', () => {
  assert.equal(read('codex', real('codex/60-loading-80x24.txt')), 'unknown');
});

test('the input box that codex shows while it loads is not ready', () => {
  const box = '› Ask Codex to do anything\n\n';
  assert.equal(read('codex', `  >_ OpenAI Codex\n     loading\n\n${box}  gpt · /srv`), 'unknown');
  assert.equal(read('codex', `  >_ OpenAI Codex\n     /srv\n\n${box}  ? for shortcuts`), 'unknown');
  assert.equal(read('codex', `  >_ OpenAI Codex\n     /srv\n\n${box}  ← for agents · ? for shortcuts`), 'ready');
});

test('an aider question counts only while it waits for the answer', () => {
  const question = 'Add .aider* to .gitignore (recommended)? (Y)es/(N)o [Yes]:';
  assert.equal(read('aider', `Aider v0.86.1\n${question} `), 'other');
  assert.equal(read('aider', `${question} y\nAider v0.86.1\nRepo-map: using 1024 tokens\n─────\n> `), 'ready');
  assert.equal(read('aider', `${question} y\nScanning repo: 40%`), 'unknown');
});

test('a tool without rules is ready as soon as it runs', () => {
  assert.equal(read('shell', ''), 'ready');
  assert.equal(read('shell', 'Do you trust the files in this folder? 1. Yes'), 'ready');
});

test('what Copilot loads below its box before anybody gave it anything is no work of a turn', () => {
  const box = (footer: string): string =>
    [
      '  ╭─╮╭─╮',
      '  ╰─╯╰─╯  Copilot v1.0.102 uses AI.',
      '  █ ▘▝ █  Check for mistakes.',
      ' ● No copilot-instructions.md found. Run /init to generate.',
      '',
      ' ~/project [⎇ master]',
      '─'.repeat(80),
      '❯',
      '─'.repeat(80),
      footer,
    ].join('\n');
  const copilot = catalog.get('copilot');
  for (const mark of ['●', '◎', '◉', '○', '∙']) {
    const loading = box(` ${mark} Loading: 1 plugin, 9 hooks, 2 skills                                   gpt-4.1`);
    assert.equal(readStartupScreen(copilot, loading).kind, 'unknown', mark);
    assert.notEqual(judgeScreen(copilot, loading, 0).state, 'working', mark);
    assert.equal(judgeScreen(copilot, box(` ${mark} Thinking`), 0).state, 'working', mark);
  }
  const ready = box(' ← open sidebar · Interactive · Manual Approval · / commands · ? help             gpt-4.1');
  assert.equal(readStartupScreen(copilot, ready).kind, 'ready');
  assert.equal(judgeScreen(copilot, ready, 0).state, 'idle');
});
