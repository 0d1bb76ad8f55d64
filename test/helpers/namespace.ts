import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a host believes of itself: a program and its arguments, after which the program to run is put. */
export interface HostNamespace {
  readonly wrapper: readonly string[];
  /** As after a reboot. */
  reboot(): void;
}

/** Folders that are another one's in a namespace: `[what is seen, what is meant]`. */
export type Binds = readonly (readonly [string, string])[];

/** A host name and a boot id that differ from those of this host, and folders that only it sees. Needs root. */
export function hostNamespace(dir: string, name: string, binds: Binds = []): HostNamespace {
  const boot = join(dir, `boot-${name}`);
  let boots = 0;
  const reboot = (): void =>
    writeFileSync(boot, `00000000-0000-4000-8000-${name.padStart(6, '0')}${String(++boots).padStart(6, '0')}\n`);
  reboot();
  const all = [['/proc/sys/kernel/random/boot_id', boot], ...binds];
  const mounts = all.map(([seen, meant]) => `mount --bind '${meant}' '${seen}'`);
  const script = [`hostname '${name}'`, ...mounts, 'exec "$@"'].join(' && ');
  return { wrapper: ['unshare', '--uts', '--mount', 'sh', '-c', script, 'sh'], reboot };
}
