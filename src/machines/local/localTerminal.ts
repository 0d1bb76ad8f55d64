import type { ChildProcess } from 'node:child_process';
import { Emitter, type Event } from '../../common/emitter.js';
import { OnceEmitter } from '../../common/onceEmitter.js';
import type { Terminal, TerminalSize } from '../../core/machine/machine.js';
import { closeAfterExit, killGroup, runProcess, spawnDetached } from './runProcess.js';

/** Prints the name of its terminal and becomes the program. */
const PROGRAM = 'stty rows "$1" cols "$2"; tty; shift 2; exec "$@"';
const MAX_HEAD_BYTES = 1024;

/** A terminal that `script` makes, since Node cannot. */
export class LocalTerminal implements Terminal {
  readonly #child: ChildProcess;
  readonly #env: Readonly<Record<string, string>>;
  readonly #data = new Emitter<Uint8Array>();
  readonly #ended = new OnceEmitter<number | null>();
  #head: Buffer | undefined = Buffer.alloc(0);
  #device = '';
  /** What was asked before the terminal was ready. */
  #wanted: TerminalSize | undefined;
  readonly #early: Buffer[] = [];
  #resizing: Promise<unknown> = Promise.resolve();

  constructor(
    command: readonly string[],
    options: TerminalSize & { readonly cwd?: string; readonly env: Readonly<Record<string, string>> },
  ) {
    this.#env = { TERM: 'xterm-256color', ...options.env };
    const words = ['sh', '-c', PROGRAM, 'sh', String(options.rows), String(options.columns), ...command];
    this.#child = spawnDetached(scriptCommand(words), { ...options, env: { ...this.#env, SHELL: '/bin/sh' } }, [
      'pipe',
      'pipe',
      'ignore',
    ]);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#child.stdout?.pause();
    this.#child.once('error', () => this.#end(null));
    closeAfterExit(this.#child);
    this.#child.once('close', (code) => this.#end(code));
  }

  readonly onData: Event<Uint8Array> = (listener) => {
    const subscription = this.#data.event(listener);
    this.#child.stdout?.resume();
    return subscription;
  };

  readonly onExit = this.#ended.event;

  write(data: Uint8Array): void {
    // What was written may be the caller's buffer.
    const bytes = Buffer.from(data);
    // Its echo would come before the name of the terminal.
    if (this.#head !== undefined) this.#early.push(bytes);
    else if (this.#child.stdin?.writable === true) this.#child.stdin.write(bytes);
  }

  resize(size: TerminalSize): void {
    if (this.#ended.hasFired) return;
    // Before the terminal has told its name nobody can reach it.
    if (this.#head !== undefined) this.#wanted = size;
    else this.#setSize(size);
  }

  #setSize({ columns, rows }: TerminalSize): void {
    const command = (device: string): string[] => [
      'stty',
      process.platform === 'linux' ? '-F' : '-f',
      device,
      'rows',
      String(rows),
      'cols',
      String(columns),
    ];
    // One after the other, so that the last size stays.
    this.#resizing = this.#resizing.then(async () => {
      if (this.#device !== '') await runProcess(command(this.#device), { env: this.#env }).catch(() => undefined);
    });
  }

  pause(): void {
    this.#child.stdout?.pause();
  }

  resume(): void {
    this.#child.stdout?.resume();
  }

  /** The first line is the name of the terminal; all others are the program's. */
  #take(chunk: Buffer): void {
    if (this.#head === undefined) {
      this.#data.fire(chunk);
      return;
    }
    const head = Buffer.concat([this.#head, chunk]);
    const end = head.indexOf('\n');
    if (end < 0 && head.length < MAX_HEAD_BYTES) {
      this.#head = head;
      return;
    }
    this.#head = undefined;
    const name = head.subarray(0, Math.max(0, end)).toString().trim();
    if (/^\/dev\/[A-Za-z0-9/]+$/.test(name)) this.#device = name;
    if (this.#wanted !== undefined) this.#setSize(this.#wanted);
    for (const bytes of this.#early.splice(0)) this.write(bytes);
    if (end + 1 < head.length) this.#data.fire(head.subarray(end + 1));
  }

  #end(code: number | null): void {
    this.#ended.fire(code);
    this.#data.dispose();
  }

  dispose(): void {
    const { pid } = this.#child;
    if (this.#ended.hasFired || pid === undefined) return;
    this.#child.stdin?.end();
    killGroup(pid);
    this.#child.stdout?.destroy();
  }
}

function scriptCommand(words: readonly string[]): string[] {
  if (process.platform !== 'linux') return ['script', '-q', '/dev/null', ...words];
  return ['script', '-qefc', words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' '), '/dev/null'];
}
