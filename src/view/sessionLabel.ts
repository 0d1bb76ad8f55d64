import { formatAge, formatDuration, localDateTime } from '../common/text.js';
import { hasEnded, type Session } from '../protocol/session.js';
import type { Explanation } from '../protocol/explanation.js';
import type { WaitingKind } from '../protocol/screen.js';
import { describe, reasonText, type Description, type Group, type Word } from '../protocol/word.js';
import { reasonLine } from './explanationText.js';
import { otherNode } from './machineText.js';
import { countOf, firstLines, markdownText, oneLine } from './plainText.js';
import type { SessionRow } from './sessionRows.js';
import type { GroupBy } from './sessionTree.js';

/** A codicon and the id of its theme colour. */
export interface IconSpec {
  readonly icon: string;
  readonly color?: string;
}

/** A spinner that never ends says nothing; after so long it becomes a clock. */
export const SPIN_MS = 30_000;

/** A detail longer than this would push the age out of a narrow sidebar. */
const DETAIL_LENGTH = 60;

const WAITING_ICONS = {
  permission: 'shield',
  question: 'question',
  plan: 'checklist',
  trust: 'workspace-untrusted',
  login: 'key',
} as const satisfies Record<WaitingKind, string>;

const ICONS = {
  Starting: { icon: 'watch' },
  Working: { icon: 'pulse', color: 'charts.blue' },
  Running: { icon: 'pulse' },
  'Needs input': { icon: 'question', color: 'list.warningForeground' },
  Suspended: { icon: 'debug-pause' },
  Error: { icon: 'error', color: 'testing.iconFailed' },
  Limited: { icon: 'watch' },
  Finished: { icon: 'circle-filled', color: 'charts.green' },
  Idle: { icon: 'circle-outline' },
  Completed: { icon: 'pass', color: 'testing.iconPassed' },
  Failed: { icon: 'error', color: 'testing.iconFailed' },
  Stopped: { icon: 'circle-slash' },
  Lost: { icon: 'debug-disconnect', color: 'testing.iconFailed' },
  Offline: { icon: 'circle-outline' },
} as const satisfies Record<Word, IconSpec>;

/** The icon of a word. An offline session keeps the icon of its last word, greyed. */
export function sessionIcon(session: Session, word: Word, now: number): IconSpec {
  if (word === 'Offline') {
    const last = describe(session, now).word;
    return { icon: sessionIcon(session, last, Infinity).icon, color: 'disabledForeground' };
  }
  if (word === 'Starting' && now - Date.parse(session.created) < SPIN_MS) return { icon: 'loading~spin' };
  if (word === 'Needs input' && session.waiting !== null) {
    return { ...ICONS[word], icon: WAITING_ICONS[session.waiting.kind] };
  }
  return ICONS[word];
}

export interface LabelOptions {
  readonly groupBy: GroupBy;
  readonly now: number;
}

/** What stands behind a row's name: `permission: npm publish · 3m · api @build-box`. */
export function rowDescription(row: SessionRow, { groupBy, now }: LabelOptions): string {
  const { description, group } = row;
  const isSaidByGroup = groupBy === 'status' && group === description.word;
  const detail = oneLine(description.detail, DETAIL_LENGTH);
  const word = isSaidByGroup && detail !== '' ? '' : description.word;
  const state = [word, detail].filter((part) => part !== '').join(/^(after|until)\b/.test(detail) ? ' ' : ' · ');
  const place = [
    groupBy === 'context' ? '' : oneLine(contextName(row), 40),
    row.isHere ? '' : `@${oneLine(row.machineName, 40)}`,
  ];
  return [state, age(row, now), oneLine(otherNode(row), 80), place.filter((part) => part !== '').join(' ')]
    .filter((part) => part !== '')
    .join(' · ');
}

export function contextName({ session, context }: SessionRow): string {
  return context?.name ?? session.contextName;
}

/** The description of a session by itself, for lists that do not group: `Needs input · question: Which colour? · 3m · api`. */
export function pickDescription(row: SessionRow, now: number): string {
  return rowDescription(row, { groupBy: 'none', now });
}

function age({ session }: SessionRow, now: number): string {
  return formatAge(now - Date.parse(session.changed));
}

/** What a screen reader says: `refactor-auth, Claude Code, api on build-box, needs input, permission npm publish, for 3 minutes`. */
export function spokenLabel(row: SessionRow, toolName: string, now: number): string {
  const { session, description } = row;
  return [
    oneLine(session.name),
    toolName,
    `${oneLine(contextName(row))} on ${oneLine(row.machineName)}`,
    description.word.toLowerCase(),
    oneLine(description.detail).replace(': ', ' '),
    oneLine(otherNode(row)),
    `for ${spokenAge(now - Date.parse(session.changed))}`,
    session.pinned ? 'pinned' : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function spokenAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return countOf(minutes, 'minute');
  if (minutes < 1440) return countOf(Math.floor(minutes / 60), 'hour');
  return countOf(Math.floor(minutes / 1440), 'day');
}

/**
 * What menus may ask about a row: `session` and sorted tags, each with its plus sign. The manifest's `when` clauses
 * match these and nothing else.
 */
export type SessionTag =
  | 'answerable'
  | 'attachable'
  | 'ended'
  | 'idle'
  | 'interruptible'
  | 'leaver'
  | 'local'
  | 'offline'
  | 'pinned'
  | 'running'
  | 'starting'
  | 'suspended'
  | 'unread'
  | 'waiting'
  | 'working'
  | 'resumable';

export function sessionContextValue(row: SessionRow): string {
  const { session, description } = row;
  const isOffline = description.word === 'Offline';
  const tags = new Set<SessionTag>([isOffline ? 'offline' : phaseTag(session, description)]);
  if (row.isHere) tags.add('local');
  if (!hasEnded(session) && !isOffline) tags.add('running').add('attachable');
  if (description.word === 'Working' || description.word === 'Running') tags.add('interruptible');
  if (description.word === 'Needs input') tags.add('answerable');
  if (hasEnded(session) && session.conversationId !== null) tags.add('resumable');
  // It left something running that can be ended.
  if (session.left.length > 0 && !isOffline) tags.add('leaver');
  if (session.pinned) tags.add('pinned');
  if (session.unread) tags.add('unread');
  return ['session', ...[...tags].sort()].join('+');
}

function phaseTag(session: Session, { word }: Description): SessionTag {
  if (hasEnded(session)) return 'ended';
  if (word === 'Needs input') return 'waiting';
  if (word === 'Starting') return 'starting';
  if (word === 'Suspended') return 'suspended';
  return word === 'Working' || word === 'Running' ? 'working' : 'idle';
}

/** What a tooltip tells besides the record; absent where it could not be had in time. */
export interface TooltipFacts {
  readonly changes?: { readonly branch: string | null; readonly files: readonly unknown[] } | undefined;
  readonly explanation?: Explanation | undefined;
}

/** The tooltip as Markdown in which nothing of an agent's or person's text is markup. */
export function tooltipMarkdown(
  row: SessionRow,
  toolName: string,
  now: number,
  { changes, explanation }: TooltipFacts = {},
): string {
  const { session, description } = row;
  const lines: string[] = [`**${markdownText(session.name)}**`];
  const task = firstLines(session.task, 5).map((line) => markdownText(line));
  if (task.length > 0) lines.push(task.join('  \n'));
  const word = [description.word, markdownText(description.detail)].filter((part) => part !== '').join(' · ');
  const reason =
    explanation === undefined ? '' : reasonLine(explanation, now, `${description.word} ${description.detail}`);
  lines.push([`**${word}** · ${age(row, now)}`, ...(reason === '' ? [] : [markdownText(reason)])].join('  \n'));
  const facts: [string, string][] = [
    ['Agent', [toolName, session.toolVersion ?? ''].filter((part) => part !== '').join(' ')],
    ['Context', `${contextName(row)} on ${row.machineName}`],
    ['Folder', session.worktree?.path ?? session.path],
  ];
  const node = otherNode(row);
  if (node !== '') facts.push(['Node', node]);
  if (session.mode !== null) facts.push(['Mode', session.mode]);
  if (session.model !== null) facts.push(['Model', session.model]);
  if (session.started !== null) facts.push(['Started', localDateTime(session.started)]);
  if (session.completed !== null && session.started !== null) {
    facts.push(['Ran', formatDuration(Date.parse(session.completed) - Date.parse(session.started))]);
  }
  if (changes?.branch != null) {
    facts.push(['Branch', `${changes.branch}, ${countOf(changes.files.length, 'changed file')}`]);
  }
  if (session.exitCode !== null) facts.push(['Exit code', String(session.exitCode)]);
  if (session.signal !== null) facts.push(['Signal', session.signal]);
  if (session.reason !== null) facts.push(['Reason', reasonText(session.reason)]);
  lines.push(facts.map(([name, value]) => `${name}: ${markdownText(value)}`).join('  \n'));
  return lines.join('\n\n');
}

/** Groups that are closed until a person opens them. */
export const CLOSED_GROUPS: ReadonlySet<Group> = new Set(['Offline', 'Ended']);

export function sessionName(session: Pick<Session, 'name'>, length = 60): string {
  return oneLine(session.name, length);
}
