import { align, type Match } from './alignment.js';
import { isProvisional } from './decoration.js';
import { endOfLetters, finishLine, letters } from './lineText.js';
import type { ContentLine, ScreenContent } from './screenLayout.js';

/** How many different frames a line must stay the same to count as settled while the program goes on painting. */
const SETTLED_FRAMES = 6;
/** The same for the block in which a working program still writes. */
const SETTLED_UNFINISHED_FRAMES = 60;
/** A line that never settled is forgotten when it has been gone for this many frames. */
const FORGOTTEN_FRAMES = 3;
/** So much of a screen must be known for it to show earlier lines again. */
const LOOKING_BACK = 0.8;
/** How far back a line that shows up again is recognised. */
const MAX_ENTRIES = 1000;

/** What the edge of the screen leaves of a line that wraps is at least so long. */
const MIN_CUT = 60;
/** So much of a line is enough to know it again when it has grown. */
const MIN_GROWN = 20;

/** A line of the conversation, as far as the screens have shown it. */
interface Entry {
  text: string;
  indent: number;
  beginsBlock: boolean;
  /** Different frames that showed it just so. */
  seen: number;
  /** Different frames since it was last shown. */
  missing: number;
  /** How much of the text the reader has been given; undefined when nothing. */
  told: number | undefined;
  /** True when it left the screen as what it is, so that it will not change. */
  isFinal: boolean;
}

/**
 * Puts the conversation together from what successive screens show of it. Every screen is aligned with what is already
 * known, so that a line that stays, scrolls or comes back is the same line, and a sentence that is said twice is two.
 */
export class Transcript {
  #entries: Entry[] = [];
  #visible: readonly Entry[] = [];
  /** What the last screen and the one before it showed of the program's work. */
  #isUnfinished = false;
  #wasUnfinished = false;
  /** How many lines the screen had when it was erased. */
  #erased = 0;
  #margin = Number.POSITIVE_INFINITY;

  /** The screen had different sizes: what is known may stand anywhere on it, with other line breaks. */
  #wasResized = false;
  #isReflowing = false;
  readonly #isContinuous: boolean;

  /**
   * With `isContinuous` every screen begins where the one before it began, as on the normal screen of a terminal, so that
   * nothing can have been said between two screens unseen.
   */
  constructor({ isContinuous }: { readonly isContinuous: boolean }) {
    this.#isContinuous = isContinuous;
  }

  /** Takes in the next screen. */
  read(screen: ScreenContent): void {
    const { lines } = screen;
    this.#wasUnfinished = this.#isUnfinished;
    this.#isUnfinished = screen.isUnfinished;
    for (const line of lines) this.#margin = Math.min(this.#margin, line.indent);
    const visible = this.#visible;
    const hasHistory = lines[0]?.isHistory === true;
    if (
      !hasHistory &&
      lines.length === visible.length &&
      lines.every((line, index) => line.text === visible[index]?.text)
    ) {
      for (const [index, line] of lines.entries()) this.#see(visible[index] ?? newEntry(line), line);
      this.#age();
      return;
    }
    if (lines.length > 0) this.#merge(lines);
    if (this.#entries.length > MAX_ENTRIES * 1.5) this.#forgetOldest();
  }

  /**
   * The whole screen is about to be erased. What a program at rest had on it has been said for good; what comes next is
   * new, unless it is all the same. A program at work paints its screen anew and goes on.
   */
  erase(): void {
    if (this.#isUnfinished) return;
    for (const entry of this.#visible) entry.isFinal = true;
    this.#erased = this.#visible.length;
    this.#visible = [];
  }

  /** The screen has another size from now on. */
  resized(): void {
    this.#wasResized = true;
  }

  /** Takes in a screen that shows nothing but what was on it before it was resized, or what had scrolled out of it. */
  reflow(screen: ScreenContent): void {
    const before = this.#visible;
    this.#isReflowing = true;
    this.read(screen);
    this.#isReflowing = false;
    // Pushed out of a screen that got smaller.
    const visible = new Set(this.#visible);
    for (const entry of before) entry.isFinal ||= !visible.has(entry);
  }

  /** The lines that have settled since the last call. */
  takeSettled(): string[] {
    const unfinished = this.#isUnfinished ? this.#lastBlock() : undefined;
    return this.#tell(
      (entry) =>
        entry.isFinal ||
        (unfinished?.has(entry) === true
          ? entry.seen >= SETTLED_UNFINISHED_FRAMES && !isProvisional(entry.text)
          : entry.seen >= SETTLED_FRAMES),
    );
  }

  /** The same after a moment in which nothing was painted: what is on the screen has settled. */
  takeQuiet(): string[] {
    for (const entry of this.#visible) entry.seen = Math.max(entry.seen, SETTLED_FRAMES);
    return this.takeSettled();
  }

  /** All that was not given yet. */
  takeAll(): string[] {
    if (this.#isUnfinished) this.#forgetFleeting(this.#entries);
    return this.#tell(() => true);
  }

  #merge(lines: readonly ContentLine[]): void {
    const known = this.#entries.slice(-MAX_ENTRIES);
    const matches = this.#anchors(known, lines);
    const merged: Entry[] = this.#entries.slice(0, -known.length);
    const visible: Entry[] = [];
    const [firstOlder, firstNewer] = matches[0] ?? [known.length, lines.length];
    this.#mergeAbove(known.slice(0, firstOlder), lines.slice(0, firstNewer), matches.length > 0, merged, visible);
    for (const [index, [older, newer]] of matches.entries()) {
      const [nextOlder, nextNewer] = matches[index + 1] ?? [known.length, lines.length];
      const entry = known[older];
      const line = lines[newer];
      if (!entry || !line) continue;
      if (this.#wasResized) reword(entry, line.text);
      if (entry.text === line.text) this.#see(entry, line);
      else update(entry, line);
      merged.push(show(entry, visible));
      const isLast = index === matches.length - 1;
      this.#mergeGap(known.slice(older + 1, nextOlder), lines.slice(newer + 1, nextNewer), isLast, merged, visible);
    }
    const history = lines.filter((line) => line.isHistory).length;
    this.#entries = merged;
    this.#age();
    this.#erased = 0;
    this.#visible = visible;
    // What scrolled out of the screen stays as it is. Lines above the first anchor may not be among the visible ones.
    const left = Math.max(0, history - (lines.length - visible.length));
    for (const entry of visible.splice(0, left)) entry.isFinal = true;
  }

  /** Where the screen and what is known meet; empty when the screen shows something else altogether. */
  #anchors(known: readonly Entry[], lines: readonly ContentLine[]): readonly Match[] {
    const key = this.#wasResized ? letters : (text: string): string => text;
    const texts = known.map((entry) => key(entry.text));
    const shown = lines.map((line) => key(line.text));
    if (this.#wasResized) {
      const anywhere = align(texts, shown);
      if (anywhere.length > 0 && (this.#isReflowing || anywhere.length >= lines.length * LOOKING_BACK)) return anywhere;
    }
    const [top] = this.#visible;
    const start = top ? known.indexOf(top) : -1;
    if (start >= 0) {
      const matches = align(texts.slice(start), shown);
      const first = matches[0];
      // A few equal lines far down a screen of new ones are a coincidence, not a place.
      if (first && (this.#isContinuous || first[1] <= matches.length))
        return matches.map(([older, newer]) => [older + start, newer]);
    }
    const earlier = align(texts, shown);
    if (earlier.length > 0 && earlier.length >= Math.max(lines.length, this.#erased) * LOOKING_BACK) return earlier;
    for (const [newer, line] of lines.entries()) {
      const older = known.findLastIndex((entry) => entry.missing === 0 && this.#isSameLine(entry, line));
      if (older >= 0) return [[older, newer]];
    }
    return [];
  }

  /** Lines known and lines shown above the first anchor; all of them when there is none. */
  #mergeAbove(
    gone: readonly Entry[],
    fresh: readonly ContentLine[],
    hasAnchor: boolean,
    merged: Entry[],
    visible: Entry[],
  ): void {
    const isKnown = this.#isReflowing || (this.#wasResized && hasAnchor && this.#isWithin(fresh, gone));
    const isReplaced = hasAnchor && this.#isContinuous && fresh.length > 0 && !isKnown;
    const top = this.#visible[0];
    const start = isReplaced && top && gone.includes(top) ? gone.indexOf(top) : gone.length;
    // What has left the screen has been said for good.
    merged.push(...gone.slice(0, start));
    if (!hasAnchor && this.#wasUnfinished) this.#forgetFleeting(merged);
    for (const entry of merged) entry.isFinal = true;
    if (isKnown) return fresh.forEach((line) => merged.push(show(told(line), visible)));
    // Above an anchor there are headings that stay, or older lines that somebody looks at again.
    const isNews = !hasAnchor || this.#isContinuous || (gone.length === 0 && !this.#hasTold());
    if (isNews) this.#mergeGap(gone.slice(start), fresh, true, merged, visible);
  }

  #hasTold(): boolean {
    return this.#entries.some((entry) => entry.told !== undefined);
  }

  /** Lines known but not shown between two anchors, against lines shown but not known. */
  #mergeGap(
    gone: readonly Entry[],
    fresh: readonly ContentLine[],
    isLast: boolean,
    merged: Entry[],
    visible: Entry[],
  ): void {
    if (this.#wasResized && this.#breakAnew(gone, fresh, merged, visible)) return;
    const rest = [...gone];
    for (const line of fresh) {
      const index = rest.findIndex((entry) => this.#isSameLine(entry, line));
      const updated = rest[index];
      const superseded = isLast ? undefined : rest.find((entry) => entry.told !== undefined);
      if (updated) {
        for (const entry of rest.splice(0, index + 1).slice(0, -1)) this.#leave(entry, true, isLast, merged);
        update(updated, line);
        merged.push(show(updated, visible));
      } else if (superseded) {
        // News about what was told long ago, in the middle of the conversation, would be out of place at its end.
        rest.splice(rest.indexOf(superseded), 1);
        supersede(superseded, line);
        merged.push(show(superseded, visible));
      } else {
        merged.push(show(this.#isReflowing ? told(line) : newEntry(line), visible));
      }
    }
    for (const entry of rest) this.#leave(entry, fresh.length > 0, isLast, merged);
  }

  /** The same words, perhaps more of them, with other line breaks: what was told of them stays told. */
  #breakAnew(gone: readonly Entry[], fresh: readonly ContentLine[], merged: Entry[], visible: Entry[]): boolean {
    const before = gone.map((entry) => letters(entry.text)).join('');
    const after = fresh.map((line) => letters(line.text)).join('');
    let known = toldLetters(gone);
    if (before === '' || !after.startsWith(before)) return false;
    for (const line of fresh) {
      const count = Math.min(known, letters(line.text).length);
      known -= count;
      const entry = newEntry(line);
      if (count > 0) entry.told = endOfLetters(line.text, count);
      merged.push(show(entry, visible));
    }
    return true;
  }

  #isWithin(lines: readonly ContentLine[], entries: readonly Entry[]): boolean {
    const known = entries.map((entry) => letters(entry.text)).join('');
    return known.includes(lines.map((line) => letters(line.text)).join(''));
  }

  /** `entry` is not where it was: another line took its place, or the lines around it closed up. */
  #leave(entry: Entry, isReplaced: boolean, isLast: boolean, merged: Entry[]): void {
    if (entry.told === undefined && !entry.isFinal) {
      if (isReplaced && !this.#isReflowing) return;
      // Said and withdrawn, or scrolled away below a heading that stays.
      entry.isFinal = this.#isReflowing
        ? entry.missing === 0
        : !isProvisional(entry.text) && entry.seen >= (isLast ? SETTLED_FRAMES : 2);
    }
    merged.push(entry);
  }

  /** True when `line` is `entry` grown, cut off by the edge of the screen, or counted on in place. */
  #isSameLine(entry: Entry, line: ContentLine): boolean {
    // What was there long ago is painted again for another size.
    const isCutOff = line.text.length >= MIN_CUT && letters(entry.text).startsWith(letters(line.text));
    if (entry.missing > 1) return this.#wasResized && isCutOff;
    if (isCountedOn(entry.text, line.text)) return true;
    if (line.text.length >= MIN_CUT && entry.text.startsWith(line.text)) return true;
    // Few letters begin many lines: of those that were given, the last one grows.
    const mayGrow = entry.told === undefined || entry.text.length >= MIN_GROWN || entry === this.#visible.at(-1);
    return mayGrow && line.text.startsWith(entry.text);
  }

  #see(entry: Entry, line: ContentLine): void {
    entry.seen++;
    entry.missing = -1;
    if (entry.told !== undefined) return;
    entry.indent = line.indent;
    entry.beginsBlock = line.beginsBlock;
  }

  #age(): void {
    for (const entry of this.#entries) entry.missing++;
    if (this.#entries.some(isForgettable)) this.#entries = this.#entries.filter((entry) => !isForgettable(entry));
  }

  #lastBlock(): ReadonlySet<Entry> {
    const start = this.#visible.findLastIndex((entry) => entry.beginsBlock);
    return new Set(this.#visible.slice(Math.max(0, start)));
  }

  #tell(isReady: (entry: Entry) => boolean): string[] {
    const lines: string[] = [];
    for (const entry of this.#entries) {
      if (entry.told === entry.text.length) continue;
      if (!isReady(entry)) break;
      const isContinued = entry.told !== undefined;
      if (entry.beginsBlock && !isContinued) lines.push('');
      const indent = Math.max(0, entry.indent - this.#margin);
      lines.push(finishLine(' '.repeat(indent) + entry.text.slice(entry.told ?? 0).trimStart()));
      entry.told = entry.text.length;
    }
    return lines;
  }

  /** Drops what was only there while something was being done. */
  #forgetFleeting(entries: Entry[]): void {
    const isFleeting = (entry: Entry): boolean =>
      entry.told === undefined && !entry.isFinal && isProvisional(entry.text);
    const kept = entries.filter((entry) => !isFleeting(entry));
    entries.splice(0, entries.length, ...kept);
  }

  #forgetOldest(): void {
    const excess = this.#entries.length - MAX_ENTRIES;
    this.#entries = this.#entries.filter((entry, index) => index >= excess || entry.told !== entry.text.length);
  }
}

function newEntry(line: ContentLine): Entry {
  const { text, indent, beginsBlock } = line;
  return { text, indent, beginsBlock, seen: 1, missing: -1, told: undefined, isFinal: false };
}

/** A line that the reader has been given as a part of others. */
function told(line: ContentLine): Entry {
  return { ...newEntry(line), told: line.text.length };
}

/** How many letters of what stands in `entries` the reader has been given. */
function toldLetters(entries: readonly Entry[]): number {
  let count = 0;
  for (const { text, told = 0 } of entries) {
    count += letters(text.slice(0, told)).length;
    if (told < text.length) break;
  }
  return count;
}

/** Gives `entry` the blanks of `text`, which has the same letters. */
function reword(entry: Entry, text: string): void {
  if (entry.text === text || letters(entry.text) !== letters(text)) return;
  if (entry.told !== undefined) entry.told = endOfLetters(text, letters(entry.text.slice(0, entry.told)).length);
  entry.text = text;
}

function show(entry: Entry, visible: Entry[]): Entry {
  visible.push(entry);
  return entry;
}

function isForgettable(entry: Entry): boolean {
  return entry.told === undefined && !entry.isFinal && entry.missing >= FORGOTTEN_FRAMES;
}

/** `• Running tests` and `• Ran tests`, `Read 2 files` and `Read 3 files`: the same but for the first word or a number. */
function isCountedOn(before: string, after: string): boolean {
  const rest = (text: string): string => /^\W*\w+\s+(.{4,})$/u.exec(text)?.[1] ?? '';
  if (rest(before) !== '' && rest(before) === rest(after)) return true;
  const digits = /\d+/g;
  return digits.test(before) && before.replace(digits, '0') === after.replace(digits, '0');
}

function update(entry: Entry, line: ContentLine): void {
  const { text } = line;
  entry.missing = -1;
  // A line cut off by the edge of the screen is still the whole line.
  if (entry.text.startsWith(text)) return;
  if (entry.told !== undefined && !text.startsWith(entry.text)) {
    supersede(entry, line);
    return;
  }
  entry.text = text;
  entry.seen = 1;
  if (entry.told !== undefined) return;
  entry.indent = line.indent;
  entry.beginsBlock = line.beginsBlock;
}

/** `line` stands where `entry`, which the reader has been given, stood. */
function supersede(entry: Entry, line: ContentLine): void {
  entry.missing = -1;
  entry.text = line.text;
  entry.told = line.text.length;
}
