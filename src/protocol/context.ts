import * as z from 'zod';
import { hasUnseen } from '../common/terminalText.js';

/** ISO 8601, in UTC. */
export const Timestamp = z.iso.datetime({ message: 'has to be a time in UTC like 2026-01-31T12:00:00Z' });

/** A name that people give: one line, and nothing in it that directs text or that nobody sees. */
export const Name = called('A name');

/** A word by which people group contexts: as a name is. */
export const Tag = called('A tag');

function called(what: string): z.ZodType<string, string> {
  return z
    .string()
    .trim()
    .min(1, `${what} cannot be empty`)
    .max(200, `${what} has at most 200 characters`)
    .refine(
      (text) => !hasUnseen(text),
      `${what} cannot contain line breaks, control characters or signs that nobody sees`,
    );
}

/** What can stand where ssh expects a host or user: no option, no white space, no control characters. */
const SshWord = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^-\s\p{C}][^\s\p{C}]*$/u, 'is not a host or user name');
const Port = z.number().int().min(1).max(65_535);

/** How ssh reaches a host; what is left out comes from the person's own ssh configuration. */
const SshReach = z.looseObject({
  /** Host name, address or alias of `~/.ssh/config`. */
  host: SshWord,
  user: SshWord.nullish(),
  port: Port.nullish(),
  /** Path of a private key on the machine of the agent server. */
  keyFile: z.string().min(1).nullish(),
});

/** A host with nothing of ours on it but tmux. */
export const SshMachineSpec = SshReach.extend({
  type: z.literal('ssh'),
  /** Path of tmux there, when it is not in PATH. */
  tmux: z.string().min(1).nullish(),
  /** Run in its shell before anything else: `module load tmux`. */
  setup: z.string().min(1).nullish(),
});
export type SshMachineSpec = z.infer<typeof SshMachineSpec>;

/** An agent server on another host: over ssh, there by its program or by a port it listens on. */
const AgentOverSshSpec = SshReach.extend({
  type: z.literal('agent'),
  /** Port on the host itself; without it its program is run there and spoken to. */
  agentPort: Port.nullish(),
  /** As of the host by ssh alone, which it may be again. An installation writes them into its own settings there. */
  tmux: z.string().min(1).nullish(),
  setup: z.string().min(1).nullish(),
});
/** The same reached directly: `wss://`, or `ws://` on this host. The token is in the credentials, by machine id. */
const AgentByUrlSpec = z.looseObject({ type: z.literal('agent'), url: z.url({ protocol: /^wss?$/ }) });
export const AgentMachineSpec = z.union([AgentByUrlSpec, AgentOverSshSpec]);
export type AgentMachineSpec = z.infer<typeof AgentMachineSpec>;

/** A kind that this version does not know; its fields are kept. */
const UnknownMachineSpec = z
  .looseObject({ type: z.string() })
  .refine(({ type }) => type !== 'ssh' && type !== 'agent' && type !== 'local', {
    error: 'is no machine',
    // Else it would be the only kind that counts as tried.
    abort: true,
  });

/** Where commands run. */
export const MachineSpec = z.union([z.literal('local'), SshMachineSpec, AgentMachineSpec, UnknownMachineSpec]);
export type MachineSpec = z.infer<typeof MachineSpec>;
/** A machine other than that of the agent server. */
export type RemoteSpec = SshMachineSpec | AgentMachineSpec;

/** Undefined for this host and for kinds that this version does not know. */
export function remoteSpec(spec: MachineSpec): RemoteSpec | undefined {
  return spec === 'local' || (spec.type !== 'ssh' && spec.type !== 'agent') ? undefined : (spec as RemoteSpec);
}

/** Contexts whose machines are reached in the same way share one machine, and this is its id. */
export function machineId(spec: MachineSpec): string {
  const remote = remoteSpec(spec);
  if (remote === undefined) return spec === 'local' ? 'local' : `${spec.type}:unknown`;
  if ('url' in remote && typeof remote.url === 'string') return `agent:${remote.url}`;
  const { type, host, user, port } = remote as SshMachineSpec | z.infer<typeof AgentOverSshSpec>;
  const place = `${user == null ? '' : `${user}@`}${host}${port == null ? '' : `:${port}`}`;
  const agentPort = 'agentPort' in remote && typeof remote.agentPort === 'number' ? `/${remote.agentPort}` : '';
  return `${type}:${place}${agentPort}`;
}

export const Context = z.looseObject({
  id: z.string().min(1),
  name: z.string().min(1),
  /** Absolute path of the folder on its machine. */
  path: z.string().min(1),
  machine: MachineSpec,
  tags: z.array(z.string()).default([]),
  created: z.string(),
  lastUsed: z.string().nullable().default(null),
});
export type Context = z.infer<typeof Context>;

export const Connection = z.enum([
  'connected',
  'connecting',
  'offline',
  'signInNeeded',
  'hostKeyChanged',
  'dependencyMissing',
]);
export type Connection = z.infer<typeof Connection>;

/** A machine as clients see it. `id` is `local` for the machine of the agent server. */
export const Machine = z.object({
  id: z.string(),
  /** Name that people see: the host name, or the name by which ssh knows the host. */
  host: z.string(),
  /** `local`, `ssh`, `agent`, or a kind that only a newer version knows. */
  type: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'is no kind of machine'),
  /** What the host calls itself, once that is known: behind one alias there may be several. */
  node: z.string().nullable().default(null),
  /** Version of the agent server there. */
  version: z.string().nullable().default(null),
  connection: Connection,
  /** Since when the connection is what it is. */
  since: Timestamp,
  /** What is wrong and what to do, when something is. */
  problem: z.object({ message: z.string(), command: z.string().nullable() }).nullable(),
  /** Of a machine that is not connected: when anything was heard of it last, and when it is tried next. */
  lastSeen: Timestamp.nullable().default(null),
  nextTry: Timestamp.nullable().default(null),
});
export type Machine = z.infer<typeof Machine>;
