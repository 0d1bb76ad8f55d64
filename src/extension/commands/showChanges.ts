import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Session } from '../../protocol/session.js';
import { say } from '../editor/say.js';
import { machineElsewhere } from '../../view/machineText.js';
import { countOf, oneLine } from '../../view/plainText.js';
import type { ServerLink } from '../services/serverLink.js';
import { pickStep } from '../quickInput/steps.js';
import { askAboutChanges } from './ownGitQuestion.js';
import { openFolder, specOfMachine } from './openFolder.js';
import type { Services } from './services.js';

/** The part of the built-in git extension that is used here. */
interface GitExtension {
  getAPI(version: 1): { toGitUri(uri: vscode.Uri, ref: string): vscode.Uri };
}

interface File {
  readonly path: string;
  readonly status: string;
}

type Change = readonly [label: vscode.Uri, original: vscode.Uri | undefined, modified: vscode.Uri | undefined];

/** Shows what git says has changed in the session's folder, all files in one editor. */
export async function showChanges(services: Services, session: Session): Promise<void> {
  const { link } = services;
  const { root, branch, files, own } = await link.request('session/changes', { session: session.id });
  if (own !== null) {
    void askAboutChanges(services, session, own)
      .then(async (isAllowed) => isAllowed && (await showChanges(services, session)))
      .catch((error: unknown) => services.problems.show(error, 'show changes'));
  }
  const name = oneLine(session.name, 60);
  if (root === null) {
    void say('info', `The folder of ${name} is no git repository.`);
    return;
  }
  if (files.length === 0) {
    void say('info', `Nothing has changed in the folder of ${name}.`);
    return;
  }
  const machine = machineElsewhere(session, link.snapshot.machines);
  if (machine !== undefined) return await pickThere(link, session, machine, { root, branch, files });
  const toGitUri = await gitUris();
  if (toGitUri === undefined) return await pickFile(name, root, files);
  const changes = files.map(({ path, status }): Change => {
    const uri = vscode.Uri.file(join(root, path));
    const isNew = /[?A]/.test(status);
    const isGone = status.includes('D');
    return [uri, isNew ? undefined : toGitUri(uri, 'HEAD'), isGone ? undefined : uri];
  });
  const title = `Changes of ${name}${branch === null ? '' : ` on ${oneLine(branch, 60)}`}`;
  await vscode.commands.executeCommand('vscode.changes', title, changes);
}

/** The files are on another machine: which ones, and a window there to look into them. */
async function pickThere(
  link: ServerLink,
  session: Session,
  machine: string,
  { root, branch, files }: { readonly root: string; readonly branch: string | null; readonly files: readonly File[] },
): Promise<void> {
  const result = await pickStep({
    title: `Changes of ${oneLine(session.name, 60)}${branch === null ? '' : ` on ${oneLine(branch, 60)}`} · @${oneLine(machine, 60)}`,
    placeholder: `${countOf(files.length, 'changed file')}; choose one to open the folder on ${oneLine(machine, 60)}`,
    items: files.map(({ path, status }) => ({ label: oneLine(path, 200), description: oneLine(status) })),
  });
  if (result.kind !== 'next') return;
  await openFolder(root, specOfMachine(session.machineId, link.snapshot), link.snapshot);
}

async function gitUris(): Promise<((uri: vscode.Uri, ref: string) => vscode.Uri) | undefined> {
  try {
    const git = await vscode.extensions.getExtension<GitExtension>('vscode.git')?.activate();
    const api = git?.getAPI(1);
    return api === undefined ? undefined : (uri, ref) => api.toGitUri(uri, ref);
  } catch {
    // Without git there is nothing to compare with; the files themselves can still be opened.
    return undefined;
  }
}

async function pickFile(name: string, root: string, files: readonly File[]): Promise<void> {
  const result = await pickStep({
    title: `Changes of ${name}`,
    placeholder: 'Open a changed file',
    items: files.map(({ path, status }) => ({ label: oneLine(path, 200), description: oneLine(status), path })),
  });
  if (result.kind === 'next') await vscode.window.showTextDocument(vscode.Uri.file(join(root, result.value.path)));
}
