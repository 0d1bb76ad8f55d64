import { readdir, readlink } from 'node:fs/promises';
import { readText } from '../../common/files.js';

/** In `/proc/net/unix`: it listens. */
const LISTENS = 0x10000;

/**
 * Process of this user that listens on a unix socket, also when it answers nothing or the file of the socket was
 * removed. Undefined when there is none, and where the system does not tell.
 */
export async function listenerOf(path: string): Promise<number | undefined> {
  const table = await readText('/proc/net/unix').catch(() => '');
  const sockets = new Set<string>();
  for (const line of table.split('\n')) {
    const match = /^\S+ \S+ \S+ ([0-9A-F]+) \S+ \S+ +(\d+) (.*)$/.exec(line);
    if (match?.[3] === path && (Number.parseInt(match[1] ?? '', 16) & LISTENS) !== 0)
      sockets.add(`socket:[${match[2] ?? ''}]`);
  }
  if (sockets.size === 0) return undefined;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const folder = `/proc/${pid}/fd`;
    const names = await readdir(folder).catch(() => []);
    const open = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
    if (open.some((link) => sockets.has(link))) return Number(pid);
  }
  return undefined;
}
