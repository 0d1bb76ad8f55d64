import type { TestContext } from 'node:test';
import type { SshConnectOptions } from '../../src/machines/ssh/sshConnection.js';
import { SshMachine, type SshMachineOptions } from '../../src/machines/ssh/sshMachine.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { Sshd, type SshdOptions } from './sshd.js';

/** A machine that is reached through a real sshd on this one; ended with the test. */
export function machineOn(t: TestContext, host: Sshd, options: Partial<SshMachineOptions> = {}): SshMachine {
  const machine = new SshMachine({
    id: 'ssh:box',
    reach: { host: 'box' },
    log: silentLogger,
    connectOptions: {
      env: { ...process.env, HOME: host.client(), SSH_AUTH_SOCK: '' },
    } satisfies Partial<SshConnectOptions>,
    ...options,
  });
  t.after(() => machine.dispose());
  return machine;
}

/** A host and a connected machine on it. */
export async function connectedHost(
  t: TestContext,
  options: SshdOptions = {},
  machineOptions: Partial<SshMachineOptions> = {},
): Promise<{ host: Sshd; machine: SshMachine }> {
  const host = await Sshd.start(t, options);
  const machine = machineOn(t, host, machineOptions);
  await machine.link.connect();
  return { host, machine };
}
