import type { Clock } from '../../common/async.js';
import type { Machine as MachineInfo } from '../../protocol/context.js';
import { toWholeSession, type SessionRecord } from '../../protocol/files.js';
import type { Params, Result } from '../../protocol/requests.js';
import type { Session } from '../../protocol/session.js';
import type { Logs } from '../logs/logs.js';
import type { Machine } from '../machine/machine.js';
import type { MachineService, SessionMethod } from '../machine/machineService.js';
import type { SessionEngine } from './sessionEngine.js';
import { wholeHistory } from '../records/history.js';
import { sessionFilter } from '../records/sessionFilter.js';
import type { RecordStore } from '../store/recordStore.js';
import type { ContextDirectory } from '../sessions/sessionCreation.js';

export interface EngineMethodsOptions {
  readonly machine: Pick<Machine, 'capabilities'>;
  readonly contexts: Pick<ContextDirectory, 'all'>;
  readonly logs: Pick<Logs, 'info'>;
  readonly store: Pick<RecordStore, 'history'>;
  /** The engine of a machine that can be reached; rejects when it cannot. */
  readonly reached: () => Promise<SessionEngine>;
  /** The record of a session that runs or is in the archive. */
  readonly find: (session: string) => Promise<SessionRecord>;
  /** A session as it is shown to clients. */
  readonly own: (session: Session) => Session;
  readonly service: Pick<MachineService, 'info' | 'sessions'> & { checkMachine(): Promise<MachineInfo> };
  readonly clock: Clock;
}

/** Each method with what answers it. */
export type EngineMethods = { readonly [M in SessionMethod]: (params: Params<M>) => Promise<Result<M>> };

/** What clients can ask about the sessions of a machine whose tmux is driven from here. */
export function engineMethods(options: EngineMethodsOptions): EngineMethods {
  const { machine, contexts, logs, store, reached, find, own, service, clock } = options;
  const shown = async (session: Promise<Session>): Promise<Session> => own(await session);
  return {
    'session/create': async (params) => shown((await reached()).creation.create(params)),
    'session/list': async (params) => {
      const matches = sessionFilter(params, {
        contexts: contexts.all(),
        machines: [service.info],
        now: clock.now(),
      });
      const engine = params.archived ? await reached() : undefined;
      const sessions = engine ? (await engine.sessions.list(true)).map((each) => own(each)) : service.sessions();
      return sessions.filter(matches);
    },
    'session/get': async ({ session }) => own(toWholeSession(await find(session))),
    'session/send': async (params) => {
      await (await reached()).typing.send(params);
      return {};
    },
    'session/key': async (params) => {
      await (await reached()).typing.key(params);
      return {};
    },
    'session/answer': async (params) => (await reached()).answers.answer(params),
    'session/interrupt': async (params) => {
      await (await reached()).typing.interrupt(params);
      return {};
    },
    'session/stop': async (params) => shown((await reached()).sessions.stop(params)),
    'session/kill': async ({ session }) => shown((await reached()).sessions.kill(session)),
    'session/rename': async (params) => shown((await reached()).sessions.rename(params)),
    'session/update': async (params) => shown((await reached()).sessions.update(params)),
    'session/archive': async (params) => shown((await reached()).sessions.archive(params)),
    'session/purge': async (params) => shown((await reached()).sessions.purge(params)),
    'session/attach': async (params) => {
      const { sessions } = await reached();
      // Looked at, and refused when it has ended, in any case.
      const command = await sessions.attach(params);
      return machine.capabilities.isOwnHost ? command : null;
    },
    'session/transcript': async ({ session }) => {
      const { conversations, sessions } = await reached();
      return conversations.transcript(await sessions.findAnywhere(session));
    },
    'session/resume': async (params) => shown((await reached()).resume.run(params)),
    'session/explain': async ({ session }) => {
      const { states, sessions, policy } = await reached();
      const record = await sessions.findAnywhere(session);
      // What cannot be read keeps nobody from what is known.
      const filed = await store.history(record.id).catch(() => []);
      const history = wholeHistory(record, filed);
      return { ...states.explain(record), history, held: policy.held(record.id) ?? null };
    },
    'session/changes': async ({ session }) => (await reached()).sessions.changes(session),
    'session/trustGit': async (params) => {
      await (await reached()).sessions.trustGit(params);
      return {};
    },
    'policy/test': async (params) => (await reached()).policy.test(params),
    'policy/propose': async (params) => (await reached()).policy.propose(params),
    'log/info': async ({ session }) => logs.info(await find(session)),
    'tool/list': async (params) => {
      const engine = await reached();
      if (params.refresh) await service.checkMachine();
      return engine.tools.list(params);
    },
  };
}
