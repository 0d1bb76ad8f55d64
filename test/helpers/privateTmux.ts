import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runtimeFolders } from '../../src/machines/runtimeDirectory.js';

/** Where the sockets of a CM_HOME are that one host alone has, as that host sees it. */
export function socketFolder(cm: string): string {
  return runtimeFolders(cm, { uid: process.getuid?.() ?? 'user', isNetworkDisk: false }).at(-1) ?? cm;
}

/** Runs a command of the private tmux of a CM_HOME. */
export async function privateTmux(cm: string, args: readonly string[]): Promise<string> {
  const socket = join(socketFolder(cm), 'tmux.sock');
  const { stdout } = await promisify(execFile)('tmux', ['-N', '-S', socket, ...args]);
  return stdout.replace(/\n$/, '');
}
