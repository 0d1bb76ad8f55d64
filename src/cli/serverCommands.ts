import { homedir } from 'node:os';
import { spawn } from 'node:child_process';
import { delay } from '../common/async.js';
import { stripTerminal } from '../common/terminalText.js';
import { formatAge, formatBytes, formatDuration, truncate } from '../common/text.js';
import type { Client } from '../client/api.js';
import { readServerFile } from '../client/endpoint.js';
import { bringBack, findServer, isThere, ServerStoppedError } from '../client/stoppedServer.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Result } from '../protocol/requests.js';
import { shortPath } from '../view/plainText.js';
import type { App } from './app.js';
import { exitCodeOf } from './attachCommand.js';
import type { Invocation } from './command.js';
import { formatFields, formatTable } from './table.js';

const GONE_DEADLINE_MS = 10_000;

export async function status(app: App): Promise<void> {
  try {
    await printStatus(app, await app.connectToRunning().request('server/status', {}));
  } catch (error) {
    if (!(error instanceof CodeManagerError) || error.code !== 'unavailable') throw error;
    // It may have lost its file, by which it is found.
    const found = await findServer(app.serverPath, app.home);
    if (found === undefined || found.isFiled) throw error;
    if (found.isStopped) throw new ServerStoppedError(found.pid);
    await bringBack(found, () => isFiled(app, found.pid));
    await printStatus(app, await app.connectToRunning().request('server/status', {}));
  }
}

export async function run(app: App, invocation: Invocation): Promise<number> {
  const env = { ...app.env };
  const token = invocation.value('token');
  if (token !== undefined) {
    app.output.note('Others on this host can see a token on the command line: use --token-file or CM_AGENT_TOKEN.');
    // Not in the arguments of what is started now.
    env['CM_AGENT_TOKEN'] = token;
  }
  const args = ['port', 'host', 'token-file', 'tls-cert', 'tls-key'].flatMap((flag) => {
    const value = invocation.value(flag);
    return value === undefined ? [] : [`--${flag}=${value}`];
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal).on(signal, () => {
      // Ctrl-C in a terminal reaches both processes, and a server may take a second one for impatience.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  const child = spawn(process.execPath, [app.serverPath, '--foreground', ...args], { stdio: 'inherit', env });
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

const TOKEN_ACTIONS = { list: listTokens, new: newToken, revoke: revokeToken } as const;

export async function token(app: App, invocation: Invocation): Promise<void> {
  const [action = 'list', ref] = invocation.args;
  if (!Object.hasOwn(TOKEN_ACTIONS, action)) {
    throw new CodeManagerError('invalid', `Tokens can be listed, made and revoked, not ${truncate(action, 40)}`, {
      hint: 'Use cm server token list, new NAME or revoke NAME.',
    });
  }
  const run = TOKEN_ACTIONS[action as keyof typeof TOKEN_ACTIONS];
  if (run !== listTokens && ref === undefined) {
    throw new CodeManagerError('invalid', `A name is missing: cm server token ${action} NAME`);
  }
  if (run === listTokens && ref !== undefined) {
    throw new CodeManagerError('invalid', `The word "${truncate(ref, 40)}" is one argument too many`, {
      hint: 'Use cm server token list, new NAME or revoke NAME.',
    });
  }
  await run(app, ref ?? '');
}

async function listTokens({ client, output }: App): Promise<void> {
  const tokens = await client.request('token/list', {});
  if (output.json) return output.record(tokens);
  if (tokens.length === 0) return output.note('There are no tokens. Make one: `cm server token new NAME`.');
  const now = Date.now();
  const ago = (time: string | null): string => (time === null ? 'never' : formatAge(now - Date.parse(time)));
  const columns = [
    { title: 'ID', isKey: true },
    { title: 'NAME', min: 8 },
    { title: 'AGE', goes: 1 },
    { title: 'LAST USED', goes: 2 },
  ];
  const rows = tokens.map(({ id, name, created, lastUsed }) => [id, name, ago(created), ago(lastUsed)]);
  const cells = rows.map((row) => row.map(stripTerminal));
  await output.lines(formatTable(columns, cells, { width: output.columns }));
}

async function newToken({ client, output }: App, name: string): Promise<void> {
  const made = await client.request('token/new', { name });
  output.done = `The token was made all the same: cm server token revoke ${stripTerminal(name)}`;
  if (output.json) return output.record(made);
  await output.lines([made.token]);
  output.note('It is not shown again. Whoever has it can run commands as you.');
}

async function revokeToken({ client, output }: App, ref: string): Promise<void> {
  const revoked = await client.request('token/revoke', { token: ref });
  if (output.json) return output.record(revoked);
  await output.lines([revoked.id]);
}

/** False when none was running. Resolves when it has gone. */
async function stopRunning(app: App, params: { force: boolean }): Promise<boolean> {
  // One that was stopped answers nothing, neither this.
  const found = await findServer(app.serverPath, app.home);
  if (found !== undefined) await bringBack(found, () => isFiled(app, found.pid));
  const client = app.connectToRunning();
  const pid = await pidOf(client);
  if (pid === undefined) return false;
  try {
    await client.request('server/stop', params);
  } catch (error) {
    // It may be gone before its answer is here.
    if (isThere(pid) && (await isFiled(app, pid))) throw error;
  }
  for (const deadline = Date.now() + GONE_DEADLINE_MS; isThere(pid); await delay(20)) {
    if (Date.now() > deadline) {
      throw new CodeManagerError('timeout', `The agent server (pid ${pid}) is still running after 10 s`);
    }
  }
  return true;
}

async function isFiled({ home }: App, pid: number): Promise<boolean> {
  return (await readServerFile(home))?.pid === pid;
}

async function pidOf(client: Client): Promise<number | undefined> {
  try {
    return (await client.request('server/status', {})).server.pid;
  } catch (error) {
    if (error instanceof CodeManagerError && error.code === 'unavailable') return undefined;
    throw error;
  }
}

async function printStatus({ output }: App, result: Result<'server/status'>): Promise<void> {
  const { server, uptimeMs, sessions, clients, memory, home, socket, url, tmux } = result;
  if (output.json) {
    const uptime = Math.round(uptimeMs / 1000);
    return output.record({ ...server, uptime, sessions, clients, memory, home, socket, url, tmux });
  }
  const fields = [
    ['host', server.host],
    ['version', `${server.version} (build ${server.build})`],
    ['pid', String(server.pid)],
    ['up', formatDuration(uptimeMs)],
    ['sessions', String(sessions)],
    ['clients', String(clients)],
    ['memory', formatBytes(memory)],
    ['home', shortPath(home, homedir())],
    ['socket', socket],
    ...(url === null ? [] : ([['url', url]] as const)),
    ['tmux', tmux ?? 'not found'],
  ] as const;
  await output.lines(formatFields(fields.map(([name, value]) => [name, stripTerminal(value)])));
}
