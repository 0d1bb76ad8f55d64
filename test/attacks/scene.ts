import { linkSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const SECRET = 'this-is-the-secret';

/** A project with names that look alike and links that lead out of it, secrets beside it, and the data of Code Manager. */
export function makeScene(top: string): void {
  const folders = ['proj/src', 'proj/sub/inner', 'proj/docs', 'proj/a b', 'proj/caf\u00e9', 'proj/empty', 'outside'];
  for (const folder of [...folders, 'own/sessions', 'home']) mkdirSync(join(top, folder), { recursive: true });
  const files = ['src/a.ts', 'x', 'sub/inner/x', 'docs/x', 'a b/x', 'caf\u00e9/x', '-n', '-q'];
  for (const file of files) writeFileSync(join(top, 'proj', file), 'ordinary\n');
  writeFileSync(join(top, 'proj', 'list'), '../outside/secret\0');
  for (const file of ['proj/.env', 'outside/secret', 'outside/target']) writeFileSync(join(top, file), `${SECRET}\n`);
  writeFileSync(join(top, 'own/policies.json'), '{}');
  const links: Readonly<Record<string, string>> = {
    out: '../outside',
    notes: '.env',
    deep: 'sub/inner',
    loop: 'loop',
    here: '.',
    dangling: '../outside/new',
    'sub/a.ts': '../../outside/target',
    cmhome: '../own',
    ownsessions: '../own/sessions',
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(top, 'proj', name));
  for (const name of ['docs\u200e', 'docs ', 'a  b', 'a\nb', 'cafe\u0301'])
    symlinkSync('../outside', join(top, 'proj', name));
  linkSync(join(top, 'proj', 'x'), join(top, 'proj', 'same'));
}

/** What is in every file and link that is not in the project. */
export function outsideOf(top: string): ReadonlyMap<string, string> {
  const entries = readdirSync(top, { withFileTypes: true, recursive: true });
  const found = entries.flatMap((entry): [string, string][] => {
    const path = join(entry.parentPath, entry.name).slice(top.length + 1);
    if (path.startsWith('proj/') && path !== 'proj/.env') return [];
    if (entry.isDirectory()) return [[path, 'folder']];
    return [[path, entry.isSymbolicLink() ? readlinkSync(join(top, path)) : readFileSync(join(top, path), 'utf8')]];
  });
  return new Map(found);
}
