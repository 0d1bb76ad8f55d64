import { toDisposable } from './disposable.js';
import { Emitter, type Event } from './emitter.js';

/** The owner's side of an event that comes once, such as an end. One who subscribes after it is told, too. */
export class OnceEmitter<T> {
  readonly #emitter = new Emitter<T>();
  #fired: { readonly value: T } | undefined;

  get hasFired(): boolean {
    return this.#fired !== undefined;
  }

  /** What it came with; undefined before. */
  get value(): T | undefined {
    return this.#fired?.value;
  }

  readonly event: Event<T> = (listener) => {
    const fired = this.#fired;
    if (fired === undefined) return this.#emitter.event(listener);
    let wanted = true;
    queueMicrotask(() => {
      if (wanted) listener(fired.value);
    });
    return toDisposable(() => {
      wanted = false;
    });
  };

  /** Only the first time counts. */
  fire(value: T): void {
    if (this.#fired !== undefined) return;
    this.#fired = { value };
    this.#emitter.fire(value);
    this.#emitter.dispose();
  }

  /** Forgets who listens; one who subscribes after {@link fire} is still told. */
  dispose(): void {
    this.#emitter.dispose();
  }
}
