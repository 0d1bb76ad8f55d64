import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './diskErrors.js';

/**
 * Makes a folder with those above it; one that is there is left as it is. (The `recursive` of Node never returns where
 * a file system answers "no such file" to a mkdir in a folder that exists, as some automounted ones do.)
 */
export async function makeFolder(path: string, mode = 0o700): Promise<void> {
  try {
    await fs.mkdir(path, { mode });
    return;
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path) {
      if (await isFolder(path)) return;
      throw error;
    }
    await makeFolder(parent, mode);
  }
  try {
    await fs.mkdir(path, { mode });
  } catch (error) {
    if (!(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return fs.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}
