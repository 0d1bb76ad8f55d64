import { randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { readText, writeNew } from '../common/files.js';
import type { MachineIdentity } from '../protocol/session.js';

/** In the folder of sockets: the node that they are of, its name in the first line and its boot in the second. */
export const NODE_FILE = 'node';
const MAX_BYTES = 4096;

/** The file as it is written. */
export function claimText({ host, bootId }: MachineIdentity): string {
  return `${host}\n${bootId}\n`;
}

/**
 * Whether the sockets in a folder are ours: a disk that nodes share may look like any other, and a socket on it leads
 * nowhere on all nodes but one. The first that asks gets the folder. It keeps it after a reboot, and when its name
 * changes while it runs, as its sessions stay its own then. Where nothing can be written nobody else can make a socket.
 */
export async function holdsSockets(folder: string, own: MachineIdentity): Promise<boolean> {
  const path = join(folder, NODE_FILE);
  const fresh = join(folder, `.${NODE_FILE}.${randomBytes(8).toString('hex')}`);
  const read = (): Promise<string> => readText(path, MAX_BYTES).catch(() => '');
  const text = claimText(own);
  const known = await read();
  if (known === text) return true;
  if (isOfAnother(known, own)) return false;
  try {
    await writeNew(fresh, text);
    // Made whole or not at all, and by one alone.
    if (known === '') await fs.link(fresh, path).catch(() => undefined);
    if (isOfAnother(await read(), own)) return false;
    await fs.rename(fresh, path);
  } catch {
    // A full disk, say: it is not why sessions that run could not be reached.
  } finally {
    await fs.rm(fresh, { force: true }).catch(() => undefined);
  }
  return true;
}

/** A file that was damaged is of nobody. */
function isOfAnother(text: string, own: MachineIdentity): boolean {
  const [host = '', bootId = ''] = text.split('\n');
  if (host === '' || bootId === '' || host === own.host) return false;
  return bootId !== own.bootId || bootId === 'unknown';
}
