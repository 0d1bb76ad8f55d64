import { basename, join } from 'node:path';
import { SessionRecord } from '../../protocol/files.js';
import type { MachineIdentity } from '../../protocol/session.js';
import type { Machine } from '../machine.js';

/** Longer than any start takes from its launch file to its record. */
export const ORPHAN_MS = 60_000;

/** A record for a window whose own one is gone: what runs there must be seen and can be ended. */
export function recoveredRecord(id: string, path: string, machine: MachineIdentity, now: string): SessionRecord {
  return SessionRecord.parse({
    id,
    name: `recovered-${id.slice(-4)}`,
    contextId: '',
    contextName: basename(path),
    path: path === '' ? '/' : path,
    machine,
    tool: 'shell',
    task: '',
    status: 'starting',
    created: now,
    changed: now,
    reason: 'its record was lost; it was found in tmux',
  });
}

/**
 * Removes launch files without a record, of starts that a crash cut off: they hold secrets.
 *
 * @param now milliseconds since the epoch
 */
export async function removeOrphans(machine: Machine, directory: string, now: number): Promise<void> {
  for (const name of await machine.list(directory)) {
    const id = /^([0-9a-z]+)\.launch(?:ed)?$/.exec(name)?.[1];
    if (id === undefined || (await machine.stat(join(directory, `${id}.json`)))) continue;
    // Another host that shares this home may be about to write the record.
    const file = await machine.stat(join(directory, name));
    if (file && now - file.mtimeMs > ORPHAN_MS / 2) await machine.remove(join(directory, name));
  }
}
