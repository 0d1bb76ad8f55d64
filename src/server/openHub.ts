import { join } from 'node:path';
import type { Logger } from '../common/logger.js';
import { EngineService } from '../core/engine/engineService.js';
import { LocalLogs } from '../core/logs/localLogs.js';
import { readConfig } from '../core/store/configFile.js';
import { openServerData } from '../core/engine/serverData.js';
import { logPath } from '../core/engine/sessionEngine.js';
import { removeLeftovers } from '../core/store/atomicFile.js';
import { MachineCache, rememberedMachines } from '../core/store/machineCache.js';
import { RecordStore } from '../core/store/recordStore.js';
import type { LocalMachine } from '../machines/local/localMachine.js';
import { listSshHosts } from '../machines/ssh/hostList.js';
import { ParkedConnections } from '../machines/ssh/parkedConnections.js';
import { hasEnded } from '../protocol/session.js';
import { signInWith, type MachineServices } from './machineKinds.js';
import { installOnHost } from './hub/agent/agentInstaller.js';
import { Hub } from './hub/hub.js';
import { KeptUpdates } from './hub/keptUpdates.js';

export interface OpenHubOptions {
  /** Folder of all data. */
  readonly home: string;
  readonly machine: LocalMachine;
  readonly services: MachineServices;
  readonly log: Logger;
}

/** Reads what is on disk and wires all machines together. Nothing runs yet: {@link Hub.start} begins to reach them. */
export async function openHub({ home, machine, services, log }: OpenHubOptions): Promise<Hub> {
  const data = await openServerData(home, log);
  const { paths } = data;
  const store = new RecordStore({ machine });
  await Promise.all([paths.active, paths.archive].map(removeLeftovers));
  await store.load(paths);
  for (const problem of store.problems) log.warn(problem);
  const remembered = await rememberedMachines(paths.root);
  const stillRunning = [...remembered].filter(([, { records }]) => records.some((record) => !hasEnded(record)));
  const parked = new ParkedConnections();
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
      const create = Object.hasOwn(services, spec.type) ? services[spec.type] : undefined;
      const cache = new MachineCache(paths.root, id, log);
      return create?.(spec, { id, token, links, data, cache, remembered: remembered.get(id), parked, log });
    },
    resolvePath: (path) => machine.resolvePath(path),
    remembered: new Map(stillRunning.map(([id, { spec }]) => [id, spec])),
    onForgotten: (id) => void new MachineCache(paths.root, id, log).forget(),
    hosts: () => listSshHosts(),
    install: (spec, operation) =>
      installOnHost(spec, operation, {
        root: join(__dirname, '..'),
        connectSsh: signInWith({ parked, log }),
        park: (reach, connection) => parked.park(reach, connection),
      }),
    log,
  });
  hub.policies.follow((folder, listener, onLost) => machine.watch(folder, listener, onLost), paths.root);
  return hub;
}
