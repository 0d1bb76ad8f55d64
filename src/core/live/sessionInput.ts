import { delay, KeyedMutex } from '../../common/async.js';
import { crashPoint } from '../../common/crashPoint.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { InputBox, pasteable, pasteTaken, QUIET_MS, submit, typeable, type ReadBox } from './textInput.js';
import type { Screens } from './screens.js';
import type { SessionScope } from './sessionScope.js';
import { Emitter } from '../../common/emitter.js';

/** Types into one session while nobody else of this server does. */
export interface Typist {
  keys(keys: readonly string[]): Promise<void>;
  /** As a paste, and once the program has taken it the key that submits it. */
  text(text: string, enter: boolean): Promise<void>;
  /** Into its input box, submitted. @throws CodeManagerError `timeout` when it stands there all the same */
  prompt(text: string): Promise<void>;
}

/** When a text goes, and how. */
export interface SendGates {
  /** Called right before it is typed, while nobody else of this server types; nothing is typed when it rejects. */
  readonly mayGo: (typist: Typist) => Promise<void>;
  /**
   * Called with what the input box shows before the text is submitted; true when something had come in front of it and
   * the box is empty again: then the text is typed once more. Nothing is submitted when it rejects.
   */
  readonly mustGoAgain: (draft: string, typist: Typist) => Promise<boolean>;
}

/** What became of a text that was not submitted. */
const NOT_TAKEN = 'stands in its input box and was not taken';

/** What ends most programs that do not listen to it. */
const BREAK_KEY = 'C-c';

/** Types into sessions: one thing after another in each. */
export class SessionInput {
  readonly #scope: SessionScope;
  readonly #screens: Pick<Screens, 'box'>;
  readonly #typing = new KeyedMutex();
  readonly #taskUntaken = new Emitter<{ readonly id: string; readonly reason: string }>();

  /** Fires when the task that was typed into a session was not taken, with the reason. */
  readonly onTaskUntaken = this.#taskUntaken.event;

  constructor(scope: SessionScope, screens: Pick<Screens, 'box'>) {
    this.#scope = scope;
    this.#screens = screens;
  }

  /** A person types in an attached terminal at this moment. */
  async isTyping(id: string, withinMs: number): Promise<boolean> {
    const { machine, tmux } = this.#scope;
    const writers = (await tmux.attached(id)).filter(({ readOnly }) => !readOnly);
    const newest = Math.max(0, ...writers.map(({ activity }) => activity));
    // Seconds of that host's own clock.
    return newest > 0 && (await machine.now()) - newest * 1000 < withinMs;
  }

  /** Somebody is attached, has scrolled up or opened a list of tmux over it, and did something there this recently. */
  async isScrolled(id: string, withinMs: number): Promise<boolean> {
    const { tmux, live } = this.#scope;
    const session = live.get(id);
    return session !== undefined && (await tmux.isInMode(session.pane.pane)) && (await this.isTyping(id, withinMs));
  }

  /**
   * Types text as a paste and submits it once the program has taken it.
   */
  async send(id: string, text: string, enter: boolean, gates?: SendGates): Promise<void> {
    await this.#typing.run(id, async () => {
      await gates?.mayGo(this.#typist(id));
      await this.#type(id, text, enter, this.#screens.box(id), gates?.mustGoAgain);
    });
  }

  async #type(
    id: string,
    text: string,
    enter: boolean,
    read?: ReadBox,
    mustGoAgain?: SendGates['mustGoAgain'],
  ): Promise<void> {
    const { tmux, live, table } = this.#scope;
    const session = live.need(id);
    const clean = read && enter ? typeable(pasteable(text)) : pasteable(text);
    const box = read && enter ? await InputBox.watch(read, clean) : undefined;
    if (clean !== '') {
      const before = session.outputs;
      await tmux.paste(session.pane.pane, clean);
      if (enter) await pasteTaken(clean, () => session.outputs, before, box);
      const draft = mustGoAgain && box && (await box.look()).draft;
      if (draft != null && (await mustGoAgain?.(draft, this.#typist(id)))) return this.#type(id, text, enter, read);
    }
    if (!enter || (await submit(clean, () => tmux.keys(session.pane.pane, ['Enter']), box))) return;
    throw new CodeManagerError('timeout', `The text ${NOT_TAKEN}`, {
      hint: `Look there: cm attach ${table.get(id)?.name ?? id}`,
    });
  }

  /** Nothing else is typed into the session until `task` is done. */
  exclusively<T>(id: string, task: (typist: Typist) => Promise<T>): Promise<T> {
    return this.#typing.run(id, () => task(this.#typist(id)));
  }

  #typist(id: string): Typist {
    const { tmux, live } = this.#scope;
    return {
      keys: (keys) => tmux.keys(live.need(id).pane.pane, keys),
      // A dialog has a line of its own, and whoever answers it looks what became of it.
      text: (text, enter) => this.#type(id, text, enter),
      prompt: (text) => this.#type(id, text, true, this.#screens.box(id)),
    };
  }

  async keys(id: string, keys: readonly string[]): Promise<void> {
    await this.#typing.run(id, () => this.#press(id, keys));
  }

  /**
   * One key after another, for programs that take two at once for one.
   *
   * @param mayGoOn asked before each further key: when it says no, that and the rest are not pressed
   */
  async keysInTurn(id: string, keys: readonly string[], gapMs: number, mayGoOn: () => Promise<boolean>): Promise<void> {
    await this.#typing.run(id, async () => {
      for (const [index, key] of keys.entries()) {
        if (index > 0) {
          await delay(gapMs);
          if (!(await mayGoOn())) return;
        }
        await this.#press(id, [key]);
      }
    });
  }

  async #press(id: string, keys: readonly string[]): Promise<void> {
    const { tmux, live } = this.#scope;
    const session = live.need(id);
    if (keys.includes(BREAK_KEY)) session.brokenOff = performance.now();
    await tmux.keys(session.pane.pane, keys);
  }

  /**
   * Types the task of a session that takes it so. tmux notes each step together with doing it, so that whoever goes on
   * after a crash neither repeats nor skips one. A task that stands in the input box all the same stays to be submitted.
   */
  async deliverTask(id: string): Promise<void> {
    const { tmux, table, live } = this.#scope;
    const read = this.#screens.box(id);
    await this.#typing.run(id, async () => {
      const record = table.get(id);
      if (record?.delivery !== 'pending' && record?.delivery !== 'typing') return;
      await table.patch(id, { delivery: 'typing' });
      const session = live.need(id);
      const { pane } = session.pane;
      const mark = await tmux.mark(pane);
      const text = read ? typeable(pasteable(record.task)) : pasteable(record.task);
      const box = read && (await InputBox.watch(read, text));
      if (mark === '' && text !== '') {
        const before = session.outputs;
        crashPoint('before-paste');
        await tmux.paste(pane, text, 'pasted');
        crashPoint('after-paste');
        await pasteTaken(text, () => session.outputs, before, box);
      } else {
        await delay(QUIET_MS);
      }
      const press = (): Promise<void> => tmux.keys(pane, ['Enter'], 'sent');
      const isDue = mark !== 'sent' || (box !== undefined && (await box.holds(text)));
      const isTaken = !isDue || (await submit(text, press, box));
      crashPoint('after-submit');
      if (isTaken) await table.patch(id, { delivery: 'done' });
      else this.#taskUntaken.fire({ id, reason: `The task ${NOT_TAKEN}` });
    });
  }
}
