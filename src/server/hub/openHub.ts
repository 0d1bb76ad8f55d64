import { join } from 'node:path';
import type { Logger } from '../../common/logger.js';
import { EngineService } from '../../core/engine/engineService.js';
import { LocalLogs } from '../../core/logs/localLogs.js';
import { readConfig } from '../../core/store/configFile.js';
import { openServerData, type ServerConfig } from '../../core/engine/serverData.js';
import { logPath } from '../../core/engine/sessionEngine.js';
import { MachineCache, rememberedMachines } from '../../core/store/machineCache.js';
import { SessionStore } from '../../core/store/sessionStore.js';
import type { LocalMachine } from '../../machines/local/localMachine.js';
import { connectSsh } from '../../machines/ssh/connectSsh.js';
import { listSshHosts } from '../../machines/ssh/hostList.js';
import { SignInMemory } from '../../machines/ssh/signInMemory.js';
import { SshMachine } from '../../machines/ssh/sshMachine.js';
import { ParkedConnections } from '../../machines/ssh/parkedConnections.js';
import { hasEnded } from '../../protocol/session.js';
import type { SshConnect } from './agentRoute.js';
import { installOnHost } from './agentInstaller.js';
import { AgentService } from './agentService.js';
import { createHostService } from './hostService.js';
import { Hub } from './hub.js';
import { KeptUpdates } from './keptUpdates.js';
import { NodesService } from './nodesService.js';
import { SshService } from './sshService.js';

export interface OpenHubOptions {
  /** Folder of all data. */
  readonly home: string;
  readonly machine: LocalMachine;
  readonly log: Logger;
}

/** Reads what is on disk and wires all machines together. Nothing runs yet: {@link Hub.start} begins to reach them. */
export async function openHub({ home, machine, log }: OpenHubOptions): Promise<Hub> {
  const data = await openServerData(home, log);
  const { paths } = data;
  const store = new SessionStore(paths.root);
  await store.load();
  for (const problem of store.problems) log.warn(problem);
  const remembered = await rememberedMachines(paths.root);
  const stillRunning = [...remembered].filter(([, { records }]) => records.some((record) => !hasEnded(record)));
  const parked = new ParkedConnections();
  const signInWith =
    (memory?: SignInMemory): SshConnect =>
    async (reach, { operation, signal, onStep }) =>
      parked.take(reach) ?? connectSsh(reach, { asker: operation?.asker, signal, log, onStep, memory });
  const hub = new Hub({
    data,
    kept: await KeptUpdates.open(paths.root, log),
    createLocal: (links) =>
      new EngineService({
        id: 'local',
        host: undefined,
        machine,
        store,
        logs: new LocalLogs({
          path: (session) => logPath(paths, session),
          base: (id) => store.get(id)?.logBase ?? 0,
          log,
        }),
        data,
        // An installation from elsewhere may have written it just now.
        tmux: async () => {
          const { config } = await readConfig(paths.root);
          return { program: config.tmux, searchLogin: config.setup !== undefined };
        },
        contexts: links.contexts,
        otherNames: () => links.otherNames('local'),
        // In the bundle all files that come with us lie beside its folder.
        placeholders: { node: process.execPath, media: join(__dirname, '..', 'media') },
        log,
      }),
    createService: (id, spec, links, token) => {
      const { contexts, hasElsewhere } = links;
      const memory = new SignInMemory();
      const signIn = signInWith(memory);
      const common = {
        id,
        token: token === undefined ? () => data.credentials.get(id) : () => Promise.resolve(token),
        contexts,
        isTaken: (session: string) => hasElsewhere(id, session),
        cache: new MachineCache(paths.root, id, log),
        remembered: remembered.get(id),
        log,
      };
      if (spec.type === 'agent') return new AgentService({ ...common, spec, connectSsh: signIn, owned: memory });
      const { host, user, port, keyFile, setup } = spec;
      return new SshService({
        id,
        connect: (reach, options) => connectSsh(reach, { ...options, memory }),
        createEngine: (connect, onLeadLost) => {
          const reached = { id, reach: spec, setup: setup ?? undefined, log };
          return new NodesService({
            connect,
            createMain: (signIn) => {
              const there = new SshMachine({ ...reached, connect: signIn });
              return createHostService({ ...common, spec, machine: there, owned: there, onLeadLost, data, links });
            },
            createNode: (node, signIn, onRecord) => {
              const there = new SshMachine({
                ...reached,
                node,
                connect: (reach, options) => signIn(reach, { ...options, memory }),
              });
              return createHostService({
                id,
                spec: { ...spec, host: node },
                machine: there,
                owned: there,
                onRecord,
                // Old records of the home are archived by one of those who share it.
                data: { ...data, config: keptForEver(data.config) },
                links,
                log,
              });
            },
            log,
          });
        },
        createAgent: (connect) =>
          new AgentService({
            ...common,
            type: 'ssh',
            spec: { type: 'agent', host, user, port, keyFile },
            connectSsh: connect,
          }),
        owned: memory,
        log,
      });
    },
    resolvePath: (path) => machine.resolvePath(path),
    remembered: new Map(stillRunning.map(([id, { spec }]) => [id, spec])),
    onForgotten: (id) => void new MachineCache(paths.root, id, log).forget(),
    hosts: () => listSshHosts(),
    install: (spec, operation) =>
      installOnHost(spec, operation, {
        root: join(__dirname, '..'),
        connectSsh: signInWith(),
        park: (reach, connection) => parked.park(reach, connection),
      }),
    log,
  });
  hub.policies.follow((folder, listener, onLost) => machine.watch(folder, listener, onLost), paths.root);
  return hub;
}

/** The settings as they are at each moment, and no record is archived. */
function keptForEver(config: ServerConfig): ServerConfig {
  return {
    get logCapMiB() {
      return config.logCapMiB;
    },
    retentionDays: 0,
  };
}
