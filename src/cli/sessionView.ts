import { homedir } from 'node:os';
import { stripTerminal } from '../common/terminalText.js';
import { formatAge, formatDuration } from '../common/text.js';
import type { Machine } from '../protocol/context.js';
import type { Session } from '../protocol/session.js';
import { describe, type MachineView, type Word } from '../protocol/word.js';
import type { Colour, Output } from './output.js';
import { formatFields, formatTable, type Column } from './table.js';

const COLOURS: Readonly<Record<Word, Colour | undefined>> = {
  Starting: undefined,
  Working: 'blue',
  Running: undefined,
  'Needs input': 'yellow',
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

/** The connection of a session's machine, found by its host; undefined where it is not known. */
export function machineOf(session: Session, machines: readonly Machine[]): MachineView | undefined {
  return machines.find(({ host }) => host === session.machine.host);
}

export function sessionColumns(output: Output): Column[] {
  return [
    { title: 'ID' },
    { title: 'NAME', min: 12, paint: (cell) => output.paint('bold', cell) },
    { title: 'TOOL', min: 5 },
    { title: 'CONTEXT', min: 7 },
    { title: 'STATUS', paint: (cell) => paintWord(output, cell) },
    { title: 'AGE' },
    { title: 'DETAIL', min: 6 },
  ];
}

export function sessionRow(session: Session, now: number, machine?: MachineView): string[] {
  const { word, detail } = describe(session, now, machine);
  const age = formatAge(now - Date.parse(session.changed));
  return [session.id, session.name, session.tool, session.contextName, word, age, detail].map(stripTerminal);
}

export function sessionTable(
  output: Output,
  sessions: readonly Session[],
  now: number,
  machines: readonly Machine[] = [],
): string[] {
  const rows = sessions.map((session) => sessionRow(session, now, machineOf(session, machines)));
  return formatTable(sessionColumns(output), rows, { width: output.columns });
}

/** A path as people write it: with `~` for their home. */
export function shortPath(path: string): string {
  const home = homedir();
  return path === home ? '~' : path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** One session as lines for people. */
export function sessionDetails(output: Output, session: Session, now: number): string[] {
  const { word, detail } = describe(session, now);
  const time = (iso: string | null): string =>
    iso === null ? '' : `${iso} (${formatAge(now - Date.parse(iso), { seconds: true })})`;
  const from = session.started ?? session.created;
  const exit = session.signal ?? (session.exitCode === null ? '' : String(session.exitCode));
  const rows: [string, string][] = [
    ['id', session.id],
    ['name', session.name],
    ['status', detail === '' ? word : `${word} · ${detail}`],
    ['tool', [session.tool, session.toolVersion ?? ''].join(' ').trim()],
    ['context', session.contextName],
    ['path', shortPath(session.path)],
    ['machine', session.machine.host],
    ['task', session.task.length > 500 ? `${session.task.slice(0, 500)}…` : session.task],
    ['arguments', session.args.join(' ')],
    ['mode', session.mode ?? ''],
    ['model', session.model ?? ''],
    ['branch', session.worktree?.branch ?? ''],
    ['worktree', session.worktree === null ? '' : shortPath(session.worktree.path)],
    ['title', session.title ?? ''],
    ['created', time(session.created)],
    ['started', time(session.started)],
    ['changed', time(session.changed)],
    ['last output', time(session.lastOutput)],
    ['completed', time(session.completed)],
    ['ran', session.completed === null ? '' : formatDuration(Date.parse(session.completed) - Date.parse(from))],
    ['exit', exit],
    ['reason', session.reason ?? ''],
    ['conversation', session.conversationId ?? ''],
    ['process', session.pid === null ? '' : String(session.pid)],
    ['archived', session.archived ? 'yes' : ''],
  ];
  const fields = rows.map(([name, value]) => [name, stripTerminal(value)] as const).filter(([, value]) => value !== '');
  return formatFields(fields).map((line) =>
    line.startsWith('status') ? line.replace(word, paintWord(output, word)) : line,
  );
}
