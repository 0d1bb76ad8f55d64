import type { ChildProcess } from 'node:child_process';
import type { ProcessStream, RunOptions } from '../../core/machine/machine.js';
import { errorText } from '../../protocol/errors.js';
import { ProcessEvents } from '../processEvents.js';
import { closeAfterExit, killGroup, spawnDetached, toStartError } from './runProcess.js';

const MAX_STDERR_BYTES = 64 * 1024;
/** How long a disposed process has to end by itself once its input is closed. */
const POLITE_MS = 1000;

/** A process of this machine with its streams open. One that cannot be started ends with code 127 and the reason. */
export class LocalProcessStream implements ProcessStream {
  readonly #child: ChildProcess | undefined;
  readonly #events = new ProcessEvents({
    pause: () => this.#child?.stdout?.pause(),
    resume: () => this.#child?.stdout?.resume(),
  });
  readonly #stderr: Buffer[] = [];
  #stderrBytes = 0;
  #disposed = false;

  constructor(
    command: readonly string[],
    options: Pick<RunOptions, 'cwd'> & { readonly env: Readonly<Record<string, string>> },
  ) {
    try {
      this.#child = spawnDetached(command, options, ['pipe', 'pipe', 'pipe']);
    } catch (error) {
      queueMicrotask(() => this.#events.end({ code: 127, signal: null, stderr: errorText(error) }));
      return;
    }
    const child = this.#child;
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => this.#events.take(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#keepStderr(chunk));
    child.once('error', (error) => {
      // Also said of a signal that could not be sent, when the process goes on.
      if (child.pid !== undefined) return;
      this.#events.end({ code: 127, signal: null, stderr: errorText(toStartError(error, command, options.cwd)) });
    });
    closeAfterExit(child);
    child.once('close', (code, signal) => {
      this.#events.end({ code, signal, stderr: Buffer.concat(this.#stderr).toString() });
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  write(data: string): void {
    const stdin = this.#child?.stdin;
    if (stdin?.writable === true) stdin.write(data);
  }

  readonly onData = this.#events.onData;
  readonly onExit = this.#events.onExit;

  /** Closes its input and ends it with all of its group. */
  dispose(): void {
    const child = this.#child;
    if (this.#disposed || child?.pid === undefined || this.#events.hasEnded) return;
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

  #keepStderr(chunk: Buffer): void {
    this.#stderr.push(chunk);
    this.#stderrBytes += chunk.length;
    while (this.#stderrBytes > MAX_STDERR_BYTES && this.#stderr.length > 1) {
      this.#stderrBytes -= this.#stderr.shift()?.length ?? 0;
    }
  }
}
