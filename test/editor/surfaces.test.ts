import assert from 'node:assert/strict';
import test from 'node:test';
// First of all: it stands in for the editor.
import { takeShown, type Shown } from '../helpers/fakeVscode.js';
import { createChannel, createLog, createTerminal } from '../../src/extension/editor/outputs.js';
import { Input, Pick } from '../../src/extension/editor/quickInputs.js';
import { ask, say, sayDone, working, workingLong } from '../../src/extension/editor/say.js';
import { createStatusItem } from '../../src/extension/editor/statusItems.js';
import { createTree, setTooltip, treeItem } from '../../src/extension/editor/trees.js';
import { markdownText } from '../../src/view/plainText.js';
import { ALL_HOSTILE, NEVER_SHOWN } from '../helpers/hostileText.js';

/** As the editor finds links in messages, prompts and what is said above a view. */
const LINK = /\[([^\]]+)\]\(((?:[a-z][a-z0-9+.-]*:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
/** As it finds icons in items of lists and of the status bar. */
const ICON = /(^|[^\\])\$\([a-z0-9-]+(~[a-z]+)?\)/i;

/** Where several lines are meant. */
const LINES = /^(channel\.(append|debug|info|error)|message\.\d\.detail)$/;
const LINKS = /^(message|progress|input\.(prompt|validationMessage)|treeView\.message)/;
const ICONS = /^(progress|pick\.items|input\.(prompt|validationMessage))/;

function assertHarmless({ surface, text }: Shown): void {
  assert.doesNotMatch(text, NEVER_SHOWN, surface);
  if (!LINES.test(surface)) {
    assert.doesNotMatch(text, /[\n\t]/, surface);
    assert.ok(text.length < 12_000, surface);
  }
  if (LINKS.test(surface)) assert.doesNotMatch(text, LINK, surface);
  if (ICONS.test(surface)) assert.doesNotMatch(text, ICON, surface);
}

/** Shows a text everywhere where the extension can show one. */
async function showEverywhere(text: string): Promise<void> {
  for (const kind of ['info', 'warning', 'error'] as const) await say(kind, text, text);
  await ask(text, text, text);
  sayDone(text);
  await working(text, async () => undefined);
  await workingLong(text, { cancellable: true }, async (report) => report({ message: text }));
  createStatusItem('id', 'name', 1).show(
    { parts: [{ icon: 'shield', text }], spoken: text },
    { command: 'codeManager.sessions.show' },
  );
  const { surround } = createTree('view', { treeDataProvider: {} as never });
  surround({ badge: undefined, description: text, message: text });
  treeItem('id', { label: text, description: text, spoken: text, icon: 'folder' });
  const pick = new Pick<{ label: string; description: string; detail: string }>();
  pick.title = text;
  pick.placeholder = text;
  pick.items = [{ label: text, description: text, detail: text }];
  const input = new Input();
  input.title = text;
  input.placeholder = text;
  input.prompt = text;
  input.problem = text;
  const channel = createChannel(text);
  channel.append(text);
  const log = createLog();
  log.debug(text);
  log.info(text);
  log.error(text);
  createTerminal({ name: text });
}

test('hostile text is one harmless line on every surface of the editor, and no link and no icon', async () => {
  for (const text of ALL_HOSTILE) {
    await showEverywhere(text);
    const all = takeShown().filter(({ surface }) => surface !== 'status.text' && surface !== 'status');
    assert.ok(new Set(all.map(({ surface }) => surface)).size >= 25, JSON.stringify(all.map(({ surface }) => surface)));
    for (const shown of all) assertHarmless(shown);
  }
});

test('in the status bar the only icon is our own', async () => {
  for (const text of ALL_HOSTILE) {
    sayDone(text);
    createStatusItem('id', 'name', 1).show(
      { parts: [{ icon: 'shield', text }], spoken: text },
      { command: 'codeManager.sessions.show' },
    );
    for (const shown of takeShown().filter(({ surface }) => surface.startsWith('status'))) {
      assertHarmless(shown);
      if (shown.surface !== 'status' && shown.surface !== 'status.text') continue;
      assert.doesNotMatch(shown.text.replace(/^\$\((?:check|shield)\) /, ''), ICON);
    }
  }
});

test('what is shown reads as it was written', async () => {
  await say('error', 'cat: [Fix it](command:x) $(pwd) "a" <b>');
  assert.equal(takeShown()[0]?.text, 'cat: [Fix it] (command:x) $(pwd) "a" <b>');
  const pick = new Pick<{ label: string }>();
  const item = { label: 'echo $(pwd) [x](y)' };
  pick.items = [item];
  assert.equal(takeShown().find(({ surface }) => surface.endsWith('label'))?.text, 'echo \\$(pwd) [x](y)');
  assert.equal(pick.items[0], item, 'what is chosen is what was given');
});

test('a tooltip trusts nothing, and nothing of a text in it is markup', () => {
  const item = {} as {
    tooltip?: { value: string; isTrusted: boolean; supportHtml: boolean; supportThemeIcons: boolean };
  };
  for (const text of ALL_HOSTILE) {
    setTooltip(item as never, `**${markdownText(text)}**`);
    const { value, ...flags } = item.tooltip ?? { value: '' };
    assert.deepEqual(flags, { isTrusted: false, supportHtml: false, supportThemeIcons: false });
    assert.doesNotMatch(value, NEVER_SHOWN);
    const inner = value.slice(2, -2);
    // Every character that Markdown could mean something by has its backslash, or is an entity.
    assert.doesNotMatch(
      inner.replace(/\\[!-/:-@[-`{-~]/g, '').replace(/&(?:amp|lt|gt);/g, ''),
      /[\\`*_{}[\]()#+\-.!|~$:=@^"<>&\n]/,
    );
  }
});
