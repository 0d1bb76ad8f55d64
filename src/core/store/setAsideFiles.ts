import { promises as fs } from 'node:fs';
import { join, relative } from 'node:path';
import { homePaths } from './home.js';

/** Ends the name of a file that could not be read and was kept. */
const ASIDE = /^(.+)\.bad-\d+$/;
const MAX_NAMED = 50;

/** Names the files that were set aside and are still there, one sentence each: until somebody has dealt with them. */
export async function setAsideFiles(home: string): Promise<string[]> {
  const { root, active, archive, tools } = homePaths(home);
  const found: string[] = [];
  for (const folder of [root, active, archive, tools]) {
    const names = await fs.readdir(folder).catch(() => []);
    for (const name of names.sort()) {
      const text = asideText(relative(root, folder), name);
      if (text !== undefined && found.length < MAX_NAMED) found.push(text);
    }
  }
  return found;
}

/** What is to be said of a file that was set aside; undefined for any other. */
export function asideText(folder: string, name: string): string | undefined {
  const original = ASIDE.exec(name)?.[1];
  if (original === undefined) return undefined;
  const path = join(folder, name);
  return `${path} is what ${original} was when it could not be read: mend it and put it back, or remove it`;
}
