import { isAbsolute, relative } from 'node:path';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import type { Phase, ScreenRequest, WaitingKind } from '../../protocol/screen.js';
import type { Asked, Evidence } from '../state/evidence.js';
import { requestOf, type AskedParts } from '../state/requestOf.js';
import { agree, isSameAbout, isSameText } from '../state/sameRequest.js';
import type { HookEvent } from './hookEvent.js';

/** What an event of a tool's hooks means. */
export type HookMeaning =
  | { readonly type: 'works'; readonly phase: Phase | null }
  /** The agent asks for a person; `key` names the request until it is over. `takesAnswer`: it can be allowed or denied by its hook. */
  | { readonly type: 'asks'; readonly key: string; readonly asked: Asked; readonly takesAnswer: boolean }
  /** The agent is about to ask this, unless its own rules answer it. `said`: how it says that it does ask. */
  | { readonly type: 'mayAsk'; readonly key: string; readonly said: string; readonly asked: Asked }
  /** The agent asks a person what it was about to ask, or `otherwise` something of which only so much is known. */
  | { readonly type: 'asksIt'; readonly said: string; readonly otherwise: Pick<HookRequest, 'key' | 'asked'> }
  /** The request has been dealt with, and it goes on; null: whatever it was. `isDenied`: a person did not want it. */
  | { readonly type: 'goesOn'; readonly key: string | null; readonly isDenied?: boolean }
  /** `isEnd` null: a person may have broken it off. */
  | {
      readonly type: 'stops';
      readonly isEnd: true | null;
      readonly background: number;
      /** How the turn went wrong; null: it did not; undefined where that is not told. */
      readonly error?: string | null;
    }
  /** A conversation begins; `isNew`: in a process of its own. */
  | { readonly type: 'begins'; readonly isNew: boolean }
  | { readonly type: 'ends' };

/** An answer that a hook gives. */
export interface HookAnswer {
  readonly decision: 'allow' | 'deny';
  /** Of a denial, for the agent. */
  readonly reason: string | null;
}

/** A request that nothing has told to be over. */
export interface HookRequest {
  readonly key: string;
  readonly asked: Asked;
  /** Of those that wait for an answer to it; several when it asks the same several times. */
  readonly tickets: readonly string[];
  /** How it says that it asks this, where it tells that apart from what exactly. */
  readonly said?: string;
}

/** What is known by the events of one run of a tool. */
export interface HookModel {
  /** The conversation that counts: others belong to processes that the tool has started. */
  readonly conversation: string | null;
  readonly pending: readonly HookRequest[];
  /** What it may ask a person in a moment. */
  readonly ahead: readonly (HookRequest & { readonly said: string })[];
  /** What the first event under each ticket said; null when a later one under it said something else. */
  readonly tickets: ReadonlyMap<string, string | null>;
  /** How often it has asked so far. */
  readonly asks: number;
  readonly word: {
    readonly state: 'working' | 'idle';
    readonly isEnd: boolean | null;
    /** How the turn went wrong; null: it did not; undefined where that is not told. */
    readonly error?: string | null | undefined;
  } | null;
  /** Nothing was done since a person denied something: when it stops now they know why. */
  readonly isDenied: boolean;
  readonly phase: Phase | null;
  readonly background: number;
  /** Name of the last event that counted. */
  readonly event: string;
}

export const NO_HOOKS: HookModel = {
  conversation: null,
  pending: [],
  ahead: [],
  tickets: new Map(),
  asks: 0,
  word: null,
  isDenied: false,
  phase: null,
  background: 0,
  event: '',
};

/** So many tickets one run has, and so many requests wait at once. */
const MOST_TICKETS = 10_000;
const MOST_PENDING = 100;
/** What only a hook can know that has a ticket: whatever else writes into its file has none, and asks nothing. */
const ASKING: ReadonlySet<HookMeaning['type']> = new Set(['asks', 'mayAsk', 'asksIt']);

/**
 * The next model; the same one when the event means nothing. An event under a ticket whose first event said something
 * else means nothing either, and nobody is answered under that ticket any more: one of the two is not the hook's.
 */
export function reduceHooks(model: HookModel, event: HookEvent, meaning: HookMeaning | undefined): HookModel {
  const { ticket, digest } = event;
  if (ticket === null) return reduceMeaning(model, event, meaning);
  const first = model.tickets.get(ticket);
  if (first === undefined) {
    // No person is asked so often: it is answered where it stands.
    if (model.tickets.size >= MOST_TICKETS) return reduceMeaning(model, { ...event, ticket: null }, meaning);
    const tickets = new Map(model.tickets).set(ticket, digest);
    return reduceMeaning({ ...model, tickets }, event, meaning);
  }
  if (first === digest) return reduceMeaning(model, event, meaning);
  return { ...model, tickets: new Map(model.tickets).set(ticket, null) };
}

function reduceMeaning(
  model: HookModel,
  { name, conversation, ticket }: HookEvent,
  meaning: HookMeaning | undefined,
): HookModel {
  if (!meaning) return model;
  const isOwn = conversation === null || model.conversation === null || conversation === model.conversation;
  if (meaning.type === 'begins') {
    if (!isOwn && meaning.isNew) return model;
    return { ...NO_HOOKS, tickets: model.tickets, asks: model.asks, conversation, event: name };
  }
  if (!isOwn || (ticket === null && ASKING.has(meaning.type))) return model;
  const next = { ...model, conversation: conversation ?? model.conversation, event: name };
  switch (meaning.type) {
    case 'works':
      return {
        ...next,
        word: { state: 'working', isEnd: null },
        isDenied: model.isDenied && meaning.phase === null,
        phase: meaning.phase,
      };
    case 'asks': {
      const { key, asked, takesAnswer } = meaning;
      const others = model.pending.filter((one) => one.key !== key);
      if (others.length >= MOST_PENDING) return next;
      const known = model.pending.find((one) => one.key === key)?.tickets ?? [];
      const tickets = takesAnswer && ticket !== null ? [...known, ticket] : known;
      const asks = model.asks + 1;
      const request = { key, asked: { ...asked, call: `${String(asks)} ${key}` }, tickets };
      return { ...next, isDenied: false, asks, pending: [...others, request] };
    }
    case 'mayAsk': {
      const { key, said, asked } = meaning;
      const others = model.ahead.filter((one) => one.key !== key).slice(-MOST_PENDING);
      // Two of its hooks run at once: that a person is asked may be written down before what exactly.
      const isAsked = model.pending.some((one) => one.said === said && one.asked.request === null);
      if (!isAsked) return { ...next, ahead: [...others, { key, said, asked, tickets: [] }] };
      const pending = model.pending.map((one) => (one.said === said ? { ...one, key, asked } : one));
      return { ...next, pending, ahead: others };
    }
    case 'asksIt': {
      const { said, otherwise } = meaning;
      const found = model.ahead.findLast((one) => one.said === said);
      // That it asks says nothing less of what is known already.
      if (!found && model.pending.some((one) => one.said === said)) return next;
      const { key, asked, tickets } = found ?? { ...otherwise, tickets: [] };
      const others = model.pending.filter((one) => one.key !== key);
      const ahead = model.ahead.filter((one) => one.key !== key);
      if (others.length >= MOST_PENDING) return next;
      return { ...next, isDenied: false, pending: [...others, { key, said, asked, tickets }], ahead };
    }
    case 'goesOn':
      return {
        ...next,
        pending: meaning.key === null ? [] : model.pending.filter(({ key }) => key !== meaning.key),
        ahead: meaning.key === null ? [] : model.ahead.filter(({ key }) => key !== meaning.key),
        word: { state: 'working', isEnd: null },
        isDenied: meaning.isDenied === true,
        phase: null,
      };
    case 'stops': {
      const { background } = meaning;
      // Some tell first how it went wrong, and then that it stopped.
      const before = model.word?.state === 'idle' ? model.word : undefined;
      const isEnd = meaning.isEnd ?? before?.isEnd ?? (model.isDenied ? false : null);
      const error = meaning.error === undefined ? before?.error : meaning.error;
      return {
        ...next,
        pending: [],
        ahead: [],
        word: { state: 'idle', isEnd, error },
        isDenied: false,
        phase: null,
        background,
      };
    }
    case 'ends':
      return { ...NO_HOOKS, tickets: model.tickets, asks: model.asks };
  }
}

/**
 * The model after a request was answered: no event tells of one that was denied, and it must not stand before those that
 * come later.
 */
export function withoutAnswered(model: HookModel, answered: AnsweredRequest, ticket?: string): HookModel {
  const index = model.pending.findIndex(({ asked, tickets }) =>
    // An equal one may have come since, which waits under another ticket.
    ticket === undefined ? isAnswered(asked, answered) : tickets.includes(ticket),
  );
  return index < 0 ? model : { ...model, pending: model.pending.toSpliced(index, 1) };
}

/** The model without what was told under a ticket under which nobody waits: whoever wrote that was not the hook. */
export function withoutTicket(model: HookModel, ticket: string): HookModel {
  const pending = model.pending.filter(({ tickets }) => !tickets.includes(ticket));
  return { ...model, pending, tickets: new Map(model.tickets).set(ticket, null) };
}

/** What of a request tells it from others. */
export type AnsweredRequest = Pick<PendingRequest, 'kind' | 'command' | 'path' | 'question' | 'exact'>;

function isAnswered({ kind, request }: Asked, answered: AnsweredRequest): boolean {
  return (
    kind === answered.kind &&
    (request === null || isSameAbout(request, answered)) &&
    agree(request?.question, answered.question, isSameText)
  );
}

/** Everything but what is described anew by the screen. */
type Exactly = Pick<PendingRequest, 'kind' | 'action' | 'command' | 'path' | 'text'>;

/**
 * Under which exactly one hook waits for an answer to exactly this request; undefined when that is not so, or when what
 * the hook told cannot be judged.
 */
export function ticketFor(
  { pending, tickets: known }: Pick<HookModel, 'pending' | 'tickets'>,
  request: Exactly,
): string | undefined {
  const [found, ...others] = pending.filter(({ asked }) => isExactly(asked, request));
  if (!found || others.length > 0 || found.tickets.length !== 1) return undefined;
  // It stands for one event, and so for one request.
  const [ticket] = found.tickets;
  return ticket !== undefined && known.get(ticket) === null ? undefined : ticket;
}

/** Whether exactly this request is pending, and no other one. */
export function isOnly({ pending }: Pick<HookModel, 'pending'>, request: Exactly): boolean {
  const [first, ...others] = pending;
  return first !== undefined && others.length === 0 && isExactly(first.asked, request);
}

/** As the hook told it, to the letter: nothing of it was read from a screen. */
function isExactly({ kind, text, request: told }: Asked, { action, command, path, ...request }: Exactly): boolean {
  if (kind !== 'permission' || kind !== request.kind || told === null) return false;
  if (action === null || action === 'mode' || (action === 'shell' && command === null)) return false;
  // Whether a file is made or changed stands on the screen only.
  const isFile = (one: string | null): boolean => one === 'create' || one === 'edit';
  if (told.action !== action && !(isFile(told.action) && isFile(action))) return false;
  if (told.command !== command || told.path !== path) return false;
  return command !== null || path !== null || text === request.text;
}

/** Every agent prints something at least each second while it works. */
const WORKING_TTL = 60_000;

/** What the events say, as evidence; undefined when they say nothing. What is asked wins until it is dealt with. */
export function hookEvidence(
  { pending, word, phase, background, event }: HookModel,
  time: number,
): Evidence | undefined {
  const common = { source: 'event', limitedUntil: null, background: 0, error: undefined, time, detail: event } as const;
  const [request] = pending;
  if (request) return { ...common, state: 'waiting', phase: null, asked: request.asked, turnEnded: null, ttl: null };
  if (word === null) return undefined;
  if (word.state === 'working') {
    return { ...common, state: 'working', phase, asked: null, turnEnded: null, ttl: WORKING_TTL };
  }
  return {
    ...common,
    state: 'idle',
    phase: null,
    asked: null,
    turnEnded: word.isEnd,
    error: word.error,
    background,
    ttl: null,
  };
}

/** What is asked, with command and path as the tool has them. */
export function askedOf({ kind = 'permission', ...parts }: AskedParts & { readonly kind?: WaitingKind }): Asked {
  const request = requestOf(parts);
  // Options are as the screen shows them: those are chosen from.
  return {
    kind,
    text: request.text,
    request: { ...request, exact: isWhole(kind, request) ? 'event' : null },
    options: [],
  };
}

/** The event has told all that it is about. */
function isWhole(kind: WaitingKind, { action, command, path }: ScreenRequest): boolean {
  if (kind !== 'permission') return true;
  return action === 'shell' ? command !== null : path !== null;
}

/** What runs in the folder of the session, as the agent names that, runs nowhere else. */
export function asAtHome(meaning: HookMeaning | undefined, home: string): HookMeaning | undefined {
  if (meaning?.type !== 'asks' && meaning?.type !== 'mayAsk') return meaning;
  const { asked } = meaning;
  if (asked.request?.folder !== home) return meaning;
  const { folder: _, ...request } = asked.request;
  return { ...meaning, asked: { ...asked, request } };
}

/** What is asked of a file, told from the folder of the agent. */
export function askedPath(action: 'create' | 'edit' | 'read', path: string | undefined, cwd: string | null): Asked {
  if (path === undefined) return askedOf({ action });
  const near = cwd !== null && isAbsolute(path) ? relative(cwd, path) : path;
  // What is tidied on the way is shown as it is.
  const isInside = cwd !== null && near !== '' && path === `${cwd === '/' ? '' : cwd}/${near}`;
  const folder = cwd === null || isAbsolute(path) ? undefined : cwd;
  return askedOf({ action, path, text: `${action} ${isInside ? near : path}`, folder });
}

/** What is asked of an address. */
export function askedAddress(address: string | undefined): Asked {
  return askedOf({ action: 'network', path: address, text: `fetch ${address ?? ''}` });
}
