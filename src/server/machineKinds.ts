import type * as z from 'zod';
import type { Logger } from '../common/logger.js';
import type { ServerConfig, ServerData } from '../core/engine/serverData.js';
import type { MachineService } from '../core/machine/machineService.js';
import type { MachineCache, Remembered } from '../core/store/machineCache.js';
import { connectSsh } from '../machines/ssh/connectSsh.js';
import type { ParkedConnections } from '../machines/ssh/parkedConnections.js';
import { SignInMemory } from '../machines/ssh/signInMemory.js';
import { SshMachine } from '../machines/ssh/sshMachine.js';
import { MACHINE_KINDS, type FarSpec, type KnownKind, type SshMachineSpec } from '../protocol/machineKinds.js';
import type { SshConnect } from './hub/agent/agentRoute.js';
import { AgentService } from './hub/agent/agentService.js';
import { createHostService } from './hub/hostService.js';
import type { HubLinks } from './hub/hub.js';
import { NodesService } from './hub/ssh/nodesService.js';
import { SshService, type ConnectHost } from './hub/ssh/sshService.js';

/** What the service of a machine of any kind is made from. */
export interface ServiceParts {
  readonly id: string;
  /** Of its agent server; undefined: as it is kept, if it is. */
  readonly token: string | undefined;
  readonly links: HubLinks;
  readonly data: ServerData;
  readonly cache: MachineCache;
  /** What was known of it last. */
  readonly remembered: Remembered | undefined;
  /** Connections that an installation left open. */
  readonly parked: ParkedConnections;
  readonly log: Logger;
}

/** Makes the service of a machine from what is written down of it; nothing is connected yet. */
export type CreateService = (spec: FarSpec, parts: ServiceParts) => MachineService;

export function serviceOf<Spec extends z.ZodType>(
  schema: Spec,
  create: (spec: z.infer<Spec>, parts: ServiceParts) => MachineService,
): CreateService {
  return (spec, parts) => create(schema.parse(spec), parts);
}

/** How a host is signed in to for an agent server: with a connection that waits for that, else a fresh one. */
export function signInWith({ parked, log }: Pick<ServiceParts, 'parked' | 'log'>, memory?: SignInMemory): SshConnect {
  return async (reach, { operation, signal, onStep }) =>
    parked.take(reach) ?? connectSsh(reach, { asker: operation?.asker, signal, log, onStep, memory });
}

const agent = serviceOf(MACHINE_KINDS.agent.spec, (spec, parts) => {
  const memory = new SignInMemory();
  return new AgentService({ ...ofAgent(parts), spec, connectSsh: signInWith(parts, memory), owned: memory });
});

const ssh = serviceOf(MACHINE_KINDS.ssh.spec, (spec, parts) => {
  const { id, log } = parts;
  const memory = new SignInMemory();
  const { host, user, port, keyFile } = spec;
  return new SshService({
    id,
    connect: (reach, options) => connectSsh(reach, { ...options, memory }),
    createEngine: (connect) => createNodes(spec, parts, memory, connect),
    createAgent: (connect) =>
      new AgentService({
        ...ofAgent(parts),
        type: 'ssh',
        spec: { type: 'agent', host, user, port, keyFile },
        connectSsh: connect,
      }),
    owned: memory,
    log,
  });
});

/** Kinds of machines by type. */
export type MachineServices = Readonly<Record<string, CreateService>>;

/** One for every kind that the protocol knows. */
export const MACHINE_SERVICES: Readonly<Record<KnownKind, CreateService>> = { ssh, agent };

/** What the services of an agent server have in common, however it is reached. */
function ofAgent({ id, token, links, data, cache, remembered, log }: ServiceParts) {
  return {
    id,
    token: token === undefined ? () => data.credentials.get(id) : () => Promise.resolve(token),
    contexts: links.contexts,
    isTaken: (session: string) => links.hasElsewhere(id, session),
    cache,
    remembered,
    log,
  };
}

function createNodes(
  spec: SshMachineSpec,
  { id, links, data, cache, remembered, log }: ServiceParts,
  memory: SignInMemory,
  connect: ConnectHost,
): NodesService {
  const reached = { id, reach: spec, setup: spec.setup ?? undefined, log };
  const common = { id, host: spec.host, spec, tmux: spec.tmux ?? undefined, hasSetup: spec.setup != null, links, log };
  return new NodesService({
    connect,
    createMain: (signIn) => {
      const there = new SshMachine({ ...reached, connect: signIn });
      return createHostService({ ...common, machine: there, owned: there, cache, remembered, data });
    },
    createNode: (node, signIn) => {
      const connectNode: typeof signIn = (reach, options) => signIn(reach, { ...options, memory });
      const there = new SshMachine({ ...reached, node, connect: connectNode });
      // Old records of the home are archived by one of those who share it.
      const kept = { ...data, config: keptForEver(data.config) };
      return createHostService({
        ...common,
        host: node,
        spec: { ...spec, host: node },
        machine: there,
        owned: there,
        data: kept,
      });
    },
    log,
  });
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
