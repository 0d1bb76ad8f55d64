/** Finds the stamps `@NUMBER:TIME` of the writers in a stream of text, also those cut between two pieces. */
export class StampReader {
  readonly #end: RegExp;
  #rest = '';

  /** @param end what follows a stamp, as the source of a regular expression */
  constructor(end = '[\\r\\n]') {
    this.#end = new RegExp(`@(\\d+):(\\d+)${end}`, 'g');
  }

  push(text: string): { number: number; ms: number }[] {
    const whole = this.#rest + text;
    const found: { number: number; ms: number }[] = [];
    let last = 0;
    for (const match of whole.matchAll(this.#end)) {
      found.push({ number: Number(match[1]), ms: Number(match[2]) / 1e6 });
      last = match.index + match[0].length;
    }
    this.#rest = whole.slice(last).slice(-100);
    return found;
  }
}
