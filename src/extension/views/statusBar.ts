import * as vscode from 'vscode';
import { systemClock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { CommandId } from '../ids.js';
import { awayMachines, awayText } from '../model/awayMachines.js';
import { labelText } from '../model/plainText.js';
import type { ServerLink } from '../model/serverLink.js';
import type { SessionRows } from '../model/sessionRows.js';
import { policyLine, statusLine, totals } from '../model/statusLine.js';
import type { Settings } from '../services/settings.js';

/** The items of the status bar, each hidden while it has nothing to say: sessions, machines that are away, rules. */
export class StatusBar implements Disposable {
  readonly #link: ServerLink;
  readonly #rows: SessionRows;
  readonly #settings: Settings;
  readonly #sessions: vscode.StatusBarItem;
  readonly #machines: vscode.StatusBarItem;
  readonly #policy: vscode.StatusBarItem;
  readonly #store = new DisposableStore();
  #wake: { cancel(): void } | undefined;

  constructor(link: ServerLink, rows: SessionRows, settings: Settings) {
    this.#link = link;
    this.#rows = rows;
    this.#settings = settings;
    const item = (id: string, name: string, priority: number): vscode.StatusBarItem => {
      const made = this.#store.add(vscode.window.createStatusBarItem(id, vscode.StatusBarAlignment.Left, priority));
      made.name = name;
      return made;
    };
    this.#sessions = item('codeManager.status', 'Code Manager', 50);
    this.#machines = item('codeManager.machines', 'Code Manager: Machines', 49);
    this.#policy = item('codeManager.policy', 'Code Manager: Auto-Approval', 48);
    this.#store.add(rows.onDidChange(() => this.#update()));
    this.#store.add(link.onDidChange(({ type }) => type === 'status' && this.#update()));
    this.#store.add(settings.onDidChange(['statusBar.enabled'], () => this.#update()));
  }

  dispose(): void {
    this.#wake?.cancel();
    this.#store.dispose();
  }

  #update(): void {
    this.#wake?.cancel();
    if (!this.#settings.get('statusBar.enabled')) {
      this.#sessions.hide();
      this.#machines.hide();
      this.#policy.hide();
      return;
    }
    this.#updateSessions();
    this.#updateMachines();
    this.#updatePolicy();
  }

  #updateSessions(): void {
    if (this.#link.status.kind === 'failed') {
      show(this.#sessions, '$(error) Code Manager', 'The agent server did not start', {
        command: 'codeManager.doctor.run',
      });
      return;
    }
    const line = statusLine(totals(this.#rows.all));
    if (line === undefined) this.#sessions.hide();
    else show(this.#sessions, line.text, line.spoken, { command: 'codeManager.sessions.show' });
  }

  #updatePolicy(): void {
    const line = policyLine(this.#link.snapshot.policy);
    if (line === undefined) this.#policy.hide();
    else show(this.#policy, line.text, line.spoken, { command: 'codeManager.policy.off' });
  }

  #updateMachines(): void {
    const away = awayMachines(this.#rows.all, this.#link.snapshot.machines, Date.now());
    if (away.nextIn !== undefined) this.#wake = systemClock.after(away.nextIn, () => this.#update());
    const line = awayText(away);
    const [only] = away.machines;
    if (line === undefined || only === undefined) return this.#machines.hide();
    const isOne = away.machines.length === 1;
    show(this.#machines, line.text, line.spoken, {
      command: isOne ? 'codeManager.machine.reconnect' : 'codeManager.machine.reconnect.ask',
      ...(isOne ? { argument: only.id } : {}),
    });
  }
}

function show(
  item: vscode.StatusBarItem,
  text: string,
  spoken: string,
  { command, argument }: { readonly command: CommandId; readonly argument?: string },
): void {
  item.text = text;
  item.tooltip = `Code Manager: ${labelText(spoken, 300)}`;
  item.accessibilityInformation = { label: `Code Manager: ${spoken}` };
  item.command = { command, title: spoken, arguments: argument === undefined ? [] : [argument] };
  item.show();
}
