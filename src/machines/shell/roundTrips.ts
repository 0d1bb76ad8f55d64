/**
 * Counts round trips: how often something was sent after something had come since the last time. What is sent together,
 * on whatever channels, counts as one.
 */
export class RoundTrips {
  #count = 0;
  #waits = false;

  get count(): number {
    return this.#count;
  }

  sent(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#count++;
  }

  received(): void {
    this.#waits = false;
  }
}
