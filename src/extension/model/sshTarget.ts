import { AgentMachineSpec, SshMachineSpec } from '../../protocol/machineKinds.js';

/** A host as a person names it, what is left out coming from the ssh configuration. */
export interface SshTarget {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/** Reads `host`, `user@host`, `user@host:port`, `ssh://user@host:port` and `user@[::1]:port`. Undefined for anything else. */
export function parseSshTarget(text: string): SshTarget | undefined {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^@:[\]]+)|([0-9a-f:]+:[0-9a-f:]+))(?::(\d+))?\/?$/i.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, user, inBrackets, plain, address, port] = match;
  const target = {
    host: inBrackets ?? plain ?? address ?? '',
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
  return SshMachineSpec.safeParse({ type: 'ssh', ...target }).success ? target : undefined;
}

/** As it is typed again: `anna@build-box:2222`. */
export function formatSshTarget({ host, user, port }: SshTarget): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`;
}

/** What is wrong with the URL of an agent server, undefined when nothing is. */
export function agentUrlProblem(text: string): string | undefined {
  const { data } = AgentMachineSpec.safeParse({ type: 'agent', url: text.trim() });
  if (data === undefined || !('url' in data)) return 'A URL like wss://build-box:9876 is needed';
  const { protocol, hostname, username, password, search } = new URL(text.trim());
  if (username !== '' || password !== '' || search !== '')
    return 'The token is asked for next; it is no part of the URL';
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  return protocol === 'ws:' && !isLoopback ? 'ws:// is only for this host; others are reached by wss://' : undefined;
}

/** A number from 1 to 65535, or nothing. */
export function portProblem(text: string): string | undefined {
  const port = Number(text.trim());
  const isPort = /^\d+$/.test(text.trim()) && port >= 1 && port <= 65_535;
  return text.trim() === '' || isPort ? undefined : 'A port is a number from 1 to 65535';
}
