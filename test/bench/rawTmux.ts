import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../scripts/lib/processes.mjs';
import { tmuxConfig } from '../../src/core/tmux/scripts.js';
import { tmuxFeatures } from '../../src/core/tmux/version.js';
import type { Bench } from './figure.js';
import { descendants, endAll } from './usage.js';

const ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  TERM: 'xterm-256color',
  LANG: 'C.UTF-8',
  SHELL: '/bin/sh',
};

/** A tmux of its own with the product's settings and nothing else of the product: the limit of what can be reached. */
export interface RawTmux {
  readonly directory: string;
  readonly pid: number;
  /** Runs a command as a process of its own. */
  tmux(...args: readonly string[]): Promise<string>;
  /** An open control client. */
  control(session: string, flags: string, onText: (text: string) => void): Promise<ControlClient>;
  end(): Promise<void>;
}

export interface ControlClient {
  /** Runs commands, one a line; resolves when all are answered. */
  run(commands: readonly string[]): Promise<void>;
  dispose(): void;
}

export async function openRawTmux(bench: Bench): Promise<RawTmux> {
  const directory = bench.scratch.folder();
  mkdirSync(directory, { mode: 0o700 });
  const socket = join(directory, 'tmux.sock');
  const config = join(directory, 'tmux.conf');
  writeFileSync(config, tmuxConfig(tmuxFeatures({ text: '3.2', major: 3, minor: 2 })));
  const options = { env: ENVIRONMENT, cwd: '/' };
  const tmux = (...args: readonly string[]): Promise<string> =>
    runOrThrow('tmux', ['-u', '-S', socket, '-f', config, ...args], options);
  const clients = new Set<ControlClient>();
  const end = bench.scratch.defer(async () => {
    for (const client of clients) client.dispose();
    await endTmux(socket);
  });
  await tmux('new-session', '-d', '-s', 'first', 'exec sleep 2147483647');
  return {
    directory,
    pid: await tmuxPid(socket),
    tmux,
    control: async (session, flags, onText) => {
      const client = await openControl(socket, session, flags, onText);
      clients.add(client);
      return client;
    },
    end,
  };
}

/** Process of the tmux on a socket. */
export async function tmuxPid(socket: string): Promise<number> {
  return Number(await runOrThrow('tmux', ['-S', socket, 'display-message', '-p', '#{pid}'], { env: ENVIRONMENT }));
}

/** Ends the tmux on a socket, if there is one, and everything that was started in it: some programs outlive their window. */
export async function endTmux(socket: string): Promise<void> {
  const pid = existsSync(socket) ? await tmuxPid(socket).catch(() => 0) : 0;
  if (pid <= 1) return;
  // Stopped, so that nothing is started between the look and the end.
  process.kill(pid, 'SIGSTOP');
  endAll([...descendants(pid), pid]);
}

function openControl(
  socket: string,
  session: string,
  flags: string,
  onText: (text: string) => void,
): Promise<ControlClient> {
  const words = ['-u', '-S', socket, '-C', 'attach-session', '-t', `=${session}`, '-f', flags];
  const child = spawn('tmux', words, { env: ENVIRONMENT, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
  let answers = 0;
  let waiting: { readonly until: number; readonly done: () => void } | undefined;
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    onText(text);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('%end ') || line.startsWith('%error ')) answers++;
    if (waiting !== undefined && answers >= waiting.until) waiting.done();
  });
  const until = (count: number): Promise<void> =>
    answers >= count ? Promise.resolve() : new Promise((done) => (waiting = { until: count, done }));
  const client: ControlClient = {
    run: (commands) => {
      const wanted = answers + commands.length;
      child.stdin.write(commands.map((command) => `${command}\n`).join(''));
      return until(wanted);
    },
    dispose: () => child.kill('SIGKILL'),
  };
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Attaching is answered like a command.
    void until(1).then(() => resolve(client));
  });
}
