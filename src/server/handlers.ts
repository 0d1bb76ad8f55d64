import type { Engine } from '../core/engine.js';
import { runDoctor } from '../core/doctor.js';
import { LogSizes } from '../core/logs/logSizes.js';
import { toWholeSession } from '../protocol/files.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Method, Params, Result } from '../protocol/requests.js';
import type { ClientConnection } from './clientConnection.js';

export type Handlers = {
  readonly [M in Method]: (params: Params<M>, connection: ClientConnection) => Promise<Result<M>> | Result<M>;
};

/** Requests that are about the server itself. */
type ServerMethod = 'initialize' | 'server/status' | 'server/stop' | 'token/list' | 'token/new' | 'token/revoke';

/** Every request of the wire that the engine answers, one line each. */
export function createHandlers(engine: Engine): Omit<Handlers, ServerMethod> {
  const { contexts, sessions, tools } = engine;
  return {
    ping: () => ({}),

    'context/list': async ({ tag }) => {
      await contexts.refresh();
      return contexts.all().filter(({ tags }) => tag === undefined || tags.includes(tag));
    },
    'context/get': async ({ context }) => {
      await contexts.refresh();
      return contexts.get(context);
    },
    'context/add': (params) => contexts.add(params),
    'context/forPath': async ({ path, create }) =>
      create ? contexts.forPathOrNew(path) : ((await contexts.forPath(path)) ?? null),
    'context/edit': (params) => contexts.edit(params),
    'context/remove': (params) => contexts.remove(params),
    'context/test': async (params) => {
      await engine.checkMachine();
      return contexts.test(params);
    },

    'tool/list': async (params) => {
      if (params.refresh) await engine.checkMachine();
      return tools.list(params);
    },

    'session/create': async (params) => {
      await contexts.refresh();
      return sessions.create(params);
    },
    'session/list': (params) => sessions.list(params),
    'session/get': async ({ session }) => toWholeSession(await sessions.findAnywhere(session)),
    'session/send': async (params) => {
      await sessions.send(params);
      return {};
    },
    'session/key': async (params) => {
      await sessions.key(params);
      return {};
    },
    'session/interrupt': async ({ session }) => {
      await sessions.interrupt(session);
      return {};
    },
    'session/stop': (params) => sessions.stop(params),
    'session/kill': ({ session }) => sessions.kill(session),
    'session/rename': (params) => sessions.rename(params),
    'session/update': (params) => sessions.update(params),
    'session/archive': (params) => sessions.archive(params),
    'session/purge': (params) => sessions.purge(params),
    'session/attach': (params) => sessions.attach(params),
    'session/transcript': async ({ session }) => engine.conversations.transcript(await sessions.findAnywhere(session)),
    'session/resume': (params) => engine.resume.run(params),
    'session/changes': ({ session }) => sessions.changes(session),

    'log/subscribe': async ({ session, from }, connection) => {
      const { id, path, base, size, closed } = await engine.logInfo(session);
      const wanted = typeof from === 'number' ? from : size - from.tail;
      const offset = Math.min(Math.max(base, wanted), size);
      const subscription = connection.addFeed({ session: id, path, offset, closed, base: () => engine.logBase(id) });
      // After the answer, so that the client knows the id before the first bytes.
      setImmediate(() => connection.startFeed(subscription));
      // Later sizes are told to the feed from this moment on.
      return { subscription, base, offset, size, path, sizes: new LogSizes(path).from(offset) };
    },
    'log/unsubscribe': ({ subscription }, connection) => {
      connection.removeFeed(subscription);
      return {};
    },
    'log/info': async ({ session }) => {
      const { base, size, closed, path } = await engine.logInfo(session);
      return { base, size, closed, path };
    },

    'doctor/run': () => runDoctor(engine),

    'machine/list': () => [...engine.machines],
    'machine/connect': unsupported,
    'machine/disconnect': unsupported,
    'machine/test': unsupported,
    'machine/install': unsupported,
    'machine/folders': unsupported,
    'machine/hosts': () => [],
    'question/answer': unsupported,
    'operation/cancel': unsupported,
    'terminal/open': unsupported,
    'terminal/resize': unsupported,
    'terminal/close': unsupported,
  };
}

function unsupported(): never {
  throw new CodeManagerError('unavailable', 'Other machines are not supported by this version');
}
