import { toDisposable, type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { ProcessStream } from '../../core/machine.js';
import { errorText } from '../../protocol/errors.js';
import type { Program, ProgramExit } from './program.js';

const MAX_HELD_BYTES = 1024 * 1024;

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** A program that is being started on a host, as a stream. One that cannot be started ends with code 127 and the reason. */
export class HostProcess implements ProcessStream {
  readonly #data = new Emitter<Uint8Array>();
  readonly #ended = new Emitter<Exit>();
  #program: Program | undefined;
  /** What is written before it runs. */
  #unsent: string[] = [];
  #exit: Exit | undefined;
  /** Output that came before anybody listened; undefined once somebody does. */
  #held: Uint8Array[] | undefined = [];
  #heldBytes = 0;
  #disposed = false;

  constructor(starting: Promise<Program>) {
    starting.then(
      (program) => this.#run(program),
      (error: unknown) => this.#end({ code: 127, signal: null, stderr: errorText(error) }),
    );
  }

  get pid(): number | undefined {
    return this.#program?.pid;
  }

  write(data: string): void {
    if (this.#program === undefined) this.#unsent.push(data);
    else void this.#program.write(data);
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

  dispose(): void {
    this.#disposed = true;
    this.#program?.dispose();
  }

  #run(program: Program): void {
    if (this.#disposed) {
      program.dispose();
      this.#end({ code: null, signal: 'SIGTERM', stderr: '' });
      return;
    }
    this.#program = program;
    program.onData((data) => this.#take(data));
    program.onExit(({ code, signal, stderr, error }: ProgramExit) =>
      this.#end(error === undefined ? { code, signal, stderr } : { code, signal, stderr: errorText(error) }),
    );
    for (const data of this.#unsent) void program.write(data);
    this.#unsent = [];
    program.resume();
  }

  #take(data: Uint8Array): void {
    if (this.#held === undefined) {
      this.#data.fire(data);
      return;
    }
    this.#held.push(Uint8Array.from(data));
    this.#heldBytes += data.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#program?.pause();
  }

  #release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    for (const data of held) this.#data.fire(data);
    this.#program?.resume();
  }

  #end(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    this.#ended.fire(exit);
    this.#ended.dispose();
  }
}
