import type { Candidate } from './conversationStore.js';

/** A session whose conversation is not known. */
export interface Seeker {
  readonly id: string;
  /** What it was started with; empty: nothing. */
  readonly task: string;
  /** When it ran, in milliseconds since the epoch; Infinity while it does. */
  readonly from: number;
  readonly to: number;
}

/** Letters of a prompt that are looked for on a screen, and how many it takes to tell one from another. */
const SEEN_LETTERS = 60;
const ENOUGH_LETTERS = 8;

/**
 * The conversation that this session has begun: the only one that it can have, and that no other session can have.
 * Everything else is undefined: a wrong conversation is worse than none.
 */
export function matchUnique(
  seeker: Seeker,
  others: readonly Seeker[],
  candidates: readonly Candidate[],
): Candidate | undefined {
  const [only, ...more] = candidates.filter((candidate) => canHaveBegun(seeker, candidate));
  if (only === undefined || more.length > 0) return undefined;
  return others.some((other) => other.id !== seeker.id && canHaveBegun(other, only)) ? undefined : only;
}

function canHaveBegun({ task, from, to }: Seeker, { begun, prompt }: Candidate): boolean {
  if (begun < from || begun > to) return false;
  return task.trim() === '' || (prompt !== null && words(prompt) === words(task));
}

/** Tools change line ends and blanks of what they are given. */
function words(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** Whether what a terminal got shows a prompt, however it was wrapped, framed and coloured. */
export function showsPrompt(screen: string, prompt: string): boolean {
  const wanted = letters(prompt).slice(0, SEEN_LETTERS);
  return wanted.length >= ENOUGH_LETTERS && letters(screen).includes(wanted);
}

function letters(text: string): string {
  return text.replace(/[^\p{L}\p{N}]+/gu, '');
}
