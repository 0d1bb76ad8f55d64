import { basename, join } from 'node:path';
import { SESSION_ID_PATTERN } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import { SessionRecord } from '../../protocol/files.js';
import type { Machine } from '../machine/machine.js';
import type { Pane } from '../tmux/pane.js';
import type { SessionScope } from '../live/sessionScope.js';

/** Longer than any start takes from its launch file to its record. */
export const ORPHAN_MS = 60_000;

/**
 * Makes a record for a window whose own one is gone: what runs there must be seen and can be ended.
 *
 * @returns undefined when the window has gone, when its record is there and only cannot be read, or when nothing ever ran
 *   in it: that of a start which was given up before tmux made it
 */
export async function recoverRecord(
  { identity, tmux, table, files, clock, log }: SessionScope,
  { session: id, pane: target, window }: Pane,
): Promise<{ readonly record: SessionRecord; readonly pane: Pane } | undefined> {
  const pane = await tmux.pane(target);
  if (!pane || !SESSION_ID_PATTERN.test(id)) return undefined;
  if ((await files.stat(id, 'json')) !== undefined) {
    log.warn(`window ${window} belongs to session ${id}, whose record cannot be read`);
    return undefined;
  }
  if (pane.dead && (await files.logSize(id)) === 0) {
    log.info(`window ${window} is that of a start that was given up`);
    await tmux.kill(pane);
    return undefined;
  }
  log.warn(`window ${window} has no record; session ${id} is recovered from it`);
  const path = (await tmux.folder(target)) ?? '';
  const now = new Date(clock.now()).toISOString();
  await table.add(
    SessionRecord.parse({
      id,
      name: `recovered-${id.slice(-4)}`,
      contextId: '',
      contextName: basename(path),
      path: path === '' ? '/' : path,
      machine: identity,
      tool: 'shell',
      task: '',
      status: 'starting',
      created: now,
      changed: now,
      reason: 'its record was lost; it was found in tmux',
    }),
  );
  const record = table.get(id);
  return record && { record, pane };
}

/**
 * Removes launch files without a record, of starts that a crash cut off: they hold secrets.
 *
 * @param now milliseconds since the epoch
 */
export async function removeOrphans(machine: Machine, directory: string, now: number, log: Logger): Promise<void> {
  for (const name of await machine.list(directory)) {
    const id = /^([0-9a-z]+)\.launch(?:ed)?$/.exec(name)?.[1];
    if (id === undefined || (await machine.stat(join(directory, `${id}.json`)))) continue;
    // Another host that shares this home may be about to write the record.
    const file = await machine.stat(join(directory, name));
    if (!file || now - file.mtimeMs <= ORPHAN_MS / 2) continue;
    // A stray folder keeps no session from being taken over.
    await machine.remove(join(directory, name)).catch((error: unknown) => log.warn(`${name}: ${errorText(error)}`));
  }
}
