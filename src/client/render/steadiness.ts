/** How long the letters of a text that grows have stayed the same, from its begin on, in steps. */
export class Steadiness {
  #text = '';
  #step = 0;
  /** Lengths of the parts of the text, and when each came. */
  #parts: { length: number; readonly since: number }[] = [];

  /** The text is this at the moment. */
  see(text: string): void {
    const same = commonStart(this.#text, text);
    this.#cut(same);
    if (text.length > same) this.#parts.push({ length: text.length - same, since: this.#step });
    this.#text = text;
  }

  /** A step has passed. */
  next(): void {
    this.#step++;
  }

  /** So many letters have stayed the same for that many steps. */
  steady(steps: number): number {
    let count = 0;
    for (const { length, since } of this.#parts) {
      if (this.#step - since < steps) break;
      count += length;
    }
    return count;
  }

  /** So many letters at its begin do not belong to the text any more. */
  drop(count: number): void {
    this.#text = this.#text.slice(count);
    for (let left = count; left > 0 && this.#parts[0] !== undefined;) {
      const part = this.#parts[0];
      const taken = Math.min(left, part.length);
      part.length -= taken;
      left -= taken;
      if (part.length === 0) this.#parts.shift();
    }
  }

  /** Keeps only so many letters. */
  #cut(count: number): void {
    let left = count;
    const kept = this.#parts.findIndex((part) => (left -= part.length) < 0);
    if (kept < 0) return;
    const part = this.#parts[kept];
    if (part) part.length += left;
    this.#parts.length = part?.length === 0 ? kept : kept + 1;
  }
}

function commonStart(a: string, b: string): number {
  if (b.startsWith(a)) return a.length;
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
