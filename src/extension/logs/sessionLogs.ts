import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { Machine } from '../../protocol/context.js';
import type { Session } from '../../protocol/session.js';
import { machineElsewhere, machineName } from '../../view/machineText.js';
import { OfflineNotes } from '../../view/offlineNotes.js';
import type { ServerLink } from '../services/serverLink.js';
import type { Settings } from '../services/settings.js';
import type { ToolCatalog } from '../services/toolCatalog.js';
import { channelName, SessionLog } from './sessionLog.js';

/** Each channel is a file and a text model in the editor. */
const MAX_CHANNELS = 8;
/** The session whose log is in sight. */
const IN_SIGHT = 'logInSight';

/** The output channels of sessions: made on first use, the longest unused one given up for a new one. */
export class SessionLogs implements Disposable {
  readonly #link: ServerLink;
  readonly #tools: ToolCatalog;
  readonly #settings: Settings;
  /** In the order of use. */
  readonly #logs = new Map<string, SessionLog>();
  readonly #offline = new OfflineNotes();
  readonly #store = new DisposableStore();
  readonly #memory: vscode.Memento;
  /** What was in sight when the window was left is shown; from then on it is remembered what is. */
  #isRestored = false;

  /** @param memory of the window's folder */
  constructor(link: ServerLink, tools: ToolCatalog, settings: Settings, memory: vscode.Memento) {
    this.#link = link;
    this.#tools = tools;
    this.#settings = settings;
    this.#memory = memory;
    this.#store.add(vscode.window.onDidChangeVisibleTextEditors(() => this.#remember()));
    this.#store.add(
      link.onDidChange((change) => {
        if (change.type === 'reset') this.#compare();
        if (change.type !== 'change') return;
        if (change.change.type === 'machine/changed') this.#note(change.change.machine);
        if (change.change.type === 'session/removed') this.#close(change.change.id);
        if (change.change.type === 'session/changed') {
          const { session } = change.change;
          if (session.archived) this.#close(session.id);
          else this.#update(session);
        }
      }),
    );
  }

  /** Shows the log of a session and goes on following it; the focus stays where it is. */
  show(session: Session): void {
    const existing = this.#logs.get(session.id);
    if (existing !== undefined) {
      this.#logs.delete(session.id);
      this.#logs.set(session.id, existing);
      return existing.show();
    }
    const log = this.#open(session);
    this.#logs.set(session.id, log);
    log.show();
    const [oldest] = this.#logs.keys();
    if (this.#logs.size > MAX_CHANNELS && oldest !== undefined) this.#close(oldest);
  }

  /** Whether the log of a session is in sight in this window. */
  isVisible(sessionId: string): boolean {
    const name = this.#logs.get(sessionId)?.name;
    return (
      name !== undefined &&
      vscode.window.visibleTextEditors.some(
        ({ document }) => document.uri.scheme === 'output' && document.uri.path.endsWith(`-${name}`),
      )
    );
  }

  dispose(): void {
    this.#store.dispose();
    for (const id of [...this.#logs.keys()]) this.#close(id);
  }

  #open(session: Session): SessionLog {
    return new SessionLog(this.#link.logClient, session, {
      toolName: this.#tools.nameOf(session.tool),
      machine: machineElsewhere(session, this.#link.snapshot.machines),
      tailBytes: Math.max(1, this.#settings.get('logs.tailKiB')) * 1024,
      current: () => this.#link.session(session.id),
    });
  }

  /** The editor cannot rename a channel: a session with another name gets another one, in the place of the first. */
  #update(session: Session): void {
    const log = this.#logs.get(session.id);
    if (log === undefined || log.title === channelName(session)) return log?.update(session);
    const isShown = this.isVisible(session.id);
    const renamed = this.#open(session);
    this.#logs.set(session.id, renamed);
    if (isShown) renamed.show();
    log.dispose();
  }

  #compare(): void {
    for (const machine of this.#link.snapshot.machines) this.#note(machine);
    for (const id of [...this.#logs.keys()]) {
      const session = this.#link.session(id);
      if (session === undefined) this.#close(id);
      else this.#update(session);
    }
    if (!this.#isRestored) this.#restore();
  }

  /** A window that is loaded again has its panel, but no channel in it. */
  #restore(): void {
    this.#isRestored = true;
    const id = this.#memory.get<string>(IN_SIGHT);
    const session = id === undefined ? undefined : this.#link.session(id);
    if (session !== undefined && this.#logs.size === 0) this.show(session);
  }

  #remember(): void {
    if (!this.#isRestored) return;
    const id = [...this.#logs.keys()].find((one) => this.isVisible(one));
    if (id !== this.#memory.get<string>(IN_SIGHT)) void this.#memory.update(IN_SIGHT, id);
  }

  #note(machine: Machine): void {
    const { machines } = this.#link.snapshot;
    const text = this.#offline.look(machine, machineName(machine, machines), Date.now());
    if (text === undefined) return;
    for (const [id, log] of this.#logs) if (this.#link.session(id)?.machineId === machine.id) log.reconnected(text);
  }

  #close(id: string): void {
    this.#logs.get(id)?.dispose();
    this.#logs.delete(id);
  }
}
