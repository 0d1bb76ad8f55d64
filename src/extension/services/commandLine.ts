import { chmod, lstat, mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type * as vscode from 'vscode';
import { readText, writeNew } from '../../common/files.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { say } from '../editor/say.js';
import { HOME } from './workspaceFolders.js';

/** Where our `cm` lies: one for all windows, kept over updates of the extension. */
function shimFolder(context: vscode.ExtensionContext): string {
  return join(context.globalStorageUri.fsPath, 'bin');
}

/** A script that runs `cm` with Node 20 or newer from PATH, else with the runtime of the editor itself. */
function shimText(cmPath: string, runtime: string): string {
  const quote = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;
  return [
    '#!/bin/sh',
    '# Made by Code Manager for the integrated terminals of the editor.',
    'case "$(node --version 2>/dev/null)" in',
    `  v[2-9][0-9].*) exec node -- ${quote(cmPath)} "$@" ;;`,
    'esac',
    `ELECTRON_RUN_AS_NODE=1 exec ${quote(runtime)} -- ${quote(cmPath)} "$@"`,
    '',
  ].join('\n');
}

/** Makes `cm` work in every integrated terminal that is opened from here on. */
export async function offerCommandLine(context: vscode.ExtensionContext): Promise<void> {
  const folder = shimFolder(context);
  const path = join(folder, 'cm');
  const text = shimText(context.asAbsolutePath(join('dist', 'cm.js')), process.execPath);
  if ((await readText(path).catch(() => '')) !== text) {
    await mkdir(folder, { recursive: true });
    const fresh = `${path}.${process.pid}.tmp`;
    await rm(fresh, { force: true });
    await writeNew(fresh, text);
    await chmod(fresh, 0o755);
    await rename(fresh, path);
  }
  const variables = context.environmentVariableCollection;
  variables.description = 'Adds the `cm` command of Code Manager.';
  variables.prepend('PATH', `${folder}${delimiter}`, {
    applyAtProcessCreation: true,
    // A login shell may put its own folders in front.
    applyAtShellIntegration: true,
  });
}

/** Links our `cm` into a folder of the person, so that every terminal finds it. */
export async function installCommandLine(context: vscode.ExtensionContext): Promise<void> {
  await offerCommandLine(context);
  const target = join(shimFolder(context), 'cm');
  const folder = join(HOME, '.local', 'bin');
  const link = join(folder, 'cm');
  await mkdir(folder, { recursive: true });
  const existing = await lstat(link).catch(() => undefined);
  if (existing !== undefined) {
    const isOurs = existing.isSymbolicLink() && (await readlink(link)).includes('code-manager');
    if (!isOurs) {
      throw new CodeManagerError('conflict', `${link} is there already and not ours`, {
        hint: 'Remove or rename it, then try again.',
      });
    }
    await rm(link);
  }
  await symlink(target, link);
  const isInPath = (process.env['PATH'] ?? '').split(delimiter).includes(folder);
  const hint = isInPath ? '' : ` Add ${folder} to your PATH to use it.`;
  void say('info', `Installed 'cm' as ${link}.${hint}`);
}
