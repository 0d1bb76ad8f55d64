import { randomUUID } from 'node:crypto';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { readVariables } from './startCommand.js';

export async function resume(app: App, invocation: Invocation): Promise<void> {
  const [session = ''] = invocation.args;
  const env = await readVariables(invocation);
  const record = await app.client.request('session/resume', { session, requestId: randomUUID(), env });
  if (record.reason !== null) app.output.note(record.reason);
  if (app.output.json) await app.output.record(record);
  else await app.output.lines([record.id]);
}
