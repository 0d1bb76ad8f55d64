import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';

/** A disk of its own in memory. Needs root. @param size as `mount` takes it */
export function smallDisk(size: string): string {
  const mount = mkdtempSync('/tmp/cm-disk-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', mount]);
  return mount;
}

/** Hooks are called in the order in which they are added: this one after those that end what lives on the disk. */
export function removeDisk(mount: string): void {
  execFileSync('umount', ['-l', mount]);
  rmSync(mount, { recursive: true });
}

/** Writes a file until the disk has no room for one byte more. */
export function fill(path: string): string {
  const file = openSync(path, 'a');
  try {
    for (let size = 65_536; size >= 1;) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
  return path;
}
