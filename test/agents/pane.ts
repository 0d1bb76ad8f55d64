import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { waitFor } from '../../scripts/lib/processes.mjs';

const run = promisify(execFile);

export interface PaneOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * A file, since tmux takes no long commands. tmux does not always get to know how its program ended, so the shell writes
 * it down; it outlives signals to its group, which end the program.
 */
function launchScript(words: readonly string[], exitFile: string): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return `trap : HUP INT TERM\n${quoted}\necho $? >${exitFile}.new\nmv ${exitFile}.new ${exitFile}\n`;
}

/** One program in a tmux of its own, without anything of ours: what the program really shows and takes. */
export class Pane {
  readonly #folder: string;
  readonly #socket: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#socket = join(folder, 'tmux');
  }

  /** Ends with the test. */
  static async start(t: TestContext, options: PaneOptions): Promise<Pane> {
    const { argv, cwd, env, columns = 120, rows = 40 } = options;
    const pane = new Pane(mkdtempSync(join(tmpdir(), 'cm-pane-')));
    t.after(() => pane.#end());
    const config = join(pane.#folder, 'tmux.conf');
    writeFileSync(config, 'set -g remain-on-exit on\nset -g status off\nset -g default-terminal tmux-256color\n');
    await pane.#tmux('-f', config, 'new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, '-c', cwd, 'sleep 1000');
    await pane.#tmux('pipe-pane', '-t', '%0', '-O', `exec cat >> ${join(pane.#folder, 'raw')}`);
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const words = ['env', '-i', 'TERM=tmux-256color', `${MARKER}=${pane.#folder}`, ...variables, ...argv];
    const script = join(pane.#folder, 'launch');
    writeFileSync(script, launchScript(words, join(pane.#folder, 'exit')));
    await pane.#tmux('respawn-pane', '-k', '-t', '%0', '-c', cwd, 'sh', script);
    return pane;
  }

  /** The visible screen. */
  async screen(): Promise<string> {
    return await this.#tmux('capture-pane', '-p', '-J', '-t', '%0');
  }

  /** All bytes that the program wrote. */
  raw(): string {
    const file = join(this.#folder, 'raw');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** tmux key names. */
  async keys(...keys: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', '-t', '%0', ...keys);
  }

  /** As a person pastes it, without Enter. */
  async paste(text: string): Promise<void> {
    const file = join(this.#folder, 'paste');
    writeFileSync(file, text);
    await this.#tmux('load-buffer', file, ';', 'paste-buffer', '-p', '-d', '-t', '%0');
  }

  /** As a shell says it, 128 and more for a signal; undefined while the program runs. */
  exit(): number | undefined {
    const file = join(this.#folder, 'exit');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  }

  async title(): Promise<string> {
    return await this.#format('#{pane_title}');
  }

  /** Leader of the program's process group. */
  async pid(): Promise<number> {
    return Number(await this.#format('#{pane_pid}'));
  }

  /** The screen, once it shows `text`. */
  async waitForScreen(text: string | RegExp, timeoutMs = 60_000): Promise<string> {
    let last = '';
    const holds = (): boolean => (typeof text === 'string' ? last.includes(text) : text.test(last));
    try {
      return await waitFor(
        `the screen to show ${text}`,
        async () => {
          last = await this.screen();
          return holds() ? last : undefined;
        },
        { timeoutMs },
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}; it shows:\n${last.replace(/\n{3,}/g, '\n\n')}`, {
        cause: error,
      });
    }
  }

  async waitForExit(timeoutMs = 30_000): Promise<number> {
    return await waitFor('the program to end', () => this.exit(), { timeoutMs });
  }

  async #format(format: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', '-t', '%0', format)).trimEnd();
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-S', this.#socket, ...args], { maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  }

  async #end(): Promise<void> {
    const pid = await this.pid().catch(() => undefined);
    await this.#tmux('kill-server').catch(() => undefined);
    if (pid !== undefined && pid > 1) kill(-pid);
    for (const marked of markedProcesses(this.#folder)) kill(marked);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Agents start helpers that leave the process group; all of them inherit this variable. */
const MARKER = 'CM_TEST_PANE';

function markedProcesses(folder: string): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARKER}=${folder}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
