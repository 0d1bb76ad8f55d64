import * as z from 'zod';
import type { Access } from './access.js';

/** Id, unique prefix of at least four letters, or name. */
export const Ref = z.string().min(1);
export const Empty = z.object({});
export const SessionRef = z.object({ session: Ref });
/** Id or name of a machine, or a context on it. */
export const MachineRef = z.object({ machine: Ref });
/** The client's own id of something long: its progress is told under it, and `operation/cancel` ends it. */
export const Operation = z.string().min(1).max(100).optional();

/** What is so of a request besides what it takes and answers. */
export interface RequestRules<P extends z.ZodType> {
  /** The request names a session by `session`, and the machine of that session answers it. */
  readonly about?: 'session';
  /** What it does, as far as it matters who asks. */
  readonly access: Access | ((params: z.output<P>) => Access);
  /**
   * Whether it may be sent again when the connection broke before its answer; default: where it only reads. Others might
   * type, press or delete twice, or belong to one connection.
   */
  readonly repeat?: boolean;
}

/** One request of the wire: what it takes, what it answers and what is so of it. */
export const request = <P extends z.ZodType, R extends z.ZodType, const Q extends RequestRules<P>>(
  params: P,
  result: R,
  rules: Q,
): { params: P; result: R; rules: Q } => ({ params, result, rules });
