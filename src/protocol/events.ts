import * as z from 'zod';
import { RECORD_CHANGES, type RecordChange } from './collections.js';
import { Timestamp } from './context.js';
import { PolicyState } from './policy.js';

const PolicyChange = z.object({ type: z.literal('policy/changed'), policy: PolicyState });
/** Something a person should know that belongs to no record, e.g. a record on disk that could not be read. */
const NoticeChange = z.object({
  type: z.literal('notice'),
  level: z.enum(['info', 'warning', 'error']),
  message: z.string(),
});

export type Change = RecordChange | z.infer<typeof PolicyChange> | z.infer<typeof NoticeChange>;
const Change: z.ZodType<Change> = z.discriminatedUnion('type', [
  PolicyChange,
  NoticeChange,
  ...RECORD_CHANGES,
]) as unknown as z.ZodType<Change>;

/** One change, numbered within the server's instance without gaps. Clients skip types that they do not know. */
export const ServerEvent = z.object({ seq: z.number().int(), time: Timestamp, change: Change });
export type ServerEvent = z.infer<typeof ServerEvent>;
