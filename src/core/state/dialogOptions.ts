import type { OptionRole, OptionStyle, ScreenOption, ScreenRules } from '../../protocol/screen.js';
import { truncate } from '../../common/text.js';
import { pattern, type Pattern } from './patterns.js';
import { type ScreenLine } from './screenLines.js';

/** The options at the bottom of a screen, and which lines they are. */
export interface FoundOptions {
  readonly options: readonly ScreenOption[];
  /** Index of the first line of the first option. */
  readonly first: number;
  /** What stands below them. */
  readonly footer: readonly string[];
  /** There are more of them than are shown. */
  readonly isCut: boolean;
}

interface Drawn {
  readonly label: string;
  readonly number: number | null;
  readonly selected: boolean;
  readonly more: readonly string[];
  readonly finishes?: boolean;
}

const ARROW = /^\s*[↑↓▲▼](?:\s|$)/u;

/** Whether a row says that a list goes on above or below. */
export function isArrow(text: string): boolean {
  return ARROW.test(text);
}

/** The mark before an option of which several can be chosen; group 1 says that it is. */
const TICK = /^(?:\[([xX✓✔*])?\s?\]|(?:([☑☒])|☐))\s+/u;
/** What stands before a description on the same row; at the end of a row it is nothing. */
const GAP = /\s{2,}/gu;
/** So many blanks are no part of a label. */
const WIDE_GAP = 3;

/** What labels mean. */
type LabelRules = Pick<ScreenRules, 'roles' | 'ownAnswer'>;

/** A dialog is not taller. */
const HIGHEST = 60;
const FOOTER_LINES = 5;
const MOST_LETTERS = 12;

/**
 * Finds the options with which a dialog ends. Only its footer may stand below them: what an agent printed about a dialog
 * has at least the input box below it.
 */
export function findOptions(
  lines: readonly ScreenLine[],
  style: OptionStyle,
  rules: LabelRules,
): FoundOptions | undefined {
  const { last, footer } = aboveFooter(lines, style);
  if (last < 0) return undefined;
  switch (style.layout) {
    case 'list':
      return findList(lines, last, footer, style, rules);
    case 'row':
      return findRow(lines, last, footer, style, rules);
    case 'letters':
      return findLetters(lines, last, footer, rules);
    case 'fixed':
      return {
        options: style.choices.map(({ label, keys }) => option(label, keys, rules, null, null)),
        first: lines.length,
        footer: [],
        isCut: false,
      };
  }
}

function aboveFooter(
  lines: readonly ScreenLine[],
  { footer: patterns, layout }: OptionStyle,
): { last: number; footer: string[] } {
  const footer: string[] = [];
  let last = lines.length - 1;
  for (; last >= 0; last--) {
    const line = lines[last];
    if (line === undefined || line.blank) continue;
    // The footer may stand below the sign that the list goes on.
    if (layout === 'list' && ARROW.test(line.text)) break;
    const isFooter = patterns.some((source) => pattern(source).test(line.text));
    if (layout === 'fixed' || !isFooter || footer.length >= FOOTER_LINES) break;
    footer.unshift(line.text.trim());
  }
  return { last, footer };
}

function roleOf(label: string, { roles }: LabelRules): OptionRole | null {
  const order = ['deny', 'mode', 'always', 'allow'] as const;
  return order.find((role) => pattern(roles[role], 'iu').test(label)) ?? null;
}

function option(
  label: string,
  keys: readonly string[] | null,
  rules: LabelRules,
  selected: boolean | null,
  detail: string | null,
): ScreenOption {
  const clean = truncate(label.replace(/\s/gu, ' ').trim(), 200);
  return {
    label: clean,
    keys: keys === null ? null : [...keys],
    role: roleOf(clean, rules),
    selected,
    detail,
    ...(pattern(rules.ownAnswer).test(clean) ? { takesText: true } : {}),
  };
}

const KEY_IN_LABEL = /\((y|n|a|p|d|c|s|esc|enter|tab)(?: to \w{1,20})?\)\s*$/iu;
const KEY_NAMES: Readonly<Record<string, string>> = { esc: 'Escape', enter: 'Enter', tab: 'Tab' };

function findList(
  lines: readonly ScreenLine[],
  last: number,
  footer: readonly string[],
  style: OptionStyle,
  rules: LabelRules,
): FoundOptions | undefined {
  const mark = style.cursor === null ? '(?!)' : style.cursor;
  const numbered = pattern(
    `^(\\s*(?:(?:${mark})\\s*)?)(\\d{1,2})\\.(?:\\s+|(?=\\p{Lu}))(\\S.*)$`,
    'u',
    style.cursor ?? '',
  );
  const withCursor = pattern(`^\\s*(?:${mark})\\s`, 'u', style.cursor ?? '');
  const finish = pattern(style.finish);
  // A list may go on below its last row.
  const end = ARROW.test(lines[last]?.text ?? '') ? lastFilled(lines, last - 1) : last;
  const { wraps } = style;
  const found = findNumbered(lines, end, { numbered, withCursor, finish, wraps }) ?? findPlain(lines, end, withCursor);
  if (!found) return undefined;
  const { drawn, first } = found;
  const above = lines[lastFilled(lines, first - 1)];
  const isCut = end !== last || (above !== undefined && ARROW.test(above.text)) || (drawn[0]?.number ?? 1) !== 1;
  const at = drawn.findIndex(({ selected }) => selected);
  const isColumn = columnsOf(drawn.map(({ label }) => untick(label)));
  if (drawn.filter(({ selected }) => selected).length !== (style.cursor === null ? 0 : 1)) return undefined;
  return {
    options: drawn.map(({ label: drawnLabel, number, selected, more: below, finishes }, index) => {
      const tick = TICK.exec(drawnLabel);
      const unticked = untick(drawnLabel);
      const isAnswer = /^(?:Yes|No|Allow|Deny)\b/u.test(unticked);
      // What describes it may stand beside it.
      const [label, ...beside] = isAnswer ? ([unticked] as const) : apart(unticked, isColumn);
      const more = [...beside, ...below];
      // A label that is cut goes on below it at its own column; so does what describes it.
      const joined = isAnswer ? [label, ...more].join(' ') : label;
      const passing = style.passing === undefined ? undefined : pattern(style.passing).exec(joined)?.[0];
      const whole = passing === undefined ? joined : joined.replace(passing, '');
      const detail = isAnswer || more.length === 0 ? null : more.join(' ');
      const named = KEY_IN_LABEL.exec(whole)?.[1]?.toLowerCase();
      const keys =
        named !== undefined
          ? [KEY_NAMES[named] ?? named]
          : number !== null && number < 10 && style.digits
            ? [String(number)]
            : at < 0
              ? null
              : [...Array<string>(Math.abs(index - at)).fill(index > at ? 'Down' : 'Up'), 'Enter'];
      return {
        ...option(whole, keys, rules, style.cursor === null ? null : selected, detail),
        ...(number === null ? {} : { number }),
        ...(tick === null ? {} : { ticked: (tick[1] ?? tick[2]) !== undefined }),
        ...(finishes === true ? { finishes } : {}),
      };
    }),
    first,
    footer,
    isCut,
  };
}

function untick(label: string): string {
  return label.slice(TICK.exec(label)?.[0].length ?? 0);
}

/** Where descriptions begin beside labels: behind a wide gap, or where those of several options do. */
function columnsOf(labels: readonly string[]): (gap: string, end: number) => boolean {
  const ends = labels.flatMap((label) =>
    [...label.trimEnd().matchAll(GAP)].map(({ 0: gap, index }) => index + gap.length),
  );
  return (gap, end) => gap.length >= WIDE_GAP || ends.indexOf(end) !== ends.lastIndexOf(end);
}

/** A label, and what describes it beside it. */
function apart(text: string, isColumn: (gap: string, end: number) => boolean): readonly [string, ...string[]] {
  const row = text.trimEnd();
  for (const { 0: gap, index } of row.matchAll(GAP)) {
    const end = index + gap.length;
    const isAside = isColumn(gap, end) || row[end] === '(';
    if (index > 0 && isAside) return [row.slice(0, index), ...row.slice(end).split(GAP)];
  }
  return [row.trimStart()];
}

/** The last row up to `from` with anything in it. */
function lastFilled(lines: readonly ScreenLine[], from: number): number {
  let at = from;
  while (at >= 0 && lines[at]?.blank === true) at--;
  return at;
}

/** How a list with numbers is drawn. */
interface Numbered extends Pick<OptionStyle, 'wraps'> {
  readonly numbered: Pattern;
  readonly withCursor: Pattern;
  readonly finish: Pattern;
}

/** From the last line up to number one, or to where the list is cut; between two options only what belongs to the upper one. */
function findNumbered(
  lines: readonly ScreenLine[],
  last: number,
  { numbered, withCursor, finish, wraps }: Numbered,
): { drawn: Drawn[]; first: number } | undefined {
  const drawn: Drawn[] = [];
  let more: string[] = [];
  let deepest = Infinity;
  let next: number | undefined;
  for (let i = last; i >= Math.max(0, last - HIGHEST); i--) {
    const line = lines[i];
    if (line === undefined) return undefined;
    if (line.blank) continue;
    const match = numbered.exec(line.text);
    if (!match && drawn.length > 0 && more.length === 0 && ARROW.test(line.text)) return { drawn, first: i + 1 };
    const end = match ? '' : line.text.slice(withCursor.exec(line.text)?.[0].length ?? 0).trim();
    if (end !== '' && finish.test(end)) {
      drawn.unshift({ label: end, number: null, selected: withCursor.test(line.text), more, finishes: true });
      more = [];
      deepest = Infinity;
      continue;
    }
    if (!match) {
      deepest = Math.min(deepest, line.text.search(/\S/u));
      more.unshift(line.text.trim());
      continue;
    }
    const [, indent = '', digits = '', rest = ''] = match;
    // What goes on below an option stands as far in as its label at least, or as its number.
    if (deepest < indent.length + (wraps === 'label' ? digits.length + 1 : 0)) return undefined;
    const beside = rest.split(/(?<=\s)\s(?=\d{1,2}\. )/u).map((text) => text.trimEnd());
    const numbers = beside.map((text, index) => (index === 0 ? Number(digits) : Number.parseInt(text, 10)));
    if (next !== undefined && numbers.at(-1) !== next - 1) return undefined;
    drawn.unshift(
      ...beside.map((text, index) => ({
        label: text.replace(/^\d{1,2}\. +/u, ''),
        number: numbers[index] ?? null,
        selected: index === 0 && withCursor.test(line.text),
        more: index === beside.length - 1 ? more : [],
      })),
    );
    if (numbers[0] === 1) return { drawn, first: i };
    next = numbers[0];
    more = [];
    deepest = Infinity;
  }
  return undefined;
}

/** Options without numbers: the lines around the cursor, up to an empty one or one that stands further out. */
function findPlain(
  lines: readonly ScreenLine[],
  last: number,
  withCursor: Pattern,
): { drawn: Drawn[]; first: number } | undefined {
  let chosen = last;
  for (; chosen >= Math.max(0, last - HIGHEST); chosen--) {
    const line = lines[chosen];
    if (line === undefined || line.blank) return undefined;
    if (withCursor.test(line.text)) break;
  }
  const cursorLine = lines[chosen];
  if (cursorLine === undefined || !withCursor.test(cursorLine.text)) return undefined;
  const column = withCursor.exec(cursorLine.text)?.[0].length ?? 0;
  const label = ({ text }: ScreenLine): string =>
    (withCursor.test(text) ? `${' '.repeat(column)}${text.slice(withCursor.exec(text)?.[0].length ?? 0)}` : text).slice(
      column,
    );
  const isOption = (line: ScreenLine | undefined): line is ScreenLine =>
    line !== undefined && !line.blank && (line === cursorLine || line.text.search(/\S/u) >= column);
  let first = chosen;
  while (isOption(lines[first - 1])) first--;
  const all = lines.slice(first, last + 1);
  if (all.length < 2 || !all.every(isOption)) return undefined;
  const drawn: Drawn[] = [];
  for (const line of all) {
    const text = label(line);
    const before = drawn.at(-1);
    if (/^\s/u.test(text) && before) drawn[drawn.length - 1] = { ...before, more: [...before.more, text.trim()] };
    else drawn.push({ label: text, number: null, selected: line === cursorLine, more: [] });
  }
  return { drawn, first };
}

function findRow(
  lines: readonly ScreenLine[],
  last: number,
  footer: readonly string[],
  { labels }: OptionStyle,
  rules: LabelRules,
): FoundOptions | undefined {
  const text = lines[last]?.text ?? '';
  const shown = labels.filter((label) => new RegExp(`(?:^|\\s\\s)${literal(label)}(?:\\s\\s|$)`, 'u').test(text));
  if (shown.length < 2) return undefined;
  const inOrder = [...shown].sort((a, b) => text.indexOf(a) - text.indexOf(b));
  return { options: inOrder.map((label) => option(label, null, rules, null, null)), first: last, footer, isCut: false };
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');
}

/** `Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]:`, maybe over several lines. */
function findLetters(
  lines: readonly ScreenLine[],
  last: number,
  footer: readonly string[],
  rules: LabelRules,
): FoundOptions | undefined {
  const text = lines[last]?.text ?? '';
  const preset = /\[(\w[^[\]]*)\]:$/u.exec(text);
  if (!preset) return undefined;
  const above = text.slice(0, preset.index).trimEnd();
  const starts = [...above.matchAll(/\(\w\)/gu)].slice(-MOST_LETTERS);
  const lists = starts.map(({ index }) => above.slice(index));
  const list = lists.find((part) => /^(?:\(\w\)[^/[\]()]*\/?)+$/u.test(part));
  if (list === undefined) return undefined;
  const options = [...list.matchAll(/\((\w)\)([^/]*)/gu)].map(([, letter = '', rest = '']) => {
    const label = `${letter}${rest}`.trim();
    return option(
      label,
      [letter.toLowerCase(), 'Enter'],
      rules,
      label.toLowerCase().startsWith((preset[1] ?? '').toLowerCase()),
      null,
    );
  });
  return { options, first: last, footer, isCut: false };
}
