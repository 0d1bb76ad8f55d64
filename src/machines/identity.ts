import { execFile } from 'node:child_process';
import { promises as fs } from 'node:fs';
import { promisify } from 'node:util';
import { shortHostName } from '../common/home.js';
import type { MachineIdentity } from '../protocol/session.js';

/** Host name and boot of this machine: after a reboot, or on another node of the same alias, it is another one. */
export async function machineIdentity(): Promise<MachineIdentity> {
  return { host: shortHostName(), bootId: await bootId() };
}

async function bootId(): Promise<string> {
  if (process.platform === 'linux') {
    const id = await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    if (id.trim() !== '') return id.trim();
  }
  if (process.platform === 'darwin') {
    const id = await promisify(execFile)('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
    if (id !== '') return id;
  }
  return 'unknown';
}
