import { agentsElsewhere, runDoctor } from '../core/doctor/doctor.js';
import { Look } from '../core/state/look.js';
import { ABOUT_SESSIONS, type AboutSession, type Method, type Params, type Result } from '../protocol/requests.js';
import type { ClientConnection } from './clientConnection.js';
import type { Hub } from './hub/hub.js';
import type { Origins } from './inside/origins.js';
import { Operations } from './hub/operations.js';
import { Questions } from './hub/questions.js';

export type Handlers = {
  readonly [M in Method]: (params: Params<M>, connection: ClientConnection) => Promise<Result<M>> | Result<M>;
};

/** Requests that are about the server itself. */
type ServerMethod = 'initialize' | 'server/status' | 'server/stop' | 'token/list' | 'token/new' | 'token/revoke';

/** What the machine of a session answers, unless something is done to it on the way. */
function forwards(hub: Hub): Pick<Handlers, AboutSession> {
  const forward = <M extends AboutSession>(method: M) =>
    [method, (params: Params<M>) => hub.call(method, params)] as const;
  return Object.fromEntries(ABOUT_SESSIONS.map(forward)) as unknown as Pick<Handlers, AboutSession>;
}

/** Every request of the wire that is about machines, contexts and sessions. */
export function createHandlers(hub: Hub, origins: Pick<Origins, 'check'>): Omit<Handlers, ServerMethod> {
  const { contexts, machines } = hub;
  const questions = new Questions();
  const operations = new Operations(questions);
  return {
    ...forwards(hub),

    ping: () => ({}),

    'context/list': async ({ tag }) => {
      await contexts.refresh();
      return contexts.all().filter(({ tags }) => tag === undefined || tags.includes(tag));
    },
    'context/get': async ({ context }) => {
      await contexts.refresh();
      return contexts.get(context);
    },
    'context/add': (params, client) => operations.run(client, {}, (operation) => contexts.add(params, operation)),
    'context/forPath': async ({ path, create }) =>
      create ? contexts.forPathOrNew(path) : ((await contexts.forPath(path)) ?? null),
    'context/edit': (params, client) => operations.run(client, {}, (operation) => contexts.edit(params, operation)),
    'context/remove': (params) => contexts.remove(params),
    'context/test': async ({ context: ref, timeoutMs, operation: id }, client) => {
      await contexts.refresh();
      const { machine, path } = contexts.get(ref);
      return operations.run(client, { id, timeoutMs }, (operation) => hub.test(machines.of(machine), path, operation));
    },

    'machine/list': () => hub.machineInfos(),
    'machine/connect': ({ machine, operation: id }, client) => {
      const service = hub.machine(machine);
      return operations.run(client, { id }, async (operation) => {
        await service.connect(operation);
        return service.info;
      });
    },
    'machine/disconnect': async ({ machine }) => {
      const service = hub.machine(machine);
      await service.disconnect();
      return service.info;
    },
    'machine/test': ({ machine, timeoutMs, operation: id }, client) => {
      const service = hub.machine(machine);
      return operations.run(client, { id, timeoutMs }, (operation) => hub.test(service, '', operation));
    },
    'machine/install': ({ machine, operation: id }, client) =>
      operations.run(client, { id }, (operation) => hub.install(machine, operation)),
    'machine/folders': ({ operation: id, ...params }, client) =>
      operations.run(client, { id }, (operation) => hub.folders(params, operation)),
    'machine/hosts': () => hub.hosts(),
    'question/answer': (params, client) => {
      questions.answer(client, params);
      return {};
    },
    'operation/cancel': ({ operation }, client) => {
      operations.cancel(client, operation);
      return {};
    },

    'tool/list': (params) => hub.tools(params),
    'screen/judge': ({ tool, screen }) => new Look().screen(hub.data.catalog.get(tool), screen, Date.now()),

    'session/create': (params, client) => operations.run(client, {}, (operation) => hub.create(params, operation)),
    'session/list': (params) => hub.list(params),
    'session/get': (params) => hub.get(params),
    'session/answer': ({ by, ...params }, client) =>
      hub.call('session/answer', { ...params, by: by ?? client.clientName, from: client.whence }),
    'session/update': (params) => hub.update(params),

    'terminal/open': async ({ session, columns, rows, ...how }, client) => {
      const { id, service } = await hub.find(session);
      return { terminal: client.addTerminal(await service.openTerminal(id, { columns, rows }, how)) };
    },
    'terminal/resize': ({ terminal, columns, rows }, client) => {
      client.terminal(terminal).resize({ columns, rows });
      return {};
    },
    'terminal/close': ({ terminal }, client) => {
      client.removeTerminal(terminal);
      return {};
    },

    'log/subscribe': async ({ session, from }, client) => {
      const { id, service } = await hub.find(session);
      return client.followLog((sink) => service.subscribeLog(id, from, sink));
    },
    'log/unsubscribe': ({ subscription }, client) => {
      client.removeLog(subscription);
      return {};
    },

    'policy/list': () => hub.policies.list(),
    'policy/add': ({ rule }) => hub.policies.add(rule),
    'policy/remove': ({ rule }) => hub.policies.remove(rule),
    'policy/test': (params) => hub.policies.test(params),
    'policy/off': ({ off }) => hub.policies.setOff(off),
    'audit/list': (params) => hub.audit(params),
    'doctor/run': async () => [
      ...(await runDoctor(hub.local, hub.data.audit, await hub.problems())),
      await origins.check(hub.local),
      ...(await Promise.all(hub.elsewhere().map(agentsElsewhere))),
    ],
    'server/problems': () => hub.problems(),
  };
}
