import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { FixtureServer, machinesOfAllKinds, minutesAgo } from '../helpers/fixtureServer.js';
import { pendingRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';
import { pickMenuItem } from './treeView.js';
import { withWorkbench, type Workbench } from './workbench.js';

/** A click on it would open the palette; an icon and an image would be drawn, and the rest of the line turned. */
const EVIL = '[Fix it](command:workbench.action.showCommands) $(alert) **b** <img src=x> \u202erun';
const SEEN = /\[Fix it\] ?\(command:workbench\.action\.showCommands\) \$\(alert\) \*\*b\*\* <img src=x>/;
/** As much of it as a narrow place has room for. */
const BEGINS = /\[Fix it\] ?\(command:/;

function evilPicture() {
  const picture = machinesOfAllKinds();
  const request = pendingRecord({ id: 'evil', command: EVIL, question: EVIL, text: EVIL });
  return {
    ...picture,
    machines: picture.machines.map((machine) =>
      machine.host === 'gpu-1' ? { ...machine, problem: { message: EVIL, command: EVIL } } : machine,
    ),
    contexts: picture.contexts.map((context) =>
      context.id === 'notes' ? { ...context, name: EVIL, path: `/tmp/${EVIL}`, tags: [EVIL] } : context,
    ),
    sessions: picture.sessions.map((session) =>
      session.name === 'write-notes'
        ? {
            ...session,
            name: EVIL,
            contextName: EVIL,
            task: EVIL,
            path: `/tmp/${EVIL}`,
            toolVersion: EVIL,
            state: 'waiting' as const,
            phase: null,
            waiting: { kind: 'permission' as const, text: EVIL },
            request,
          }
        : session,
    ),
  };
}

/** Links, icons and images that a text could have become, wherever the window shows texts. */
async function acting(workbench: Workbench): Promise<readonly string[]> {
  const selectors = [
    '.notification-list-item-message a',
    '.notification-list-item-message .codicon',
    '.dialog-message-container a',
    '.quick-input-message a',
    '.quick-input-message .codicon',
    '.quick-input-title a',
    '.quick-input-list a[href]',
    '.monaco-icon-label a[href]',
    '.monaco-icon-label .codicon-alert',
    '.monaco-icon-label img',
    '.monaco-icon-label b',
    '.monaco-hover a',
    '.monaco-hover img',
    '.monaco-hover .codicon-alert',
    '.tree-explorer-viewlet-tree-view .message a',
    '.statusbar .codicon-alert',
  ];
  const found: string[] = [];
  for (const selector of selectors) if ((await workbench.page.locator(selector).count()) > 0) found.push(selector);
  const text = await workbench.page.locator('body').innerText();
  if (text.includes('\u202e')) found.push('U+202E');
  return found;
}

test('a hostile name, request, error and path is text on every surface, and a click on it does nothing', async (t) => {
  const home = join(tempDir(t), 'cm');
  const server = await FixtureServer.start(t, home, evilPicture());
  server.scripted.on('session/answer', () => {
    throw new CodeManagerError('internal', EVIL, { hint: EVIL });
  });
  server.scripted.on('session/send', () => {
    throw new CodeManagerError('conflict', EVIL, { hint: EVIL });
  });
  await withWorkbench(t, { env: { CM_HOME: home } }, async (workbench) => {
    const { page, quickInput } = workbench;
    const harmless = async (where: string): Promise<void> => assert.deepEqual(await acting(workbench), [], where);
    await workbench.showSideBar();
    const sessions = workbench.tree('Sessions');
    const row = await sessions.waitForRow('the session', ({ label }) => BEGINS.test(label));
    assert.match(row.label, /<U\+202E>run|…$/);
    await harmless('rows');
    const place = sessions.pane.locator('[role="treeitem"]').filter({ hasText: 'Fix it' }).first();
    await place.hover();
    await page.locator('.monaco-hover').filter({ hasText: 'Fix it' }).first().waitFor({ timeout: 15_000 });
    await harmless('the tooltip');

    // Its notification.
    const asking = server.session(EVIL);
    server.change(asking.id, {
      request: pendingRecord({ id: 'next', command: EVIL, text: EVIL }),
      changed: minutesAgo(0),
    });
    const toast = workbench.notification('Fix it').first();
    await toast.waitFor({ timeout: 30_000 });
    assert.match(await toast.innerText(), SEEN);
    await harmless('a notification');
    await toast.locator('.notification-list-item-message').click();
    assert.equal(await quickInput.widget.count(), 0, 'a click on its text opens nothing');

    // The answers, and what is asked.
    await toast.getByRole('button', { name: 'Answer…' }).click();
    await quickInput.waitForTitle(BEGINS);
    await harmless('the answers');
    await quickInput.pick('Yes');
    const failed = workbench
      .notification(/Fix it/)
      .filter({ hasText: 'Show Log' })
      .first();
    await failed.waitFor({ timeout: 30_000 });
    await harmless('an error');
    await failed.locator('.notification-list-item-message').click();
    assert.equal(await quickInput.widget.count(), 0, 'nor does one on an error');

    // A prompt, and a refusal.
    await place.click({ button: 'right' });
    await pickMenuItem(page, 'Send…');
    await waitFor('the prompt', async () => BEGINS.test(await quickInput.message()));
    await harmless('a prompt');
    await quickInput.cancel();

    // A question.
    await place.click({ button: 'right' });
    await pickMenuItem(page, 'Kill');
    await workbench.dialog.waitFor();
    assert.match(await workbench.dialog.innerText(), BEGINS);
    await harmless('a question');
    await page.keyboard.press('Escape');

    // Lists.
    await workbench.runCommand('Code Manager: Show Sessions');
    await waitFor('the list', async () => (await quickInput.items()).some(({ label }) => BEGINS.test(label)));
    await harmless('a list');
    await quickInput.cancel();

    // Contexts and machines.
    const contexts = workbench.tree('Contexts');
    await contexts.waitForRow('the context', ({ label }) => BEGINS.test(label));
    await contexts.pane.locator('[role="treeitem"]').filter({ hasText: 'Fix it' }).first().hover();
    await harmless('a context');
  });
});
