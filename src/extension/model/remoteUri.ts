import type { MachineSpec } from '../../protocol/machineKinds.js';

/**
 * The authority by which the editor's ssh extension opens folders of a machine. Undefined for machines that are not
 * reached by ssh.
 */
export function sshAuthority(machine: MachineSpec): string | undefined {
  if (machine === 'local' || !('host' in machine) || typeof machine['host'] !== 'string') return undefined;
  const { host, user, port } = machine as { host: string; user?: string | null; port?: number | null };
  const isPlain = user == null && port == null && /^[a-z0-9._-]+$/.test(host);
  if (isPlain) return `ssh-remote+${host}`;
  // Capital letters and colons do not survive in an authority: that extension takes them as JSON in hexadecimal digits.
  const json = JSON.stringify({ hostName: host, ...(user == null ? {} : { user }), ...(port == null ? {} : { port }) });
  return `ssh-remote+${Buffer.from(json, 'utf8').toString('hex')}`;
}
