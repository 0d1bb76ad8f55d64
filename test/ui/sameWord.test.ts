import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { editorEnvironment, runOrThrow, waitFor } from '../../scripts/lib/processes.mjs';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { withWorkbench } from './workbench.js';

test('two windows and cm show the same word of a session, whoever changed it', async (t) => {
  await withWorkbench(t, {}, async (workbench) => {
    const other = await workbench.openWindow();
    const windows = [workbench, other];
    for (const window of windows) await window.showSideBar();
    const cm = async (...args: readonly string[]): Promise<string> =>
      (
        await runOrThrow(process.execPath, [join(repoRoot, 'dist', 'cm.js'), ...args], {
          cwd: workbench.folder ?? workbench.cmHome,
          env: { ...editorEnvironment(), CM_HOME: workbench.cmHome },
        })
      ).trim();

    /** The session stands in this group in every window, its row says this, and `cm status` has the same word. */
    const shown = async (group: string, words: string, status: RegExp): Promise<void> => {
      for (const window of windows) {
        await waitFor(`${words} in ${group}`, async () => {
          const rows = await window.tree('Sessions').rows();
          const at = rows.findIndex(({ label }) => label === 'shared');
          const heading = rows.slice(0, at).findLast(({ level }) => level === 1)?.label;
          return at >= 0 && heading === group && rows[at]?.description.includes(words) === true;
        });
      }
      assert.match(await cm('status'), status);
    };

    await cm('start', 'shell', 'read answer; exit 3', '--name', 'shared');
    await shown('Working', 'Running', /shared .* Running /);
    await cm('send', 'shared', 'go');
    await shown('To review', 'Failed · exit 3', /shared .* Failed .* exit 3/);
    await other.tree('Sessions').pickFromMenu('shared', 'Archive');
    for (const window of windows) {
      await waitFor('the row to go', async () =>
        (await window.tree('Sessions').rows()).every(({ label }) => label !== 'shared'),
      );
    }
    assert.doesNotMatch(await cm('status'), /shared/);
  });
});
