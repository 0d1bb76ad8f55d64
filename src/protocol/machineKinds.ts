import * as z from 'zod';

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
type AgentOverSshSpec = z.infer<typeof AgentOverSshSpec>;
/** The same reached directly: `wss://`, or `ws://` on this host. The token is in the credentials, by machine id. */
const AgentByUrlSpec = z.looseObject({ type: z.literal('agent'), url: z.url({ protocol: /^wss?$/ }) });
type AgentByUrlSpec = z.infer<typeof AgentByUrlSpec>;
export const AgentMachineSpec = z.union([AgentByUrlSpec, AgentOverSshSpec]);
export type AgentMachineSpec = z.infer<typeof AgentMachineSpec>;

/** A kind of machine besides the host of the agent server, as every process knows it. */
export interface MachineKind<Spec extends z.ZodType> {
  /** What is written down of a machine of this kind. */
  readonly spec: Spec;
  /** The way to it as a person would type it. With the type in front it is the id of the machine. */
  readonly address: (spec: z.infer<Spec>) => string;
  /** What people call its host before it was reached. */
  readonly host: (spec: z.infer<Spec>) => string;
}

function kind<Spec extends z.ZodType>(described: MachineKind<Spec>): MachineKind<Spec> {
  return described;
}

/** Every kind by its type. A new kind is an entry here, and one of the agent server that makes its service. */
export const MACHINE_KINDS = {
  ssh: kind({ spec: SshMachineSpec, address: sshAddress, host: ({ host }) => host }),
  agent: kind({
    spec: AgentMachineSpec,
    address: (spec) =>
      isByUrl(spec) ? spec.url : `${sshAddress(spec)}${spec.agentPort == null ? '' : `/${spec.agentPort}`}`,
    host: (spec) => (isByUrl(spec) ? new URL(spec.url).host : spec.host),
  }),
};
export type KnownKind = keyof typeof MACHINE_KINDS;

/** A machine of a kind that this version knows. */
export type RemoteSpec = { [Kind in KnownKind]: z.infer<(typeof MACHINE_KINDS)[Kind]['spec']> }[KnownKind];

/** A kind that this version does not know; its fields are kept. */
const UnknownMachineSpec = z
  .looseObject({ type: z.string() })
  .refine(({ type }) => !isKnown(type) && type !== 'local', {
    error: 'is no machine',
    // Else it would be the only kind that counts as tried.
    abort: true,
  });

/** A machine other than that of the agent server, of whichever kind. */
export const FarSpec = z.union([...Object.values(MACHINE_KINDS).map(({ spec }) => spec), UnknownMachineSpec]);
export type FarSpec = z.infer<typeof FarSpec>;

/** Where commands run. */
export const MachineSpec = z.union([z.literal('local'), FarSpec]);
export type MachineSpec = z.infer<typeof MachineSpec>;

/** Undefined for this host and for kinds that this version does not know. */
export function remoteSpec(spec: MachineSpec): RemoteSpec | undefined {
  return spec !== 'local' && isKnown(spec.type) ? (spec as RemoteSpec) : undefined;
}

/** Contexts whose machines are reached in the same way share one machine, and this is its id. */
export function machineId(spec: MachineSpec): string {
  if (spec === 'local') return spec;
  const known = remoteSpec(spec);
  return `${spec.type}:${known === undefined ? 'unknown' : kindOf(known).address(known)}`;
}

/** What people call the host of a machine that was not reached yet; a kind that is not known by its own word. */
export function describedHost(spec: FarSpec): string {
  const known = remoteSpec(spec);
  if (known !== undefined) return kindOf(known).host(known);
  return typeof spec['host'] === 'string' ? spec['host'] : spec.type;
}

function isKnown(type: string): type is KnownKind {
  return Object.hasOwn(MACHINE_KINDS, type);
}

// Each kind is asked about its own specs only.
function kindOf({ type }: RemoteSpec): MachineKind<z.ZodType<RemoteSpec>> {
  return MACHINE_KINDS[type];
}

function isByUrl(spec: AgentMachineSpec): spec is AgentByUrlSpec {
  return typeof spec['url'] === 'string';
}

function sshAddress({ user, host, port }: z.infer<typeof SshReach>): string {
  return `${user == null ? '' : `${user}@`}${host}${port == null ? '' : `:${port}`}`;
}
