import * as z from 'zod';

const Entry = z.object({ key: z.string(), value: z.string() });

/** What a repository's own git configuration and hooks would run or fetch, and may not before the person lets it. */
export const OwnGit = z.object({
  /** Of exactly this content in this repository; who lets it run names it. */
  digest: z.string(),
  /** What would then count; of a hook its text. */
  entries: z.array(Entry),
  /** What runs programs or leads elsewhere, and never counts. */
  never: z.array(Entry),
});
export type OwnGit = z.infer<typeof OwnGit>;
