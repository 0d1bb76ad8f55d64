import type { ServerInfo } from '../protocol/requests.js';
import type { ConnectionState } from './api.js';

/** A connection that broke sooner than this counts as a failed try, so that a crashing server is not started in a loop. */
const STABLE_MS = 500;

/** How a client stands to its server, with what decides about the next try. */
export type Link =
  | { readonly kind: 'connecting'; readonly attempt: number; readonly error: Error | undefined }
  | { readonly kind: 'connected'; readonly attempt: number; readonly server: ServerInfo; readonly since: number }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly error: Error }
  | { readonly kind: 'ended'; readonly error: Error };

export type LinkInput =
  | { readonly type: 'opened'; readonly server: ServerInfo; readonly now: number }
  | { readonly type: 'failed'; readonly error: Error; readonly final: boolean }
  | { readonly type: 'closed'; readonly error: Error; readonly final: boolean; readonly now: number }
  | { readonly type: 'retry' }
  | { readonly type: 'disposed'; readonly error: Error };

export const INITIAL_LINK: Link = { kind: 'connecting', attempt: 0, error: undefined };

/** The next standing. Entering `connecting` means: try; entering `waiting` means: wait, longer with each attempt. */
export function reduceLink(link: Link, input: LinkInput): Link {
  if (link.kind === 'ended') return link;
  switch (input.type) {
    case 'opened':
      return link.kind === 'connecting'
        ? { kind: 'connected', attempt: link.attempt, server: input.server, since: input.now }
        : link;
    case 'failed':
      if (link.kind !== 'connecting') return link;
      return input.final
        ? { kind: 'ended', error: input.error }
        : { kind: 'waiting', attempt: link.attempt, error: input.error };
    case 'closed':
      if (link.kind !== 'connected') return link;
      if (input.final) return { kind: 'ended', error: input.error };
      return input.now - link.since >= STABLE_MS
        ? { kind: 'connecting', attempt: 0, error: undefined }
        : { kind: 'waiting', attempt: link.attempt, error: input.error };
    case 'retry':
      return link.kind === 'waiting' ? { kind: 'connecting', attempt: link.attempt + 1, error: link.error } : link;
    case 'disposed':
      return { kind: 'ended', error: input.error };
  }
}

/** What the users of a client see of it: once a try has failed it stays disconnected until one succeeds. */
export function toConnectionState(link: Link): ConnectionState {
  switch (link.kind) {
    case 'connecting':
      return link.error === undefined
        ? { kind: 'connecting' }
        : { kind: 'disconnected', error: link.error, final: false };
    case 'connected':
      return { kind: 'connected', server: link.server };
    case 'waiting':
      return { kind: 'disconnected', error: link.error, final: false };
    case 'ended':
      return { kind: 'disconnected', error: link.error, final: true };
  }
}
