import * as z from 'zod';
import { Context, Machine, Timestamp } from './context.js';
import { PolicyState } from './policy.js';
import { Session } from './session.js';

/** One change, numbered within the server's instance without gaps. Clients skip types that they do not know. */
export const ServerEvent = z.object({
  seq: z.number().int(),
  time: Timestamp,
  change: z.discriminatedUnion('type', [
    z.object({ type: z.literal('session/changed'), session: Session }),
    z.object({ type: z.literal('session/removed'), id: z.string(), name: z.string() }),
    z.object({ type: z.literal('context/changed'), context: Context }),
    z.object({ type: z.literal('context/removed'), id: z.string(), name: z.string() }),
    z.object({ type: z.literal('machine/changed'), machine: Machine }),
    /** No context is on it any more. */
    z.object({ type: z.literal('machine/removed'), id: z.string() }),
    z.object({ type: z.literal('policy/changed'), policy: PolicyState }),
    /** Something a person should know that belongs to no record, e.g. a record on disk that could not be read. */
    z.object({ type: z.literal('notice'), level: z.enum(['info', 'warning', 'error']), message: z.string() }),
  ]),
});
export type ServerEvent = z.infer<typeof ServerEvent>;
export type Change = ServerEvent['change'];
