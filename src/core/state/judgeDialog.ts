import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { ScreenDialog, ScreenOption, ScreenRules } from '../../protocol/screen.js';
import { findOptions, type FoundOptions } from './dialogOptions.js';
import { requestOf } from './requestOf.js';
import { pattern, type ScreenLine } from './screenLines.js';

/** How far above its options a dialog can begin. */
const TALLEST = 40;

type Asked = { readonly [group: string]: string | undefined };

/** The dialog that the bottom of a screen shows, by the first rule that fits. */
export function judgeDialog(rules: ScreenRules, lines: readonly ScreenLine[]): Partial<ScreenJudgement> | undefined {
  const inOrder = Object.entries(rules.dialogs).sort(([, a], [, b]) => a.order - b.order);
  const usual = findOptions(lines, rules.options, rules.roles);
  for (const [id, rule] of inOrder) {
    const found = rule.options ? findOptions(lines, rule.options, rules.roles) : usual;
    const asked = found && read(rule, found, lines);
    if (asked) return judged(id, rule, found.options, asked);
  }
  return undefined;
}

function read(rule: ScreenDialog, found: FoundOptions, lines: readonly ScreenLine[]): Asked | undefined {
  const { option, all, not, end, begin } = rule;
  if (option !== undefined && !found.options.some(({ label }) => pattern(option).test(label))) return undefined;
  const starts =
    begin === undefined ? -1 : lines.slice(0, found.first).findLastIndex(({ text }) => pattern(begin).test(text));
  const from = starts >= 0 ? starts : Math.max(0, found.first - TALLEST);
  const text = (part: readonly ScreenLine[]): string => part.map((line) => line.text).join('\n');
  const whole = text(lines.slice(from));
  if (!all.every((source) => pattern(source).test(whole))) return undefined;
  if (not.some((source) => pattern(source).test(whole))) return undefined;
  const last = lines.findLast(({ blank }) => !blank)?.text ?? '';
  if (end !== undefined && !pattern(end).test(last)) return undefined;
  const above = lines.slice(from, found.first);
  const groups: Record<string, string | undefined> = {};
  for (const source of rule.read) {
    for (const [name, value] of Object.entries(pattern(source).exec(`${text(above)}\n`)?.groups ?? {})) {
      groups[name] ??= value;
    }
  }
  const width = Math.max(0, ...lines.map((line) => line.text.length));
  return {
    ...groups,
    command: groups['command'] === undefined ? undefined : unwrap(groups['command'], width),
    path: groups['path'] === undefined ? undefined : oneLine(groups['path']),
    question: groups['question'] === undefined ? questionIn(above, rule.kind) : oneLine(groups['question']),
  };
}

function oneLine(text: string): string {
  return stripTerminal(text.replace(/\s+/gu, ' '));
}

/** The last line that asks; for a question without one the words right above the options. */
function questionIn(lines: readonly ScreenLine[], kind: ScreenDialog['kind']): string | undefined {
  const asks = lines.findLast(({ text }) => text.endsWith('?'));
  if (asks) return truncate(oneLine(asks.text), 500);
  const end = lines.findLastIndex(({ blank }) => !blank);
  if (kind !== 'question' || end < 0) return undefined;
  const start = lines.slice(0, end).findLastIndex(({ blank }) => blank) + 1;
  const words = lines.slice(start, end + 1).map(({ text }) => text);
  return truncate(oneLine(words.join(' ')), 500);
}

/** A command as it was before it was indented and cut at the width of the screen. */
function unwrap(text: string, width: number): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const filled = lines.filter((line) => line !== '');
  const indent = Math.min(...filled.map((line) => line.search(/\S/u)));
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
  return command
    .split('\n')
    .map((line) => stripTerminal(line))
    .join('\n');
}

function judged(
  id: string,
  rule: ScreenDialog,
  options: readonly ScreenOption[],
  asked: Asked,
): Partial<ScreenJudgement> {
  const allowed = ['allow', 'always'].flatMap((role) => options.filter((option) => option.role === role)).at(0);
  return {
    state: 'waiting',
    kind: rule.kind,
    request: requestOf({ ...asked, action: rule.action, text: textOf(rule, asked) }),
    options: [...options],
    wouldSend: rule.kind === 'permission' && rule.action !== 'mode' ? (allowed?.keys ?? null) : null,
    rule: `dialog ${id}`,
  };
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
