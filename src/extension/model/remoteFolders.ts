import { posix } from 'node:path';

/** One entry of the list by which a person walks through the folders of a machine. */
export type FolderEntry =
  | { readonly kind: 'use'; readonly path: string }
  | { readonly kind: 'parent'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string; readonly name: string }
  | { readonly kind: 'typed'; readonly path: string };

/** What can be chosen in a folder: itself, the one above, those in it; hidden ones last. */
export function folderEntries(path: string, folders: readonly string[]): readonly FolderEntry[] {
  const isHidden = (name: string): boolean => name.startsWith('.');
  const sorted = [...folders].sort((a, b) => Number(isHidden(a)) - Number(isHidden(b)) || a.localeCompare(b));
  return [
    { kind: 'use', path },
    ...(path === '/' ? [] : [{ kind: 'parent', path: posix.dirname(path) } as const]),
    ...sorted.map((name) => ({ kind: 'folder', path: posix.join(path, name), name }) as const),
  ];
}

/** A path that the person types instead of choosing: absolute, or below the home there. */
export function typedFolder(value: string): FolderEntry | undefined {
  const path = value.trim();
  return /^(?:\/|~(?:\/|$))/.test(path) ? { kind: 'typed', path } : undefined;
}

/** A name for a context in a folder that no other context has yet. */
export function freeContextName(path: string, host: string, taken: readonly string[]): string {
  const base = posix.basename(path) || host;
  const isFree = (name: string): boolean => !taken.includes(name);
  if (isFree(base)) return base;
  const withHost = `${base}-${host}`;
  for (let i = 1; ; i++) {
    const name = i === 1 ? withHost : `${withHost}-${i}`;
    if (isFree(name)) return name;
  }
}
