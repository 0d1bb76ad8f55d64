import { delay } from '../../common/async.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { ScreenOption } from '../../protocol/screen.js';
import type { SeenScreen } from '../live/screens.js';
import { guardChoice } from './guards.js';

export interface SeveralRouteOptions {
  /** The screen, when it still asks the same. Throws when it does not. */
  readonly read: () => Promise<SeenScreen>;
  /** Presses a key once everything allows it. */
  readonly press: (key: string) => Promise<void>;
  /** The dialog's list is longer than its screen. */
  readonly isLong: boolean;
  /** A key ends the choice, and no row of the list. */
  readonly endsByKey: boolean;
}

/** The cursor moves within this time, and a mark is drawn. */
const HEARD_MS = 1_500;
const LOOK_EVERY_MS = 25;
const MOST_OPTIONS = 60;

/** Chooses several options of one list: goes down it from its top, leaves each as it is meant, and stops at its end. */
export class SeveralRoute {
  readonly #options: SeveralRouteOptions;

  constructor(options: SeveralRouteOptions) {
    this.#options = options;
  }

  /**
   * Chooses these and no others; the cursor stands then on the row that ends the choice, where one does, as the screen
   * shows it.
   *
   * @throws CodeManagerError `invalid` when it has no such option, before any of them was changed
   */
  async choose(labels: readonly string[]): Promise<void> {
    const wanted = this.#options.isLong ? await this.#whole(labels) : labels;
    await this.#down(async (option) => {
      if (option.ticked !== undefined && option.ticked !== wanted.includes(option.label)) await this.#toggle(option);
      return false;
    });
    guardChoice((await this.#options.read()).options, wanted, this.#options.endsByKey);
  }

  /** Moves the cursor down a list that is longer than its screen until an option with these words is shown. */
  async find(label: string): Promise<void> {
    const isThere = ({ options }: SeenScreen): boolean => options.some((option) => option.label === label);
    if (isThere(await this.#options.read())) return;
    const seen: string[] = [];
    await this.#down(async (option) => {
      seen.push(option.label);
      return isThere(await this.#options.read());
    });
    if (!isThere(await this.#options.read())) throw noSuch(seen);
  }

  /** The labels in whole, once the list was gone through. */
  async #whole(labels: readonly string[]): Promise<readonly string[]> {
    const seen: string[] = [];
    await this.#down((option) => {
      if (option.ticked !== undefined) seen.push(option.label);
      return Promise.resolve(false);
    });
    return labels.map((label) => {
      const plain = label.trim().toLowerCase();
      const found =
        seen.find((one) => one.toLowerCase() === plain) ?? seen.find((one) => one.toLowerCase().startsWith(plain));
      if (found === undefined) throw noSuch(seen);
      return found;
    });
  }

  /** From its top to its end. @param visit whether to stop at this option */
  async #down(visit: (option: ScreenOption) => Promise<boolean>): Promise<void> {
    await this.#toTop();
    let last: ScreenOption | undefined;
    for (let steps = 0; steps <= MOST_OPTIONS; steps++) {
      const option = await this.#cursor();
      // The end of a list that has no row for it: its cursor stays there, or goes back to its top.
      if (option.finishes === true || (last !== undefined && (isOne(last, option) || isBefore(option, last)))) return;
      if (await visit(option)) return;
      last = option;
      await this.#options.press('Down');
      await this.#until(async () => !isOne(await this.#cursor(), option));
    }
  }

  async #toTop(): Promise<void> {
    for (let steps = 0; steps <= MOST_OPTIONS; steps++) {
      const option = await this.#cursor();
      if (option.number === 1) return;
      await this.#options.press('Up');
      await this.#until(async () => !isOne(await this.#cursor(), option));
    }
  }

  async #toggle(option: ScreenOption): Promise<void> {
    await this.#options.press('Enter');
    if (await this.#until(async () => (await this.#cursor()).ticked !== option.ticked)) return;
    throw new CodeManagerError('conflict', `Whether “${option.label}” is chosen cannot be read`, {
      hint: 'Answer it in its terminal: cm attach.',
    });
  }

  async #cursor(): Promise<ScreenOption> {
    const { options } = await this.#options.read();
    const [option, ...more] = options.filter(({ selected }) => selected === true);
    if (option && more.length === 0) return option;
    throw new CodeManagerError('conflict', 'Where its cursor stands cannot be read', {
      hint: 'Answer it in its terminal: cm attach.',
    });
  }

  async #until(isSo: () => Promise<boolean>): Promise<boolean> {
    const end = performance.now() + HEARD_MS;
    do {
      if (await isSo()) return true;
      await delay(LOOK_EVERY_MS);
    } while (performance.now() < end);
    return false;
  }
}

function isBefore(a: ScreenOption, b: ScreenOption): boolean {
  return a.number !== undefined && b.number !== undefined && a.number < b.number;
}

function isOne(a: ScreenOption, b: ScreenOption): boolean {
  return a.label === b.label && a.number === b.number;
}

function noSuch(labels: readonly string[]): CodeManagerError {
  return new CodeManagerError('invalid', 'No option fits', {
    hint: `Choose among its options: ${labels.map((label) => `“${label}”`).join(', ')}.`,
  });
}
