import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('The extension', () => {
  it('activates in a real extension host', async () => {
    const extension = vscode.extensions.getExtension('code-manager.code-manager');
    assert.ok(extension, 'not among the extensions');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });
});
