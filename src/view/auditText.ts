import { formatDuration } from '../common/text.js';
import { stripTerminal } from '../common/terminalText.js';
import type { AuditEntry } from '../protocol/audit.js';
import { whoDecided } from '../protocol/auditWords.js';

const DECISIONS = {
  allow: 'allowed',
  always: 'allowed always',
  deny: 'denied',
  answer: 'answered',
} as const satisfies Record<AuditEntry['decision'], string>;

const OUTCOMES = {
  answered: '',
  changed: 'nothing was sent: another request had taken its place',
  stayed: 'the dialog stayed',
  failed: 'whether it arrived is not known',
} as const satisfies Record<AuditEntry['outcome'], string>;

const VIA = {
  keys: 'by keys',
  hook: "by the agent's hook",
  api: "by the agent's own interface",
  server: 'by the agent server',
} as const satisfies Record<AuditEntry['via'], string>;

/** The record of answers as a document: newest first, a heading for each day. */
export function auditText(entries: readonly AuditEntry[], toolName: (id: string) => string, limit: number): string {
  const lines = ['What agents asked and how it was answered, newest first.'];
  if (entries.length === 0) return [...lines, '', 'Nothing was answered yet.', ''].join('\n');
  if (entries.length >= limit) lines.push(`The last ${limit}; \`cm audit -n 9999\` tells of more.`);
  let day = '';
  for (const entry of entries) {
    const { date, time } = localParts(entry.time);
    if (date !== day) lines.push('', date);
    day = date;
    lines.push('', ...entryLines(entry, time, toolName));
  }
  return [...lines, ''].join('\n');
}

function entryLines(entry: AuditEntry, time: string, toolName: (id: string) => string): string[] {
  const { request, decision, answer, by, via, outcome, sessionName, contextName, machine, tool, asked } = entry;
  const who = `${whoDecided(entry)}${by.type === 'policy' ? ` (${by.text})` : ''}`;
  const waited = formatDuration(Date.parse(entry.time) - Date.parse(asked));
  const what = [request.command ?? request.text, request.path ?? ''].filter(
    (part, index, all) => part !== '' && (index === 0 || all[0]?.includes(part) !== true),
  );
  const heading = `${time}  ${DECISIONS[decision]} · ${sessionName} · ${request.kind}: ${what[0] ?? ''}`;
  const [first = '', ...more] = heading.split('\n');
  return [
    stripTerminal(first),
    ...[...more, ...what.slice(1)].map((line) => `            ${stripTerminal(line)}`),
    `          ${stripTerminal(`“${answer}” by ${who}, ${VIA[via]}, after ${waited}`)}`,
    `          ${stripTerminal(`${toolName(tool)} · ${contextName} @${machine}`)}`,
    ...(OUTCOMES[outcome] === '' ? [] : [`          ${OUTCOMES[outcome]}`]),
  ];
}

function localParts(iso: string): { date: string; time: string } {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    date: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    time: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
}
