import { promises as fs } from 'node:fs';
import { Limiter } from '../../common/async.js';
import type { ProcessFiles } from '../../core/machine/machine.js';
import { systemProcessTable } from './processTable.js';
import { TreeSearch } from './treeSearch.js';

const READERS = 8;

/**
 * What the processes of a session (those that descend from `root` or carry its marker) hold open, or with null what
 * all processes of this user do. Only systems with /proc tell; elsewhere the processes come without files.
 */
export async function openFiles(of: { root: number | null; marker: string } | null): Promise<readonly ProcessFiles[]> {
  const look = await systemProcessTable().look();
  const entries = of === null ? look.entries.filter(({ isZombie }) => !isZombie) : new TreeSearch(of).find(look);
  const limiter = new Limiter(READERS);
  return Promise.all(entries.map(({ pid }) => limiter.run(async () => ({ pid, files: await filesOf(pid) }))));
}

/** None of a process of another user, or of one that has gone meanwhile. */
async function filesOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await fs.readdir(folder).catch(() => []);
  const links = await Promise.all(names.map((name) => fs.readlink(`${folder}/${name}`).catch(() => '')));
  return [...new Set(links.filter((link) => link.startsWith('/') && !link.startsWith('/dev/')))];
}
