import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { endHome } from '../../scripts/lib/cmHome.mjs';
import type { Client, ConnectOptions, LogChunk } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import { readServerFile } from '../../src/client/endpoint.js';
import { serverEnvironment } from '../../src/client/serverProcess.js';
import type { MachineSpec } from '../../src/protocol/machineKinds.js';
import type { CreateSessionInput, Session } from '../../src/protocol/session.js';
import type { Bench } from './figure.js';
import { endTmux, tmuxPid } from './rawTmux.js';
import { endAll } from './usage.js';

/** The one context of a home: a name is free in each. */
const CONTEXT = 'bench';

/** Code Manager with a home of its own. */
export interface Product {
  readonly home: string;
  /** The folder that its sessions work in. */
  readonly folder: string;
  /** Subscribed to everything. */
  readonly client: Client;
  /** Process of the agent server that runs at this moment. */
  serverPid(): Promise<number>;
  tmuxPid(): Promise<number>;
  connect(options?: Partial<ConnectOptions>): Client;
  start(session: Omit<CreateSessionInput, 'requestId' | 'context'>): Promise<Session>;
  /** Ends its sessions, server and tmux. */
  end(): Promise<void>;
}

export interface ProductOptions {
  /** Names the CPU profile, when profiles are made. */
  readonly name: string;
  /** Puts files into the home before the server starts. */
  readonly prepare?: (home: string) => void;
  /** Where its sessions run, and a folder that is there; default: on the host of the server. */
  readonly on?: { readonly machine: MachineSpec; readonly folder: string };
}

/** Starts an agent server in a new home and connects to it. */
export async function openProduct(bench: Bench, { name, prepare, on }: ProductOptions): Promise<Product> {
  const root = bench.scratch.folder();
  const home = join(root, 'home');
  const folder = on?.folder ?? join(root, 'work');
  for (const path of [root, home]) mkdirSync(path, { mode: 0o700 });
  if (on === undefined) mkdirSync(folder, { mode: 0o700 });
  prepare?.(home);
  const socket = join(home, 'run', 'tmux.sock');
  const serverPath = join(bench.product, 'dist', 'server.js');
  const profiled = bench.profiles === undefined ? undefined : startProfiled(serverPath, home, bench.profiles, name);
  const clients: Client[] = [];
  const connect = (options: Partial<ConnectOptions> = {}): Client => {
    const client = createClient({ name: 'bench', home, serverPath, ...options });
    clients.push(client);
    return client;
  };
  const end = bench.scratch.defer(async () => {
    if (profiled !== undefined) {
      await client.request('server/stop', { force: true }).catch(() => undefined);
      await profiled;
    }
    for (const one of clients) one.dispose();
    // The server first: it would start more.
    const server = await readServerFile(home);
    if (server !== undefined) endAll([server.pid]);
    await endTmux(socket);
    await endHome(home);
  });
  const client = connect({ subscribe: true, ...(profiled === undefined ? {} : { serverPath: undefined }) });
  // The login shell is read before anything is measured.
  await client.request('tool/list', {}, { timeoutMs: 30_000 });
  await client.request('context/add', { name: CONTEXT, path: folder, machine: on?.machine ?? 'local' });
  return {
    home,
    folder,
    client,
    serverPid: async () => (await client.request('server/status', {})).server.pid,
    tmuxPid: () => tmuxPid(socket),
    connect,
    start: (session) => client.request('session/create', { requestId: randomUUID(), context: CONTEXT, ...session }),
    end,
  };
}

/** @returns resolves when the process has ended and its profile is written */
function startProfiled(serverPath: string, home: string, folder: string, name: string): Promise<void> {
  const options = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}-${process.pid}.cpuprofile`];
  const child = spawn(process.execPath, [...options, serverPath], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
    env: serverEnvironment(home),
  });
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Follows the log of a session from its first byte. */
export function follow(client: Client, session: string, onChunk: (chunk: LogChunk) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    client.followLog(session, { from: 0, onChunk, onEnd: () => resolve(), onError: reject });
  });
}

/** A command line of words that hold no quotes. */
export function shellWords(...words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}
