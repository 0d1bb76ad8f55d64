/** So many letters before its end are enough to find it. */
const END_LETTERS = 40;
/** The same where what follows is known too. */
const FEW_LETTERS = 4;
const SOME_LETTERS = 12;
/** How far back a line that shows up again is recognised. */
const MAX_LINES = 2000;
/** A line of fewer letters is no evidence. */
const MIN_KNOWN = 8;
/** So much of a screen must be known for it to show earlier lines again. */
const LOOKING_BACK = 0.8;

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
   * The told text is on the screen but for its last lines, which have changed or are gone. Gives the numbers of the
   * lines of the screen that are news; undefined when nothing of the told text is there.
   */
  changedIn(screen: string, keys: readonly string[]): number[] | undefined {
    const starts = startsOf(keys);
    for (let index = this.#lines.length - 1, end = this.#letters.length; index >= 0; index--) {
      const line = this.#lines[index] ?? '';
      const told = this.#letters.slice(0, end);
      end -= line.length;
      for (
        let found = screen.lastIndexOf(line);
        found >= 0;
        found = found === 0 ? -1 : screen.lastIndexOf(line, found - 1)
      ) {
        const at = found + line.length;
        const rest = screen.slice(at);
        // It is being printed again, and this is how far it has come.
        if (rest !== '' && this.#letters.startsWith(rest, told.length)) return undefined;
        const length = commonEnd(told, screen.slice(0, at));
        const isWhole = length === at && at >= FEW_LETTERS && (at >= SOME_LETTERS || starts.includes(at));
        if (isWhole || (length >= END_LETTERS && isCredible(starts, at, length)))
          return this.#news(index + 1, keys, at);
      }
    }
    return undefined;
  }

  /** Lines of the screen from a letter on without those that were told, maybe in other words. */
  #news(from: number, keys: readonly string[], at: number): number[] {
    const changed = this.#lines.slice(from);
    const news: number[] = [];
    let start = 0;
    for (const [index, key] of keys.entries()) {
      start += key.length;
      if (start <= at || key === '') continue;
      const same = changed.indexOf(key);
      const known = same >= 0 ? same : changed.findIndex((line) => isCountedOn(line, key));
      if (known < 0) news.push(index);
      else this.#lines[from + this.#lines.slice(from).indexOf(changed[known] ?? '')] = key;
      if (known >= 0) changed.splice(known, 1);
    }
    this.#set(this.#lines);
    return news;
  }

  /** True when the screen shows what was told long ago. */
  isLookedAt(keys: readonly string[]): boolean {
    const lines = new Set(this.#lines);
    const known = keys.filter((key) => lines.has(key) || (key.length >= MIN_KNOWN && this.has(key)));
    return keys.length > 1 && known.length >= keys.length * LOOKING_BACK;
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

function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[a.length - 1 - length] === b[b.length - 1 - length]) length++;
  return length;
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
