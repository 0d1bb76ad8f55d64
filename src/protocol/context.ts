import * as z from 'zod';
import { hasUnseen } from '../common/terminalText.js';
import { ErrorReason } from './errors.js';
import { MachineSpec } from './machineKinds.js';

/** ISO 8601, in UTC. */
export const Timestamp = z.iso.datetime({ message: 'has to be a time in UTC like 2026-01-31T12:00:00Z' });

/** A name that people give: one line, and nothing in it that directs text or that nobody sees. */
export const Name = called('A name');

/** A word by which people group contexts: as a name is. */
export const Tag = called('A tag');

function called(what: string): z.ZodType<string, string> {
  return z
    .string()
    .trim()
    .min(1, `${what} cannot be empty`)
    .max(200, `${what} has at most 200 characters`)
    .refine(
      (text) => !hasUnseen(text),
      `${what} cannot contain line breaks, control characters or signs that nobody sees`,
    );
}

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
  /** Name that people see: the host name, or the name by which ssh knows the host. */
  host: z.string(),
  /** `local`, `ssh`, `agent`, or a kind that only a newer version knows. */
  type: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'is no kind of machine'),
  /** What the host calls itself, once that is known: behind one alias there may be several. */
  node: z.string().nullable().default(null),
  /** Version of the agent server there. */
  version: z.string().nullable().default(null),
  connection: Connection,
  /** Since when the connection is what it is. */
  since: Timestamp,
  /** What is wrong and what to do, when something is. */
  problem: z
    .object({ message: z.string(), command: z.string().nullable(), reason: ErrorReason.optional().catch(undefined) })
    .nullable(),
  /** Of a machine that is not connected: when anything was heard of it last, and when it is tried next. */
  lastSeen: Timestamp.nullable().default(null),
  nextTry: Timestamp.nullable().default(null),
});
export type Machine = z.infer<typeof Machine>;
