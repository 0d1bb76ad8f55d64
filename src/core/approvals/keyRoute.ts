import { delay } from '../../common/async.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import type { ScreenOption } from '../../protocol/screen.js';
import type { SeenScreen } from '../live/screens.js';
import type { Typist } from '../live/sessionInput.js';
import { GONE_MS, type DialogWatch, type LastRead } from './dialogWatch.js';
import { guardCursor, guardDialog, guardNoDraft, guardOption, guardSame, isShown } from './guards.js';
import { labelKey } from '../state/sameRequest.js';
import { SeveralRoute } from './severalRoute.js';
import type { ResolvedAnswer } from './resolveAnswer.js';

export interface KeyRouteOptions {
  readonly name: string;
  readonly request: PendingRequest;
  readonly typist: Typist;
  /** Enter opens an option for text of one's own. */
  readonly ownAnswerOpens: boolean;
  /** Ends a choice of several where no row of the list does. */
  readonly finishKey: string | undefined;
  readonly dialog: DialogWatch;
  /** Reads the screen now, and lets the one who follows the session's state see it. */
  readonly look: () => Promise<SeenScreen>;
  /** Throws when the request is not the pending one, as far as is known after the last look. */
  readonly mustBePending: () => void;
  /** Throws when nothing may be typed at this moment. */
  readonly mayType: () => Promise<void>;
  /** Called once, before the first key: the answer is on record when it resolves. */
  readonly onFirstKey: () => Promise<void>;
}

/** A dialog that stands there is drawn whole within this time. */
const DRAWN_MS = 400;
/** The cursor moves within this time, else the key was not heard. */
const MOVE_MS = 1_500;
/** A number that chooses has done so within this time, mostly. */
const HEARD_MS = 2_000;
/** A list that hears a number only to move its cursor there. */
const CONFIRM_MS = 700;
/** After a denial the input box is there within this time. */
const IDLE_MS = 6_000;
/** A program that still ends its turn drops the Enter behind a text: its screen has been the same for so long then. */
const RESTS_MS = 300;
const LOOK_EVERY_MS = 25;
/** Stands among the keys for text that was typed. */
const TEXT = '(text)';

const NUMBER = /^\d$/u;

/** Answers a dialog in the terminal as a careful person would: reads, chooses by the words, reads again, looks after it. */
export class KeyRoute {
  readonly #options: KeyRouteOptions;
  readonly #sent: string[] = [];

  constructor(options: KeyRouteOptions) {
    this.#options = options;
  }

  /** Keys that were pressed so far, by their tmux names. */
  get sent(): readonly string[] {
    return this.#sent;
  }

  /** True when the dialog has gone afterwards. @throws CodeManagerError `conflict` before any key that must not go */
  async answer({ option: label, text, several }: ResolvedAnswer): Promise<boolean> {
    const screen = await this.#read();
    if (several !== null) return await this.#choose(several);
    if (this.#options.request.more === true) {
      await this.#list.find(label);
      return await this.#atCursor(label);
    }
    const option = guardOption(screen.options, label);
    const direct = text === null ? directKey(option, this.#options.request) : undefined;
    if (direct !== undefined) {
      const { before } = this.#options.dialog;
      await this.#press(direct);
      if (option.selected !== null && NUMBER.test(direct)) {
        return (await this.#isGone(HEARD_MS)) || (await this.#byCursor(option, before));
      }
      const isWhole = direct === 'Enter' || this.#options.request.kind !== 'question';
      if (option.selected !== null || isWhole) return this.#isGone(GONE_MS);
      if (await this.#isGone(CONFIRM_MS)) return true;
      await this.#press('Enter');
      return this.#isGone(GONE_MS);
    }
    await this.#moveTo(label, screen.options);
    if (text !== null) {
      if (this.#options.ownAnswerOpens) await this.#open();
      await this.#begin();
      this.#sent.push(TEXT, 'Enter');
      await this.#options.typist.text(text, true);
      return this.#isGone(GONE_MS);
    }
    await this.#press('Enter');
    return this.#isGone(GONE_MS);
  }

  get #list(): SeveralRoute {
    return new SeveralRoute({
      read: () => this.#read(),
      press: (key) => this.#press(key),
      isLong: this.#options.request.more === true,
      endsByKey: this.#options.finishKey !== undefined,
    });
  }

  async #choose(labels: readonly string[]): Promise<boolean> {
    await this.#list.choose(labels);
    await this.#press(this.#options.finishKey ?? 'Enter');
    return (await this.#isGone(GONE_MS)) && (await this.#confirm());
  }

  /** Of a list that is longer than its screen: what is shown moves with its cursor. */
  async #atCursor(label: string): Promise<boolean> {
    await this.#moveTo(label, (await this.#read()).options);
    await this.#press('Enter');
    return this.#isGone(GONE_MS);
  }

  /** Whether the one answer was meant is asked once more by some, right after it; whoever gave it has said so. */
  async #confirm(): Promise<boolean> {
    const { look, mayType, typist } = this.#options;
    const end = performance.now() + DRAWN_MS;
    let screen = await look();
    while (screen.confirms === null && performance.now() < end) {
      await delay(LOOK_EVERY_MS);
      screen = await look();
    }
    if (screen.confirms === null) return true;
    // Where nothing else stands there Enter can mean nothing else.
    if (screen.options.length > 1) guardCursor(screen.options, screen.confirms);
    await mayType();
    this.#sent.push('Enter');
    await typist.keys(['Enter']);
    const gone = performance.now() + GONE_MS;
    while ((await look()).confirms !== null) {
      if (performance.now() > gone) return false;
      await delay(LOOK_EVERY_MS);
    }
    return true;
  }

  /** The screen, when it still asks the same. */
  async #read(): Promise<SeenScreen> {
    const { dialog, request, name, mustBePending } = this.#options;
    let screen = await dialog.read();
    // It may be caught while it is drawn anew.
    for (const end = performance.now() + DRAWN_MS; !isShown(request, screen) && performance.now() < end;) {
      mustBePending();
      await delay(LOOK_EVERY_MS);
      screen = await dialog.read();
    }
    guardDialog(screen);
    guardSame(request, screen);
    guardNoDraft(screen, name);
    return screen;
  }

  /**
   * The option's number moved the cursor and no more, or was dropped: programs do so to a key that comes right after typing. Keys
   * are heard in their order, so one that moves the cursor shows that the number will not count any more.
   */
  async #byCursor({ label, selected }: ScreenOption, before: LastRead): Promise<boolean> {
    try {
      const { options } = await this.#read();
      const at = options.findIndex((option) => option.selected === true);
      if (selected === true && labelKey(options[at]?.label ?? '') === labelKey(label)) {
        await this.#press(at + 1 < options.length ? 'Down' : 'Up');
        const moved = await this.#moved(at);
        if (moved[at]?.selected === true) return await this.#isGone(GONE_MS);
        await this.#moveTo(label, moved);
      } else {
        await this.#moveTo(label, options);
      }
      if (await this.#options.dialog.hasMovedOn(before, await this.#options.look())) return true;
      await this.#press('Enter');
    } catch (error) {
      // The number was heard late, or a person is in the way: it has gone, or it stays.
      if (!(error instanceof CodeManagerError) || error.code !== 'conflict') throw error;
      this.#options.dialog.before = before;
    }
    return this.#isGone(GONE_MS);
  }

  /** Moves the cursor step by step, reading where it is after each. */
  async #moveTo(label: string, options: readonly ScreenOption[]): Promise<void> {
    let now = options;
    for (let steps = 0; steps <= 2 * options.length; steps++) {
      const at = now.findIndex(({ selected }) => selected === true);
      const wanted = now.indexOf(guardOption(now, label));
      if (at < 0) {
        throw new CodeManagerError('conflict', 'Where its cursor stands cannot be read', {
          hint: `Answer it in its terminal: cm attach ${this.#options.name}`,
        });
      }
      if (at === wanted) break;
      await this.#press(arrowOf(now[wanted]) ?? (at < wanted ? 'Down' : 'Up'));
      now = await this.#moved(at);
    }
    const { options: last } = await this.#read();
    guardCursor(last, label);
  }

  async #moved(from: number): Promise<readonly ScreenOption[]> {
    const end = performance.now() + MOVE_MS;
    for (;;) {
      const { options } = await this.#read();
      if (options.findIndex(({ selected }) => selected === true) !== from || performance.now() > end) return options;
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Opens the option under the cursor, and waits until its field is drawn. */
  async #open(): Promise<void> {
    const { lines: before } = await this.#read();
    await this.#press('Enter');
    const end = performance.now() + MOVE_MS;
    for (;;) {
      const { lines } = await this.#read();
      if (lines.join('\n') !== before.join('\n') || performance.now() > end) return;
      await delay(LOOK_EVERY_MS);
    }
  }

  async #press(key: string): Promise<void> {
    await this.#begin();
    this.#sent.push(key);
    await this.#options.typist.keys([key]);
  }

  /** Right before anything is sent. */
  async #begin(): Promise<void> {
    await this.#options.mayType();
    this.#options.mustBePending();
    if (this.#sent.length === 0) await this.#options.onFirstKey();
  }

  #isGone(withinMs: number): Promise<boolean> {
    return this.#options.dialog.isGone(withinMs);
  }

  /**
   * Types a reason as the next prompt, once its input box is there and empty.
   *
   * @returns why that is not to be had, one clause; null when it was typed
   */
  async sayWhy(reason: string): Promise<string | null> {
    const { look, typist, request, name, mayType } = this.#options;
    const end = performance.now() + IDLE_MS;
    let seen = { text: '', since: 0 };
    while (performance.now() < end) {
      const screen = await look();
      if (screen.screen !== seen.text) seen = { text: screen.screen, since: performance.now() };
      // Whoever heard of the denial first may still see the dialog.
      if (screen.state === 'waiting' && !isShown(request, screen)) return 'it asks something else';
      if (screen.state === 'idle' && performance.now() >= seen.since + RESTS_MS) {
        guardNoDraft(screen, name);
        await mayType();
        await typist.prompt(reason);
        return null;
      }
      await delay(LOOK_EVERY_MS);
    }
    return `the input box of ${name} is not free`;
  }
}

const ARROWS: ReadonlySet<string> = new Set(['Up', 'Down', 'Left', 'Right']);

/** The one key that chooses an option as its label or its number says; undefined when the cursor has to be moved. */
function directKey({ keys, selected }: ScreenOption, { kind }: PendingRequest): string | undefined {
  const [key, ...more] = keys ?? [];
  // Where there is no cursor Enter is what the dialog says of itself.
  if (key === 'Enter' && more.length === 0 && selected === null) return key;
  // Other lists take a number in different ways, or not at all; where the cursor can be seen it is moved.
  if (key === undefined || more.length > 0 || (kind !== 'permission' && selected !== null)) return undefined;
  return ARROWS.has(key) || key === 'Enter' ? undefined : key;
}

/** The first step on the way to an option, as its screen says it. */
function arrowOf(option: ScreenOption | undefined): string | undefined {
  const [key] = option?.keys ?? [];
  return key !== undefined && ARROWS.has(key) ? key : undefined;
}
