import { ShellMachine, type ShellMachineOptions } from '../shell/shellMachine.js';
import { connectSsh } from './connectSsh.js';
import { probePort, type PortAddress } from './portProbe.js';
import type { SshConnection, SshConnectOptions, SshReach } from './sshConnection.js';

export interface SshMachineOptions extends Omit<ShellMachineOptions, 'type' | 'name' | 'connect' | 'knock'> {
  readonly reach: SshReach;
  /** How connections are made; default {@link connectSsh}. */
  readonly connect?: (reach: SshReach, options: SshConnectOptions) => Promise<SshConnection>;
  /** Goes with every connection: the person's environment, another configuration. */
  readonly connectOptions?: Partial<SshConnectOptions>;
}

/** A host reached by ssh, with nothing of ours on it. */
export class SshMachine extends ShellMachine {
  constructor({ reach, connect = connectSsh, connectOptions, ...options }: SshMachineOptions) {
    /** Where the last try began. */
    let address: PortAddress | undefined;
    const onAddress = (found: PortAddress): void => void (address = found);
    super({
      ...options,
      type: 'ssh',
      name: reach.host,
      connect: (how) => connect(reach, { log: options.log, onAddress, ...connectOptions, ...how }),
      knock: async () => address !== undefined && (await probePort(address)),
    });
  }
}
