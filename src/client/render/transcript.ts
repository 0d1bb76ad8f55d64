import { commonStart } from './alignment.js';
import { isChild, isInput, isProvisional } from './decoration.js';
import { append, endOfLetters, finishLine, letters as lettersOf } from './lineText.js';
import type { ContentLine, ScreenContent } from './screenLayout.js';
import { bareStart, keyOf, sentenceEnd } from './sentences.js';
import { Steadiness } from './steadiness.js';
import { ToldText, type News } from './toldText.js';

/** For so many different frames a text must stay the same to count as settled while the program goes on painting. */
const SETTLED_FRAMES = 6;
/** The same for the block in which a working program still writes. */
const SETTLED_UNFINISHED_FRAMES = 60;
/** The same in moments, see {@link Transcript.takeStood}. */
const STOOD_MOMENTS = 2;
/** In moments: a program may leave an item of a list cut off while it writes the next ones. */
const CUT_MOMENTS = 20;
/** What was told and is gone from the screen for so many frames was withdrawn. */
const WITHDRAWN_FRAMES = 2;
/** What was there for longer than so many frames was more than a part of one. */
const TAKEN_FRAMES = 1;
/** So many letters are no coincidence; at the end of what is not told fewer are none. */
const MIN_KNOWN = 12;
const FEW_LETTERS = 4;
/** So much of an older picture stands in the next one as well. */
const SAME = 0.8;
/** Fewer lines may be changed ones. */
const FEW_LINES = 3;

/** A line, or the rest of one, that the screen shows and the reader has not been given. */
interface Pending {
  readonly text: string;
  readonly key: string;
  readonly indent: number;
  readonly beginsBlock: boolean;
  /** The line began with what the reader has been given. */
  readonly isContinued: boolean;
  /** The line has scrolled out of the screen, so that it will not change. */
  readonly isFinal: boolean;
  /** The program may have painted it again below an older picture of its screen. */
  readonly mayBeCopy: boolean;
}

/**
 * Puts the conversation together from what successive screens show of it. What was told is one text of letters, without
 * blanks, which change with the width of the screen. Every screen is searched for the end of that text: what stands below
 * is still to be told, once it has stood still, and may change until then.
 */
export class Transcript {
  readonly #told = new ToldText();
  #pending: readonly Pending[] = [];
  /** Lines of the last screen. */
  #shown: readonly ContentLine[] = [];
  /** The last screen showed that the program works or asks. */
  #isUnfinished = false;
  #wasUnfinished = false;
  #margin = Number.POSITIVE_INFINITY;
  #withdrawn = 0;
  #out: string[] = [];
  /** First line of the last screen that showed the end of what was told. */
  #top = '';
  readonly #frames = new Steadiness();
  readonly #moments = new Steadiness();

  /** Takes in the next screen. */
  read({ lines, isUnfinished }: ScreenContent): void {
    for (const line of lines) this.#margin = Math.min(this.#margin, line.indent);
    if (lines.length > 0 && !this.#place(lines)) return;
    this.#wasUnfinished = this.#isUnfinished;
    this.#isUnfinished = isUnfinished;
    this.#shown = lines;
    this.#frames.next();
    this.#see();
    const final = this.#pending.findLastIndex((line) => line.isFinal);
    for (let count = final; count >= 0; count--) this.#tellFirst();
  }

  /** Takes in a screen that shows nothing but what was on it before it was resized: some of that may have left it. */
  reflow({ lines }: ScreenContent): void {
    const keys = lines.map(({ text }) => keyOf(text));
    const letters = this.#letters;
    if (this.#told.endIn(keys.join(''), keys, letters) !== undefined) return;
    this.#tellLetters(this.#scrolledBy(keys, letters)?.letters ?? 0);
  }

  /**
   * The whole screen is about to be erased. What a program at rest had on it has been said for good; what comes next is
   * new, unless it is all the same. A program at work paints its screen anew and goes on.
   */
  erase(): void {
    if (!this.#isUnfinished) this.#tellAll();
  }

  /** The lines that have settled since the last call. */
  takeSettled(): string[] {
    this.#tellSteady(this.#frames.steady(SETTLED_FRAMES), this.#frames.steady(SETTLED_UNFINISHED_FRAMES), true);
    return this.#take();
  }

  /** A moment has passed: gives also what has stood since the last call, of what is still being written whole sentences. */
  takeStood(): string[] {
    this.#moments.next();
    const stood = this.#moments.steady(STOOD_MOMENTS);
    this.#tellSteady(Math.max(stood, this.#frames.steady(SETTLED_FRAMES)), stood, false);
    return this.#take();
  }

  /** The same after a moment in which nothing was painted: what is on the screen has settled. */
  takeQuiet(): string[] {
    if (this.#withdrawn > 0) this.#withdraw(this.#shown.map(({ text }) => keyOf(text)));
    this.#wasUnfinished = this.#isUnfinished;
    this.#tellSteady(Infinity, Infinity, !this.#isUnfinished);
    return this.#take();
  }

  /** All that was not given yet. */
  takeAll(): string[] {
    if (this.#isUnfinished) this.#pending = this.#pending.filter(({ text }) => !isProvisional(text));
    this.#tellAll();
    return this.#take();
  }

  get #letters(): string {
    return this.#pending.map(({ key }) => key).join('');
  }

  #see(): void {
    for (const steadiness of [this.#frames, this.#moments]) steadiness.see(this.#letters);
  }

  #take(): string[] {
    const lines = this.#out;
    this.#out = [];
    return lines;
  }

  /**
   * Finds where on the screen begins what is not told.
   *
   * @returns false for a screen that only shows again what was told long ago
   */
  #place(lines: readonly ContentLine[]): boolean {
    const keys = lines.map(({ text }) => keyOf(text));
    const screen = keys.join('');
    const letters = this.#letters;
    const end = this.#told.endIn(screen, keys, letters);
    if (end !== undefined) {
      this.#withdrawn = 0;
      this.#top = keys[0] ?? '';
      const pending = pendingFrom(lines, keys, end);
      // What a program at rest takes away had been said.
      const isTaken = pending.length === 0 && !this.#isUnfinished;
      if (isTaken && this.#frames.steady(TAKEN_FRAMES) >= letters.length) this.#tellAll();
      this.#pending = pending;
      return true;
    }
    const scrolled = this.#scrolledBy(keys, letters);
    if (scrolled !== undefined) {
      const more = this.#tellLetters(scrolled.letters);
      this.#pending = pendingFrom(lines, keys, scrolled.from + more);
      return true;
    }
    const rest = this.#told.changedIn(screen, keys);
    if (rest !== undefined && !this.#isPrintedAgain(rest, keys)) {
      const isThere = keys[0] === this.#top;
      if (rest.length === 0 && !isThere) return false;
      this.#withdrawn = rest.length === 0 ? this.#withdrawn + 1 : 0;
      if (this.#withdrawn >= WITHDRAWN_FRAMES) this.#withdraw(keys);
      this.#pending = rest.flatMap(({ index, known }) => pendingOf(lines[index], keys[index], known));
      return true;
    }
    if (this.#told.isLookedAt(keys)) return false;
    // A program paints its lines anew; or the screen shows something else altogether, and what was there was said.
    const isRepainted = keys.some((key) => key.length > 3 && letters.includes(key));
    if (!isRepainted) {
      if (this.#isUnfinished) this.#pending = this.#pending.filter(({ text }) => !isProvisional(text));
      this.#tellAll();
    }
    this.#pending = pendingFrom(lines, keys, 0);
    return true;
  }

  /** So many of the lines that seem to be news were told: a program prints its whole conversation again. */
  #isPrintedAgain(news: readonly News[], keys: readonly string[]): boolean {
    return news.length >= FEW_LINES && this.#told.isLookedAt(news.map(({ index }) => keys[index] ?? ''));
  }

  /** How much of what is not told has left the screen at its top; a heading may stay there. */
  #scrolledBy(
    keys: readonly string[],
    letters: string,
  ): { readonly letters: number; readonly from: number } | undefined {
    const screen = keys.join('');
    let from = 0;
    for (const [index, key] of keys.slice(0, 3).entries()) {
      const shown = screen.slice(from);
      const found = placeOf(shown, letters, this.#told.has(shown.slice(0, 2 * MIN_KNOWN)) ? MIN_KNOWN : FEW_LETTERS);
      if (found >= 0) return { letters: found, from };
      if (key !== '' && !this.#isHeading(index, key)) return undefined;
      from += key.length;
    }
    return undefined;
  }

  #isHeading(index: number, key: string): boolean {
    return keyOf(this.#shown[index]?.text ?? '') === key && this.#told.has(key.replace(/(?:…|\.\.\.)$/, ''));
  }

  #withdraw(keys: readonly string[]): void {
    this.#told.forget(keys);
    this.#withdrawn = 0;
  }

  /**
   * Tells in order what has stood still: lines up to `steady` letters, and of the last block, where more may be written,
   * sentences up to `unfinished`. With `isWhole` the last block of a program at rest is like the others, and lines of one
   * at work are told as well up to `unfinished`.
   */
  #tellSteady(steady: number, unfinished: number, isWhole: boolean): void {
    let [left, unfinishedLeft] = [steady, unfinished];
    let uncutLeft = this.#moments.steady(CUT_MOMENTS);
    const mayGrow = !isWhole || this.#isUnfinished || this.#wasUnfinished;
    const lastBlock = mayGrow ? Math.max(0, this.#lastBlock()) : Infinity;
    let index = 0;
    while (this.#pending[0] !== undefined) {
      const [line, next] = this.#pending;
      const count = line.key.length;
      const isWritten =
        index < lastBlock || isInput(line.text) || (next !== undefined && !isChild(next.text) && !isChild(line.text));
      const isCut = mayGrow && isCutItem(line.text) && count > uncutLeft;
      const isSteady =
        !isCut && count <= (index < lastBlock ? left : Math.min(left, isInput(line.text) ? left : unfinishedLeft));
      if (isSteady && (isWritten || (isWhole && !isProvisional(line.text)))) this.#tellFirst();
      else {
        return this.#tellSentences(Math.min(count, unfinishedLeft));
      }
      left -= count;
      unfinishedLeft -= count;
      uncutLeft -= count;
      index++;
    }
  }

  #lastBlock(): number {
    return this.#pending.findLastIndex((line) => line.beginsBlock);
  }

  /** Of the first line the sentences that end within so many letters. */
  #tellSentences(count: number): void {
    const [line, ...rest] = this.#pending;
    if (line === undefined || isChild(line.text)) return;
    const end = sentenceEnd(line.text, count);
    if (end > 0) this.#tellPart(line, end, rest);
  }

  #tellPart(line: Pending, end: number, rest: readonly Pending[]): void {
    const told = line.text.slice(0, end);
    const text = line.text.slice(end).trimStart();
    this.#give({ ...line, text: told, key: line.isContinued ? lettersOf(told) : keyOf(told) });
    this.#setPending(text === '' ? rest : [{ ...line, text, key: lettersOf(text), isContinued: true }, ...rest]);
  }

  #tellFirst(): void {
    const [line, ...rest] = this.#pending;
    if (line === undefined) return;
    this.#give(line);
    this.#setPending(rest);
  }

  #tellAll(): void {
    while (this.#pending.length > 0) this.#tellFirst();
  }

  /**
   * Tells what has left the screen at its top, with the rest of its last line when that is written.
   *
   * @returns letters of that rest
   */
  #tellLetters(count: number): number {
    let left = count;
    for (let line = this.#pending[0]; line !== undefined && left > 0; line = this.#pending[0]) {
      if (line.key.length > left && this.#pending.length === 1) {
        const lead = line.isContinued ? 0 : line.text.length - bareStart(line.text).length;
        this.#tellPart(line, lead + endOfLetters(line.text.slice(lead), left), []);
        return 0;
      }
      left -= line.key.length;
      this.#tellFirst();
    }
    return Math.max(0, -left);
  }

  #setPending(pending: readonly Pending[]): void {
    const before = this.#letters.length;
    this.#pending = pending;
    const count = before - this.#letters.length;
    for (const steadiness of [this.#frames, this.#moments]) steadiness.drop(count);
  }

  #give({ text, key, indent, beginsBlock, isContinued }: Pending): void {
    // A bullet whose text has not come says nothing.
    if (key === '') return;
    if (beginsBlock && !isContinued) this.#out.push('');
    append(this.#out, [finishLine(' '.repeat(Math.max(0, indent - this.#margin)) + text)]);
    this.#told.add(key);
  }
}

/** An item of a list that ends in the middle of a sentence. */
function isCutItem(text: string): boolean {
  return /^(?:[-*+•◦]|\d+[.)])(?:\s|$)/.test(text) && !/[.!?:;。！？]["'”’)\]*_`]*$/.test(text);
}

/** A line without its first letters that are known. */
function pendingOf(line: ContentLine | undefined, key = '', known = 0): Pending[] {
  if (line === undefined || known >= key.length) return [];
  const { indent, beginsBlock, isHistory: isFinal, isBelowStatus: mayBeCopy } = line;
  if (known === 0) return [{ text: line.text, key, indent, beginsBlock, isContinued: false, isFinal, mayBeCopy }];
  const bare = bareStart(line.text);
  const text = bare.slice(endOfLetters(bare, known)).trimStart();
  return [{ text, key: key.slice(known), indent, beginsBlock, isContinued: true, isFinal, mayBeCopy }];
}

/** What stands behind so many letters. */
function pendingFrom(lines: readonly ContentLine[], keys: readonly string[], end: number): readonly Pending[] {
  let start = 0;
  return withoutCopies(
    keys.flatMap((key, index) => {
      const known = Math.max(0, end - start);
      start += key.length;
      return pendingOf(lines[index], key, known);
    }),
  );
}

/** Of several pictures of the same, one below the other, only the last. */
function withoutCopies(pending: readonly Pending[]): readonly Pending[] {
  const letters = pending.map(({ key }) => key).join('');
  let [begin, at] = [0, 0];
  for (const [index, { key, mayBeCopy }] of pending.entries()) {
    const from = pending.slice(0, begin).reduce((sum, line) => sum + line.key.length, 0);
    const older = letters.slice(from, at);
    if (
      mayBeCopy &&
      index > begin &&
      commonStart(older, letters.slice(at)) >= Math.max(FEW_LETTERS, older.length * SAME)
    )
      begin = index;
    at += key.length;
  }
  return pending.slice(begin);
}

/** Where in `letters` the screen begins; -1 when no more than so few letters at their end are the same. */
function placeOf(screen: string, letters: string, few: number): number {
  const begin = screen.slice(0, MIN_KNOWN);
  const found = begin.length < FEW_LETTERS ? -1 : letters.indexOf(begin);
  if (found >= 0) return found;
  for (let count = MIN_KNOWN - 1; count >= few; count--)
    if (letters.endsWith(screen.slice(0, count))) return letters.length - count;
  return -1;
}
