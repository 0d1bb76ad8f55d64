import type { Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { EngineService } from '../../core/engine/engineService.js';
import { HostLogs } from '../../core/logs/hostLogs.js';
import type { Machine } from '../../core/machine/machine.js';
import type { ServerData } from '../../core/engine/serverData.js';
import { logPath } from '../../core/engine/sessionEngine.js';
import { homePaths } from '../../core/store/home.js';
import type { MachineCache, Remembered } from '../../core/store/machineCache.js';
import { RecordStore } from '../../core/store/recordStore.js';
import type { FarSpec } from '../../protocol/machineKinds.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { HubLinks } from './hub.js';

export interface HostServiceOptions {
  readonly id: string;
  /** What people call the host before it tells its name. */
  readonly host: string;
  readonly spec: FarSpec;
  /** Path of tmux there, when it is not in PATH. */
  readonly tmux?: string | undefined;
  /** Whether a command of the person's own makes tmux known there. */
  readonly hasSetup?: boolean;
  readonly machine: Machine;
  /** Goes with the service. */
  readonly owned?: Disposable;
  /** Undefined for one that is not remembered. */
  readonly cache?: MachineCache;
  /** What was known of it last. */
  readonly remembered?: Remembered | undefined;
  readonly data: Pick<ServerData, 'catalog' | 'config' | 'audit' | 'policies' | 'gitTrust'>;
  readonly links: HubLinks;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** The service of a host with nothing of ours on it: its records and logs are on its own disk. */
export function createHostService(options: HostServiceOptions): EngineService {
  const {
    id,
    host,
    spec,
    tmux,
    hasSetup = false,
    machine,
    owned,
    cache,
    remembered,
    data,
    links,
    log,
    clock,
  } = options;
  const remember = (): void =>
    cache?.save(() => {
      const { node, connection, lastSeen } = service.info;
      const seen = connection === 'connected' ? new Date().toISOString() : lastSeen;
      return { spec, node, lastSeen: seen, records: store.all() };
    });
  const store = new RecordStore({ machine, ...remembered, onChange: remember });
  const logs = new HostLogs({
    machine,
    path: (session) => {
      const place = service.engine?.place;
      if (place === undefined) throw new CodeManagerError('unavailable', `${host} was not reached yet`);
      return logPath(homePaths(place.home), session);
    },
    base: (session) => store.get(session)?.logBase ?? 0,
    log,
  });
  const service: EngineService = new EngineService({
    id,
    host,
    machine,
    store,
    logs,
    data,
    tmux: () => Promise.resolve({ program: tmux, searchLogin: hasSetup }),
    contexts: links.contexts,
    otherNames: () => links.otherNames(id),
    placeholders: null,
    ...(cache === undefined ? {} : { cache }),
    remembered,
    ...(owned === undefined ? {} : { owned }),
    log,
    ...(clock === undefined ? {} : { clock }),
  });
  service.onDidChange(({ type }) => {
    if (type === 'machine/changed') remember();
  });
  return service;
}
