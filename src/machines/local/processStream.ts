import type { ChildProcess } from 'node:child_process';
import { Emitter } from '../../common/emitter.js';
import { toDisposable, type Disposable } from '../../common/disposable.js';
import type { ProcessStream, RunOptions } from '../../core/machine.js';
import { errorText } from '../../protocol/errors.js';
import { closeAfterExit, killGroup, spawnDetached, toStartError } from './runProcess.js';

const MAX_STDERR_BYTES = 64 * 1024;
const MAX_HELD_BYTES = 1024 * 1024;
/** How long a disposed process has to end by itself once its input is closed. */
const POLITE_MS = 1000;

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** A process of this machine with its streams open. One that cannot be started ends with code 127 and the reason. */
export class LocalProcessStream implements ProcessStream {
  readonly #child: ChildProcess | undefined;
  readonly #data = new Emitter<Uint8Array>();
  readonly #ended = new Emitter<Exit>();
  readonly #stderr: Buffer[] = [];
  #stderrBytes = 0;
  #exit: Exit | undefined;
  /** Output that came before anybody listened; undefined once somebody does. */
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;
  #disposed = false;

  constructor(
    command: readonly string[],
    options: Pick<RunOptions, 'cwd'> & { readonly env: Readonly<Record<string, string>> },
  ) {
    try {
      this.#child = spawnDetached(command, options, ['pipe', 'pipe', 'pipe']);
    } catch (error) {
      queueMicrotask(() => this.#end({ code: 127, signal: null, stderr: errorText(error) }));
      return;
    }
    const child = this.#child;
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#keepStderr(chunk));
    child.once('error', (error) => {
      // Also said of a signal that could not be sent, when the process goes on.
      if (child.pid !== undefined) return;
      this.#end({ code: 127, signal: null, stderr: errorText(toStartError(error, command, options.cwd)) });
    });
    closeAfterExit(child);
    child.once('close', (code, signal) => {
      this.#end({ code, signal, stderr: Buffer.concat(this.#stderr).toString() });
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  write(data: string): void {
    const stdin = this.#child?.stdin;
    if (stdin?.writable === true) stdin.write(data);
  }

  /** What comes before the first listener is held for it, unless somebody waits for the end without one. */
  readonly onData = (listener: (data: Uint8Array) => void): Disposable => {
    const subscription = this.#data.event(listener);
    if (this.#held !== undefined) queueMicrotask(() => this.#release());
    return subscription;
  };

  /** One who asks after the end is told, too. */
  readonly onExit = (listener: (exit: Exit) => void): Disposable => {
    const exit = this.#exit;
    if (exit === undefined) {
      // A program whose output nobody takes would never end; one who wants both asks for both at once.
      setImmediate(() => this.#release());
      return this.#ended.event(listener);
    }
    let wanted = true;
    queueMicrotask(() => {
      if (wanted) listener(exit);
    });
    return toDisposable(() => {
      wanted = false;
    });
  };

  /** Closes its input and ends it with all of its group. */
  dispose(): void {
    const child = this.#child;
    if (this.#disposed || child?.pid === undefined || this.#exit !== undefined) return;
    this.#disposed = true;
    child.stdin?.end();
    const { pid } = child;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch {
      return;
    }
    const timer = setTimeout(() => killGroup(pid), POLITE_MS);
    timer.unref();
    child.once('close', () => clearTimeout(timer));
  }

  #take(chunk: Buffer): void {
    if (this.#held === undefined) {
      this.#data.fire(chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#child?.stdout?.pause();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const chunk of held) this.#data.fire(chunk);
    this.#child?.stdout?.resume();
  }

  #keepStderr(chunk: Buffer): void {
    this.#stderr.push(chunk);
    this.#stderrBytes += chunk.length;
    while (this.#stderrBytes > MAX_STDERR_BYTES && this.#stderr.length > 1) {
      this.#stderrBytes -= this.#stderr.shift()?.length ?? 0;
    }
  }

  #end(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    this.#ended.fire(exit);
    this.#ended.dispose();
  }
}
