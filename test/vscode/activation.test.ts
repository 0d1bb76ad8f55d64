import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, VIEWS } from '../../src/extension/model/ids.js';

const ID = 'code-manager.code-manager';

/** Commands that the editor makes by itself for each view and its container. */
const BY_THE_EDITOR = /^codeManager\.(sessions|contexts)\.(focus|open|resetViewLocation|removeView|toggleVisibility)$/;

describe('The extension', () => {
  it('activates in a real extension host', async () => {
    const extension = vscode.extensions.getExtension(ID);
    assert.ok(extension, 'not among the extensions');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('registers the commands that the manifest names', async () => {
    await vscode.extensions.getExtension(ID)?.activate();
    const registered = (await vscode.commands.getCommands(true)).filter(
      (id) => id.startsWith('codeManager.') && !BY_THE_EDITOR.test(id),
    );
    assert.deepEqual(registered.sort(), [...COMMANDS].sort());
  });

  it('has its views', async () => {
    for (const view of Object.values(VIEWS)) await vscode.commands.executeCommand(`${view}.focus`);
  });
});
