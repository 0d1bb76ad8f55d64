import { backoff } from '../../common/async.js';
import type { LinkState } from '../../core/machine/machine.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { ConnectionFailure } from '../connectionFailure.js';

/** What is known of the way to a host. All times are milliseconds since the epoch. */
export interface Link {
  /** `idle`: nobody wants it; `waiting`: tried again at `nextTry`; `blocked`: only a person can go on. */
  readonly phase: 'idle' | 'connecting' | 'connected' | 'waiting' | 'blocked';
  /** Tries that failed since it was connected last. */
  readonly failures: number;
  readonly since: number;
  readonly lastSeen: number | null;
  readonly nextTry: number | null;
  readonly node: string | null;
  readonly problem: LinkProblem | null;
}

export interface LinkProblem {
  readonly message: string;
  readonly command: string | null;
  /** Only a person can go on: trying again by itself may lock the account. */
  readonly blocks: 'signIn' | 'hostKey' | 'other' | null;
}

export type LinkEvent =
  /** Somebody wants it. */
  | { readonly type: 'wanted'; readonly time: number }
  | { readonly type: 'connected'; readonly node: string; readonly time: number }
  /** Bytes came from the host. */
  | { readonly type: 'heard'; readonly time: number }
  /** A try came to nothing; `random` is from 0 to 1. */
  | { readonly type: 'failed'; readonly problem: LinkProblem; readonly random: number; readonly time: number }
  /** The host was connected and is not any more. */
  | { readonly type: 'lost'; readonly problem: LinkProblem; readonly time: number }
  | { readonly type: 'due'; readonly time: number }
  /** The host can be reached again. */
  | { readonly type: 'reachable'; readonly time: number }
  /** The machine slept, or its network is another one. */
  | { readonly type: 'woke'; readonly time: number }
  | { readonly type: 'unwanted'; readonly time: number };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** A way that was not tried yet. @param time milliseconds since the epoch */
export function newLink(time: number): Link {
  return {
    phase: 'idle',
    failures: 0,
    since: time,
    lastSeen: null,
    nextTry: null,
    node: null,
    problem: null,
  };
}

/** The way to a host as a pure function: whoever drives it connects when it says `connecting`. */
export function reduceLink(link: Link, event: LinkEvent): Link {
  const { time } = event;
  switch (event.type) {
    case 'wanted':
      return link.phase === 'connected' || link.phase === 'connecting' ? link : connecting(link, time);
    case 'connected':
      return {
        ...link,
        phase: 'connected',
        failures: 0,
        since: time,
        lastSeen: time,
        nextTry: null,
        node: event.node,
        problem: null,
      };
    case 'heard':
      return link.phase === 'connected' ? { ...link, lastSeen: time } : link;
    case 'failed':
      if (link.phase !== 'connecting') return link;
      if (event.problem.blocks !== null) {
        return { ...link, phase: 'blocked', nextTry: null, since: time, problem: event.problem };
      }
      return {
        ...link,
        phase: 'waiting',
        failures: link.failures + 1,
        since: link.problem === null ? time : link.since,
        nextTry: time + backoff(link.failures, FIRST_WAIT_MS, LONGEST_WAIT_MS, () => event.random),
        problem: event.problem,
      };
    case 'lost':
      // The first try comes at once: most cuts are over before they are seen.
      if (link.phase !== 'connected') return link;
      return { ...link, phase: 'connecting', since: time, nextTry: null, problem: event.problem };
    case 'due':
      return link.phase === 'waiting' && link.nextTry !== null && time >= link.nextTry ? connecting(link, time) : link;
    case 'reachable':
      return link.phase === 'waiting' ? connecting(link, time) : link;
    case 'woke':
      return link.phase === 'waiting' ? { ...connecting(link, time), failures: 0 } : link;
    case 'unwanted':
      return link.phase === 'idle'
        ? link
        : { ...link, phase: 'idle', since: time, nextTry: null, failures: 0, problem: null };
  }
}

function connecting(link: Link, time: number): Link {
  // A try in the middle of a row of them does not make what is said about it younger.
  const since = link.phase === 'waiting' ? link.since : time;
  return { ...link, phase: 'connecting', nextTry: null, since };
}

/** The link as clients are told of it. */
export function linkState(link: Link): LinkState {
  const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
  const { problem } = link;
  return {
    connection: connectionOf(link),
    since: new Date(link.since).toISOString(),
    problem: problem === null ? null : { message: problem.message, command: problem.command },
    node: link.node,
    lastSeen: iso(link.lastSeen),
    nextTry: iso(link.nextTry),
  };
}

function connectionOf({ phase, problem, failures }: Link): LinkState['connection'] {
  switch (phase) {
    case 'connected':
      return 'connected';
    case 'connecting':
      // Later tries are part of being offline; people need not see each of them.
      return failures === 0 ? 'connecting' : 'offline';
    case 'blocked':
      if (problem?.blocks === 'signIn') return 'signInNeeded';
      return problem?.blocks === 'hostKey' ? 'hostKeyChanged' : 'offline';
    case 'idle':
    case 'waiting':
      return 'offline';
  }
}

/** What a failed try or a lost connection means for the next one. */
export function linkProblem(error: unknown): LinkProblem {
  const failure = error instanceof Error ? error : new Error(String(error));
  const hint = failure instanceof CodeManagerError ? failure.hint : undefined;
  const message = hint === undefined ? failure.message : `${failure.message.replace(/\.$/, '')}. ${hint}`;
  if (!(failure instanceof ConnectionFailure)) {
    return {
      message,
      command: null,
      blocks: failure instanceof CodeManagerError && failure.code === 'unauthorized' ? 'signIn' : null,
    };
  }
  const { reason, command = null, needsPerson } = failure;
  if (reason === 'hostKeyChanged' || reason === 'hostKeyRevoked') return { message, command, blocks: 'hostKey' };
  if (failure.code === 'unauthorized') return { message, command, blocks: 'signIn' };
  return { message, command, blocks: needsPerson ? 'other' : null };
}
