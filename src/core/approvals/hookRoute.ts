import type { SessionRecord } from '../../protocol/files.js';
import type { AnswerVia, PendingRequest } from '../../protocol/pendingRequest.js';
import type { Tool } from '../../protocol/tool.js';
import type { HookAnswers } from '../hooks/hookAnswers.js';
import { hookAnswer } from '../hooks/hookFormats.js';
import type { ResolvedAnswer } from './resolveAnswer.js';

/** A tool's own way to hear the answer to one request. */
export interface DirectAnswer {
  /** Under which its hook waits. */
  readonly ticket: string;
  readonly via: AnswerVia;
  /** False when it was not taken, and never will be. Rejects when nobody can know. */
  readonly give: () => Promise<boolean>;
}

/** Tools' own ways to hear answers. */
export interface AnswerRoute {
  /** Undefined where there is none for exactly this answer to exactly this request. */
  find(session: SessionRecord, request: PendingRequest, answer: ResolvedAnswer): DirectAnswer | undefined;
}

export interface HookRouteOptions {
  readonly tool: (id: string) => Tool | undefined;
  /** Under which exactly one hook of a session waits for the answer to exactly this request. */
  readonly ticketFor: (session: string, request: PendingRequest) => string | undefined;
  readonly answers: Pick<HookAnswers, 'give'>;
}

/** Answers by the hook that told of the request, and that waits for it: what it is given can be about no other one. */
export class HookRoute implements AnswerRoute {
  readonly #options: HookRouteOptions;

  constructor(options: HookRouteOptions) {
    this.#options = options;
  }

  find(
    { id, tool }: Pick<SessionRecord, 'id' | 'tool'>,
    request: PendingRequest,
    { decision, isPlain, reason }: ResolvedAnswer,
  ): DirectAnswer | undefined {
    const { tool: find, ticketFor, answers } = this.#options;
    const format = find(tool)?.hooks?.format;
    if (format === undefined || !isPlain || (decision !== 'allow' && decision !== 'deny')) return undefined;
    const ticket = ticketFor(id, request);
    if (ticket === undefined) return undefined;
    const direct = hookAnswer(format, { decision, reason });
    return direct && { ticket, via: direct.via, give: () => answers.give(ticket, direct.text) };
  }
}
