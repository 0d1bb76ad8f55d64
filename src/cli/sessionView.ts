import { spelledLine, spelledLines } from '../common/spelled.js';
import { isUncertain, NOT_EXACT } from '../protocol/pendingRequest.js';
import { homedir } from 'node:os';
import { stripTerminal } from '../common/terminalText.js';
import { formatAge, formatDuration } from '../common/text.js';
import type { Machine } from '../protocol/context.js';
import { historyText, NO_HISTORY, type SessionHistory } from '../protocol/history.js';
import { connectionText, machineElsewhere, machineOfSession, machineType } from '../view/machineText.js';
import { shortPath } from '../view/plainText.js';
import type { Session } from '../protocol/session.js';
import { describe, reasonText, type Word } from '../protocol/word.js';
import type { Colour, Output } from './output.js';
import { formatFields, formatTable, type Column } from './table.js';

const COLOURS: Readonly<Record<Word, Colour | undefined>> = {
  Starting: undefined,
  Working: 'blue',
  Running: undefined,
  'Needs input': 'yellow',
  Suspended: 'dim',
  Error: 'red',
  Limited: 'dim',
  Finished: 'green',
  Idle: 'dim',
  Completed: 'green',
  Failed: 'red',
  Stopped: 'dim',
  Lost: 'red',
  Offline: 'dim',
};

export function paintWord(output: Output, word: string): string {
  const colour = Object.hasOwn(COLOURS, word.trim()) ? COLOURS[word.trim() as Word] : undefined;
  return colour === undefined ? word : output.paint(colour, word);
}

/** The context, and the machine when it is not this host. */
function placeText(session: Session, machines: readonly Machine[]): string {
  const machine = machineElsewhere(session, machines);
  return machine === undefined ? session.contextName : `${session.contextName} @${machine}`;
}

export function sessionColumns(output: Output): Column[] {
  return [
    { title: 'ID', isKey: true },
    { title: 'NAME', min: 12, goes: 5, paint: (cell) => output.paint('bold', cell) },
    { title: 'TOOL', min: 5, goes: 2 },
    { title: 'CONTEXT', min: 7, goes: 1 },
    { title: 'STATUS', paint: (cell) => paintWord(output, cell) },
    { title: 'AGE', goes: 3 },
    { title: 'DETAIL', min: 6, goes: 4 },
  ];
}

export function sessionRow(session: Session, now: number, machines: readonly Machine[]): string[] {
  const { word, detail } = describe(session, now, machineOfSession(session, machines));
  const age = formatAge(now - Date.parse(session.changed));
  return [session.id, session.name, session.tool, placeText(session, machines), word, age, detail].map(stripTerminal);
}

export function sessionTable(
  output: Output,
  sessions: readonly Session[],
  now: number,
  machines: readonly Machine[],
): string[] {
  const rows = sessions.map((session) => sessionRow(session, now, machines));
  return formatTable(sessionColumns(output), rows, { width: output.columns });
}

/** A machine's name, how it is reached, how the connection is, and what is to be done about it. */
function machineText(session: Session, machine: Machine | undefined, now: number): string {
  const { host: recorded } = session.machine;
  if (machine === undefined || machine.type === 'local') return machine?.host ?? recorded;
  const node = recorded === machine.host || recorded === '' ? '' : `, ran on ${recorded}`;
  const { problem } = machine;
  const why = problem === null ? '' : ` · ${problem.message}${problem.command === null ? '' : `: ${problem.command}`}`;
  return `${machine.host} (${machineType(machine)}, ${connectionText(machine, now)}${node})${why}`;
}

/** What exactly is asked, line by line. */
function askedRows(request: Session['request']): [string, string][] {
  if (request === null) return [];
  const { command, path, folder } = request;
  const lines = command === null ? [] : spelledLines(command);
  return [
    ...lines.map((line): [string, string] => ['command', line]),
    ...(path === null ? [] : [['path asked', spelledLine(path)] satisfies [string, string]]),
    ...(folder === undefined ? [] : [['runs in', spelledLine(folder)] satisfies [string, string]]),
    ...(isUncertain(request) ? [['exact', NOT_EXACT] satisfies [string, string]] : []),
  ];
}

/** One session as lines for people. @param history what it was doing, where that is known */
export function sessionDetails(
  output: Output,
  session: Session,
  now: number,
  machines: readonly Machine[],
  history: SessionHistory = NO_HISTORY,
): string[] {
  const machine = machineOfSession(session, machines);
  const { word, detail } = describe(session, now, machine);
  const isHere = session.machineId === 'local';
  const time = (iso: string | null): string =>
    iso === null ? '' : `${iso} (${formatAge(now - Date.parse(iso), { seconds: true })})`;
  const from = session.started ?? session.created;
  const exit = session.signal ?? (session.exitCode === null ? '' : String(session.exitCode));
  const rows: [string, string][] = [
    ['id', session.id],
    ['name', session.name],
    ['status', detail === '' ? word : `${word} · ${detail}`],
    ['request', session.request?.id ?? ''],
    ...askedRows(session.request),
    ...(session.request?.options ?? []).map(({ label }): [string, string] => ['option', label]),
    ['background', session.background === 0 ? '' : String(session.background)],
    ['tool', [session.tool, session.toolVersion ?? ''].join(' ').trim()],
    ['context', session.contextName],
    ['path', isHere ? shortPath(session.path, homedir()) : session.path],
    ['machine', machineText(session, machine, now)],
    ['task', session.task.length > 500 ? `${session.task.slice(0, 500)}…` : session.task],
    ['arguments', session.args.join(' ')],
    ['mode', session.mode ?? ''],
    ['model', session.model ?? ''],
    ['branch', session.worktree?.branch ?? ''],
    [
      'worktree',
      session.worktree === null ? '' : isHere ? shortPath(session.worktree.path, homedir()) : session.worktree.path,
    ],
    ['title', session.title ?? ''],
    ['created', time(session.created)],
    ['started', time(session.started)],
    ['changed', time(session.changed)],
    ['last output', time(session.lastOutput)],
    ['completed', time(session.completed)],
    ['ran', session.completed === null ? '' : formatDuration(Date.parse(session.completed) - Date.parse(from))],
    ['time', historyText(history, now)],
    ['exit', exit],
    ['reason', reasonText(session.reason ?? '', now)],
    ['conversation', session.conversationId ?? ''],
    ['process', session.pid === null ? '' : String(session.pid)],
    ['archived', session.archived ? 'yes' : ''],
  ];
  const fields = rows.map(([name, value]) => [name, stripTerminal(value)] as const).filter(([, value]) => value !== '');
  return formatFields(fields).map((line) =>
    line.startsWith('status') ? line.replace(word, paintWord(output, word)) : line,
  );
}
