import { delay, type Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import type { Explanation } from '../../protocol/explanation.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import { hasEnded } from '../../protocol/session.js';
import type { StartupDialog, Tool } from '../../protocol/tool.js';
import { trackRequest } from '../state/requestIdentity.js';
import { CallFile } from '../conversations/callFile.js';
import { CallRecord } from '../conversations/callRecord.js';
import type { ToldConversation } from '../conversations/conversations.js';
import type { Machine, TerminalSize } from '../machine/machine.js';
import type { JudgedTool } from '../state/judgeScreen.js';
import { SOURCES, type Asked, type Evidence } from '../state/evidence.js';
import { recordsCalls } from '../state/ownWord.js';
import { holds, tellable, type Verdict } from '../state/reducer.js';
import { stillWorks } from '../state/stillWorks.js';
import { withStyledCursor } from '../state/styledCursor.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import type { LiveSession, LiveSessions } from './liveSession.js';
import { HookFollower } from '../hooks/hookFollower.js';
import type { SessionFiles } from '../records/sessionFiles.js';
import type { SessionTable } from '../records/sessionTable.js';
import { StartupWatch } from '../state/startupWatch.js';
import { SignalFollower } from '../state/signalFollower.js';
import { StateWatch, type CallSource } from '../state/stateWatch.js';
import type { ReadBox } from './textInput.js';
import type { Suspensions } from './suspensions.js';
import type { TerminalSignal } from '../state/terminalSignals.js';

export interface SessionStatesOptions {
  readonly machine: Machine;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  readonly live: LiveSessions;
  readonly files: SessionFiles;
  readonly suspensions: Pick<Suspensions, 'watch' | 'onScreen'>;
  /** A tool's data as it is known today; undefined when its file has gone. */
  readonly tool: (id: string) => Tool | undefined;
  /** A session takes input now. */
  readonly onReady: (id: string) => Promise<void>;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is known of a tool whose file has gone. */
const NO_RULES: JudgedTool = { startup: { dialogs: [], ready: [], stableMs: 0, loading: [] } };

/** A screen on which nothing tells may be being drawn: it is looked at so often before that counts. */
const MOST_LOOKS = 5;
const LOOK_EVERY_MS = 100;

/** A screen and what it says. */
export interface SeenScreen extends ScreenJudgement {
  /** As tmux prints it. */
  readonly screen: string;
}

/** Watches what sessions do from their launch on, and records it. */
export class SessionStates implements Disposable {
  readonly #options: SessionStatesOptions;
  readonly #conversation = new Emitter<ToldConversation>();

  /** The tool of a session says which of its conversations it is in. */
  readonly onConversation = this.#conversation.event;

  constructor(options: SessionStatesOptions) {
    this.#options = options;
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  /** Watches a session as far as it is not watched yet. */
  watch(record: SessionRecord): void {
    const { tool: find, live: sessions, machine, files, tmux, suspensions, clock, log } = this.#options;
    const { id } = record;
    suspensions.watch();
    const live = sessions.get(id);
    const tool = find(record.tool);
    if (!live || !tool) return;
    if (record.status === 'starting') this.#watchStart(record, live, tool);
    else this.#watchState(record, live, tool);
    if (tool.reportsState !== false || tool.signals) {
      live.signals ??= new SignalFollower({
        machine,
        path: files.path(id, 'log'),
        from: record.runFrom,
        onSignal: (signal) => this.#onSignal(id, signal),
        onError: (error) => log.debug(`what ${id} tells its terminal: ${errorText(error)}`),
      });
    }
    if (tool.hooks) {
      live.hooks ??= new HookFollower({
        machine,
        path: files.path(id, 'hooks'),
        run: record.runFrom,
        format: tool.hooks.format,
        folder: record.path,
        clock,
        onEvidence: (evidence) => this.#onHooks(id, evidence),
        onConversation: (conversation) => this.#conversation.fire({ id, conversation }),
        onOver: (ticket) => {
          const onError = (error: unknown): void => log.debug(`a hook of ${id} waits in vain: ${errorText(error)}`);
          tmux.hookAnswers.release(ticket).catch(onError);
        },
        onError: (error) => log.debug(`hooks of ${id}: ${errorText(error)}`),
      });
    }
  }

  /** Why its state is what it is. */
  explain(record: SessionRecord): Omit<Explanation, 'held' | 'history'> {
    const { tool, live, clock } = this.#options;
    const { state, phase, waiting, changed } = record;
    const common = { session: record.id, state, phase, waiting, since: changed };
    const known = live.get(record.id)?.state?.known;
    if (!known) {
      const why = hasEnded(record)
        ? 'it has ended'
        : record.status === 'starting'
          ? 'it is starting: its screens are read until it is ready'
          : tool(record.tool)?.screen === undefined
            ? 'this agent has no rules: it is judged by its output and its process alone'
            : 'its window is not known';
      return { ...common, source: null, why, background: 0, evidence: [], lines: [] };
    }
    const { model, lines, tooSlow } = known;
    const { held, verdict, lastOutput } = model;
    const evidence = SOURCES.flatMap((source) => held[source] ?? []).map((one) => ({
      source: one.source,
      state: one.state,
      phase: one.phase,
      detail: one.asked === null ? one.detail : `${one.detail} · ${one.asked.kind}: ${one.asked.text}`,
      since: new Date(one.since).toISOString(),
      seen: new Date(one.time).toISOString(),
      holds: holds(one, lastOutput, clock.now()),
      wins: one.source === verdict.source,
    }));
    const why = tooSlow ?? (evidence.length === 0 ? 'nothing on its screen tells what it does' : null);
    return { ...common, source: verdict.source, why, background: verdict.background, evidence, lines: [...lines] };
  }

  #watchStart({ id, delivery, task, resumeId }: SessionRecord, live: LiveSession, tool: Tool): void {
    const { tmux, table, clock, log } = this.#options;
    const { look } = live;
    live.isGiven ??= task !== '' || resumeId !== '';
    live.startup ??= new StartupWatch({
      tool,
      look,
      clock,
      screen: () => tmux.screen(live.pane.pane),
      // Nothing has begun with a task that is still to be typed, whatever it looks like.
      isPast: async (text) => delivery !== 'pending' && hasBegun(await look.screen(tool, text, clock.now())),
      onDialog: async (dialog, text) =>
        this.#onStartupDialog(id, tool, dialog, await look.screen(tool, text, clock.now())),
      onDialogGone: () => void table.apply(id, { type: 'startupDialogGone', time: this.#now() }),
      onReady: () => {
        this.#ready(id).catch((error: unknown) => log.error(`start of ${id}: ${errorText(error)}`));
      },
      onError: (error) => log.debug(`screen of ${id}: ${errorText(error)}`),
    });
  }

  #watchState(record: SessionRecord, live: LiveSession, tool: Tool): void {
    const { tmux, suspensions, clock, log } = this.#options;
    if (live.state || (!tool.screen && tool.reportsState === false && !tool.signals && !tool.hooks)) return;
    live.state = new StateWatch({
      tool,
      look: live.look,
      known: record,
      isTaskDue: isTaskDue(record),
      isGiven: live.isGiven ?? true,
      screen: () => tmux.screen(live.pane.pane),
      size: live.pane,
      isOnOtherScreen: () => tmux.isOnOtherScreen(live.pane.pane),
      isGivenUp: () => this.#isGivenUp(live),
      onSuspended: (isSuspended) => suspensions.onScreen(record.id, isSuspended),
      calls: this.#calls(record, live, tool),
      clock,
      onVerdict: (verdict, before) => this.#onVerdict(record.id, verdict, before),
      onError: (error) => log.debug(`screen of ${record.id}: ${errorText(error)}`),
    });
    if (live.title) {
      live.state
        .onSignal(live.title)
        .catch((error: unknown) => log.debug(`title of ${record.id}: ${errorText(error)}`));
    }
  }

  async #isGivenUp({ pane }: LiveSession): Promise<boolean> {
    const { machine, tmux } = this.#options;
    const terminal = await tmux.terminal(pane.pane);
    if (terminal === undefined) return false;
    const { stdout } = await machine.run(['/bin/sh', '-c', 'exec stty -a <"$0"', terminal]);
    return /(?<![-\w])icanon\b/.test(stdout);
  }

  #calls(session: SessionRecord, live: LiveSession, tool: Tool): CallSource | undefined {
    const { machine, table, files, clock, log } = this.#options;
    const { id, path: folder } = session;
    if (tool.calls !== undefined) {
      const onError = (error: unknown): void => log.debug(`calls of ${id}: ${errorText(error)}`);
      live.calls ??= new CallFile({ machine, path: files.path(id, 'calls'), folder, clock, onError });
      return live.calls;
    }
    if (!recordsCalls(tool)) return undefined;
    return new CallRecord({ machine, session, pid: () => table.get(id)?.pid ?? null });
  }

  async #ready(id: string): Promise<void> {
    const { table, live, onReady } = this.#options;
    live.get(id)?.startup?.dispose();
    await table.apply(id, { type: 'ready', time: this.#now() });
    const record = table.get(id);
    if (record) this.watch(record);
    await onReady(id);
  }

  async #onSignal(id: string, signal: TerminalSignal): Promise<void> {
    const live = this.#options.live.get(id);
    if (live && signal.type === 'title') live.title = signal;
    if (signal.type === 'report' && signal.report.state !== 'clear') {
      await this.#begun(id, signal.report.state === 'blocked');
    }
    await live?.state?.onSignal(signal);
  }

  async #onHooks(id: string, evidence: Evidence | undefined): Promise<void> {
    if (evidence) await this.#begun(id, evidence.state === 'waiting');
    this.#options.live.get(id)?.state?.onHooks(evidence);
  }

  /** The tool's own word ends the start: it is past its dialogs, or names one itself. */
  async #begun(id: string, isWaiting: boolean): Promise<void> {
    const { table } = this.#options;
    if (table.get(id)?.status === 'starting') {
      if (isWaiting) {
        // It runs, and a task that has to be typed goes on waiting for its input box.
        await table.apply(id, { type: 'ready', time: this.#now() });
      } else {
        await this.#ready(id);
      }
    }
    // Its screen may have ended the start a moment ago, and nobody watches its state yet.
    const record = table.get(id);
    if (record?.status === 'running') this.watch(record);
  }

  /** The terminal of a session has this size, maybe as before. */
  onSize(id: string, { columns, rows }: TerminalSize): void {
    const live = this.#options.live.get(id);
    if (!live) return;
    live.pane = { ...live.pane, columns, rows };
    live.state?.onSize({ columns, rows });
  }

  /** Reads its screen now, lets whoever watches it see it, and says what it shows. */
  async look(id: string): Promise<SeenScreen> {
    const { tmux, table, live: sessions, tool: find, clock } = this.#options;
    const live = sessions.need(id);
    await live.state?.redrawn();
    // Colours say which option is chosen where nothing else does.
    const text = await tmux.screen(live.pane.pane, { styled: true });
    await live.startup?.see(text);
    const tool = find(table.get(id)?.tool ?? '') ?? NO_RULES;
    const { look } = live;
    const judgement = await (live.state?.see(text) ?? look.screen(tool, text, clock.now(), live.pane.columns));
    return { ...withStyledCursor(judgement, text), screen: text };
  }

  /** It works at this moment, as far as can be seen. */
  async works(id: string): Promise<boolean> {
    const { table, tool, live } = this.#options;
    const isRead = tool(table.get(id)?.tool ?? '')?.screen !== undefined;
    let seen: SeenScreen | undefined;
    for (let looks = 0; isRead && looks < MOST_LOOKS && (seen === undefined || seen.rule === null); looks++) {
      if (looks > 0) await delay(LOOK_EVERY_MS);
      if (live.get(id) === undefined) return false;
      seen = await this.look(id);
    }
    return stillWorks(seen, live.get(id)?.state?.known.model.verdict);
  }

  /** Reads its input box; undefined when it is not known to have one. */
  box(id: string): ReadBox | undefined {
    const { table, tool } = this.#options;
    const rules = tool(table.get(id)?.tool ?? '')?.screen;
    if (rules?.box === undefined && rules?.area === undefined) return undefined;
    return () => this.look(id);
  }

  /** The prompt that it put back into its input box when its turn was broken off; null when it did not. */
  restoredDraft(id: string): string | null {
    return this.#options.live.get(id)?.state?.restoredDraft ?? null;
  }

  /** Under which exactly one hook of it waits for the answer to exactly this request. */
  ticketFor(id: string, request: PendingRequest): string | undefined {
    return this.#options.live.get(id)?.hooks?.ticketFor(request);
  }

  /** An answer to this can reach no other one: a hook of its own waits for it, or nothing else is asked. */
  isOnly(id: string, request: PendingRequest): boolean {
    // What a screen or a record tells is one dialog.
    if (request.exact !== 'event' || this.ticketFor(id, request) !== undefined) return true;
    return this.#options.live.get(id)?.hooks?.isOnly(request) === true;
  }

  /**
   * A request of a session was answered and has gone; another one may be pending already.
   *
   * @param ticket under which its hook waited
   */
  onAnswered(id: string, request: PendingRequest, ticket?: string): void {
    const { live, table, log } = this.#options;
    const { state, hooks } = live.get(id) ?? {};
    if (table.get(id)?.request?.id === request.id) state?.onAnswered();
    hooks?.onAnswered(request, ticket).catch((error: unknown) => log.error(`hooks of ${id}: ${errorText(error)}`));
  }

  /** A hook of a session that was to be answered does not wait under its ticket. */
  onUntaken(id: string, ticket: string): void {
    const onError = (error: unknown): void => this.#options.log.error(`hooks of ${id}: ${errorText(error)}`);
    this.#options.live.get(id)?.hooks?.onUntaken(ticket).catch(onError);
  }

  /** It was given something to do, or a person may type into it from now on. */
  onGiven(id: string): void {
    const live = this.#options.live.get(id);
    if (live === undefined) return;
    live.isGiven = true;
    live.state?.onGiven();
  }

  /** A person has pressed what interrupts it. */
  onInterrupted(id: string): void {
    this.#options.live.get(id)?.state?.onInterrupted();
  }

  /** The task that was typed into it was not taken, for this reason. */
  onTaskUntaken(id: string, error: string): void {
    this.#options.live.get(id)?.state?.onTaskUntaken(error);
  }

  #onStartupDialog(id: string, tool: Tool, { kind, text }: StartupDialog, judgement: ScreenJudgement): void {
    const { table, ids } = this.#options;
    const record = table.get(id);
    if (!record) return;
    const { request: seen, options } = judgement;
    const asked: Asked = { kind, text, request: seen, options };
    const found = { asked, isNew: false, time: this.#now() };
    const request = trackRequest(record.request, found, tool.screen, () => ids.next());
    const isKnown = record.waiting?.kind === kind && record.waiting.text === text;
    if (isKnown && JSON.stringify(request) === JSON.stringify(record.request)) return;
    void table.apply(id, { type: 'startupDialog', waiting: { kind, text }, request, time: this.#now() });
  }

  #onVerdict(id: string, verdict: Verdict, before: Verdict): void {
    const { table, live: sessions, tool, ids } = this.#options;
    const { state, phase, asked, turnEnded, error, limitedUntil, background } = verdict;
    const record = table.get(id);
    const live = sessions.get(id);
    if (!record || !live) return;
    const time = new Date(verdict.since).toISOString();
    const isNew = live.asked !== undefined && live.asked !== verdict.request;
    live.asked = verdict.request;
    const found = { asked: tellable(verdict), isNew, time };
    const request = trackRequest(record.request, found, tool(record.tool)?.screen, () => ids.next());
    const isSame = JSON.stringify(request) === JSON.stringify(record.request);
    if (isSame && shown(verdict) === shown(before)) return;
    // What went on in the background has ended too; until then there was nothing to review.
    const isLate = turnEnded && before.state === 'idle' && before.background > 0;
    void table.apply(id, {
      type: 'state',
      state,
      phase,
      waiting: asked === null ? null : { kind: asked.kind, text: asked.text },
      request,
      background,
      limitedUntil,
      turnEnded,
      error,
      isLate,
      time,
    });
  }

  dispose(): void {
    this.#conversation.dispose();
  }
}

/** What of a verdict a record tells. */
function shown({ state, phase, asked, turnEnded, error, limitedUntil, background }: Verdict): string {
  return JSON.stringify([state, phase, asked?.kind, asked?.text, turnEnded, error, limitedUntil, background]);
}

/** It was given a task at this start and has never been seen to do anything but start. */
function isTaskDue({ task, resumeId, history }: SessionRecord): boolean {
  if (task === '' || resumeId !== '') return false;
  return !history.spans.some(({ doing, kind }, i) => {
    if (doing === 'waiting') return kind === 'permission' || kind === 'plan';
    // What goes on behind an answered dialog of its start is that start.
    if (doing === 'working') return history.spans[i - 1]?.doing !== 'waiting';
    return doing === 'idle' || doing === 'limited';
  });
}

/** It works or asks something that no start asks. */
function hasBegun({ rule, startup, state }: ScreenJudgement): boolean {
  return startup === null && (rule === 'working' || (state === 'waiting' && rule !== null));
}
