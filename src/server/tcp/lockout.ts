import { systemClock, type Clock } from '../../common/async.js';

/** Wrong tokens that are forgiven: a person copies the wrong one, a client has an old one. */
const FREE_FAILURES = 5;
const FIRST_LOCK_MS = 1000;
const MAX_LOCK_MS = 5 * 60_000;
/** After so long without a failure an address is as good as new. */
const FORGET_MS = 60 * 60_000;
const MAX_ADDRESSES = 10_000;

interface Failures {
  readonly count: number;
  readonly last: number;
  readonly until: number;
}

/** Keeps addresses out that bring wrong tokens, longer with every one. */
export class Lockout {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** For how many milliseconds nothing is taken from an address; 0 when it is not locked out. */
  remaining(address: string): number {
    const failures = this.#failures.get(groupOf(address));
    return failures === undefined ? 0 : Math.max(0, failures.until - this.#clock.now());
  }

  /** @returns for how long the address is locked out now, in milliseconds */
  failed(address: string): number {
    const key = groupOf(address);
    const now = this.#clock.now();
    const before = this.#failures.get(key);
    const count = before === undefined || now - before.last > FORGET_MS ? 1 : before.count + 1;
    const over = count - FREE_FAILURES;
    const lock = over < 0 ? 0 : Math.min(MAX_LOCK_MS, FIRST_LOCK_MS * 2 ** Math.min(over, 20));
    // Put in anew, so that the oldest one is the first to be forgotten.
    this.#failures.delete(key);
    this.#failures.set(key, { count, last: now, until: now + lock });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_ADDRESSES && oldest !== undefined) this.#failures.delete(oldest);
    return lock;
  }

  succeeded(address: string): void {
    this.#failures.delete(groupOf(address));
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
