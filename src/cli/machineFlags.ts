import { MachineSpec, remoteSpec } from '../protocol/machineKinds.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Flag, Invocation } from './command.js';
import { checkUser, parseHost, parsePort, type HostPart } from './place.js';

/** How a machine is reached, for commands that make or change a context. */
export const MACHINE_FLAGS: readonly Flag[] = [
  {
    name: 'host',
    value: 'HOST',
    description: 'On another host, by ssh: its name there or alias.',
    completes: 'sshHost',
  },
  { name: 'user', value: 'USER', description: 'User there.' },
  { name: 'port', value: 'PORT', description: 'Port of ssh there.' },
  { name: 'key', value: 'FILE', description: 'Private key to sign in with.', completes: 'file' },
  { name: 'tmux', value: 'PATH', description: 'tmux there, when it is not in the PATH.' },
  { name: 'setup', value: 'COMMAND', description: 'Run there before anything else: `module load tmux`.' },
  { name: 'agent', description: 'Through an agent server on that host, over ssh.' },
  { name: 'agent-port', value: 'PORT', description: 'It listens on this port there; else it is run there.' },
  { name: 'url', value: 'URL', description: 'Through the agent server at wss://…, without ssh.' },
  { name: 'token-file', value: 'FILE', description: 'Token for --agent-port or --url; - reads it.', completes: 'file' },
  { name: 'token', value: 'TOKEN', description: 'The token itself: others on this machine can see it.' },
];

/** Further ones that only make sense for a machine that there is already. */
export const MACHINE_EDIT_FLAGS: readonly Flag[] = [
  ...MACHINE_FLAGS,
  { name: 'no-agent', description: 'By ssh alone again.' },
  { name: 'local', description: 'On this host again; like --host "".' },
];

/** How ssh reaches a host, in the words of the flags. An empty text takes a setting away. */
const SSH_FLAGS = ['user', 'port', 'key', 'tmux', 'setup', 'agent', 'agent-port', 'no-agent'] as const;

function invalid(message: string, hint?: string): CodeManagerError {
  return new CodeManagerError('invalid', message, { hint });
}

/** Whether anything was said about the machine. */
export function namesMachine(invocation: Invocation, fromPath: HostPart | undefined): boolean {
  return fromPath !== undefined || ['host', 'url', 'local', ...SSH_FLAGS].some((flag) => invocation.has(flag));
}

/**
 * The machine that flags and the host in front of a path describe; what they do not name stays as it is in `base`.
 * Throws `invalid` for combinations that make no sense.
 *
 * @param keyFile makes the path of a key absolute
 */
export function readMachine(
  base: MachineSpec,
  invocation: Invocation,
  fromPath: HostPart | undefined,
  keyFile: (path: string) => string,
): MachineSpec {
  if (!namesMachine(invocation, fromPath)) return base;
  const given = (flag: string): boolean => invocation.has(flag);
  const url = invocation.value('url');
  const host = invocation.value('host');
  const isLocal = given('local') || host === '';
  if (isLocal || url !== undefined) {
    const what = isLocal ? 'This host' : 'The flag --url';
    const others = isLocal ? ['url', ...SSH_FLAGS] : ['host', ...SSH_FLAGS.filter((flag) => flag !== 'agent')];
    const other = others.find((flag) => given(flag));
    if (other !== undefined) throw invalid(`${what} and --${other} exclude each other`);
    if (fromPath !== undefined) throw invalid(`${what} and a host in PATH exclude each other`);
    return url === undefined ? 'local' : { type: 'agent', url: checkUrl(url) };
  }
  return sshMachine(base, invocation, readHost(host, fromPath), keyFile);
}

function readHost(flag: string | undefined, fromPath: HostPart | undefined): HostPart | undefined {
  if (flag === undefined) return fromPath;
  if (fromPath !== undefined) throw invalid('Both --host and PATH name a host', 'Leave one of them out.');
  return parseHost(flag);
}

function sshMachine(
  base: MachineSpec,
  invocation: Invocation,
  place: HostPart | undefined,
  keyFile: (path: string) => string,
): MachineSpec {
  const remote = remoteSpec(base);
  const known = remote === undefined || 'url' in remote ? undefined : remote;
  const host = place?.host ?? known?.host;
  if (typeof host !== 'string') {
    const flag = SSH_FLAGS.find((name) => invocation.has(name)) ?? 'host';
    throw invalid(`The flag --${flag} needs --host HOST`, 'Or PATH like user@host:folder.');
  }
  const isAgent = readKind(invocation, known?.type === 'agent');
  const key = invocation.value('key');
  const agentPort = invocation.value('agent-port');
  const changes = {
    type: isAgent ? 'agent' : 'ssh',
    host,
    user: once('user', invocation.value('user'), place?.user, checkUser),
    port: once('port', invocation.value('port'), place?.port, (text) => parsePort(text, 'The flag --port')),
    keyFile: key === undefined || key === '' ? key : keyFile(key),
    agentPort: agentPort === undefined || agentPort === '' ? agentPort : parsePort(agentPort, 'The flag --agent-port'),
    tmux: invocation.value('tmux'),
    setup: invocation.value('setup'),
  };
  // Fields of newer versions are kept.
  const kept = known?.type === changes.type ? known : reach(known);
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  const fields = Object.entries({ ...kept, ...Object.fromEntries(named) }).filter(([, value]) => value !== '');
  return MachineSpec.parse(Object.fromEntries(fields));
}

/** Whether there is an agent server on that host. */
function readKind(invocation: Invocation, wasAgent: boolean): boolean {
  if (invocation.has('agent') && invocation.has('no-agent')) {
    throw invalid('The flags --agent and --no-agent exclude each other');
  }
  const isAgent = invocation.has('agent') || (wasAgent && !invocation.has('no-agent'));
  if (!isAgent && invocation.has('agent-port')) throw invalid('The flag --agent-port needs --agent');
  const own = ['tmux', 'setup'].find((flag) => invocation.has(flag));
  if (isAgent && own !== undefined) {
    throw invalid(
      `The flags --agent and --${own} exclude each other`,
      `The agent server there has its own settings: set "${own}" in ~/.cm/config.json there.`,
    );
  }
  return isAgent;
}

function reach(known: ReturnType<typeof remoteSpec>): Record<string, unknown> {
  if (known === undefined) return {};
  const { user, port, keyFile, tmux, setup } = known as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries({ user, port, keyFile, tmux, setup }).filter(([, value]) => value != null));
}

/** What the flag says or what stands in front of the path; both only when they agree. */
function once<T>(
  flag: string,
  text: string | undefined,
  other: T | undefined,
  read: (text: string) => T,
): T | '' | undefined {
  if (text === undefined) return other;
  const value = text === '' ? '' : read(text);
  if (other !== undefined && other !== value)
    throw invalid(`The flag --${flag} and the ${flag} in front of the host differ`);
  return value;
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'wss:' && url.protocol !== 'ws:')) {
    throw invalid('The flag --url takes an address like wss://host:9876');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw invalid('The flag --url takes host, port and path only', 'Give the token with --token-file FILE.');
  }
  if (url.protocol === 'ws:' && !isLoopback(url.hostname)) {
    const hint = 'Use wss://, or reach it over ssh: --host HOST --agent.';
    throw invalid('An address with ws:// on another host would send the token for all to read', hint);
  }
  return text;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether the agent server of a machine asks for a token. */
export function takesToken(machine: MachineSpec): boolean {
  const remote = remoteSpec(machine);
  return remote?.type === 'agent' && ('url' in remote || remote['agentPort'] != null);
}
