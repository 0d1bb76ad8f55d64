import { stripTerminal } from '../common/terminalText.js';
import { formatAge, parseMoment } from '../common/text.js';
import type { AuditEntry } from '../protocol/audit.js';
import { whoDecided } from '../protocol/auditWords.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { formatTable } from './table.js';

export async function audit(app: App, invocation: Invocation): Promise<void> {
  const [session] = invocation.args;
  const { output } = app;
  const lines = invocation.value('lines') ?? '50';
  if (!/^[1-9]\d{0,3}$/.test(lines)) throw new CodeManagerError('invalid', 'The flag -n takes a number from 1 to 9999');
  const since = invocation.value('since');
  const context = invocation.value('ctx');
  const entries = await app.client.request('audit/list', {
    limit: Number(lines),
    ...(session === undefined ? {} : { session }),
    ...(context === undefined ? {} : { context }),
    ...(since === undefined ? {} : { since: readSince(since) }),
  });
  if (output.json) return output.record(entries);
  if (entries.length === 0) return output.note('Nothing was answered.');
  const columns = [
    { title: 'AGE', goes: 2 },
    { title: 'SESSION', min: 8 },
    { title: 'DECISION' },
    { title: 'REQUEST', min: 16 },
    { title: 'ANSWER', min: 12, goes: 1 },
    { title: 'BY', min: 6, goes: 4 },
    { title: 'OUTCOME', goes: 3 },
  ];
  const rows = entries.map((entry) => row(entry).map(stripTerminal));
  await output.lines(formatTable(columns, rows, { width: output.columns }));
}

function row(entry: AuditEntry): string[] {
  const { time, sessionName, decision, request, answer, outcome } = entry;
  const age = formatAge(Date.now() - Date.parse(time));
  return [age, sessionName, decision, `${request.kind}: ${request.text}`, answer, whoDecided(entry), outcome];
}

/** `10m`, or an ISO time. */
function readSince(text: string): string {
  const time = parseMoment(text, Date.now(), 'before');
  if (time !== undefined) return new Date(time).toISOString();
  throw new CodeManagerError('invalid', `The flag --since takes a time like 10m or an ISO time, not "${text}"`);
}
