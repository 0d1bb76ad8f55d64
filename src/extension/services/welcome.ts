import * as vscode from 'vscode';

/** As the manifest names it, behind the id of the extension. */
const WALKTHROUGH = 'code-manager.code-manager#start';
/** Set by `npm start`. An editor that has installed the extension opens the walkthrough by itself. */
const WANTED = 'CM_WELCOME';
const WELCOMED = 'welcomed';

/** Shows where to begin, once: our views and the walkthrough. */
export async function welcome(memory: vscode.Memento): Promise<void> {
  if (process.env[WANTED] !== '1' || memory.get(WELCOMED) === true) return;
  await memory.update(WELCOMED, true);
  await vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH);
  await vscode.commands.executeCommand('workbench.view.extension.codeManager');
}
