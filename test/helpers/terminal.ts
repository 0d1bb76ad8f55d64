import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { until } from './until.js';

const run = promisify(execFile);

export interface TerminalOptions {
  /** Folder of its socket. */
  readonly dir: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** A real terminal in which a program runs as under a person's hands: a tmux of its own, which nobody sees. */
export class Terminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  static async open(t: TestContext, options: TerminalOptions): Promise<Terminal> {
    const { dir, command, env, cwd, columns = 100, rows = 30 } = options;
    const terminal = new Terminal(join(dir, `terminal-${Math.random().toString(36).slice(2, 8)}`));
    t.after(() => terminal.#tmux('kill-server').catch(() => undefined));
    const size = ['-x', String(columns), '-y', String(rows)];
    const start = ['new-session', '-d', '-c', cwd, ...size, '--', ...command];
    // The screen stays when the program has ended.
    const stay = ['set-option', '-w', 'remain-on-exit', 'on'];
    await run('tmux', ['-S', terminal.#socket, '-f', '/dev/null', ...start, ';', ...stay], { env });
    return terminal;
  }

  /** Presses keys by their tmux names. */
  async keys(...keys: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text);
  }

  /** What is on the screen. */
  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p')).replace(/\n+$/, '');
  }

  /** What is on the screen, with the sequences that colour it. */
  async colours(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** Waits until the screen shows something and gives the screen. */
  async shows(pattern: RegExp): Promise<string> {
    let last = '';
    try {
      return await until(String(pattern), async () => {
        last = await this.screen();
        return pattern.test(last) && last;
      });
    } catch {
      throw new Error(`The screen never showed ${String(pattern)}:\n${last}`);
    }
  }

  /** Waits for the program to end and gives its exit code. */
  async exitCode(): Promise<number> {
    const status = await until('the program in the terminal to end', async () => {
      const text = await this.#tmux('display-message', '-p', '#{pane_dead},#{pane_dead_status}');
      if (/^1,\d/.test(text)) return text;
      // The terminal is closed a moment before the status is known, and tmux may miss that there is one until its next
      // child ends.
      if (text.startsWith('1,')) await this.#tmux('run-shell', 'true');
      return false;
    });
    return Number(status.trim().split(',')[1]);
  }

  /** What programs have set: whether the cursor is shown and whether the mouse is theirs. */
  async state(): Promise<string> {
    const format = '#{?cursor_flag,cursor,no cursor} #{?mouse_any_flag,mouse on,mouse off}';
    return (await this.#tmux('display-message', '-p', format)).trim();
  }

  /** Writes all that its program draws into a file from here on, as it is. */
  async record(file: string): Promise<void> {
    await this.#tmux('pipe-pane', '-O', `cat >'${file}'`);
  }

  /** Drags the edge of its window. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Closes it with what runs in it. */
  async close(): Promise<void> {
    await this.#tmux('kill-server');
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    return (await run('tmux', ['-S', this.#socket, ...args])).stdout;
  }
}
