import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { ScreenDialog, ScreenOption, ScreenRules } from '../../protocol/screen.js';
import { findOptions, isArrow, type FoundOptions } from './dialogOptions.js';
import { readExactly } from './readExactly.js';
import { requestOf } from './requestOf.js';
import { pattern, type Pattern } from './patterns.js';
import { type ScreenLine } from './screenLines.js';

/** How far above its options a dialog can begin. */
const TALLEST = 40;

type Asked = { readonly [group: string]: string | undefined };

/**
 * The dialog that the bottom of a screen shows: the one that stands there exactly as its tool draws it, else the first
 * whose rule fits.
 *
 * @param columns of the terminal, where they are known
 */
export function judgeDialog(
  rules: ScreenRules,
  all: readonly ScreenLine[],
  columns?: number,
): Partial<ScreenJudgement> | undefined {
  const { lines, isWhole } = withoutLeftovers(rules, all, columns);
  const inOrder = Object.entries(rules.dialogs).sort(([, a], [, b]) => a.order - b.order);
  const headers = inOrder.flatMap(([, { begin, drawn }]) => (begin !== undefined && drawn.length > 0 ? [begin] : []));
  const usual = findOptions(lines, rules.options, rules);
  let first: Partial<ScreenJudgement> | undefined;
  let headed: Partial<ScreenJudgement> | undefined;
  let isLoose = false;
  for (const [id, rule] of inOrder) {
    const found = rule.options ? findOptions(lines, rule.options, rules) : usual;
    const asked = found && read(rule, rules.frames, found, lines);
    if (!asked) continue;
    const exact = readExactly(rule, { lines, found, headers, columns });
    if (exact) return judged(id, rule, found, { ...asked, ...exact }, true);
    const one = judged(id, rule, found, isWhole ? asked : { ...asked, doubtful: 'yes' }, false);
    const isHeaded = isAboutSomething(rule) && isUnderRule(rule, found, lines);
    if (first === undefined) isLoose = rule.kind === 'permission' && rule.begin !== undefined && !isHeaded;
    first ??= one;
    if (isHeaded) headed ??= one;
  }
  // What is asked for may have a row like the header of another dialog.
  return isLoose ? (headed ?? first) : first;
}

/** The frame that is drawn around a row. */
const FRAMED = /^│.*│$/u;
/** Signs of which it is certain how wide a terminal draws them, so that no row of an agent goes on in the next one. */
const CERTAIN = /^[ -~\u2500-\u259f\u2800-\u28ff…ℹ●✓✕✦]*$/u;

/** Rows in which a dialog is to be looked for. */
interface LiveRows {
  readonly lines: readonly ScreenLine[];
  /** The frame of the dialog stands there as its tool draws it, as far as it draws one. */
  readonly isWhole: boolean;
}

/**
 * The rows from the top of the lowest dialog's frame on, where no text of an agent can look like that row: all rows below
 * it down to the options are framed from edge to edge, and nothing above it may have run over its own row.
 */
function withoutLeftovers(
  { dialogTop, dialogs, options, ...rules }: ScreenRules,
  lines: readonly ScreenLine[],
  columns: number | undefined,
): LiveRows {
  const first = dialogTop === undefined ? undefined : findOptions(lines, options, rules)?.first;
  if (dialogTop === undefined || columns === undefined || first === undefined) return { lines, isWhole: true };
  const isWide = ({ raw }: ScreenLine): boolean => raw.length === columns;
  const isFramed = (part: readonly ScreenLine[]): boolean =>
    part.every((line) => isWide(line) && FRAMED.test(line.raw));
  const begins = Object.values(dialogs).flatMap(({ begin }) => begin ?? []);
  const head = lines.findIndex(({ text }) => begins.some((source) => pattern(source).test(text)));
  const top = lines.slice(0, first).findLastIndex((line) => isWide(line) && pattern(dialogTop).test(line.raw));
  // One that is taller than its terminal begins above it.
  if (top < 0) return { lines, isWhole: isFramed(lines.slice(Math.max(0, head), first)) };
  const isCertain = lines.slice(Math.max(0, head), top).every(({ raw }) => CERTAIN.test(raw));
  if (!isCertain || !isFramed(lines.slice(top + 1, first))) return { lines, isWhole: false };
  return { lines: lines.slice(top), isWhole: true };
}

/** Whether its header is the first row of the part of the screen in which its tool draws it. */
function isUnderRule({ begin }: ScreenDialog, { first }: FoundOptions, lines: readonly ScreenLine[]): boolean {
  if (begin === undefined) return false;
  const header = lines.slice(0, first).findIndex(({ text }) => pattern(begin).test(text));
  return /^─{4,}$/u.test(lines[header - 1]?.text ?? '');
}

/**
 * A list in place of the input box that no dialog is: one with a cursor and nothing below it, or one that ends as lists of
 * its tool do. It can be answered when all of it is there.
 */
export function judgeMenu(rules: ScreenRules, lines: readonly ScreenLine[]): Partial<ScreenJudgement> | undefined {
  const ends = endsAsMenu(rules, lines);
  const found = findOptions(lines, rules.options, rules);
  // Without a footer of its own only numbers tell a list from words.
  const isList = found?.options.every(({ number }) => number !== undefined) === true;
  if (!ends && !isList) return undefined;
  const question = menuTitle(lines, found?.first ?? lines.length);
  const options = found?.isCut === false && question !== '' ? found.options : [];
  const several = options.some(({ ticked }) => ticked !== undefined);
  return {
    state: 'waiting',
    kind: 'question',
    request: requestOf({ question, text: question, several, more: found?.isCut === true }),
    options: [...options],
    rule: 'menu',
  };
}

/** Whether the last line is that of a list, which no line below an input box looks like. */
export function endsAsMenu({ menus }: ScreenRules, lines: readonly ScreenLine[]): boolean {
  const last = lines.findLast(({ blank }) => !blank)?.text ?? '';
  return menus.some((source) => pattern(source).test(last));
}

/** The first words of its frame, else those right above it; they stay while somebody moves in it. */
function menuTitle(lines: readonly ScreenLine[], first: number): string {
  const frame = lines.findLastIndex(({ raw }) => /^\s*╭/u.test(raw));
  const from = frame >= 0 ? frame : first < lines.length ? titleAbove(lines, first) : lowestPart(lines);
  const title = lines.slice(from).find(({ blank }) => !blank)?.text ?? '';
  return truncate(oneLine(title).replace(/^> /u, ''), 200);
}

/** Where the part below the last gap begins; the whole screen where nothing but a footer stands there. */
function lowestPart(lines: readonly ScreenLine[]): number {
  const gap = lines.findLastIndex(({ blank }, at) => blank && lines[at - 1]?.blank === true);
  return lines.slice(gap + 1).filter(({ text, blank }) => !blank && !/─{4}/u.test(text)).length > 2 ? gap + 1 : 0;
}

function titleAbove(lines: readonly ScreenLine[], first: number): number {
  const isPart = (at: number): boolean => lines[at]?.blank === false && !isArrow(lines[at].text);
  let at = first - 1;
  while (at > 0 && !isPart(at)) at--;
  while (at > 0 && isPart(at - 1)) at--;
  return at;
}

function read(
  rule: ScreenDialog,
  frames: readonly string[],
  found: FoundOptions,
  lines: readonly ScreenLine[],
): Asked | undefined {
  const { option, all, not, end, begin } = rule;
  if (option !== undefined && !found.options.some(({ label }) => pattern(option).test(label))) return undefined;
  const starts = begin === undefined ? [] : indexesOf(lines.slice(0, found.first), pattern(begin));
  // What is asked for may repeat the header, and would hide what stands above that.
  const start = isAboutSomething(rule) ? starts.at(0) : starts.at(-1);
  const from = start ?? Math.max(0, found.first - TALLEST);
  const text = (part: readonly ScreenLine[]): string => part.map((line) => line.text).join('\n');
  const whole = text(lines.slice(from));
  if (!all.every((source) => pattern(source).test(whole))) return undefined;
  if (not.some((source) => pattern(source).test(whole))) return undefined;
  const last = lines.findLast(({ blank }) => !blank)?.text ?? '';
  if (end !== undefined && !pattern(end).test(last)) return undefined;
  const above = lines.slice(from, found.first);
  const drawn = isAboutSomething(rule)
    ? above.map(({ raw }) => unframed(spelledBreaks(raw), frames)).join('\n')
    : text(above);
  const groups: Record<string, string | undefined> = {};
  // Of more than one header any may be a part of what is asked.
  const isDoubtful = starts.length > 1 && isAboutSomething(rule);
  if (isDoubtful) groups[subjectOf(rule)] = `${drawn}\n`;
  for (const source of rule.read) {
    for (const [name, value] of Object.entries(pattern(source).exec(`${drawn}\n`)?.groups ?? {})) {
      groups[name] ??= value;
    }
  }
  const width = Math.max(0, ...lines.map((line) => line.raw.length));
  const shown = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : unwrap(value, width);
  return {
    ...groups,
    ...(isDoubtful ? { doubtful: 'yes' } : {}),
    ...(begin !== undefined && start === undefined ? { cut: '… ' } : {}),
    ...(rule.confirms ? { answers: String(indexesOf(above, pattern(rule.confirms.each)).length) } : {}),
    command: shown(groups['command']),
    path: shown(groups['path']),
    question: groups['question'] === undefined ? questionIn(above, rule) : oneLine(groups['question']),
  };
}

/** The kinds of dialogs whose words are what the agent wants to do. */
function isAboutSomething({ kind, action, begin }: ScreenDialog): boolean {
  return (
    kind === 'permission' && begin !== undefined && action !== undefined && action !== 'other' && action !== 'mode'
  );
}

function subjectOf({ action }: ScreenDialog): 'command' | 'path' | 'url' | 'name' {
  if (action === 'shell') return 'command';
  return action === 'network' ? 'url' : action === 'mcp' ? 'name' : 'path';
}

function indexesOf(lines: readonly ScreenLine[], expression: Pattern): readonly number[] {
  return lines.flatMap(({ text }, index) => (expression.test(text) ? [index] : []));
}

/** A row whose own line breaks end no line of what is read: those are to be seen and hide nothing behind them. */
function spelledBreaks(raw: string): string {
  return raw.replace(/[\r\u2028\u2029]/gu, (sign) => `<U+${sign.charCodeAt(0).toString(16).padStart(4, '0')}>`);
}

/** A row without the frame that its tool draws at fixed columns. */
function unframed(raw: string, frames: readonly string[]): string {
  for (const source of frames) {
    const inside = pattern(source).exec(raw)?.[1];
    if (inside !== undefined) return inside.trimEnd();
  }
  return raw;
}

function oneLine(text: string): string {
  return stripTerminal(text.replace(/\s+/gu, ' '));
}

/** The last line that asks; for a question the whole part that ends there, or the words right above the options. */
function questionIn(lines: readonly ScreenLine[], { kind, aside }: ScreenDialog): string | undefined {
  const bare = ({ text }: ScreenLine): string =>
    text.slice(0, aside === undefined ? undefined : pattern(aside).exec(text)?.index);
  const asks = lines.findLastIndex((line) => bare(line).endsWith('?'));
  const end = asks >= 0 ? asks : lines.findLastIndex(({ blank }) => !blank);
  const last = lines[end];
  if (last === undefined || (kind !== 'question' && asks < 0)) return undefined;
  const start = kind === 'question' ? lines.slice(0, end).findLastIndex(({ blank }) => blank) + 1 : end;
  const words = lines.slice(start, end + 1).map(({ text }) => text);
  return truncate(oneLine([...words.slice(0, -1), bare(last)].join(' ')), 500);
}

/** A command as it was before it was indented and cut at the width of the screen. */
function unwrap(text: string, width: number): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const filled = lines.slice(
    lines.findIndex((line) => line !== ''),
    lines.findLastIndex((line) => line !== '') + 1,
  );
  const indent = Math.min(...filled.flatMap((line) => (line === '' ? [] : [line.search(/\S/u)])));
  let command = '';
  let before: string | undefined;
  for (const line of filled) {
    const own = line.slice(indent);
    const word = /^\S+/u.exec(own)?.[0] ?? '';
    // The first word would not have fitted into the line above.
    const wasCut = before !== undefined && word !== '' && before.length + 1 + word.length > width - 1;
    command += before === undefined ? own : wasCut ? ` ${own}` : `\n${own}`;
    before = line;
  }
  return command;
}

function judged(
  id: string,
  rule: ScreenDialog,
  { options: drawn, isCut }: FoundOptions,
  asked: Asked,
  isExact: boolean,
): Partial<ScreenJudgement> {
  const text = textOf(rule, asked);
  // Of a question that is known by its words its options may be further up or down.
  const isWhole = !isCut || (rule.kind === 'question' && (asked['question'] ?? '') !== '');
  const options = isWhole && isComplete(rule, drawn, asked) ? drawn : [];
  const allowed = ['allow', 'always'].flatMap((role) => options.filter((option) => option.role === role)).at(0);
  return {
    state: 'waiting',
    kind: rule.kind,
    request: requestOf({
      ...asked,
      action: rule.action,
      text: `${asked['cut'] ?? ''}${text}`,
      exact: isExact ? 'screen' : null,
      several: options.some(({ ticked }) => ticked !== undefined),
      more: isCut,
      doubtful: rule.kind === 'permission' && asked['doubtful'] !== undefined,
    }),
    options: [...options],
    confirms: confirmed(rule, options, asked),
    wouldSend: rule.kind === 'permission' && rule.action !== 'mode' ? (allowed?.keys ?? null) : null,
    rule: `dialog ${id}`,
  };
}

/** With more than one answer a person looks at them first. */
function confirmed({ confirms }: ScreenDialog, options: readonly ScreenOption[], { answers }: Asked): string | null {
  if (confirms === undefined || answers !== '1') return null;
  return options.find(({ label }) => pattern(confirms.option).test(label))?.label ?? null;
}

/** Nobody can say yes or no to what is not known, or where the answers do not all stand. */
function isComplete({ complete }: ScreenDialog, options: readonly ScreenOption[], asked: Asked): boolean {
  const { option, reads } = complete;
  if (option !== undefined && !options.some(({ label }) => pattern(option).test(label))) return false;
  return reads.every((name) => (asked[name] ?? '') !== '');
}

function textOf({ text, kind, action }: ScreenDialog, asked: Asked): string {
  const { command, path, question, url } = asked;
  if (text !== undefined) return text.replace(/\{(\w+)\}/gu, (_, name: string) => asked[name] ?? '').trim();
  if (kind === 'permission') {
    if (command !== undefined) return command;
    const what = path ?? url;
    if (what !== undefined)
      return action === 'network' ? `fetch ${what}` : action === undefined ? what : `${action} ${what}`;
  }
  return question ?? '';
}
