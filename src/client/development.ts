import { watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUILD, BUILD_FILE, IS_WATCHED } from '../common/build.js';
import { toDisposable, type Disposable } from '../common/disposable.js';
import { readText } from '../common/files.js';

/** Whether somebody develops Code Manager here: then an agent server of another build than lies on the disk makes room. */
export function isDeveloping(env: NodeJS.ProcessEnv = process.env): boolean {
  return IS_WATCHED || env['CM_DEV'] === '1';
}

/** The build that lies beside a bundle; that of this process where it cannot be read. */
export async function buildBeside(bundle: string): Promise<string> {
  const text = await readText(join(dirname(bundle), BUILD_FILE), 100).catch(() => '');
  return text.trim() === '' ? BUILD : text.trim();
}

/** Calls back once, when the bundle of this process has been built from other sources. */
export function onBuiltAnew(bundle: string, listener: () => void): Disposable {
  const isOver = new AbortController();
  const look = async (): Promise<void> => {
    const build = await buildBeside(bundle);
    if (isOver.signal.aborted || build === BUILD) return;
    isOver.abort();
    listener();
  };
  const watcher = watch(dirname(bundle), (_event, name) => {
    if (name === BUILD_FILE) void look();
  });
  watcher.on('error', () => undefined);
  watcher.unref();
  isOver.signal.addEventListener('abort', () => watcher.close());
  return toDisposable(() => isOver.abort());
}
