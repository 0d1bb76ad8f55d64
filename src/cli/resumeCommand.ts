import { randomUUID } from 'node:crypto';
import { stripTerminal } from '../common/terminalText.js';
import { seatOf } from '../protocol/session.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { readVariables } from './startCommand.js';

export async function resume(app: App, invocation: Invocation): Promise<void> {
  const [session = ''] = invocation.args;
  const env = await readVariables(invocation);
  const record = await app.client.request('session/resume', {
    session,
    requestId: randomUUID(),
    env,
    seat: seatOf(app.env),
  });
  if (record.reason !== null) app.output.note(stripTerminal(record.reason));
  app.output.done = `Session ${record.id} goes on all the same.`;
  if (app.output.json) await app.output.record(record);
  else await app.output.lines([record.id]);
}
