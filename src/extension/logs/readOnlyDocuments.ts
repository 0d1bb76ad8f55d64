import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';

/** The scheme of documents that exist only while they are shown. */
const SCHEME = 'code-manager';

/** Texts that are shown in a read-only editor: whole logs, findings of the doctor, requests. */
export class ReadOnlyDocuments implements vscode.TextDocumentContentProvider, Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #store = new DisposableStore();

  constructor() {
    this.#store.add(this.#changed);
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
    this.#store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())));
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changed.event;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  /**
   * @param id the same id replaces the text that is shown
   * @param title what stands on the tab
   */
  async show(id: string, title: string, text: string, options: { atEnd?: boolean } = {}): Promise<void> {
    const path = `/${title.replace(/[/\\\s]+/g, ' ').trim()}`;
    const uri = vscode.Uri.from({ scheme: SCHEME, path, query: id });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    if (options.atEnd === true) {
      const last = document.lineAt(document.lineCount - 1).range;
      editor.revealRange(last, vscode.TextEditorRevealType.Default);
    }
  }

  dispose(): void {
    this.#store.dispose();
    this.#texts.clear();
  }
}
