import { commonEnd, lastCommon } from './alignment.js';

/** So many letters before its end are enough to find it. */
const END_LETTERS = 40;
/** The same where what follows is known too. */
const FEW_LETTERS = 4;
const SOME_LETTERS = 12;
const PARTS = new RegExp(`.{${SOME_LETTERS}}`, 'gsu');
/** How far back a line that shows up again is recognised. */
const MAX_LINES = 2000;
/** A line of fewer letters is no evidence. */
const MIN_KNOWN = 8;
/** So much of a screen must be known for it to show earlier lines again. */
const LOOKING_BACK = 0.8;

/** A line of a screen, and how many of its first letters were told. */
export interface News {
  readonly index: number;
  readonly known: number;
}

/** What the reader has been given: the keys of its lines, and their letters. */
export class ToldText {
  #lines: string[] = [];
  #letters = '';

  add(key: string): void {
    this.#lines.push(key);
    if (this.#lines.length > MAX_LINES * 1.5) this.#set(this.#lines.slice(-MAX_LINES));
    else this.#letters += key;
  }

  has(letters: string): boolean {
    return letters !== '' && this.#letters.includes(letters);
  }

  /**
   * Where on a screen the told text ends; undefined when its end is not there.
   *
   * @param next letters that were not told and stood below it
   */
  endIn(screen: string, keys: readonly string[], next: string): number | undefined {
    const told = this.#letters;
    if (told === '') return next === '' ? 0 : undefined;
    const end = told.slice(-END_LETTERS);
    const starts = startsOf(keys);
    let best: { readonly at: number; readonly length: number } | undefined;
    for (let found = screen.indexOf(end); found >= 0; found = screen.indexOf(end, found + 1)) {
      const at = found + end.length;
      const length = commonEnd(told, screen.slice(0, at));
      if (isCredible(starts, at, length) && (best === undefined || length > best.length)) best = { at, length };
    }
    if (best !== undefined) return best.at;
    return this.#endAtTop(screen, keys, next);
  }

  /** Only the last letters of the told text are left at the top of the screen, maybe below a heading. */
  #endAtTop(screen: string, keys: readonly string[], next: string): number | undefined {
    let start = 0;
    for (const key of keys.slice(0, 3)) {
      for (let count = Math.min(END_LETTERS, screen.length - start); count >= FEW_LETTERS; count--) {
        const end = start + count;
        if (!this.#letters.endsWith(screen.slice(start, end))) continue;
        const known = next.slice(0, FEW_LETTERS);
        if (count >= SOME_LETTERS || (known !== '' && screen.startsWith(known, end))) return end;
      }
      start += key.length;
    }
    return undefined;
  }

  /**
   * The told text is on the screen but for some of it, which has changed or is gone. Gives what of the screen is news;
   * undefined when nothing of the told text is there.
   */
  changedIn(screen: string, keys: readonly string[]): News[] | undefined {
    const common = lastCommon(this.#letters, screen, startsOf(keys));
    if (common === undefined) return undefined;
    const rest = screen.slice(common.screen);
    const left = this.#letters.length - common.told;
    // It is being printed again, and this is how far it has come.
    if (rest !== '' && left > 0 && this.#letters.startsWith(rest, common.told)) return undefined;
    for (let count = Math.min(rest.length, left); count >= FEW_LETTERS; count--)
      if (this.#letters.endsWith(rest.slice(0, count))) return this.#news(keys, common.screen + count, 0);
    return this.#news(keys, common.screen, left);
  }

  /**
   * What stands on the screen from a letter on, without lines that were told, maybe in other words.
   *
   * @param left so many of the last letters that were told are not on the screen
   */
  #news(keys: readonly string[], at: number, left: number): News[] {
    let from = this.#lines.length;
    for (let count = left; count > 0 && from > 0; from--) count -= this.#lines[from - 1]?.length ?? 0;
    const changed = this.#lines.slice(from);
    const news: News[] = [];
    const begins = new Set(startsOf(this.#lines));
    let start = 0;
    for (const [index, key] of keys.entries()) {
      const known = Math.max(0, at - start);
      start += key.length;
      if (start <= at || key === '') continue;
      const same = changed.indexOf(key);
      const other = same >= 0 ? same : changed.findIndex((line) => isCountedOn(line, key));
      const isPart = left === 0 || (known >= SOME_LETTERS && !begins.has(this.#letters.length - left - known));
      // A line that only begins like one that is gone is another one.
      if (other < 0) news.push({ index, known: isPart ? known : 0 });
      else this.#lines[from + this.#lines.slice(from).indexOf(changed[other] ?? '')] = key;
      if (other >= 0) changed.splice(other, 1);
    }
    this.#set(this.#lines);
    return left > 0 ? this.#withoutKnown(news, keys) : news;
  }

  /** Words that were said more than once let a part of what was told long ago look like its end. */
  #withoutKnown(news: readonly News[], keys: readonly string[]): News[] {
    let known = 0;
    for (const [place, { index }] of news.entries()) {
      const key = keys[index] ?? '';
      if (key.length < SOME_LETTERS) continue;
      if (!this.#isKnown(key)) break;
      known = place + 1;
    }
    return news.slice(known);
  }

  /** True when the screen shows what was told long ago. */
  isLookedAt(keys: readonly string[]): boolean {
    return keys.length > 1 && keys.filter((key) => this.#isKnown(key)).length >= keys.length * LOOKING_BACK;
  }

  /** A line was told, whatever else was told in the middle of it. */
  #isKnown(key: string): boolean {
    if (this.#lines.includes(key) || (key.length >= MIN_KNOWN && this.has(key))) return true;
    if (key.length < 3 * SOME_LETTERS) return false;
    const parts = key.match(PARTS) ?? [];
    return parts.filter((part) => this.has(part)).length >= parts.length * LOOKING_BACK;
  }

  /** A prompt at the end that is not on the screen was withdrawn, with all below it: said again it is told again. */
  forget(keys: readonly string[]): void {
    const shown = keys.join('');
    let count = this.#lines.length;
    while (count > 0 && !shown.includes(this.#lines[count - 1] ?? '')) count--;
    if (count > 0 && isPrompt(this.#lines[count] ?? '')) this.#set(this.#lines.slice(0, count));
  }

  #set(lines: string[]): void {
    this.#lines = lines;
    this.#letters = lines.join('');
  }
}

/** Where the lines begin, and where the last one ends. */
function startsOf(keys: readonly string[]): number[] {
  const starts = [0];
  for (const key of keys) starts.push((starts.at(-1) ?? 0) + key.length);
  return starts;
}

/** A part of one line that ends alike may be another one: what is the same goes back to the begin of a line at least. */
function isCredible(starts: readonly number[], at: number, length: number): boolean {
  return starts.some((start) => start >= at - length && start < at);
}

/** `Running tests` and `Ran tests`, `Read 2 files` and `Read 3 files`: the same but for the first word or a number. */
function isCountedOn(before: string, after: string): boolean {
  // A prompt is another prompt.
  if (isPrompt(after)) return false;
  const digits = /\d+/g;
  if (/\d/.test(before) && before.replace(digits, '0') === after.replace(digits, '0')) return true;
  const rest = before.length > MIN_KNOWN ? commonEnd(before, after) : 0;
  return rest >= 4 && rest >= before.length / 2;
}

const isPrompt = (key: string): boolean => /^[❯›>]/u.test(key);
