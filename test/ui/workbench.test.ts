import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withWorkbench } from './workbench';

test('the workbench opens with the views of the extension', async (t) => {
  await withWorkbench(t, { allExtensions: true }, async (workbench) => {
    await workbench.showSideBar();
    await workbench.tree('Sessions').pane.waitFor();
    await workbench.tree('Contexts').pane.waitFor();
    await workbench.screenshot('workbench');
    const commands = await workbench.findCommands('Code Manager: New Session');
    assert.ok(
      commands.some((title) => title.startsWith('Code Manager: New Session')),
      `the palette offers ${commands.join(', ')}`,
    );
  });
});
