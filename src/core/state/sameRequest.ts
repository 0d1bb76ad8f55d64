import type { ScreenRequest } from '../../protocol/screen.js';

/** What a request is about, and where that is known from. */
export type About = Pick<ScreenRequest, 'command' | 'path' | 'exact'>;

/**
 * Whether two descriptions are of the same thing, as far as both tell. Exact texts decide to the byte. A screen shows an
 * exact text wrapped, without what cannot be seen, and maybe not all of it. Of two that were read from screens only
 * nobody can say which blanks are those of the screen, so they count.
 *
 * @param isRewrapped they were read from screens of different widths, so that blanks and what fits say nothing
 */
export function isSameAbout(a: About, b: About, isRewrapped = false): boolean {
  if (a.exact !== null && b.exact !== null) return agree(a.command, b.command) && agree(a.path, b.path);
  if (a.exact === null && b.exact === null) {
    const isSame = isRewrapped ? mayBothShow : isSameLine;
    return agree(a.command, b.command, isSame) && agree(a.path, b.path, isSamePath);
  }
  const [exact, shown] = a.exact === null ? [b, a] : [a, b];
  return agree(exact.command, shown.command, mayShow) && agree(exact.path, shown.path, isSamePath);
}

/** Whether a file is made or changed stands on the screen only. */
export function isSameAction(a: ScreenRequest['action'], b: ScreenRequest['action']): boolean {
  const isFile = (one: ScreenRequest['action']): boolean => one === 'create' || one === 'edit';
  return a === b || (isFile(a) && isFile(b));
}

/** Where a description comes from that no screen overrules: the tool itself. */
export function isTold({ exact }: Pick<ScreenRequest, 'exact'>): boolean {
  return exact === 'event' || exact === 'record';
}

/** So much of a text tells it from others where a screen shows a part only. */
const PART_LETTERS = 40;

/** Whether a screen that shows the one text may mean the other. */
function mayShow(exact: string, shown: string): boolean {
  const [all, part] = [visible(exact), visible(shown)];
  return all === part || (part.length >= PART_LETTERS && all.includes(part));
}

function mayBothShow(a: string, b: string): boolean {
  return mayShow(a, b) || mayShow(b, a);
}

function isSameLine(a: string, b: string): boolean {
  const folded = (text: string): string => text.replace(/\s+/gu, ' ').trim();
  return folded(a) === folded(b);
}

/** Whether two texts are one but for the blanks at which a screen wraps it. */
export function isSameText(a: string, b: string): boolean {
  return visible(a) === visible(b);
}

/** Whether two paths may be one: a screen shows it from the folder of the session, or wrapped. */
export function isSamePath(a: string, b: string): boolean {
  const [short = '', long = ''] = [visible(a), visible(b)].sort((x, y) => x.length - y.length);
  return short === long || (short !== '' && long.endsWith(`/${short.replace(/^\.\//u, '')}`));
}

/** Blanks, what a terminal does not draw or draws as another sign, and frames. */
const NOT_DRAWN = /[\s\p{C}\p{Default_Ignorable_Code_Point}\u2500-\u259f\u2800\ufffd]+/gu;

/** What of a text a screen is sure to show. */
export function visible(text: string): string {
  return text.replace(NOT_DRAWN, '');
}

export function withoutBlanks(text: string): string {
  return text.replace(/\s+/gu, '');
}

/** An option's label without the mark that it gets while it is being chosen. */
export function withoutTick(label: string): string {
  return label.replace(/\s+[✓✔☑]$/u, '');
}

/** What tells the label of an option from others: one that takes two rows of a narrow screen loses blanks there. */
export function labelKey(label: string): string {
  return label.replace(/\s+/gu, ' ').trim();
}

/** Whether two descriptions of one thing say the same, as far as both of them tell. */
export function agree<T>(
  a: T | null | undefined,
  b: T | null | undefined,
  isSame: (a: T, b: T) => boolean = (one, other) => one === other,
): boolean {
  return a == null || b == null || isSame(a, b);
}
