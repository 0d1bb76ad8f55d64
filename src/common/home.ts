import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';

/** Folder of all data: CM_HOME, else `~/.cm`. */
export function homeDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(
    env['CM_HOME'] === undefined || env['CM_HOME'] === '' ? join(env['HOME'] ?? homedir(), '.cm') : env['CM_HOME'],
  );
}

/** Host name as a file name and as people see it: without the domain of a fully qualified one. */
export function shortHostName(name: string = hostname()): string {
  return (name.split('.')[0] ?? name).replace(/[^A-Za-z0-9_-]/g, '-') || 'localhost';
}

/** Where the agent server of this host says who it is and how to reach it. One file a host, since homes are shared. */
export function serverFilePath(home: string): string {
  return join(home, 'servers', `${shortHostName()}.json`);
}
