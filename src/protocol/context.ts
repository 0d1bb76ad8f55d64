import * as z from 'zod';

export const Timestamp = z.iso.datetime({ message: 'not an ISO 8601 time in UTC' });

/** A name that people give: one line, no control characters. */
export const Name = z
  .string()
  .trim()
  .min(1, 'a name cannot be empty')
  .max(200, 'a name has at most 200 characters')
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, 'a name cannot contain line breaks or control characters');

/** Where commands run. Kinds other than `local` keep their fields as they are. */
export const MachineSpec = z.union([z.literal('local'), z.looseObject({ type: z.string() })]);
export type MachineSpec = z.infer<typeof MachineSpec>;

export const Context = z.looseObject({
  id: z.string().min(1),
  name: z.string().min(1),
  /** Absolute path of the folder on its machine. */
  path: z.string().min(1),
  machine: MachineSpec,
  tags: z.array(z.string()).default([]),
  created: z.string(),
  lastUsed: z.string().nullable().default(null),
});
export type Context = z.infer<typeof Context>;

export const Connection = z.enum([
  'connected',
  'connecting',
  'offline',
  'signInNeeded',
  'hostKeyChanged',
  'dependencyMissing',
]);
export type Connection = z.infer<typeof Connection>;

/** A machine as clients see it. `id` is `local` for the machine of the agent server. */
export const Machine = z.object({
  id: z.string(),
  host: z.string(),
  type: z.enum(['local', 'ssh', 'agent']),
  connection: Connection,
  /** Since when the connection is what it is. */
  since: Timestamp,
  /** What is wrong and what to do, when something is. */
  problem: z.object({ message: z.string(), command: z.string().nullable() }).nullable(),
});
export type Machine = z.infer<typeof Machine>;
