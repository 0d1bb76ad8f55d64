import { randomInt } from 'node:crypto';

// Crockford's alphabet in lower case: no i, l, o, u, so that an id is read aloud and typed without mistakes.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 2020-01-01T00:00:00Z: eight letters then last until 2054. */
const EPOCH = 1_577_836_800_000;
const TIME_LENGTH = 8;
const RANDOM_LENGTH = 4;

export const SESSION_ID_PATTERN = /^[0-9a-hjkmnp-tv-z]{12}$/;

function encode(value: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    text = (ALPHABET[value % 32] ?? '0') + text;
    value = Math.floor(value / 32);
  }
  return text;
}

/**
 * Makes ids of twelve letters that sort by the time of their making (milliseconds first, then 20 random bits that
 * only grow within one millisecond). Safe as a file name, a tmux session name and a shell word.
 */
export class IdGenerator {
  readonly #now: () => number;
  #lastTime = -1;
  #lastRandom = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  next(): string {
    // A clock that goes back must not break the order within one process.
    let time = Math.max(this.#now() - EPOCH, this.#lastTime);
    let random: number;
    if (time === this.#lastTime) {
      random = this.#lastRandom + 1 + randomInt(16);
      if (random >= 32 ** RANDOM_LENGTH) {
        time += 1;
        random = randomInt(1024);
      }
    } else {
      random = randomInt(32 ** RANDOM_LENGTH / 2);
    }
    this.#lastTime = time;
    this.#lastRandom = random;
    return encode(time, TIME_LENGTH) + encode(random, RANDOM_LENGTH);
  }
}
