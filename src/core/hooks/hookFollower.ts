import { StringDecoder } from 'node:string_decoder';
import { Turns, type Clock } from '../../common/async.js';
import type { HookFormat } from '../../protocol/tool.js';
import { parseHookLine } from './hookEvent.js';
import { hookMeaning, waitsForAnswers } from './hookFormats.js';
import {
  hookEvidence,
  isOnly,
  NO_HOOKS,
  reduceHooks,
  ticketFor,
  withoutAnswered,
  withoutTicket,
  type AnsweredRequest,
  type HookModel,
} from './hookModel.js';
import { MAX_EVENT_BYTES } from './hookScript.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import type { Evidence } from '../state/evidence.js';
import { GrowingFile, type GrowingFileOptions } from '../machine/growingFile.js';

export interface HookFollowerOptions extends Pick<GrowingFileOptions, 'machine' | 'path' | 'onError'> {
  /** The run of the tool: what another one wrote is passed over. */
  readonly run: number;
  readonly format: HookFormat;
  /** Of the session. */
  readonly folder: string;
  readonly clock: Clock;
  /** What the events say now; undefined when they say nothing any more. The next waits until this is dealt with. */
  readonly onEvidence: (evidence: Evidence | undefined) => Promise<void>;
  /** The conversation that the tool is in from now on, by its own word. */
  readonly onConversation: (conversation: string) => void;
  /** Who waits for an answer under this ticket gets none any more. */
  readonly onOver: (ticket: string) => void;
}

/** Follows what the hooks of a tool write down. */
export class HookFollower {
  readonly #options: HookFollowerOptions;
  readonly #file: GrowingFile;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #isPresent = false;
  #model: HookModel = NO_HOOKS;
  /** The requests that wait for an answer, as far as is known. */
  #tickets = new Set<string>();

  constructor(options: HookFollowerOptions) {
    this.#options = options;
    const { machine, path, clock, onEvidence, onError } = options;
    this.#file = new GrowingFile({
      machine,
      path,
      from: 0,
      onError,
      onBytes: (bytes) => this.#take(this.#decoder.write(Buffer.from(bytes))),
      onPresent: async (mtimeMs) => {
        this.#isPresent = true;
        // What was said before anybody listened is as old as it is: a screen that was read since knows better.
        const evidence = hookEvidence(this.#model, Math.min(mtimeMs ?? Infinity, clock.now()));
        if (evidence) await onEvidence(evidence);
        this.#release();
      },
    });
  }

  /** Under which a hook waits for an answer to exactly this request; undefined when none or several do. */
  ticketFor(request: PendingRequest): string | undefined {
    return ticketFor(this.#model, request);
  }

  /** Whether the event is about the one request that is pending. */
  isOnly(request: PendingRequest): boolean {
    return isOnly(this.#model, request);
  }

  /** The file has grown. */
  onGrown(): void {
    this.#file.onGrown();
  }

  /** A request was answered. What the screen shows then counts, unless another one has been waiting. */
  async onAnswered(request: AnsweredRequest, ticket?: string): Promise<void> {
    this.#model = withoutAnswered(this.#model, request, ticket);
    this.#release();
    // It may have been told while the one before it was being answered: nothing else tells it once more.
    if (this.#model.pending.length === 0) return;
    await this.#options.onEvidence(hookEvidence(this.#model, this.#options.clock.now()));
  }

  /** Nobody waits under a ticket: what was told under it is not what is asked. */
  async onUntaken(ticket: string): Promise<void> {
    this.#model = withoutTicket(this.#model, ticket);
    this.#release();
    const isAsked = this.#model.pending.length > 0;
    await this.#options.onEvidence(isAsked ? hookEvidence(this.#model, this.#options.clock.now()) : undefined);
  }

  /** The tool has ended: a hook of it that waits may not have. */
  onEnded(): void {
    this.#model = NO_HOOKS;
    this.#release();
  }

  /** Nobody waits for what is over, or is not answered by its hook. */
  #release(): void {
    const pending = new Set(this.#model.pending.flatMap(({ tickets }) => tickets));
    const over = [...this.#tickets].filter((ticket) => !pending.has(ticket));
    this.#tickets = pending;
    for (const ticket of over) this.#options.onOver(ticket);
  }

  async #take(text: string): Promise<void> {
    const { run, format, folder, clock, onEvidence, onConversation } = this.#options;
    const lines = (this.#rest + text).split('\n');
    // One of ours is never longer.
    this.#rest = (lines.pop() ?? '').slice(-2 * MAX_EVENT_BYTES);
    const turns = new Turns();
    for (const line of lines) {
      await turns.pass();
      const event = parseHookLine(line, run);
      const before = this.#model;
      if (event) this.#model = reduceHooks(before, event, hookMeaning(format, event, folder));
      const { conversation } = this.#model;
      if (conversation !== null && conversation !== before.conversation) onConversation(conversation);
      if (event?.ticket != null && waitsForAnswers(format)) this.#tickets.add(event.ticket);
      if (this.#isPresent) this.#release();
      // What else happens says nothing anew of what was asked, which may be answered by now.
      const isOld = this.#model.pending[0] !== undefined && this.#model.pending[0] === before.pending[0];
      if (this.#isPresent && this.#model !== before && !isOld) await onEvidence(hookEvidence(this.#model, clock.now()));
    }
  }
}
