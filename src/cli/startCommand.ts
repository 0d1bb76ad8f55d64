import { randomUUID } from 'node:crypto';
import { CodeManagerError } from '../protocol/errors.js';
import { stripTerminal } from '../common/terminalText.js';
import { seatOf, type CreateSessionInput } from '../protocol/session.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { parseEnvFile, parseVariable, readInput, readText } from './input.js';

export async function start(app: App, invocation: Invocation): Promise<number> {
  const follow = invocation.has('follow');
  const attach = invocation.has('attach');
  if (follow && attach) throw new CodeManagerError('invalid', 'The flags --follow and --attach exclude each other');
  // What cannot be attached is not started for that.
  if (attach) (await import('./attachCommand.js')).needTerminal();
  const { output } = app;
  const session = await app.client.request('session/create', await createParams(app, invocation));
  if (session.reason !== null) output.note(stripTerminal(session.reason));
  output.done = `Session ${session.id} was started all the same.`;
  if (output.json) await output.record(session);
  else if (follow || attach) output.note(session.id);
  else await output.lines([session.id]);
  if (follow) {
    const { showLog } = await import('./logsCommand.js');
    await showLog(app, session, { follow: true, lines: 'all', raw: false });
    const { endOf } = await import('./waitCommand.js');
    return endOf(app, session.id);
  }
  if (attach) {
    const { attachTo } = await import('./attachCommand.js');
    return attachTo(app, session.id, false);
  }
  return 0;
}

async function createParams(app: App, invocation: Invocation): Promise<CreateSessionInput> {
  const [tool = ''] = invocation.args;
  const context = invocation.value('ctx');
  const optional = {
    name: invocation.value('name'),
    mode: invocation.value('mode'),
    model: invocation.value('model'),
    trustGit: invocation.value('trust-git'),
    worktree: invocation.value('worktree') ?? (invocation.has('worktree') ? true : undefined),
  };
  return {
    requestId: randomUUID(),
    tool,
    task: await readTask(invocation),
    ...(context === undefined ? { path: app.folder } : { context }),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    args: [...invocation.rest],
    env: await readVariables(invocation),
    seat: seatOf(app.env),
  };
}

async function readTask(invocation: Invocation): Promise<string> {
  const [, task] = invocation.args;
  const file = invocation.value('task-file');
  if (file !== undefined && task !== undefined) {
    throw new CodeManagerError('invalid', 'A task and --task-file exclude each other');
  }
  if (file !== undefined) return readText(file, 'task');
  return task === '-' ? readText('-', 'task') : (task ?? '');
}

/** Variables of `--env` and `--env-file`. */
export async function readVariables(invocation: Invocation): Promise<Record<string, string>> {
  const file = invocation.value('env-file');
  const fromFile = file === undefined ? [] : parseEnvFile(await readInput(file), file);
  return Object.fromEntries([...fromFile, ...invocation.values('env').map(parseVariable)]);
}
