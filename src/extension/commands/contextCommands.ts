import { basename } from 'node:path';
import * as vscode from 'vscode';
import { CodeManagerError } from '../../protocol/errors.js';
import { Name, type Context } from '../../protocol/context.js';
import { hasEnded } from '../../protocol/session.js';
import { ask } from '../editor/say.js';
import { machineName, machineOf } from '../../view/machineText.js';
import { countOf, oneLine, shortPath } from '../../view/plainText.js';
import { inputStep, pickStep } from '../quickInput/steps.js';
import type { ServerLink } from '../services/serverLink.js';
import { currentFolder, HOME, localFolders } from '../services/workspaceFolders.js';
import { checksText } from './doctor.js';
import { all } from './controlCommands.js';
import type { Services } from './services.js';
import { contextId } from './targets.js';
import { editContext } from './editContext.js';
import { openFolder } from './openFolder.js';

/** A test of another machine signs in, which may wait for a person. */
const TEST_TIMEOUT_MS = 120_000;

/** Commands about folders in which agents work. */
export function registerContextCommands(services: Services): void {
  const { commands, link, newSession, documents, contextsView, operations } = services;

  commands.register('codeManager.context.add', async () => {
    const id = await addContext(link);
    if (id !== undefined) await contextsView.select(id);
  });
  commands.register('codeManager.context.addThisFolder', async () => {
    const folder = currentFolder();
    if (folder === undefined) {
      await addContext(link);
      return;
    }
    const context = await link.request('context/forPath', { path: folder.path, create: true });
    if (context !== null) await contextsView.select(context.id);
  });
  commands.register('codeManager.context.newSession', async (...args) => {
    const context = await oneContext(link, args, 'New Session');
    if (context === undefined) return;
    await newSession.run({ place: { kind: 'context', contextId: context.id, name: context.name } });
  });

  const test = async (args: readonly unknown[]): Promise<void> => {
    const context = await oneContext(link, args, 'Test Context');
    if (context === undefined) return;
    const params = { context: context.id, timeoutMs: TEST_TIMEOUT_MS };
    const checks = await operations.run(`Testing ${oneLine(context.name, 60)}`, 'context/test', params);
    await documents.show(`test:${context.id}`, `Test of ${oneLine(context.name)}`, checksText(checks));
  };
  commands.register('codeManager.context.test', (...args) => test(args));
  commands.register('codeManager.context.test.ask', () => test([]));

  const edit = async (args: readonly unknown[]): Promise<void> => {
    const context = await oneContext(link, args, 'Edit Context');
    if (context !== undefined) await editContext(link, context);
  };
  commands.register('codeManager.context.edit', (...args) => edit(args));
  commands.register('codeManager.context.edit.ask', () => edit([]));

  const remove = async (args: readonly unknown[]): Promise<void> => {
    const context = await oneContext(link, args, 'Remove Context');
    if (context !== undefined) await removeContext(link, context);
  };
  commands.register('codeManager.context.remove', (...args) => remove(args));
  commands.register('codeManager.context.remove.ask', () => remove([]));

  commands.register('codeManager.context.openFolder', async (...args) => {
    const context = await oneContext(link, args, 'Open Folder');
    if (context !== undefined) await openFolder(context.path, context.machine, link.snapshot);
  });
  commands.register('codeManager.context.copyPath', async (...args) => {
    const context = await oneContext(link, args, 'Copy Path');
    if (context !== undefined) await vscode.env.clipboard.writeText(context.path);
  });
}

async function oneContext(link: ServerLink, args: readonly unknown[], title: string): Promise<Context | undefined> {
  link.open();
  await link.untilKnown();
  if (link.status.kind === 'failed') throw link.status.error;
  const { contexts, machines } = link.snapshot;
  const given = contextId(args);
  if (given !== undefined) return contexts.find(({ id }) => id === given);
  if (contexts.length === 0) {
    throw new CodeManagerError('notFound', 'There are no contexts', { hint: 'Add a folder with "Add Context…".' });
  }
  const result = await pickStep({
    title,
    placeholder: 'Choose a context',
    items: [...contexts]
      .sort((a, b) => a.name.localeCompare(b.name))
      .map((context) => {
        const machine = machineOf(context, machines);
        const place = machine === undefined ? '' : ` · ${oneLine(machineName(machine, machines))}`;
        return {
          iconPath: new vscode.ThemeIcon('folder'),
          label: oneLine(context.name),
          description: `${oneLine(shortPath(context.path, HOME), 200)}${place}`,
          context,
        };
      }),
  });
  return result.kind === 'next' ? result.value.context : undefined;
}

/** Asks for a folder and a name. The id of the new context, or undefined when the person gave up. */
export async function addContext(link: ServerLink): Promise<string | undefined> {
  const path = await askFolder('Add Context (1/2)');
  if (path === undefined) return undefined;
  const result = await inputStep({
    title: 'Add Context (2/2)',
    placeholder: 'Name',
    prompt: `How ${oneLine(shortPath(path, HOME), 200)} is called in lists and on the command line.`,
    value: basename(path) || 'root',
    validate: (value) => Name.safeParse(value).error?.issues[0]?.message,
  });
  if (result.kind !== 'next') return undefined;
  return (await link.request('context/add', { name: result.value.trim(), path })).id;
}

/** A folder of this window, one chosen in the editor's own dialog, or a typed path. */
async function askFolder(title: string): Promise<string | undefined> {
  const folders = localFolders();
  const result = await pickStep<vscode.QuickPickItem & { readonly path?: string }>({
    title,
    placeholder: 'A context is a folder in which agents work',
    items: [
      ...folders.map(({ name, path }) => ({
        iconPath: new vscode.ThemeIcon('folder-active'),
        label: `This folder: ${oneLine(name)}`,
        description: oneLine(shortPath(path, HOME), 200),
        path,
      })),
      { iconPath: new vscode.ThemeIcon('folder-opened'), label: 'Choose a Folder…' },
      { iconPath: new vscode.ThemeIcon('edit'), label: 'Type a Path…', path: '' },
    ],
  });
  if (result.kind !== 'next') return undefined;
  const { path } = result.value;
  if (path === undefined) {
    const [uri] =
      (await vscode.window.showOpenDialog({
        canSelectFiles: false,
        canSelectFolders: true,
        openLabel: 'Add Context',
      })) ?? [];
    return uri?.fsPath;
  }
  if (path !== '') return path;
  const typed = await inputStep({ title, placeholder: '~/src/api', prompt: 'Path of the folder' });
  return typed.kind === 'next' && typed.value.trim() !== '' ? typed.value.trim() : undefined;
}

async function removeContext(link: ServerLink, context: Context): Promise<void> {
  const running = link.snapshot.sessions.filter((session) => session.contextId === context.id && !hasEnded(session));
  const message = `Remove context "${oneLine(context.name, 60)}"?`;
  const stopAll = 'Stop Sessions and Remove';
  const action =
    running.length === 0
      ? await ask(message, 'Its folder and the records of its sessions stay.', 'Remove')
      : await ask(
          message,
          `${countOf(running.length, 'session is', 'sessions are')} running in it. They go on; their records stay.`,
          'Remove',
          stopAll,
        );
  if (action === undefined) return;
  if (action === stopAll) await all(running, ({ id }) => link.request('session/stop', { session: id }));
  await link.request('context/remove', { context: context.id, force: running.length > 0 });
}
