import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { ScreenOption, ScreenRules } from '../../protocol/screen.js';
import type { StartupDialog, Tool } from '../../protocol/tool.js';
import { readStartupScreen } from './startupScreen.js';
import { failedWords } from './failedWords.js';
import { findOptions } from './dialogOptions.js';
import { endsAsMenu, judgeDialog, judgeMenu } from './judgeDialog.js';
import { judgeOverlay } from './judgeOverlay.js';
import { requestOf } from './requestOf.js';
import { besideOwnWord, type Telling } from './ownWord.js';
import { commandPhase } from './commandPhase.js';
import { limitEnd } from './limitTime.js';
import { pattern } from './patterns.js';
import { screenLines, type ScreenLine } from './screenLines.js';

/** Of a screen on which nothing tells. */
export const NOTHING_SEEN: ScreenJudgement = {
  state: 'unknown',
  phase: null,
  kind: null,
  request: null,
  options: [],
  confirms: null,
  startup: null,
  wouldSend: null,
  draft: null,
  error: null,
  interrupted: false,
  limitedUntil: null,
  background: 0,
  suspended: false,
  nearSuspension: false,
  rule: null,
  lines: [],
};

/** What of a tool's data says what its screens mean. */
export type JudgedTool = Pick<Tool, 'startup' | 'screen'> & Telling;

/** So many of the last lines are told. */
const TOLD_LINES = 12;
/** How far below the prompt of a turn its last words can stand. */
const TURN_LINES = 14;
/** What a tool says when a key suspends it takes so many rows at most. */
const SUSPENDED_LINES = 6;
/** Without its input box only the very last lines say what it does. */
const LOOSE_LINES = 3;

/**
 * Says what an agent does by its visible screen alone. Looks at the bottom only; unknown when nothing there tells.
 *
 * @param screenText the visible screen without scrollback, as tmux prints it
 * @param now milliseconds since the epoch, for the times that a screen names
 * @param columns of the terminal, where they are known
 */
export function judgeScreen(tool: JudgedTool, screenText: string, now: number, columns?: number): ScreenJudgement {
  const lines = screenLines(screenText);
  const near = tool.screen?.nearSuspension ?? [];
  const told = {
    lines: filled(lines).slice(-TOLD_LINES),
    nearSuspension: near.some((source) => lines.some(({ text }) => pattern(source).test(text))),
  };
  const start = tool.startup.dialogs.length > 0 ? readStartupScreen(tool, screenText) : undefined;
  const startup = start?.kind === 'dialog' ? start.dialog : undefined;
  // A dialog about trust or a login is never one of the others; a mere question at the start may be.
  if (startup && startup.kind !== 'question') return { ...judgeStartup(tool, lines, startup), ...told };
  const rules = tool.screen;
  if (rules && isSuspended(rules, lines)) return { ...NOTHING_SEEN, suspended: true, rule: 'suspended', ...told };
  const overlay = rules && judgeOverlay(rules, lines, columns);
  if (overlay) return { ...NOTHING_SEEN, ...overlay, ...told };
  const dialog = rules && judgeDialog(rules, lines, columns);
  if (dialog) return { ...NOTHING_SEEN, ...besideOwnWord(tool, dialog), ...told };
  if (startup) {
    // The same list comes while it runs, and says itself what it is about.
    const menu = rules?.box && startup.id === 'other' ? judgeMenu(rules, lines) : undefined;
    return { ...judgeStartup(tool, lines, startup), ...(menu && { ...menu, rule: `startup ${startup.id}` }), ...told };
  }
  return { ...NOTHING_SEEN, ...(rules && judgeRest(rules, lines, now)), ...told };
}

/** Whatever stands above; where its input box is there it goes on. */
function isSuspended({ suspended, box }: ScreenRules, lines: readonly ScreenLine[]): boolean {
  const last = filled(lines).slice(-SUSPENDED_LINES);
  const at = last.findIndex((text) => suspended.some((source) => pattern(source).test(text)));
  return at >= 0 && !(box && last.slice(at).some((text) => pattern(box.line).test(text)));
}

function judgeStartup(
  { screen }: Pick<Tool, 'screen'>,
  lines: readonly ScreenLine[],
  { id, kind, text }: StartupDialog,
): ScreenJudgement {
  const options: readonly ScreenOption[] = (screen && findOptions(lines, screen.options, screen)?.options) ?? [];
  return {
    ...NOTHING_SEEN,
    state: 'waiting',
    kind,
    startup: id,
    request: requestOf({ question: text, text }),
    options: [...options],
    rule: `startup ${id}`,
  };
}

interface Box {
  /** Index of its first line. */
  readonly at: number;
  readonly draft: string | null;
  readonly below: readonly string[];
}

/** The input box, when nothing but its frame and its footer stands below it. */
function findBox({ box }: ScreenRules, lines: readonly ScreenLine[]): Box | undefined {
  if (!box) return undefined;
  const at = lines.findLastIndex(({ text }) => pattern(box.line).test(text));
  const first = lines[at];
  if (!first) return undefined;
  const after = lines.slice(at + 1);
  const edge = after.findIndex(({ rule }) => rule);
  const gap = after.findIndex(({ blank }) => blank);
  const end = edge >= 0 ? edge : gap >= 0 ? gap : after.length;
  const typed = after.slice(0, end);
  const below = filled(after.slice(end));
  const isFooter = (text: string): boolean => box.footer.some((source) => pattern(source).test(text));
  if (edge >= 0) {
    if (!typed.every(({ text, blank }) => blank || /^\s/u.test(text))) return undefined;
    if (box.footer.length > 0 && !below.every(isFooter)) return undefined;
  } else {
    const rows = [...typed.map(({ text }) => text), ...below];
    const isPart = (text: string, at: number): boolean =>
      isFooter(text) ||
      (gap > 0 && at < typed.length && /^\s/u.test(text)) ||
      // A footer takes several rows where the screen is narrow.
      (gap >= 0 && at > typed.length && /^ {2}\S/u.test(text) && isFooter(rows[at - 1] ?? ''));
    if (!rows.every(isPart)) return undefined;
  }
  const draft = [
    behindMark(first.text, box.line),
    ...typed.filter(({ text }) => !isFooter(text)).map(({ text }) => text),
  ]
    .map((text) => text.trim())
    .join('\n')
    .trim();
  const isEmpty = draft === '' || box.placeholders.some((source) => pattern(source).test(draft));
  return { at, draft: isEmpty ? null : draft, below };
}

/** What stands behind the mark of an input box; an expression that takes in more than the mark leaves its first word. */
function behindMark(text: string, line: string): string {
  const mark = pattern(line).exec(text)?.[0].trim() ?? '';
  const [word = ''] = mark.split(/\s/u);
  return text.slice(text.indexOf(word) + word.length);
}

interface Area {
  /** Index of its first row. */
  readonly top: number;
  readonly draft: string | null;
}

/** An input box whose first line has no mark. */
function findArea({ area }: ScreenRules, lines: readonly ScreenLine[]): Area | undefined {
  if (!area) return undefined;
  const bottom = lines.findLastIndex(({ raw }) => pattern(area.bottom).test(raw));
  if (bottom < 0) return undefined;
  const width = lines[bottom]?.raw.length ?? 0;
  let top = bottom;
  while (top > 0 && pattern(area.row).test(lines[top - 1]?.raw ?? '')) top--;
  // Something else may stand beside it.
  const rows = lines
    .slice(top, bottom)
    .map(({ raw }) => raw.slice(pattern(area.row).exec(raw)?.[0].length ?? 0, width).trim());
  const own = rows.slice(
    0,
    Math.max(
      0,
      rows.findLastIndex((text) => text !== ''),
    ),
  );
  const draft = own.join('\n').trim();
  const isEmpty = draft === '' || area.placeholders.some((source) => pattern(source).test(draft));
  return { top, draft: isEmpty ? null : draft };
}

function matchOf(sources: readonly string[], lines: readonly string[]): RegExpExecArray | undefined {
  for (const line of [...lines].reverse()) {
    for (const source of sources) {
      const match = pattern(source).exec(line);
      if (match) return match;
    }
  }
  return undefined;
}

/** What is left when no dialog is up: it works, it waits for a task, or nothing can be said. */
function judgeRest(rules: ScreenRules, lines: readonly ScreenLine[], now: number): Partial<ScreenJudgement> {
  const all = filled(lines);
  const bottom = all.slice(-rules.lines);
  if (matchOf(rules.hidden, bottom)) return { rule: 'hidden' };
  const box = findBox(rules, lines);
  const menu = rules.box && (!box || endsAsMenu(rules, lines)) ? judgeMenu(rules, lines) : undefined;
  if (menu) return menu;
  const above = box ? filled(lines.slice(0, box.at)) : all;
  const below = box ? box.below : rules.box ? [] : bottom;
  const near = rules.box && !box ? [] : above.slice(-rules.lines);
  const area = findArea(rules, lines);
  const rows = lines.slice(0, box?.at ?? area?.top);
  const turnRows = rules.prompt === undefined ? rows : belowPrompt(rules.prompt, rows);
  const reach = rules.prompt !== undefined ? TURN_LINES : area ? 1 : rules.lines;
  const turn = filled(turnRows).slice(-reach);
  const beside = matchOf(rules.background, below) ?? (box && matchOf(rules.backgroundAbove, above.slice(-1)));
  const background = Number(beside?.[1] ?? 0) || 0;
  const common = { background, draft: box ? box.draft : (area?.draft ?? null) };
  if (matchOf(rules.workingBelow, below) ?? matchOf(rules.working, belowLast(rules.interrupted, near))) {
    return { ...common, state: 'working', phase: phaseOf(rules, [...turn, ...(box?.below ?? [])]), rule: 'working' };
  }
  const isIdle = rules.idle.length > 0 ? matchOf(rules.idle, bottom) !== undefined : box !== undefined;
  if (!isIdle) {
    // Without its input box the words at the very bottom tell a little.
    const phase = box ? null : phaseOf(rules, all.slice(-LOOSE_LINES));
    return phase === null ? common : { ...common, state: 'working', phase, rule: 'words' };
  }
  const limit = limitOf(rules, box ? lines.slice(0, box.at) : rules.box ? [] : lines, now);
  if (limit) return { ...common, state: 'limited', limitedUntil: limit.until, rule: 'limited' };
  return {
    ...common,
    state: 'idle',
    error: failedWords(rules.failed, turnRows, reach) ?? null,
    interrupted: matchOf(rules.interrupted, turn) !== undefined,
    rule: 'idle',
  };
}

/** The limit that the tool itself tells of in its last turn; undefined when it tells of none, or of one that is over. */
function limitOf(
  { limited, prompt, spoken }: ScreenRules,
  above: readonly ScreenLine[],
  now: number,
): { readonly until: string | null } | undefined {
  if (limited.length === 0) return undefined;
  const rows = above.filter(({ blank }) => !blank);
  const start = prompt === undefined ? -1 : rows.findLastIndex(({ text }) => pattern(prompt).test(text));
  const turn = rows.slice(start + 1);
  // Where nothing tells whose words these are, they may be the agent's.
  if (spoken !== undefined && (start < 0 || turn.some(({ text }) => pattern(spoken).test(text)))) return undefined;
  const match = matchOf(
    limited,
    turn.slice(-TURN_LINES).map(({ raw }) => raw),
  );
  if (!match) return undefined;
  const until = match.groups?.['until'];
  const end = until === undefined ? null : limitEnd(until, now);
  return end !== null && Date.parse(end) <= now ? undefined : { until: end };
}

/** What the lines say that say something. */
function filled(lines: readonly ScreenLine[]): readonly string[] {
  return lines.flatMap(({ text, blank }) => (blank ? [] : [text]));
}

/** Signs of work above the words that a turn was broken off are left over from before a terminal had another size. */
function belowLast(sources: readonly string[], lines: readonly string[]): readonly string[] {
  return lines.slice(lines.findLastIndex((line) => sources.some((source) => pattern(source).test(line))) + 1);
}

function belowPrompt(prompt: string, rows: readonly ScreenLine[]): readonly ScreenLine[] {
  return rows.slice(rows.findLastIndex(({ text, blank }) => !blank && pattern(prompt).test(text)) + 1);
}

function phaseOf({ phases }: ScreenRules, lines: readonly string[]): ScreenJudgement['phase'] {
  for (const line of [...lines].reverse()) {
    for (const { line: source, phase } of phases) {
      const match = pattern(source).exec(line);
      if (match) return phase === 'command' ? commandPhase(match[1] ?? line) : phase;
    }
  }
  return null;
}
