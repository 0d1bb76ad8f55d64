import { withoutUnseen } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { CodeManagerError } from '../../protocol/errors.js';

const MAX_SLUG = 32;
const MAX_WORDS = 5;
const MAX_NAME = 200;
const MIN_PREFIX = 4;
const MAX_LISTED = 5;

/** Words that say nothing about a task. */
const FILLER = new Set(
  (
    'a an and are as at be by can could do does for from hello hey hi i in into is it its just kindly let lets me my ' +
    'need of on or our please should so some that the their then there these this those to want we will with would you your'
  ).split(' '),
);

/** Drawn two columns wide. */
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u;
const LETTERS = new Intl.Segmenter('en');

/**
 * A short readable name for a task: letters of any script, digits and dashes, at most 32 columns wide, never beginning with a
 * dash. Latin letters are those of ASCII, as far as they have one.
 * @param fallback the name when the task has no word that can be used, e.g. the id of the tool.
 */
export function slug(task: string, fallback: string): string {
  return slugOf(task) ?? slugOf(fallback) ?? 'session';
}

function slugOf(text: string): string | undefined {
  const words = text
    .slice(0, 2000)
    .normalize('NFKD')
    // Marks on Latin letters go without a trace, so that "café" and "don't" stay one word; other scripts spell with them.
    .replace(/(?<=\p{Script=Latin})\p{M}+|[\p{Default_Ignorable_Code_Point}'’‘`´]|(?<=\p{M}{4})\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .replace(/[øØ]/g, 'o')
    .replace(/[łŁ]/g, 'l')
    .replace(/[æÆ]/g, 'ae')
    .normalize('NFC')
    .toLowerCase()
    // A mark without a letter belongs to nothing.
    .split(/[^\p{L}\p{M}\p{N}]+\p{M}*|^\p{M}+/u)
    .filter((word) => word !== '');
  const meaningful = words.filter((word) => !FILLER.has(word));
  let result = '';
  for (const word of (meaningful.length > 0 ? meaningful : words).slice(0, MAX_WORDS)) {
    const longer = result === '' ? word : `${result}-${word}`;
    if (width(longer) > MAX_SLUG) {
      if (result === '') result = fitting(longer);
      break;
    }
    result = longer;
  }
  return result === '' ? undefined : result;
}

function width(text: string): number {
  let columns = 0;
  for (const letter of text) columns += WIDE.test(letter) ? 2 : 1;
  return columns;
}

/** As many whole letters, with their marks, as fit. */
function fitting(text: string): string {
  let result = '';
  for (const { segment } of LETTERS.segment(text)) {
    if (width(result + segment) > MAX_SLUG) break;
    result += segment;
  }
  return result;
}

/** `wanted`, or the first of `wanted-2`, `wanted-3`, … that is not taken. */
export function uniqueName(wanted: string, taken: Iterable<string>, separator = '-'): string {
  const used = new Set(taken);
  if (!used.has(wanted)) return wanted;
  for (let n = 2; ; n++) {
    const suffix = `${separator}${n}`;
    const name = cut(wanted, MAX_NAME - suffix.length) + suffix;
    if (!used.has(name)) return name;
  }
}

export interface Named {
  readonly id: string;
  readonly name: string;
  /** The machine, where there are several. */
  readonly where?: string;
}

/**
 * The item that a person means: by exact id, else exact name, else unique prefix of an id (four letters or more).
 * @param kind what the items are called in messages: `session`, `context`.
 * @throws CodeManagerError `conflict` when several fit (they are listed), `notFound` with the nearest ones as hint.
 */
export function resolveRef<T extends Named>(items: Iterable<T>, ref: string, kind: string): T {
  const all = [...items];
  const byId = all.find((item) => item.id === ref);
  if (byId !== undefined) return byId;
  const exact = all.filter((item) => item.name === ref);
  // A file system or a keyboard may give an accent as a sign of its own.
  const byName = exact.length > 0 ? exact : all.filter((item) => item.name.normalize() === ref.normalize());
  const found = byName.length > 0 || ref.length < MIN_PREFIX ? byName : all.filter((item) => item.id.startsWith(ref));
  const [first] = found;
  if (first === undefined) throw notFound(all, ref, kind);
  if (found.length > 1) {
    const more = found.length > MAX_LISTED ? ` and ${found.length - MAX_LISTED} more` : '';
    const listed = found
      .slice(0, MAX_LISTED)
      .map((item) => `${item.id} (${plain(item.name)}${item.where === undefined ? '' : ` on ${plain(item.where)}`})`);
    throw new CodeManagerError('conflict', `${quoted(ref)} fits ${found.length} ${kind}s`, {
      hint: `Say which one: ${listed.join(', ')}${more}.`,
    });
  }
  return first;
}

/** Text of unknown origin for a message: one line, no control characters, at most 60 characters. */
export function plain(text: string): string {
  return truncate(withoutUnseen(text.slice(0, 1000)).trim(), 60);
}

function quoted(text: string): string {
  return `"${plain(text)}"`;
}

/** What lists all of a kind. */
const LISTS: Readonly<Record<string, string>> = {
  session: 'See cm ls -a.',
  context: 'See cm ctx list.',
  machine: 'See cm machine list.',
};

function notFound(all: readonly Named[], ref: string, kind: string): CodeManagerError {
  const message = `There is no ${kind} ${quoted(ref)}`;
  if (ref !== '' && ref.length < MIN_PREFIX && all.some((item) => item.id.startsWith(ref))) {
    return new CodeManagerError('notFound', message, {
      hint: `A prefix of an id needs ${MIN_PREFIX} letters or more.`,
    });
  }
  const wanted = ref.toLowerCase().slice(0, 64);
  const near = all
    .map((item) => ({ name: item.name, distance: distance(item.name.toLowerCase().slice(0, 64), wanted) }))
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => quoted(name));
  return new CodeManagerError('notFound', message, {
    hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : LISTS[kind],
  });
}

/** Edits between two short texts; a text that holds the other counts as near. */
function distance(a: string, b: string): number {
  if (b.length >= 3 && a.includes(b)) return 1;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const current = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const same = (previous[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      current.push(Math.min(same, (previous[j + 1] ?? 0) + 1, (current[j] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The first `length` UTF-16 units, not ending inside a surrogate pair or in white space. */
function cut(text: string, length: number): string {
  return text
    .slice(0, length)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd();
}
