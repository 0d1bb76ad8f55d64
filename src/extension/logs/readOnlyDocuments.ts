import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { neutralise } from '../../common/terminalText.js';
import { oneLine } from '../../view/plainText.js';
import { TEXT_LANGUAGE } from '../model/textLanguage.js';

/** The scheme of documents that exist only while they are shown. */
const SCHEME = 'code-manager';

export interface DocumentOptions {
  /** Scrolled to its end. */
  readonly atEnd?: boolean;
  readonly preserveFocus?: boolean;
  /** Output of programs: its lines are as wide as they are. */
  readonly isLog?: boolean;
}

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
  async show(id: string, title: string, text: string, options: DocumentOptions = {}): Promise<void> {
    const uri = uriOf(id, title);
    const shown = neutralise(text);
    this.#texts.set(uri.toString(), shown);
    this.#changed.fire(uri);
    let document = await vscode.workspace.openTextDocument(uri);
    if (options.isLog !== true && document.languageId !== TEXT_LANGUAGE) {
      document = await vscode.languages.setTextDocumentLanguage(document, TEXT_LANGUAGE);
      // For the editor that is to close a document and to open another.
      this.#texts.set(uri.toString(), shown);
    }
    const editor = await vscode.window.showTextDocument(document, {
      preview: false,
      preserveFocus: options.preserveFocus ?? false,
    });
    if (options.atEnd === true) {
      const last = document.lineAt(document.lineCount - 1).range;
      editor.revealRange(last, vscode.TextEditorRevealType.Default);
    }
  }

  /** Closes the tabs of a document that has served its purpose. */
  async close(id: string, title: string): Promise<void> {
    const uri = uriOf(id, title).toString();
    const tabs = vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri);
    await vscode.window.tabGroups.close(tabs, true);
  }

  dispose(): void {
    this.#store.dispose();
    this.#texts.clear();
  }
}

function uriOf(id: string, title: string): vscode.Uri {
  return vscode.Uri.from({
    scheme: SCHEME,
    path: `/${oneLine(title)
      .replace(/[/\\\s]+/g, ' ')
      .trim()}`,
    query: id,
  });
}
