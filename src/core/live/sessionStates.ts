import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
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
import type { TerminalSize } from '../machine/machine.js';
import { SOURCES, type Asked, type Evidence } from '../state/evidence.js';
import { recordsCalls } from '../state/ownWord.js';
import { holds, tellable, type Verdict } from '../state/reducer.js';
import type { LiveSession } from './liveSession.js';
import { HookFollower } from '../hooks/hookFollower.js';
import { StartupWatch } from '../state/startupWatch.js';
import { SignalFollower } from '../state/signalFollower.js';
import { StateWatch, type CallSource } from '../state/stateWatch.js';
import type { Suspensions } from './suspensions.js';
import type { TerminalSignal } from '../state/terminalSignals.js';
import type { SessionInput } from './sessionInput.js';
import type { SessionScope } from './sessionScope.js';

/** Watches what sessions do from their launch on, and records it. */
export class SessionStates implements Disposable {
  readonly #scope: SessionScope;
  readonly #suspensions: Pick<Suspensions, 'watch' | 'onScreen'>;
  readonly #input: Pick<SessionInput, 'deliverTask' | 'onTaskUntaken'>;
  readonly #conversation = new Emitter<ToldConversation>();

  /** The tool of a session says which of its conversations it is in. */
  readonly onConversation = this.#conversation.event;

  constructor(
    scope: SessionScope,
    suspensions: Pick<Suspensions, 'watch' | 'onScreen'>,
    input: Pick<SessionInput, 'deliverTask' | 'onTaskUntaken'>,
  ) {
    this.#scope = scope;
    this.#suspensions = suspensions;
    this.#input = input;
    input.onTaskUntaken(({ id, reason }) => scope.live.get(id)?.state?.onTaskUntaken(reason));
  }

  #now(): string {
    return new Date(this.#scope.clock.now()).toISOString();
  }

  /** Watches a session as far as it is not watched yet. */
  watch(record: SessionRecord): void {
    const { tool: find, live: sessions, machine, files, tmux, clock, log } = this.#scope;
    const { id } = record;
    this.#suspensions.watch();
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
    const { tool, live, clock } = this.#scope;
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
    const { tmux, table, clock, log } = this.#scope;
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
    const { tmux, clock, log } = this.#scope;
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
      onSuspended: (isSuspended) => this.#suspensions.onScreen(record.id, isSuspended),
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
    const { machine, tmux } = this.#scope;
    const terminal = await tmux.terminal(pane.pane);
    if (terminal === undefined) return false;
    const { stdout } = await machine.run(['/bin/sh', '-c', 'exec stty -a <"$0"', terminal]);
    return /(?<![-\w])icanon\b/.test(stdout);
  }

  #calls(session: SessionRecord, live: LiveSession, tool: Tool): CallSource | undefined {
    const { machine, table, files, clock, log } = this.#scope;
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
    const { table, live } = this.#scope;
    live.get(id)?.startup?.dispose();
    await table.apply(id, { type: 'ready', time: this.#now() });
    const record = table.get(id);
    if (record) this.watch(record);
    await this.#input.deliverTask(id);
  }

  async #onSignal(id: string, signal: TerminalSignal): Promise<void> {
    const live = this.#scope.live.get(id);
    if (live && signal.type === 'title') live.title = signal;
    if (signal.type === 'report' && signal.report.state !== 'clear') {
      await this.#begun(id, signal.report.state === 'blocked');
    }
    await live?.state?.onSignal(signal);
  }

  async #onHooks(id: string, evidence: Evidence | undefined): Promise<void> {
    if (evidence) await this.#begun(id, evidence.state === 'waiting');
    this.#scope.live.get(id)?.state?.onHooks(evidence);
  }

  /** The tool's own word ends the start: it is past its dialogs, or names one itself. */
  async #begun(id: string, isWaiting: boolean): Promise<void> {
    const { table } = this.#scope;
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
    const live = this.#scope.live.get(id);
    if (!live) return;
    live.pane = { ...live.pane, columns, rows };
    live.state?.onSize({ columns, rows });
  }

  /** The prompt that it put back into its input box when its turn was broken off; null when it did not. */
  restoredDraft(id: string): string | null {
    return this.#scope.live.get(id)?.state?.restoredDraft ?? null;
  }

  /** Under which exactly one hook of it waits for the answer to exactly this request. */
  ticketFor(id: string, request: PendingRequest): string | undefined {
    return this.#scope.live.get(id)?.hooks?.ticketFor(request);
  }

  /** An answer to this can reach no other one: a hook of its own waits for it, or nothing else is asked. */
  isOnly(id: string, request: PendingRequest): boolean {
    // What a screen or a record tells is one dialog.
    if (request.exact !== 'event' || this.ticketFor(id, request) !== undefined) return true;
    return this.#scope.live.get(id)?.hooks?.isOnly(request) === true;
  }

  /**
   * A request of a session was answered and has gone; another one may be pending already.
   *
   * @param ticket under which its hook waited
   */
  onAnswered(id: string, request: PendingRequest, ticket?: string): void {
    const { live, table, log } = this.#scope;
    const { state, hooks } = live.get(id) ?? {};
    if (table.get(id)?.request?.id === request.id) state?.onAnswered();
    hooks?.onAnswered(request, ticket).catch((error: unknown) => log.error(`hooks of ${id}: ${errorText(error)}`));
  }

  /** A hook of a session that was to be answered does not wait under its ticket. */
  onUntaken(id: string, ticket: string): void {
    const onError = (error: unknown): void => this.#scope.log.error(`hooks of ${id}: ${errorText(error)}`);
    this.#scope.live.get(id)?.hooks?.onUntaken(ticket).catch(onError);
  }

  /** The agent was given something to do, or a person may type into it from now on. */
  onGiven(id: string): void {
    const live = this.#scope.live.get(id);
    if (live === undefined) return;
    live.isGiven = true;
    live.state?.onGiven();
  }

  /** A person has pressed what interrupts it. */
  onInterrupted(id: string): void {
    this.#scope.live.get(id)?.state?.onInterrupted();
  }

  #onStartupDialog(id: string, tool: Tool, { kind, text }: StartupDialog, judgement: ScreenJudgement): void {
    const { table, ids } = this.#scope;
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
    const { table, live: sessions, tool, ids } = this.#scope;
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

/** Whether an agent was given a task at this start and has never been seen to do anything but start. */
function isTaskDue({ task, resumeId, history }: SessionRecord): boolean {
  if (task === '' || resumeId !== '') return false;
  return !history.spans.some(({ doing, kind }, i) => {
    if (doing === 'waiting') return kind === 'permission' || kind === 'plan';
    // What goes on behind an answered dialog of its start is that start.
    if (doing === 'working') return history.spans[i - 1]?.doing !== 'waiting';
    return doing === 'idle' || doing === 'limited';
  });
}

/** Whether an agent works or asks something that no start asks. */
function hasBegun({ rule, startup, state }: ScreenJudgement): boolean {
  return startup === null && (rule === 'working' || (state === 'waiting' && rule !== null));
}
