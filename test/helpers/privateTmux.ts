import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chooseRuntimeDirectory } from '../../src/machines/local/runtimeDirectory.js';

/** Runs a command of the private tmux of a CM_HOME. */
export async function privateTmux(cm: string, args: readonly string[]): Promise<string> {
  const socket = join(await chooseRuntimeDirectory(cm), 'tmux.sock');
  const { stdout } = await promisify(execFile)('tmux', ['-N', '-S', socket, ...args]);
  return stdout.replace(/\n$/, '');
}
