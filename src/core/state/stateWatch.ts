import { Rerunner, type Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { ScreenRequest } from '../../protocol/screen.js';
import type { TerminalSize } from '../machine/machine.js';
import { reportEvidence, screenEvidence, type Evidence, type OpenCall } from './evidence.js';
import type { Look } from './look.js';
import type { LookRules } from './looks.js';
import { initialState, nextLook, reduceState, type StateEvent, type StateModel, type Verdict } from './reducer.js';
import { Redraw } from './redraw.js';
import { ScreenReader } from './screenReader.js';
import type { TerminalSignal } from './terminalSignals.js';

/** Where a tool writes down what it calls. */
export interface CallSource {
  /** What it has open, as far as a request may be about that. */
  open(shown: ScreenRequest, request: number): Promise<readonly OpenCall[]>;
  /** The agent's turn seems to be over, or not any more. */
  onIdle?(isIdle: boolean): void;
}

export interface StateWatchOptions {
  readonly tool: LookRules;
  readonly look: Look;
  /** What was held to be true before. */
  readonly known: Pick<
    SessionRecord,
    'state' | 'phase' | 'waiting' | 'limitedUntil' | 'error' | 'unread' | 'changed' | 'suspended'
  >;
  /** The agent was given a task and has not begun with it. */
  readonly isTaskDue: boolean;
  /** The agent may have been given something to do. */
  readonly isGiven: boolean;
  /** The visible screen as text. */
  readonly screen: () => Promise<string>;
  /** The terminal shows the other screen, that of programs which paint. */
  readonly isOnOtherScreen: () => Promise<boolean>;
  /** The terminal gives lines and no keys, as to a program that has given it up. */
  readonly isGivenUp: () => Promise<boolean>;
  /** The screen shows that a key has suspended the agent, or not any more. */
  readonly onSuspended: (isSuspended: boolean) => void;
  /** Of its terminal. */
  readonly size: TerminalSize;
  /** What the tool's own record has open; undefined for a tool that writes down no calls. */
  readonly calls?: CallSource | undefined;
  readonly clock: Clock;
  readonly onVerdict: (verdict: Verdict, before: Verdict) => void;
  readonly onError: (error: unknown) => void;
}

/** A screen is often caught while it is being drawn: that nothing can be read from it counts when it holds. */
const NOTHING_HOLDS_MS = 1000;
/** One that ends leaves the same screen behind for a moment. */
const SUSPENDED_MS = 700;
/** Who is told that one more press suspends it presses within this time. */
const NEAR_SUSPENSION_MS = 10_000;
/** A prompt that is put back is drawn whole within this time. */
const RESTORED_MS = 500;
/** A turn that is interrupted ends within this time. */
const BROKEN_OFF_MS = 10_000;

/** Follows what a running session does: collects what is seen of it and tells when what is true has changed. */
export class StateWatch implements Disposable {
  readonly #options: StateWatchOptions;
  readonly #reader: ScreenReader | undefined;
  readonly #redraw: Redraw;
  readonly #record: Rerunner | undefined;
  #model: StateModel;
  #lines: readonly string[] = [];
  /** Why the last screen says nothing, when it took too long. */
  #tooSlow: string | null = null;
  /** What stood in the input box while it worked; undefined before it was seen to work. */
  #workingDraft: string | null | undefined;
  /** When it was first seen idle after its last work. */
  #idleSince: number | undefined;
  #restoredDraft: string | null = null;
  /** When a person interrupted it last by the product, not by its own key. */
  #interruptedAt = -Infinity;
  #nothingSince: number | undefined;
  #suspendedSince: number | undefined;
  /** When it said last that one more press of a key suspends it. */
  #nearSuspensionAt = -Infinity;
  /** The agent has given its terminal up since. */
  #isGivenUp: boolean;
  #timer: { cancel(): void } | undefined;
  /** How many screens were read, and which of them was judged last. */
  #reads = 0;
  #judged = 0;
  #isDone = false;

  constructor(options: StateWatchOptions) {
    const { tool, screen, size, calls, clock, onError } = options;
    this.#options = options;
    this.#redraw = new Redraw(clock, size);
    this.#model = knownState(options);
    this.#isGivenUp = options.known.suspended !== null;
    if (calls !== undefined) this.#record = new Rerunner(() => this.#readCalls(calls), onError);
    if (tool.screen !== undefined) {
      this.#reader = new ScreenReader({ screen, clock, onError, onScreen: (text) => this.#onScreen(text) });
    }
  }

  /** Everything that is known, and the last lines that were looked at. */
  get known(): { readonly model: StateModel; readonly lines: readonly string[]; readonly tooSlow: string | null } {
    return { model: this.#model, lines: this.#lines, tooSlow: this.#tooSlow };
  }

  /** The tool printed something. */
  onOutput(): void {
    this.#step({ type: 'output', time: this.#options.clock.now() });
    this.#redraw.onOutput();
    this.#reader?.onOutput();
  }

  /** The terminal has this size, maybe as before. */
  onSize(size: TerminalSize): void {
    this.#redraw.onSize(size);
    if (this.#redraw.isDue) void this.#redraw.done().then(() => this.#reader?.readIn(0));
  }

  /** Resolves when what stands on its screen was drawn for the size that its terminal has. */
  redrawn(): Promise<void> {
    return this.#redraw.done();
  }

  /** The tool told its terminal something. */
  async onSignal(signal: TerminalSignal): Promise<void> {
    const { tool, look, clock } = this.#options;
    const time = clock.now();
    if (signal.type === 'report') {
      const evidence = reportEvidence(signal.report, time);
      if (evidence) this.#step({ type: 'evidence', evidence });
      return;
    }
    const evidence = await look.signal(tool, signal, time);
    if (this.#isDone) return;
    if (evidence) this.#step({ type: 'evidence', evidence });
    else if (evidence === null) this.#step({ type: 'silence', source: 'title', time });
  }

  /** What the tool's hooks say now; undefined when they say nothing. */
  onHooks(evidence: Evidence | undefined): void {
    this.#step(
      evidence ? { type: 'evidence', evidence } : { type: 'silence', source: 'event', time: this.#options.clock.now() },
    );
  }

  /** The pending request was answered and has gone. */
  onAnswered(): void {
    this.#step({ type: 'answered', time: this.#options.clock.now() });
    // An equal one may stand there already, and nothing may be printed until that is answered too.
    this.#reader?.readIn(0);
  }

  /** The task that was typed was not taken, for this reason. */
  onTaskUntaken(error: string): void {
    this.#step({ type: 'untaken', error, time: this.#options.clock.now() });
  }

  /** A person has interrupted it. */
  onInterrupted(): void {
    this.#interruptedAt = this.#options.clock.now();
    this.#step({ type: 'interrupted', time: this.#interruptedAt });
  }

  /** The agent was given something to do, or a person may type into it from now on. */
  onGiven(): void {
    this.#step({ type: 'given', time: this.#options.clock.now() });
  }

  async #onScreen(text: string): Promise<void> {
    // Rows of another width stand there, beside new ones: the last word stays until it is drawn anew.
    if (!this.#redraw.isDue) await this.see(text);
  }

  /** The screen as it was read just now, by whomever. */
  async see(text: string): Promise<ScreenJudgement> {
    const time = this.#options.clock.now();
    const read = ++this.#reads;
    const { columns } = this.#redraw;
    const judgement = await this.#judge(text, time, columns);
    // A later one may have been faster.
    if (!this.#isDone && read > this.#judged) {
      this.#judged = read;
      this.#onJudged(judgement, time, columns);
    }
    return judgement;
  }

  async #judge(text: string, time: number, columns: number): Promise<ScreenJudgement> {
    const { tool, look, isOnOtherScreen, isGivenUp } = this.#options;
    const judgement = await look.screen(tool, text, time, columns);
    if (judgement.nearSuspension) this.#nearSuspensionAt = time;
    if (tool.screen !== undefined && tool.screen.nearSuspension.length > 0) {
      const isNear = time - this.#nearSuspensionAt < NEAR_SUSPENSION_MS;
      this.#isGivenUp = (isNear || this.#isGivenUp) && (await isGivenUp());
      // It goes on drawing what it does.
      if (this.#isGivenUp) return { ...judgement, suspended: true };
    }
    const isSilent = tool.screen?.suspendsSilently === true && judgement.rule === null && !(await isOnOtherScreen());
    return isSilent ? { ...judgement, suspended: true, rule: 'suspended' } : judgement;
  }

  #onJudged(judgement: ScreenJudgement, time: number, columns: number): void {
    this.#lines = judgement.lines;
    this.#followSuspension(judgement.suspended, time);
    const rest = this.#options.look.restMs;
    this.#tooSlow = rest > 0 ? judgement.rule : null;
    this.#follow(judgement, time);
    const evidence = screenEvidence({ ...judgement, interrupted: this.#isInterrupted(judgement) }, time, columns);
    if (evidence) {
      this.#nothingSince = undefined;
      this.#step({ type: 'evidence', evidence });
      this.#lookUp();
      return;
    }
    this.#nothingSince ??= time;
    // What a person has opened over it says nothing about what goes on below.
    const isHidden = judgement.rule === 'hidden' || judgement.suspended;
    const holds = !isHidden && time - this.#nothingSince >= NOTHING_HOLDS_MS;
    this.#step(holds ? { type: 'silence', source: 'screen', time } : { type: 'time', time });
    if (!holds && !isHidden) this.#reader?.readIn(NOTHING_HOLDS_MS);
    // Nothing may be printed until it can be looked at again.
    else if (rest > 0) this.#reader?.readIn(rest + 1);
  }

  #followSuspension(isSuspended: boolean, time: number): void {
    if (!isSuspended) {
      this.#suspendedSince = undefined;
      return this.#options.onSuspended(false);
    }
    this.#suspendedSince ??= time;
    if (time - this.#suspendedSince >= SUSPENDED_MS) this.#options.onSuspended(true);
    else this.#reader?.readIn(SUSPENDED_MS);
  }

  /** The prompt that it put back into its input box when its turn was broken off; null when it did not. */
  get restoredDraft(): string | null {
    return this.#restoredDraft;
  }

  #follow({ state, draft }: ScreenJudgement, time: number): void {
    if (state === 'working') {
      // It was idle since: that turn is over.
      if (this.#idleSince !== undefined) this.#interruptedAt = -Infinity;
      this.#workingDraft = draft;
      this.#idleSince = undefined;
      this.#restoredDraft = null;
    }
    if (state !== 'idle') return;
    this.#idleSince ??= time;
    // It may be seen while it is drawn; what comes later, or without an interrupt, a person has typed.
    const isBrokenOff = time - this.#interruptedAt < BROKEN_OFF_MS;
    const isRestored = isBrokenOff && this.#workingDraft === null && time - this.#idleSince < RESTORED_MS;
    if (isRestored && draft !== null) this.#restoredDraft = draft;
  }

  /** Looks up what is asked in the tool's own record, until it is known. */
  #lookUp(): void {
    const { state, asked } = this.#model.verdict;
    const isOpen = state === 'waiting' && asked?.kind === 'permission' && asked.request?.exact !== 'record';
    if (isOpen) this.#record?.trigger();
  }

  async #readCalls(calls: CallSource): Promise<void> {
    const { clock } = this.#options;
    const began = clock.now();
    const { asked, request } = this.#model.verdict;
    if (asked?.request == null) return;
    const open = await calls.open(asked.request, request);
    this.#step({ type: 'calls', open, began, time: clock.now() });
  }

  /** Tools put the prompt back into their input box when a person breaks its turn off. */
  #isInterrupted({ state, interrupted, draft }: ScreenJudgement): boolean {
    return interrupted || (state === 'idle' && draft !== null && this.#workingDraft === null);
  }

  #step(event: StateEvent): void {
    const { clock, calls, onVerdict } = this.#options;
    const { verdict: before } = this.#model;
    this.#model = reduceState(this.#model, event);
    const { verdict } = this.#model;
    const isIdle = verdict.state === 'idle';
    if (isIdle !== (before.state === 'idle')) calls?.onIdle?.(isIdle);
    if (verdict !== before) onVerdict(verdict, before);
    const next = nextLook(this.#model, clock.now());
    this.#timer?.cancel();
    if (next === undefined) return;
    this.#timer = clock.after(next - clock.now(), () => {
      if (this.#reader) this.#reader.readIn(0);
      else this.#step({ type: 'time', time: clock.now() });
    });
  }

  dispose(): void {
    this.#isDone = true;
    this.#timer?.cancel();
    this.#redraw.end();
    this.#reader?.dispose();
  }
}

function knownState({ known, isTaskDue, isGiven, calls, clock }: StateWatchOptions): StateModel {
  const { state, phase, waiting, limitedUntil, error, unread, changed } = known;
  const empty = initialState(clock.now(), isTaskDue, calls !== undefined, isGiven);
  if (state === null) return empty;
  const asked = waiting === null ? null : { ...waiting, request: null, options: [] };
  const turnEnded = state === 'idle' && unread;
  const since = Date.parse(changed);
  return {
    ...empty,
    verdict: { ...empty.verdict, state, phase, asked, limitedUntil, error, turnEnded, since, saidSince: since },
  };
}
