import { homedir } from 'node:os';
import * as vscode from 'vscode';

/** Folders of this window that lie on the machine where the extension runs. */
export function localFolders(): readonly { readonly name: string; readonly path: string }[] {
  return (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file' || uri.scheme === 'vscode-remote')
    .map(({ name, uri }) => ({ name, path: uri.fsPath }));
}

/** The folder of the active editor, else the first one. */
export function currentFolder(): { readonly name: string; readonly path: string } | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folder = active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active);
  const folders = localFolders();
  return folders.find(({ path }) => path === folder?.uri.fsPath) ?? folders[0];
}

/** Whether a path lies in a folder of this window that the person does not trust. */
export function isUntrusted(path: string): boolean {
  return !vscode.workspace.isTrusted && localFolders().some((folder) => isInside(path, folder.path));
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

export const HOME = homedir();
