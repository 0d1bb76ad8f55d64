import { join } from 'node:path';
import type { Machine } from '../machine/machine.js';
import type { ConfigEntry } from './configText.js';
import { LIST_HOOKS } from './scripts.js';

/** A hook of a repository's own. */
export interface Hook {
  readonly name: string;
  /** Undefined when it is no text, or too long to be looked at: it is never run. */
  readonly text: string | undefined;
}

/** Where a repository is, and what its configuration and that of the person say. */
export interface HookPlace {
  readonly root: string;
  readonly common: string;
  readonly entries: readonly ConfigEntry[];
  readonly personal: readonly ConfigEntry[];
}

/** What git runs when it makes a worktree. */
const HOOKS = ['post-checkout', 'post-index-change', 'reference-transaction'];

/** The hooks of the repository's own that git would run when it makes a worktree. */
export async function ownHooks(
  machine: Machine,
  env: Readonly<Record<string, string>>,
  place: HookPlace,
): Promise<Hook[]> {
  const folder = hooksFolder(place, env['HOME'] ?? '');
  if (folder === undefined) return [];
  const { stdout } = await machine.run(['/bin/sh', '-c', LIST_HOOKS, 'sh', folder, ...HOOKS], { env });
  const parts = stdout.split('\0');
  const found: Hook[] = [];
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [name = '', kind, text] = parts.slice(at, at + 3);
    found.push({ name, text: kind === 'text' ? text : undefined });
  }
  return found;
}

/** Undefined where the person's own hooks count, or none. */
function hooksFolder({ root, common, entries, personal }: HookPlace, home: string): string | undefined {
  const valueIn = (list: readonly ConfigEntry[]): string | undefined =>
    list.findLast(({ key }) => key === 'core.hookspath')?.value;
  const [own, theirs] = [valueIn(entries), valueIn(personal)];
  if (own === theirs) return own === undefined ? join(common, 'hooks') : undefined;
  if (own === undefined || own === '') return undefined;
  if (own.startsWith('~/')) return join(home, own.slice(2));
  return own.startsWith('/') ? own : join(root, own);
}
