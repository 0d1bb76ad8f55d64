import { parseDuration } from '../common/text.js';
import { CodeManagerError, EXIT_CODES, toCodeManagerError } from '../protocol/errors.js';
import { hasEnded, type Session } from '../protocol/session.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { failureText } from './failureText.js';
import { readText } from './input.js';

export async function send(app: App, invocation: Invocation): Promise<number> {
  const tag = invocation.value('tag');
  const [session = '', given, extra] = tag === undefined ? invocation.args : ['', ...invocation.args];
  if (tag === undefined && session === '')
    throw new CodeManagerError('invalid', 'Give the ID of a session, or --tag TAG');
  if (extra !== undefined) throw new CodeManagerError('invalid', 'With --tag there is no ID: give the TEXT alone');
  const file = invocation.value('file');
  if ((given === undefined) === (file === undefined)) {
    throw new CodeManagerError('invalid', 'Give a TEXT, - for the standard input, or --file FILE');
  }
  if (given?.trim() === '') {
    throw new CodeManagerError('invalid', 'The text is empty, so there is nothing to send', {
      hint: 'Enter alone is pressed by `cm key ID Enter`.',
    });
  }
  const read =
    file !== undefined ? await readText(file, 'text') : given === '-' ? await readText('-', 'text') : undefined;
  // The line break that ends every text file is not meant to be typed.
  const text = read?.replace(/\r?\n$/, '') ?? given ?? '';
  const enter = !invocation.has('no-enter');
  const options = { text, enter, force: invocation.has('force') };
  if (tag !== undefined) return sendToTagged(app, tag, options);
  await app.client.request('session/send', { session, ...options });
  await recordOf(app, session);
  return 0;
}

async function sendToTagged(
  app: App,
  tag: string,
  options: { readonly text: string; readonly enter: boolean; readonly force: boolean },
): Promise<number> {
  const sessions = (await app.client.request('session/list', { tag })).filter((session) => !hasEnded(session));
  if (sessions.length === 0) {
    throw new CodeManagerError('notFound', `No session runs in a context with the tag "${tag}"`, {
      hint: 'See `cm ctx list` for tags.',
    });
  }
  const names = new Map(sessions.map(({ id, name }) => [id, name]));
  return each(
    app,
    sessions.map(({ id }) => id),
    true,
    async (session) => {
      await app.client.request('session/send', { session, ...options });
      return app.client.request('session/get', { session });
    },
    (id) => names.get(id) ?? id,
  );
}

export async function key(app: App, invocation: Invocation): Promise<void> {
  const [session = '', ...keys] = invocation.args;
  if (keys.length === 0) throw new CodeManagerError('invalid', 'KEY is missing', { hint: 'See `cm key --help`.' });
  await app.client.request('session/key', { session, keys, force: invocation.has('force') });
  await recordOf(app, session);
}

export async function rename(app: App, invocation: Invocation): Promise<void> {
  const [session = '', name = ''] = invocation.args;
  const record = await app.client.request('session/rename', { session, name });
  if (app.output.json) await app.output.record(record);
}

export function interrupt(app: App, invocation: Invocation): Promise<number> {
  return each(app, invocation.args, false, async (session) => {
    await app.client.request('session/interrupt', { session, force: invocation.has('force') });
    return app.client.request('session/get', { session });
  });
}

export function stop(app: App, invocation: Invocation): Promise<number> {
  const timeoutMs = parseTime(invocation.value('timeout'), '--timeout');
  return each(app, invocation.args, true, (session) =>
    app.client.request('session/stop', { session, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
  );
}

export function kill(app: App, invocation: Invocation): Promise<number> {
  return each(app, invocation.args, true, (session) => app.client.request('session/kill', { session }));
}

export function remove(app: App, invocation: Invocation): Promise<number> {
  const force = invocation.has('force');
  const method = invocation.has('purge') ? 'session/purge' : 'session/archive';
  return each(app, invocation.args, true, (session) => app.client.request(method, { session, force }));
}

/**
 * Milliseconds of a flag that takes a length of time.
 *
 * @param least a check that may take no time at all is none
 */
export function parseTime(text: string | undefined, flag: string, least = 0): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms < least)
    throw new CodeManagerError('invalid', `The flag ${flag} takes a time like 30s or 5m, not "${text}"`);
  return Math.round(ms);
}

async function recordOf(app: App, session: string): Promise<void> {
  if (app.output.json) await app.output.record(await app.client.request('session/get', { session }));
}

/** Does the same to several sessions side by side: one that fails keeps the others from nothing. Gives the exit code. */
async function each(
  app: App,
  refs: readonly string[],
  printsIds: boolean,
  act: (ref: string) => Promise<Session>,
  nameOf: (ref: string) => string = (ref) => ref,
): Promise<number> {
  const records = new Map<string, Session>();
  let code = 0;
  await Promise.all(
    refs.map(async (ref) => {
      try {
        const record = await act(ref);
        records.set(ref, record);
        app.output.done = 'It was done all the same: see cm ls.';
        if (printsIds && !app.output.json) await app.output.lines([record.id]);
      } catch (error) {
        code ||= EXIT_CODES[toCodeManagerError(error).code];
        app.output.note(`${refs.length > 1 ? `${nameOf(ref)}: ` : ''}${failureText(error)}`);
      }
    }),
  );
  if (app.output.json) await app.output.record(refs.flatMap((ref) => records.get(ref) ?? []));
  return code;
}
