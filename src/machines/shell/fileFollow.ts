import type { Disposable } from '../../common/disposable.js';
import type { FileSink } from '../../core/machine/machine.js';
import { quotePosix } from '../../common/quote.js';
import { whyNotWritten } from '../../core/store/printedError.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Program } from './program.js';

/** Prints a file from an offset on and what it gets; waits for one that is not there. Ends with its input. */
export function followScript(path: string, from: number): string {
  const file = quotePosix(path);
  return `exec 3<&0
(
while [ ! -f ${file} ]; do sleep 0.2 2>/dev/null || sleep 1; done
s=; tail -s 0.1 -c +1 /dev/null 2>/dev/null && s='-s 0.1'
tail $s -c +${from + 1} -f ${file}
kill -KILL 0
) &
cat <&3 >/dev/null
kill -KILL 0`;
}

/** A file that is followed on a channel of its own. */
export class FileStream implements Disposable {
  readonly #sink: FileSink;
  #offset: number;
  #program: Program | undefined;
  #disposed = false;

  constructor(starting: Promise<Program>, from: number, sink: FileSink) {
    this.#offset = from;
    this.#sink = sink;
    starting.then(
      (program) => this.#run(program),
      (error: unknown) => this.#fail(error),
    );
  }

  #run(program: Program): void {
    if (this.#disposed) return program.dispose();
    this.#program = program;
    let waiting = 0;
    program.onData((data) => {
      if (this.#disposed) return;
      const offset = this.#offset;
      this.#offset += data.length;
      const taken = this.#sink.data(offset, data);
      if (taken === undefined) return;
      if (waiting++ === 0) program.pause();
      taken.then(
        () => {
          if (--waiting === 0) program.resume();
        },
        (error: unknown) => this.#fail(error),
      );
    });
    program.onExit(({ error, stderr }) =>
      this.#fail(
        error ??
          new CodeManagerError('unavailable', `A file of the host cannot be followed: ${whyNotWritten(stderr).reason}`),
      ),
    );
    program.resume();
  }

  #fail(error: unknown): void {
    if (this.#disposed) return;
    this.dispose();
    this.#sink.fail(error);
  }

  dispose(): void {
    this.#disposed = true;
    this.#program?.dispose();
    this.#program = undefined;
  }
}
