import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { createTerminal, renameActiveTerminal } from '../editor/outputs.js';
import { machineElsewhere } from '../../view/machineText.js';
import { oneLine } from '../../view/plainText.js';
import type { ServerLink } from '../services/serverLink.js';
import type { ContextKeys } from '../services/contextKeys.js';
import type { AttachCommand } from '../../protocol/sessionRequests.js';
import type { Session } from '../../protocol/session.js';
import { SessionTerminal, type OpenTerminal } from './sessionTerminal.js';

export interface AttachOptions {
  /** In the editor area, beside what is there. */
  readonly beside?: boolean;
  readonly readOnly?: boolean;
}

/** The integrated terminals that are attached to sessions. Closing one leaves its session alone. */
export class Attachments implements Disposable {
  readonly #link: ServerLink;
  readonly #keys: ContextKeys;
  readonly #terminals = new Map<string, vscode.Terminal>();
  /** Ids of sessions whose terminal is being made. */
  readonly #attaching = new Set<string>();
  /** What each of them was called last by us; a person may call it otherwise. */
  readonly #titles = new WeakMap<vscode.Terminal, string>();
  readonly #agents = new WeakMap<vscode.Terminal, string>();
  readonly #store = new DisposableStore();

  constructor(link: ServerLink, keys: ContextKeys) {
    this.#link = link;
    this.#keys = keys;
    this.#store.add(vscode.window.onDidChangeActiveTerminal(() => this.#rename()));
    this.#store.add(link.onDidChange(() => this.#rename()));
    this.#store.add(
      vscode.window.onDidCloseTerminal((closed) => {
        for (const [key, terminal] of this.#terminals) if (terminal === closed) this.#terminals.delete(key);
      }),
    );
    this.#store.add(vscode.window.onDidChangeActiveTerminal((terminal) => this.#onActive(terminal)));
  }

  #onActive(terminal: vscode.Terminal | undefined): void {
    this.#keys.set('codeManager.terminalAgent', (terminal && this.#agents.get(terminal)) ?? '');
  }

  /** Shows the session's terminal, and makes it when there is none yet. */
  async attach(session: Session, { beside = false, readOnly = false }: AttachOptions = {}): Promise<void> {
    const key = `${session.id}${readOnly ? ':read-only' : ''}`;
    const existing = this.#terminals.get(key);
    if (existing !== undefined) return existing.show();
    this.#attaching.add(session.id);
    const attach = await this.#link
      .request('session/attach', { session: session.id, readOnly })
      .finally(() => this.#attaching.delete(session.id));
    // Two clicks may wait for the same answer.
    const made = this.#terminals.get(key);
    if (made !== undefined) return made.show();
    const name = terminalName(session, readOnly);
    const terminal = createTerminal({
      ...(attach === null ? this.#overConnection(session, readOnly) : byCommand(attach)),
      name,
      // The editor cannot bring back the inside of this terminal; the session is still there to attach to.
      isTransient: true,
      iconPath: new vscode.ThemeIcon(TOOL_ICONS[session.tool] ?? 'robot'),
      location: beside ? { viewColumn: vscode.ViewColumn.Beside } : vscode.TerminalLocation.Panel,
    });
    this.#terminals.set(key, terminal);
    this.#titles.set(terminal, name);
    this.#agents.set(terminal, session.tool);
    terminal.show();
    this.#onActive(vscode.window.activeTerminal);
    this.#keys.set('codeManager.hasAttached', true);
  }

  /** For a session of another machine: no second way there, and no second sign-in. */
  #overConnection(session: Session, readOnly: boolean): { readonly pty: vscode.Pseudoterminal } {
    const machine = machineElsewhere(session, this.#link.snapshot.machines) ?? session.machine.host;
    const open: OpenTerminal = (size, signal) =>
      this.#link.terminalClient.openTerminal(session.id, { ...size, readOnly, signal });
    return { pty: new SessionTerminal(open, machine) };
  }

  /** A terminal follows the name of its session; the editor renames only the active one. */
  #rename(): void {
    const active = vscode.window.activeTerminal;
    const key = [...this.#terminals].find(([, terminal]) => terminal === active)?.[0];
    if (active === undefined || key === undefined) return;
    const [id = '', readOnly] = key.split(':');
    const session = this.#link.session(id);
    if (session === undefined) return;
    const name = terminalName(session, readOnly !== undefined);
    if (this.#titles.get(active) === name) return;
    this.#titles.set(active, name);
    renameActiveTerminal(name);
  }

  /** Somebody has attached to it, or is about to. */
  has(sessionId: string): boolean {
    return this.#terminals.has(sessionId) || this.#attaching.has(sessionId);
  }

  /** Shows the terminal of a session once more, where there is one. */
  show(sessionId: string): void {
    this.#terminals.get(sessionId)?.show();
  }

  /** Whether the person is looking at a terminal of this session. */
  isVisible(sessionId: string): boolean {
    const active = vscode.window.activeTerminal;
    return (
      active !== undefined &&
      (this.#terminals.get(sessionId) === active || this.#terminals.get(`${sessionId}:read-only`) === active)
    );
  }

  /** Leaves the terminals open: they tell how the session ended. */
  dispose(): void {
    this.#store.dispose();
    this.#terminals.clear();
  }
}

function terminalName({ name }: Session, readOnly: boolean): string {
  return `${oneLine(name, 60)}${readOnly ? ' (read-only)' : ''}`;
}

function byCommand({ command, env }: AttachCommand): Pick<vscode.TerminalOptions, 'shellPath' | 'shellArgs' | 'env'> {
  const [shellPath = '', ...shellArgs] = command;
  // A client inside another multiplexer's pane would refuse to nest.
  return { shellPath, shellArgs, env: { ...env, TMUX: null, TMUX_PANE: null } };
}

const TOOL_ICONS: Readonly<Record<string, string>> = { shell: 'terminal', demo: 'beaker' };
