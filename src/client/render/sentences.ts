import { endOfLetters, letters } from './lineText.js';

/** The glyph with which a message, a tool call or its result begins: it blinks and changes while the text stays. */
const BULLET = /^(?:[●•⏺■✔✗✘✕✖✓⎿└├✦✻ℹ✶✢✽◦○◌◯](?:\s+|$))+/u;
const END = /[.!?]["'”’)\]*_`]*(?=\s|$)|[。！？]/gu;

export const bareStart = (text: string): string => text.replace(BULLET, '');

/** A line as it is compared: its letters, without its bullet. */
export const keyOf = (text: string): string => letters(bareStart(text));

/** Where the last sentence ends that ends within so many letters; 0 when none does. */
export function sentenceEnd(text: string, count: number): number {
  const lead = text.length - bareStart(text).length;
  const limit = lead + endOfLetters(text.slice(lead), count);
  let end = 0;
  for (const match of text.matchAll(END)) {
    const at = match.index + match[0].length;
    if (at <= limit && letters(text.slice(lead, at)).length > 3) end = at;
  }
  return end;
}
