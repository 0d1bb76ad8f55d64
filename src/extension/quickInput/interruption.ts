import { Emitter, type Event } from '../../common/emitter.js';

/** The window has one place for quick input. What has to be asked in between takes it, and gives it back. */
class Interruption {
  readonly #over = new Emitter<void>();
  #running = 0;

  /** A step that is hidden now was not left by the person. */
  get isRunning(): boolean {
    return this.#running > 0;
  }

  /** Steps that were hidden may come back. */
  get onOver(): Event<void> {
    return this.#over.event;
  }

  async run<T>(ask: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await ask();
    } finally {
      this.#running--;
      if (this.#running === 0) this.#over.fire();
    }
  }
}

export const interruption = new Interruption();
