/** So many letters are no coincidence where what stands before them is known too. */
const PROBE = 16;
const STEP = 8;
/** So many before them, not farther away, show that. */
const CONTEXT = 12;
const NEAR = 2000;
/** So many are none by themselves. */
const MANY_LETTERS = 40;
/** Fewer letters are no evidence. */
const FEW_LETTERS = 4;
/** How far back in what was told the end of a screen is looked for. */
const MAX_BACK = 20_000;

/** A part that both texts have: where it ends in each. */
export interface Common {
  readonly told: number;
  readonly screen: number;
}

/**
 * The last part of what was told that stands on a screen, which may lack some of it and have more in between.
 *
 * @param starts where the lines of the screen begin
 */
export function lastCommon(told: string, screen: string, starts: readonly number[]): Common | undefined {
  const probe = Math.min(PROBE, told.length);
  const least = Math.max(probe, told.length - MAX_BACK);
  for (let end = told.length; probe >= FEW_LETTERS && end >= least; end -= STEP) {
    const wanted = told.slice(end - probe, end);
    for (let found = screen.lastIndexOf(wanted); found >= 0; found = before(screen, wanted, found)) {
      const at = found + probe;
      const length = commonEnd(told.slice(0, end), screen.slice(0, at));
      if (!isCredible(told, screen, starts, { told: end, screen: at }, length)) continue;
      const more = commonStart(told.slice(end), screen.slice(at));
      return { told: end + more, screen: at + more };
    }
  }
  // Only a short line at the top.
  for (const start of starts.filter((at) => at >= FEW_LETTERS && at <= PROBE).reverse()) {
    const found = told.lastIndexOf(screen.slice(0, start));
    if (found >= 0) return { told: found + start, screen: start };
  }
  return undefined;
}

const before = (text: string, wanted: string, found: number): number =>
  found === 0 ? -1 : text.lastIndexOf(wanted, found - 1);

/** What is the same goes back to the begin of a text, is long and goes back to that of a line, or stands behind something else that is the same. */
function isCredible(told: string, screen: string, starts: readonly number[], end: Common, length: number): boolean {
  const [toldStart, screenStart] = [end.told - length, end.screen - length];
  if (toldStart === 0 || screenStart === 0) return true;
  if (length >= MANY_LETTERS && starts.some((start) => start >= screenStart && start < end.screen)) return true;
  const shownBefore = screen.slice(Math.max(0, screenStart - CONTEXT), screenStart);
  const near = told.slice(Math.max(0, toldStart - NEAR), toldStart);
  if (shownBefore.length === CONTEXT && near.includes(shownBefore)) return true;
  const toldBefore = told.slice(Math.max(0, toldStart - CONTEXT), toldStart);
  return toldBefore.length === CONTEXT && screen.slice(0, screenStart).includes(toldBefore);
}

/** How many letters both texts begin with. */
export function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** How many letters both texts end with. */
export function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[a.length - 1 - length] === b[b.length - 1 - length]) length++;
  return length;
}
