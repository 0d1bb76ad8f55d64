import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { ServerLink } from '../model/serverLink.js';
import type { SessionRows } from '../model/sessionRows.js';
import { statusLine, totals } from '../model/statusLine.js';
import type { Settings } from '../services/settings.js';

/** The one item in the status bar; hidden while there is nothing to say. */
export class StatusBar implements Disposable {
  readonly #link: ServerLink;
  readonly #rows: SessionRows;
  readonly #settings: Settings;
  readonly #item: vscode.StatusBarItem;
  readonly #store = new DisposableStore();

  constructor(link: ServerLink, rows: SessionRows, settings: Settings) {
    this.#link = link;
    this.#rows = rows;
    this.#settings = settings;
    this.#item = vscode.window.createStatusBarItem('codeManager.status', vscode.StatusBarAlignment.Left, 50);
    this.#item.name = 'Code Manager';
    this.#store.add(this.#item);
    this.#store.add(rows.onDidChange(() => this.#update()));
    this.#store.add(link.onDidChange(({ type }) => type === 'status' && this.#update()));
    this.#store.add(settings.onDidChange(['statusBar.enabled'], () => this.#update()));
  }

  dispose(): void {
    this.#store.dispose();
  }

  #update(): void {
    if (!this.#settings.get('statusBar.enabled')) return this.#item.hide();
    if (this.#link.status.kind === 'failed') {
      this.#show('$(error) Code Manager', 'The agent server did not start', 'codeManager.doctor.run');
      return;
    }
    const line = statusLine(totals(this.#rows.all));
    if (line === undefined) this.#item.hide();
    else this.#show(line.text, line.spoken, 'codeManager.sessions.show');
  }

  #show(text: string, spoken: string, command: string): void {
    this.#item.text = text;
    this.#item.tooltip = `Code Manager: ${spoken}`;
    this.#item.accessibilityInformation = { label: `Code Manager: ${spoken}` };
    this.#item.command = command;
    this.#item.show();
  }
}
