import type { ProcessStream } from '../../core/machine/machine.js';
import { errorText } from '../../protocol/errors.js';
import { ProcessEvents } from '../processEvents.js';
import type { Program, ProgramExit } from './program.js';

/** A program that is being started on a host, as a stream. One that cannot be started ends with code 127 and the reason. */
export class HostProcess implements ProcessStream {
  readonly #events = new ProcessEvents({
    pause: () => this.#program?.pause(),
    resume: () => this.#program?.resume(),
  });
  #program: Program | undefined;
  /** What is written before it runs. */
  #unsent: string[] = [];
  #disposed = false;

  constructor(starting: Promise<Program>) {
    starting.then(
      (program) => this.#run(program),
      (error: unknown) => this.#events.end({ code: 127, signal: null, stderr: errorText(error) }),
    );
  }

  get pid(): number | undefined {
    return this.#program?.pid;
  }

  write(data: string): void {
    if (this.#program === undefined) this.#unsent.push(data);
    else void this.#program.write(data);
  }

  readonly onData = this.#events.onData;
  readonly onExit = this.#events.onExit;

  dispose(): void {
    this.#disposed = true;
    this.#program?.dispose();
  }

  #run(program: Program): void {
    if (this.#disposed) {
      program.dispose();
      this.#events.end({ code: null, signal: 'SIGTERM', stderr: '' });
      return;
    }
    this.#program = program;
    program.onData((data) => this.#events.take(data));
    program.onExit(({ code, signal, stderr, error }: ProgramExit) =>
      this.#events.end(error === undefined ? { code, signal, stderr } : { code, signal, stderr: errorText(error) }),
    );
    for (const data of this.#unsent) void program.write(data);
    this.#unsent = [];
    program.resume();
  }
}
