import { systemClock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { createStatusItem, type StatusItem } from '../editor/statusItems.js';
import { awayMachines, awayText } from '../../view/awayMachines.js';
import type { ServerLink } from '../services/serverLink.js';
import type { SessionRows } from '../../view/sessionRows.js';
import { policyLine, statusLine, totals } from '../../view/statusLine.js';
import type { Settings } from '../services/settings.js';

/** The items of the status bar, each hidden while it has nothing to say: sessions, machines that are away, rules. */
export class StatusBar implements Disposable {
  readonly #link: ServerLink;
  readonly #rows: SessionRows;
  readonly #settings: Settings;
  readonly #sessions: StatusItem;
  readonly #machines: StatusItem;
  readonly #policy: StatusItem;
  readonly #store = new DisposableStore();
  #wake: { cancel(): void } | undefined;

  constructor(link: ServerLink, rows: SessionRows, settings: Settings) {
    this.#link = link;
    this.#rows = rows;
    this.#settings = settings;
    this.#sessions = this.#store.add(createStatusItem('codeManager.status', 'Code Manager', 50));
    this.#machines = this.#store.add(createStatusItem('codeManager.machines', 'Code Manager: Machines', 49));
    this.#policy = this.#store.add(createStatusItem('codeManager.policy', 'Code Manager: Auto-Approval', 48));
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
      const parts = [{ icon: 'error', text: 'Code Manager' }];
      const spoken = 'The agent server did not start';
      this.#sessions.show({ parts, spoken }, { command: 'codeManager.doctor.run' });
      return;
    }
    const line = statusLine(totals(this.#rows.all));
    if (line === undefined) this.#sessions.hide();
    else this.#sessions.show(line, { command: 'codeManager.sessions.show' });
  }

  #updatePolicy(): void {
    const line = policyLine(this.#link.snapshot.policy);
    if (line === undefined) this.#policy.hide();
    else this.#policy.show(line, { command: 'codeManager.policy.off' });
  }

  #updateMachines(): void {
    const away = awayMachines(this.#rows.all, this.#link.snapshot.machines, Date.now());
    if (away.nextIn !== undefined) this.#wake = systemClock.after(away.nextIn, () => this.#update());
    const line = awayText(away);
    const [only] = away.machines;
    if (line === undefined || only === undefined) return this.#machines.hide();
    const isOne = away.machines.length === 1;
    this.#machines.show(line, {
      command: isOne ? 'codeManager.machine.reconnect' : 'codeManager.machine.reconnect.ask',
      ...(isOne ? { argument: only.id } : {}),
    });
  }
}
