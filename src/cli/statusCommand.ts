import { CodeManagerError } from '../protocol/errors.js';
import type { ParamsInput } from '../protocol/requests.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { usageError } from './parse.js';
import { noteProblems } from './problemNotes.js';
import { sessionDetails, sessionTable } from './sessionView.js';

export async function status(app: App, invocation: Invocation): Promise<void> {
  const [session] = invocation.args;
  if (session === undefined) {
    if (invocation.has('watch')) return watch(app, invocation);
    if (invocation.has('notify'))
      throw new CodeManagerError('invalid', 'The flag --notify needs -w: a list is over at once');
    return list(app, invocation);
  }
  for (const flag of ['all', 'ctx', 'machine', 'tool', 'state', 'tag', 'watch', 'notify']) {
    if (invocation.has(flag))
      throw usageError(invocation.command, `The flag --${flag} is for lists and cannot be used with an ID`);
  }
  const isForPeople = !app.output.json && !invocation.has('quiet');
  const [record, machines, explanation] = await Promise.all([
    app.client.request('session/get', { session }),
    app.client.request('machine/list', {}),
    // A machine that cannot be reached tells no history, and everything else is known.
    isForPeople ? app.client.request('session/explain', { session }).catch(() => undefined) : undefined,
  ]);
  if (app.output.json) return app.output.record(record);
  if (invocation.has('quiet')) return app.output.lines([record.id]);
  await app.output.lines(sessionDetails(app.output, record, Date.now(), machines, explanation?.history));
}

const FILTERS = ['ctx', 'machine', 'tool', 'state', 'tag'] as const;

/** Says that no session fits, which does not say that there is none. */
function noSessions(invocation: Invocation): string {
  const given = FILTERS.filter((flag) => invocation.has(flag)).map((flag) => `--${flag}`);
  return given.length === 0 ? 'No sessions.' : `No session fits ${given.join(' and ')}.`;
}

/** The filter of a list, as the wire takes it. */
function listFilter(invocation: Invocation): ParamsInput<'session/list'> {
  const filter = {
    context: invocation.value('ctx'),
    machine: invocation.value('machine'),
    tool: invocation.value('tool'),
    state: invocation.value('state'),
    tag: invocation.value('tag'),
  };
  const given = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { archived: invocation.has('all'), ...Object.fromEntries(given) };
}

async function list(app: App, invocation: Invocation): Promise<void> {
  const [sessions, machines] = await Promise.all([
    app.client.request('session/list', listFilter(invocation)),
    app.client.request('machine/list', {}),
  ]);
  const { output } = app;
  if (output.json) return output.record(sessions);
  if (invocation.has('quiet')) return output.lines(sessions.map(({ id }) => id));
  await noteProblems(app, /sessions\//);
  if (sessions.length === 0) return output.note(noSessions(invocation));
  await output.lines(sessionTable(output, sessions, Date.now(), machines));
}

async function watch(app: App, invocation: Invocation): Promise<void> {
  const { watchSessions } = await import('./watchSessions.js');
  await watchSessions(app, listFilter(invocation), {
    quiet: invocation.has('quiet'),
    notify: invocation.has('notify'),
  });
}
