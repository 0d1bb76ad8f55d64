import * as z from 'zod';

/** What a machine wants to know of the person who is connecting to it. Texts are neutralised. */
export const Question = z.object({
  id: z.string(),
  /** Name of the machine. */
  machine: z.string(),
  /** `code`: anything that a host asks by keyboard-interactive, mostly a one-time code. */
  kind: z.enum(['password', 'passphrase', 'code', 'hostKey']),
  /** One line: `Password of anna@build-box`. */
  title: z.string(),
  /** More to read before answering: the host's own words, or a fingerprint. */
  text: z.string(),
  /** What is typed must not be shown. A `hostKey` question is answered by `yes` instead. */
  secret: z.boolean(),
  /** Counts as not answered after so many milliseconds. */
  timeoutMs: z.number().int(),
});
export type Question = z.infer<typeof Question>;

/** How far something long has got. */
export const Progress = z.object({
  /** The id that the client gave the operation. */
  operation: z.string(),
  message: z.string(),
  /** 0 to 100 where it is known. */
  percent: z.number().min(0).max(100).nullable(),
});
export type Progress = z.infer<typeof Progress>;
