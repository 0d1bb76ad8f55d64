import { spawn } from 'node:child_process';
import { delay } from '../common/async.js';
import { stripTerminal } from '../common/terminalText.js';
import { formatBytes, formatDuration } from '../common/text.js';
import type { Client } from '../client/api.js';
import { readServerFile } from '../client/endpoint.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Result } from '../protocol/requests.js';
import type { App } from './app.js';
import { exitCodeOf } from './attachCommand.js';
import type { Invocation } from './command.js';
import { shortPath } from './sessionView.js';
import { formatFields } from './table.js';

const GONE_DEADLINE_MS = 10_000;

export async function status(app: App): Promise<void> {
  await printStatus(app, await app.connectToRunning().request('server/status', {}));
}

export async function run(app: App): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal).on(signal, () => {
      // Ctrl-C in a terminal reaches both processes, and a server may take a second one for impatience.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  const child = spawn(process.execPath, [app.serverPath, '--foreground'], { stdio: 'inherit', env: app.env });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
  });
}

export async function stop(app: App, invocation: Invocation): Promise<void> {
  const { output } = app;
  const stopped = await stopRunning(app, { force: invocation.has('force') });
  if (output.json) await output.record({ stopped });
  else if (!stopped) output.note('The agent server is not running.');
}

export async function restart(app: App): Promise<void> {
  await stopRunning(app, { force: true });
  await printStatus(app, await app.client.request('server/status', {}));
}

/** False when none was running. Resolves when it has gone. */
async function stopRunning(app: App, params: { force: boolean }): Promise<boolean> {
  const client = app.connectToRunning();
  const pid = await pidOf(client);
  if (pid === undefined) return false;
  try {
    await client.request('server/stop', params);
  } catch (error) {
    // It may be gone before its answer is here.
    if (isAlive(pid) && (await readServerFile(app.home))?.pid === pid) throw error;
  }
  for (const deadline = Date.now() + GONE_DEADLINE_MS; isAlive(pid); await delay(20)) {
    if (Date.now() > deadline) {
      throw new CodeManagerError('timeout', `The agent server (pid ${pid}) is still running after 10 s`);
    }
  }
  return true;
}

async function pidOf(client: Client): Promise<number | undefined> {
  try {
    return (await client.request('server/status', {})).server.pid;
  } catch (error) {
    if (error instanceof CodeManagerError && error.code === 'unavailable') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function printStatus({ output }: App, result: Result<'server/status'>): Promise<void> {
  const { server, uptimeMs, sessions, clients, memory, home, socket, tmux } = result;
  if (output.json) {
    const uptime = Math.round(uptimeMs / 1000);
    return output.record({ ...server, uptime, sessions, clients, memory, home, socket, tmux });
  }
  const fields = [
    ['host', server.host],
    ['version', `${server.version} (build ${server.build})`],
    ['pid', String(server.pid)],
    ['up', formatDuration(uptimeMs)],
    ['sessions', String(sessions)],
    ['clients', String(clients)],
    ['memory', formatBytes(memory)],
    ['home', shortPath(home)],
    ['socket', socket],
    ['tmux', tmux ?? 'not found'],
  ] as const;
  await output.lines(formatFields(fields.map(([name, value]) => [name, stripTerminal(value)])));
}
