import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { ContextKeys } from '../services/contextKeys.js';
import type { Draft } from './draft.js';

/** Tasks that are written in an editor before they are started: an untitled document each. */
export class TaskDrafts implements Disposable {
  readonly #keys: ContextKeys;
  readonly #drafts = new Map<string, Draft>();
  readonly #store = new DisposableStore();

  constructor(keys: ContextKeys) {
    this.#keys = keys;
    this.#store.add(vscode.window.onDidChangeActiveTextEditor(() => this.#update()));
    this.#store.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#drafts.delete(uri.toString());
        this.#update();
      }),
    );
  }

  /** Opens the draft's task in an editor that has Start in its title bar. */
  async open(draft: Draft): Promise<void> {
    const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: draft.task });
    this.#drafts.set(document.uri.toString(), draft);
    const end = document.lineAt(document.lineCount - 1).range.end;
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(end, end) });
    this.#update();
  }

  /** The draft in the active editor with its present text; undefined when that is none. */
  get active(): Draft | undefined {
    const document = vscode.window.activeTextEditor?.document;
    const draft = document === undefined ? undefined : this.#drafts.get(document.uri.toString());
    return draft === undefined || document === undefined ? undefined : { ...draft, task: document.getText() };
  }

  /** Closes the active draft without asking whether to save it: it has been started. */
  async closeActive(): Promise<void> {
    if (this.active !== undefined) await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  }

  dispose(): void {
    this.#store.dispose();
  }

  #update(): void {
    this.#keys.set('codeManager.isTaskDraft', this.active !== undefined);
  }
}
