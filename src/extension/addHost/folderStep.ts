import * as vscode from 'vscode';
import { DisposableStore } from '../../common/disposable.js';
import { errorText } from '../../protocol/errors.js';
import { Pick } from '../editor/quickInputs.js';
import { oneLine } from '../../view/plainText.js';
import { folderEntries, typedFolder, type FolderEntry } from '../model/remoteFolders.js';
import { interruption } from '../quickInput/interruption.js';
import type { StepResult } from '../quickInput/steps.js';

/** Lists the folders in a folder of the machine; `~` is the home there. */
export type LoadFolders = (
  path: string,
  options: { readonly signal: AbortSignal; readonly onProgress: (message: string) => void },
) => Promise<{ readonly path: string; readonly folders: readonly string[] }>;

export interface FolderStepOptions {
  readonly title: string;
  /** Name of the machine. */
  readonly host: string;
  /** Where the walk begins. */
  readonly start: string;
  readonly load: LoadFolders;
  readonly canGoBack: boolean;
}

interface FolderItem extends vscode.QuickPickItem {
  /** Undefined: the failed folder once more. */
  readonly entry?: FolderEntry;
}

const TEXTS = {
  use: { icon: 'check', label: 'Use This Folder' },
  parent: { icon: 'arrow-up', label: '..' },
  folder: { icon: 'folder', label: '' },
  typed: { icon: 'arrow-right', label: 'Go to' },
} as const satisfies Record<FolderEntry['kind'], { icon: string; label: string }>;

/** Lets the person walk through the folders of another machine, or type a path. */
export async function folderStep(options: FolderStepOptions): Promise<StepResult<string>> {
  const store = new DisposableStore();
  const pick = store.add(new Pick<FolderItem>());
  const { editor } = pick;
  pick.title = options.title;
  editor.ignoreFocusOut = true;
  editor.buttons = options.canGoBack ? [vscode.QuickInputButtons.Back] : [];
  let loading = new AbortController();
  let items: readonly FolderItem[] = [];
  const showItems = (): void => {
    const typed = typedFolder(editor.value);
    pick.items = typed === undefined ? items : [...items, itemOf(typed)];
  };
  const go = async (path: string): Promise<void> => {
    loading.abort();
    const { signal } = (loading = new AbortController());
    editor.busy = true;
    pick.placeholder = `Reading ${oneLine(path)} on ${oneLine(options.host)}…`;
    editor.value = '';
    const onProgress = (message: string): void => {
      if (!signal.aborted) pick.placeholder = oneLine(message);
    };
    try {
      const found = await options.load(path, { signal, onProgress });
      if (signal.aborted) return;
      items = folderEntries(found.path, found.folders).map(itemOf);
      pick.placeholder = `${oneLine(found.path, 200)} on ${oneLine(options.host)}; choose a folder or type a path`;
    } catch (error) {
      if (signal.aborted) return;
      const text = oneLine(errorText(error), 300);
      items = [
        { iconPath: new vscode.ThemeIcon('refresh'), label: 'Try Again', description: oneLine(path), detail: text },
      ];
      pick.placeholder = `${oneLine(path)} on ${oneLine(options.host)} could not be read`;
      again = path;
    }
    editor.busy = false;
    showItems();
  };
  let again = options.start;
  try {
    return await new Promise<StepResult<string>>((resolve) => {
      store.add(editor.onDidTriggerButton(() => resolve({ kind: 'back' })));
      store.add(editor.onDidChangeValue(showItems));
      store.add(
        editor.onDidAccept(() => {
          const item = pick.active;
          if (item === undefined || editor.busy) return;
          if (item.entry?.kind === 'use') resolve({ kind: 'next', value: item.entry.path });
          else void go(item.entry?.path ?? again);
        }),
      );
      store.add(
        editor.onDidHide(() => {
          if (!interruption.isRunning) resolve({ kind: 'cancel' });
        }),
      );
      store.add(interruption.onOver(() => editor.show()));
      editor.show();
      void go(options.start);
    });
  } finally {
    loading.abort();
    store.dispose();
  }
}

function itemOf(entry: FolderEntry): FolderItem {
  const { icon, label } = TEXTS[entry.kind];
  const item = { iconPath: new vscode.ThemeIcon(icon), entry };
  switch (entry.kind) {
    case 'use':
      return { ...item, label, description: oneLine(entry.path, 200) };
    case 'parent':
      return { ...item, label, description: oneLine(entry.path, 200) };
    case 'folder':
      return { ...item, label: oneLine(entry.name) };
    case 'typed':
      return { ...item, label: `${label} ${oneLine(entry.path, 200)}`, alwaysShow: true };
  }
}
