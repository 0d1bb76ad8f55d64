import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readText, writeNew } from '../../common/files.js';
import { errorCode } from '../../common/systemError.js';
import type { Settings } from './settings.js';

const MAX_BYTES = 1024 * 1024;

/**
 * Writes the settings that the agent server obeys into its `config.json`, where `cm` finds them too. What the person
 * has not set in the editor stays as the file has it.
 *
 * @returns whether the file is different from before
 * @throws when the file is there and cannot be read: a person's file is never replaced by a guess
 */
export async function writeServerConfig(home: string, settings: Settings): Promise<boolean> {
  const wanted: Record<string, unknown> = {};
  const tmux = settings.own('tmux.path');
  const days = settings.own('retentionDays');
  if (tmux !== undefined && tmux !== '') wanted['tmux'] = tmux;
  if (days !== undefined) wanted['retentionDays'] = days;
  const path = join(home, 'config.json');
  const text = await readText(path, MAX_BYTES).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '{}';
    throw error;
  });
  const current: unknown = JSON.parse(text);
  if (typeof current !== 'object' || current === null || Array.isArray(current))
    throw new Error(`${path} is no object`);
  const before = current as Readonly<Record<string, unknown>>;
  const removed = tmux === '' && 'tmux' in before;
  const isSame = Object.entries(wanted).every(([key, value]) => before[key] === value);
  if (isSame && !removed) return false;
  const after: Record<string, unknown> = { ...before, ...wanted };
  if (removed) delete after['tmux'];
  await mkdir(home, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  await writeNew(temporary, `${JSON.stringify(after, undefined, 2)}\n`);
  await rename(temporary, path);
  return true;
}
