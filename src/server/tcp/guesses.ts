import { systemClock, type Clock } from '../../common/async.js';

/** Wrong tokens that are answered soon: a person copies the wrong one, a client has an old one. */
const FREE = 5;
const SOON_MS = 250;
/** Sooner than the connection is given up. */
const LATE_MS = 1_500;
/** After so long without a wrong token an address is as good as new. */
const FORGET_MS = 60 * 60_000;
/** Many from one address are told of so often. */
const TELL_MS = 60_000;
const MAX_ADDRESSES = 10_000;

interface Wrong {
  readonly count: number;
  readonly last: number;
  readonly told: number;
}

/** Counts wrong tokens by address, so that many are answered late. A right one is never held up by them. */
export class Guesses {
  readonly #clock: Clock;
  readonly #wrong = new Map<string, Wrong>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** One came. `waitMs`: when it is answered; `count`: how many came, where that is worth a line in the log, else 0. */
  wrong(address: string): { readonly waitMs: number; readonly count: number } {
    const key = groupOf(address);
    const now = this.#clock.now();
    const before = this.#wrong.get(key);
    const count = before === undefined || now - before.last > FORGET_MS ? 1 : before.count + 1;
    const isTold = before === undefined || count <= FREE || now - before.told > TELL_MS;
    // Put in anew, so that the oldest one is the first to be forgotten.
    this.#wrong.delete(key);
    this.#wrong.set(key, { count, last: now, told: isTold ? now : before.told });
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > MAX_ADDRESSES && oldest !== undefined) this.#wrong.delete(oldest);
    return { waitMs: count > FREE ? LATE_MS : SOON_MS, count: isTold ? count : 0 };
  }
}

/** Whoever has an IPv6 address has all of its network. */
function groupOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const words = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return words
    .slice(0, 4)
    .map((word) => Number.parseInt(word, 16).toString(16))
    .join(':');
}
