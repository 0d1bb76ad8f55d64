import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { endHome } from '../../scripts/lib/cmHome.mjs';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import type { Client } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import { serverFilePath } from '../../src/common/home.js';
import { ServerFile } from '../../src/protocol/files.js';
import { removeFolder } from './tempDir.js';
import { until } from './until.js';

/** The bundles under test; `CM_TEST_DIST` names others, for runs beside a build. */
export const distDir = process.env['CM_TEST_DIST'] || join(repoRoot, 'dist');

/** No healthy command takes so long. */
const DEADLINE_MS = 60_000;

export interface CmResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CmOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface TestHomeOptions {
  /** CM_HOME, when it is not to be a plain folder. */
  readonly cm?: string;
}

/** A person's home with nothing in it: `cm` runs there as a process, with an agent server and a tmux of its own. */
export class TestHome {
  readonly root: string;
  /** HOME. */
  readonly user: string;
  /** CM_HOME. */
  readonly cm: string;
  /** A folder to work in. */
  readonly work: string;
  readonly #clients: Client[] = [];

  /** Ends everything that was started in it when the test is over. */
  constructor(t: TestContext, { cm }: TestHomeOptions = {}) {
    this.root = mkdtempSync(join(realpathSync(tmpdir()), 'cm-'));
    this.user = join(this.root, 'user');
    this.cm = cm ?? join(this.root, 'cm');
    this.work = join(this.root, 'work');
    mkdirSync(this.user);
    mkdirSync(this.work);
    t.after(async () => {
      for (const client of this.#clients) client.dispose();
      await endHome(this.cm);
      // Agents outlive their tmux when they do not listen to its end.
      await until('its processes have ended', () => killAll(`HOME=${this.user}`) === 0);
      // The last writers of logs may still be at it.
      await removeFolder(this.root);
    });
  }

  get env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.user,
      CM_HOME: this.cm,
      SHELL: '/bin/bash',
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      TZ: 'UTC',
    };
  }

  /** A running `cm`. */
  spawn(args: readonly string[], { cwd, env }: CmOptions = {}): RunningCm {
    return new RunningCm(
      spawn(process.execPath, [join(distDir, 'cm.js'), ...args], {
        cwd: cwd ?? this.work,
        env: { ...this.env, ...env },
      }),
    );
  }

  /** Runs `cm` to its end, whatever its exit code is. */
  async run(args: readonly string[], options: CmOptions = {}): Promise<CmResult> {
    const running = this.spawn(args, options);
    running.child.stdin.end(options.input ?? '');
    return running.result();
  }

  /** Standard output of a git that must succeed, in the folder of its work. */
  git(...args: readonly string[]): string {
    const whole = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args];
    return execFileSync('git', whole, { cwd: this.work, env: this.env, encoding: 'utf8' });
  }

  /** Standard output of a `cm` that must succeed, without the last line break. */
  async ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`cm ${args.join(' ')} exited with ${String(code)}: ${stderr}`);
    return stdout.replace(/\n$/, '');
  }

  /** What a `cm … --json` that must succeed prints. */
  async json<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T;
  }

  /**
   * A client of its agent server, which runs: for what is looked at again and again. A `cm` for each look would take the
   * processor from what is waited for.
   */
  client(): Client {
    const client = createClient({ name: 'test', home: this.cm, reconnect: false });
    this.#clients.push(client);
    return client;
  }

  get serverFile(): ServerFile {
    return ServerFile.parse(JSON.parse(readFileSync(serverFilePath(this.cm), 'utf8')));
  }
}

/** A `cm` that runs beside the test. */
export class RunningCm {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    child.stdin.on('error', () => {});
    this.#closed = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code));
    });
  }

  get lines(): string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  /** Waits for a line of its standard output. */
  async line(pattern: RegExp): Promise<string> {
    return until(`${String(pattern)} in ${this.child.spawnargs.slice(2).join(' ')}`, () => {
      if (this.child.exitCode !== null && !this.lines.some((line) => pattern.test(line))) {
        throw new Error(`It ended with ${this.child.exitCode}: ${this.stdout}${this.stderr}`);
      }
      return this.lines.find((line) => pattern.test(line));
    });
  }

  async result(): Promise<CmResult> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), DEADLINE_MS);
    const code = await this.#closed;
    clearTimeout(timer);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Presses Ctrl-C and waits for the end. */
  async interrupt(): Promise<CmResult> {
    this.child.kill('SIGINT');
    return this.result();
  }
}

/** Kills every process with this in its environment, where the system tells; gives how many there were. */
export function killAll(variable: string): number {
  if (process.platform !== 'linux') return 0;
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && environmentOf(pid).includes(variable));
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  return pids.length;
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
