import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { editorEnvironment, waitFor } from '../../scripts/lib/processes.mjs';
import { createWorkspace } from '../../scripts/lib/workspace.mjs';
import { tempDir } from '../helpers/tempDir.js';
import { withWorkbench, type Workbench } from './workbench.js';

/** Opens New Session… up to its last step. */
async function upToTask(workbench: Workbench, agent: string): Promise<void> {
  await workbench.showSideBar();
  await workbench.runCommand('Code Manager: New Session…');
  await workbench.quickInput.waitForTitle('New Session (1/3)');
  await workbench.quickInput.accept();
  await workbench.quickInput.waitForTitle('New Session (2/3)');
  await workbench.quickInput.pick(agent);
  await workbench.quickInput.waitForTitle('New Session (3/3)');
}

test('a session can be named and given arguments, and the same can be started again', async (t) => {
  await withWorkbench(t, {}, async (workbench) => {
    const { quickInput } = workbench;
    await upToTask(workbench, 'Run a Command…');
    await quickInput.input.fill('echo "$GREETING"');
    await quickInput.widget.getByRole('button', { name: 'Options' }).click();
    await quickInput.pick('Name');
    await quickInput.accept('my-command');
    await quickInput.pick('Environment');
    await quickInput.accept('GREETING="hello there"');
    await quickInput.waitForTitle('New Session: Options');
    await quickInput.widget.getByRole('button', { name: 'Back' }).click();
    await quickInput.waitForTitle('New Session (3/3)');
    assert.equal(await quickInput.input.inputValue(), 'echo "$GREETING"');
    await quickInput.accept();
    await workbench.waitForOutput(/^hello there$/);
    await workbench.waitForOutput(/^— completed, after \d+s —$/);

    const sessions = workbench.tree('Sessions');
    // It may have ended before its log was looked at, or behind that.
    const group = await sessions.waitForRow('its group', ({ label }) => label === 'Ended' || label === 'To review');
    if (group.label === 'Ended') await sessions.row('Ended').click();
    await sessions.waitForRow('the row', ({ label }) => label === 'my-command');
    await workbench.runCommand('Code Manager: New Session (Same as Last)…');
    await quickInput.waitForTitle('New Session (Same as Last)');
    await quickInput.accept('echo once more');
    await workbench.waitForOutput(/^once more$/);
  });
});

test('the steps can be gone back from, and a command that is empty is not started', async (t) => {
  const work = tempDir(t);
  const real = await createWorkspace(join(work, 'real'));
  const folder = join(work, 'link');
  symlinkSync(real, folder);
  await withWorkbench(t, { folder }, async (workbench) => {
    const { quickInput } = workbench;
    await workbench.showSideBar();
    execFileSync(process.execPath, [join(repoRoot, 'dist', 'cm.js'), 'ctx', 'add', 'own', real], {
      env: { ...editorEnvironment(), CM_HOME: workbench.cmHome },
    });
    await workbench.tree('Contexts').waitForRow('the context', ({ label }) => label === 'own');
    await workbench.runCommand('Code Manager: New Session…');
    const labels = async () => (await quickInput.items()).map(({ label }) => label);
    await waitFor('the folder', async () => (await labels()).some((label) => label.startsWith('This folder')));
    assert.deepEqual(
      await labels(),
      ['This folder: own', 'Add Context…', 'Add SSH Host…'],
      'once, whatever leads to it',
    );
    await quickInput.cancel();
    await upToTask(workbench, 'Run a Command…');
    await quickInput.accept('');
    await quickInput.waitForTitle('New Session (3/3)');
    for (const title of ['New Session (2/3)', 'New Session (1/3)']) {
      await quickInput.widget.getByRole('button', { name: 'Back' }).click();
      await quickInput.waitForTitle(title);
    }
    await quickInput.cancel();
    assert.equal(await workbench.notification('').count(), 0);
  });
});

test('a task of several lines is written in an editor and started from its title bar', async (t) => {
  await withWorkbench(t, {}, async (workbench) => {
    const { quickInput, page } = workbench;
    await upToTask(workbench, 'Run a Command…');
    await quickInput.input.fill('echo first; ');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.evaluate(`navigator.clipboard.writeText('echo second\\n\\n  echo third\\n')`);
    await page.keyboard.press('End');
    await page.keyboard.press('Control+v');
    await waitFor('that a box has no lines', async () => (await quickInput.message()).includes('Pasted as one line'));
    await workbench.screenshot('pasted-in-a-browser');
    await quickInput.widget.getByRole('button', { name: 'Write in Editor' }).click();
    const draft = page.locator('.editor-instance .monaco-editor.focused');
    await draft.getByText('echo third').waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.type('echo fourth');
    assert.deepEqual(await workbench.editorLines(), ['echo first; echo second', '', '  echo third', '  echo fourth']);
    await page.locator('.editor-actions').getByRole('button', { name: 'Start Session' }).click();
    for (const line of [/^first$/, /^second$/, /^third$/, /^fourth$/]) await workbench.waitForOutput(line);
    await page.locator('.editor-instance').waitFor({ state: 'detached' });

    // The browser has let us look: from then on it goes by itself.
    await workbench.runCommand('Code Manager: New Session (Same as Last)…');
    await quickInput.waitForTitle('New Session (Same as Last)');
    await quickInput.input.press('Control+v');
    await draft.getByText('echo third').waitFor();
    assert.deepEqual(await workbench.editorLines(), ['echo second', '', '  echo third']);
  });
});

test('what has changed in the folder of a session is shown file by file', async (t) => {
  await withWorkbench(t, {}, async (workbench) => {
    await upToTask(workbench, 'Run a Command…');
    await workbench.quickInput.accept('sleep 600');
    // Its start is over when it has been selected: nothing then closes the menu.
    const row = await workbench
      .tree('Sessions')
      .waitForRow('the row', ({ level, selected }) => level === 2 && selected);
    await writeFile(join(workbench.folder ?? '', 'README.md'), '# Changed by an agent\n');
    await workbench.tree('Sessions').pickFromMenu(row.label, 'Show Changes');
    await workbench.page.getByRole('tab', { name: /^Changes of / }).waitFor();
    await workbench.page.getByText('Changed by an agent').first().waitFor();
  });
});
