import * as vscode from 'vscode';
import { delay } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { Machine } from '../../protocol/context.js';
import type { Notice } from '../../protocol/notice.js';
import { say } from '../editor/say.js';
import { HostKeyFinder } from '../model/hostKeyFinder.js';
import type { DesktopNotices } from '../services/desktopNotices.js';
import { machineName } from '../../view/machineText.js';
import { oneLine } from '../../view/plainText.js';
import type { Claims } from '../services/claims.js';
import type { ServerLink } from '../services/serverLink.js';
import { mergedText, RowNotices, stillTrue } from '../../view/notices.js';
import type { SessionRows } from '../../view/sessionRows.js';
import type { Settings } from '../services/settings.js';

/** What happens within this time is told together. */
const MERGE_MS = 3000;
/** A window that has the focus goes first. */
const UNFOCUSED_DELAY_MS = 500;

export interface NotifierDependencies {
  readonly link: ServerLink;
  readonly rows: SessionRows;
  readonly settings: Settings;
  readonly claims: Claims;
  readonly desktop: DesktopNotices;
  /** Whether the person is looking at the log or a terminal of a session. */
  readonly isLookedAt: (sessionId: string) => boolean;
  readonly onError: (error: unknown) => void;
}

/** Tells of what happened to sessions: once across all windows, and not what the person is looking at. */
export class Notifier implements Disposable {
  readonly #deps: NotifierDependencies;
  readonly #finder = new RowNotices();
  readonly #hostKeys = new HostKeyFinder();
  readonly #store = new DisposableStore();
  #pending: Notice[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: NotifierDependencies) {
    this.#deps = deps;
    this.#store.add(deps.rows.onDidChange(() => this.#look()));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#store.dispose();
  }

  #look(): void {
    const { link, rows, settings } = this.#deps;
    // Before the first picture everything would look new.
    if (!link.isLoaded) {
      this.#hostKeys.forget();
      return this.#finder.forget();
    }
    for (const machine of this.#hostKeys.look(link.snapshot.machines)) {
      this.#tellHostKey(machine).catch(this.#deps.onError);
    }
    this.#pending.push(...this.#finder.look(rows.all, settings.get('notifications')));
    if (this.#pending.length === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const notices = this.#pending;
      this.#pending = [];
      this.#tell(notices).catch(this.#deps.onError);
    }, MERGE_MS);
  }

  async #tell(notices: readonly Notice[]): Promise<void> {
    const { focused } = vscode.window.state;
    const { rows, claims, desktop, settings } = this.#deps;
    // What is looked at here is claimed too, so that no other window tells of it.
    if (!focused) await delay(UNFOCUSED_DELAY_MS);
    const open = stillTrue(notices, (id) => rows.find(id));
    const unseen = open.filter(({ sessionId }) => !(focused && this.#deps.isLookedAt(sessionId)));
    const claimed = new Set<Notice>();
    for (const notice of open) if (await claims.take(notice.key)) claimed.add(notice);
    const shown = unseen.filter((notice) => claimed.has(notice));
    const text = mergedText(shown);
    const [first] = shown;
    if (text === undefined || first === undefined) return;
    // A window with the focus would have claimed it.
    const isAway = !focused && !vscode.window.state.focused;
    if (isAway && settings.get('desktopNotifications') === 'whenUnfocused') desktop.show(text);
    await this.#show(text, shown.length === 1 ? first : undefined, shown);
  }

  /** Whatever the settings say: nobody is signed in there before a person has looked at it. */
  async #tellHostKey(machine: Machine): Promise<void> {
    const { link, claims } = this.#deps;
    if (!vscode.window.state.focused) await delay(UNFOCUSED_DELAY_MS);
    if (!(await claims.take(`${machine.id}-host-key-${Date.parse(machine.since)}`))) return;
    const name = oneLine(machineName(machine, link.snapshot.machines), 60);
    const action = await say('error', `${name} has a new host key. Not connected.`, SHOW_DETAILS.title);
    if (action !== undefined) await vscode.commands.executeCommand(SHOW_DETAILS.command, machine.id);
  }

  async #show(text: string, single: Notice | undefined, notices: readonly Notice[]): Promise<void> {
    const actions = single === undefined ? [SHOW] : this.#actions(single);
    const isBad = notices.some(({ kind }) => kind === 'error' || kind === 'failed' || kind === 'lost');
    const action = await say(isBad ? 'warning' : 'info', text, ...actions.map(({ title }) => title));
    const command = actions.find(({ title }) => title === action)?.command;
    if (command !== undefined) await vscode.commands.executeCommand(command, single?.sessionId);
  }

  #actions({ kind, sessionId }: Notice): readonly Action[] {
    const canResume = kind === 'lost' && this.#deps.rows.find(sessionId)?.session.conversationId != null;
    if (canResume) return [RESUME, SHOW_LOG];
    const asks = kind === 'needsInput' && this.#deps.rows.find(sessionId)?.session.waiting?.kind === 'question';
    return asks ? [ANSWER] : ACTIONS[kind];
  }
}

interface Action {
  readonly title: string;
  readonly command: string;
}

const ANSWER: Action = { title: 'Answer…', command: 'codeManager.session.answer' };
const ATTACH: Action = { title: 'Attach', command: 'codeManager.session.attach' };
const SHOW_LOG: Action = { title: 'Show Log', command: 'codeManager.session.showLog' };
const START_AGAIN: Action = { title: 'Start Again…', command: 'codeManager.session.startAgain' };
const RESUME: Action = { title: 'Resume', command: 'codeManager.session.resume' };
const SHOW: Action = { title: 'Show', command: 'codeManager.sessions.focus' };

const SHOW_DETAILS: Action = { title: 'Show Details', command: 'codeManager.machine.showDetails' };

const ACTIONS = {
  needsInput: [ANSWER, ATTACH],
  error: [SHOW_LOG, ATTACH],
  failed: [SHOW_LOG, START_AGAIN],
  lost: [SHOW_LOG, START_AGAIN],
  finished: [SHOW_LOG],
} as const satisfies Record<Notice['kind'], readonly Action[]>;
