import * as z from 'zod';

/** Size of a session's terminal until somebody attaches to it with another one. */
export const FIRST_SIZE = { columns: 120, rows: 40 } as const;

/** From this byte of a log on, its terminal had this size. */
export const LogSize = z.object({
  offset: z.number().int().min(0),
  columns: z.number().int().min(1),
  rows: z.number().int().min(1),
});
export type LogSize = z.infer<typeof LogSize>;
