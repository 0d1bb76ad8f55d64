import { posix } from 'node:path';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { ServerFile } from '../../protocol/files.js';
import type { Machine } from './machine.js';

/** `~/.cm/server/<version>-<build>`. */
const INSTALLED = /^(\d+\.\d+\.\d+[0-9A-Za-z.-]*)-[0-9A-Za-z]+$/;

/** Whether our agent server runs on a machine that is driven without it, or could: one sentence for people. */
export async function agentServerThere(machine: Machine): Promise<string> {
  const { home } = await machine.place();
  const { host, bootId } = await machine.identity();
  const file = await readServerFile(machine, posix.join(home, 'servers', `${host}.json`));
  if (file !== undefined && file.bootId === bootId && (await isAlive(machine, file.pid))) {
    return `${truncate(stripTerminal(file.version), 40)} runs`;
  }
  const versions = (await machine.list(posix.join(home, 'server')).catch(() => []))
    .flatMap((name) => INSTALLED.exec(name)?.[1] ?? [])
    .sort();
  const version = versions.at(-1);
  return version === undefined ? 'not installed' : `${truncate(version, 40)} is installed and does not run`;
}

async function readServerFile(machine: Machine, path: string): Promise<ServerFile | undefined> {
  try {
    return ServerFile.parse(JSON.parse(Buffer.from(await machine.readFile(path)).toString()));
  } catch {
    return undefined;
  }
}

async function isAlive(machine: Machine, pid: number): Promise<boolean> {
  const { code } = await machine.run(['/bin/sh', '-c', 'kill -0 "$1"', 'sh', String(pid)]);
  return code === 0;
}
