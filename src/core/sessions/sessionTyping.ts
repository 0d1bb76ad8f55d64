import { delay } from '../../common/async.js';
import { truncate } from '../../common/text.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Params } from '../../protocol/requests.js';
import type { Tool } from '../../protocol/tool.js';
import { describe } from '../../protocol/word.js';
import { withoutBlanks } from '../state/sameRequest.js';
import type { SessionInput, Typist } from '../live/sessionInput.js';
import type { SessionStates } from '../live/sessionStates.js';
import type { Suspensions } from '../live/suspensions.js';
import type { Screens } from '../live/screens.js';
import type { SessionScope } from '../live/sessionScope.js';

/** What of the scope typing needs. */
export type TypingScope = Pick<SessionScope, 'table' | 'clock'>;

export interface SessionTypingOptions {
  /** @throws CodeManagerError when it does not run here */
  readonly running: (ref: string) => Promise<SessionRecord>;
  readonly tool: (record: SessionRecord) => Pick<Tool, 'interruptKeys'> & Partial<Pick<Tool, 'screen'>>;
  readonly screens: Pick<Screens, 'look' | 'works'>;
  readonly states: Pick<SessionStates, 'onGiven' | 'onInterrupted' | 'restoredDraft'>;
  readonly suspensions: Pick<Suspensions, 'look' | 'resume'>;
  readonly input: Pick<SessionInput, 'send' | 'keys' | 'keysInTurn' | 'isTyping' | 'isScrolled'>;
}

/** What a request does with `force` when somebody or something is in its way. */
const TYPES = 'types anyway';
/** A person who pressed a key this recently is typing. */
const TYPING_MS = 3_000;
/** A person who scrolled up this recently is reading there. */
const READING_MS = 60_000;
/** Some agents take two keys in a row for one. */
const INTERRUPT_GAP_MS = 120;
/** An agent that goes on working for so long has not heard it. */
const HEARD_MS = 3_000;
const MOST_PRESSES = 3;
/** What an agent was told is seen to be worked on within this time. */
const BEGINS_MS = 5_000;
/** So much of a text's end is looked for behind what came before it. */
const END_LETTERS = 12;
/** So often the key that empties an input box is pressed: many take away one line at a time. */
const MOST_CLEARS = 20;
/** An agent has drawn what a key did. */
const DRAWN_MS = 100;

/** What people type into running sessions: text into an input box that is free, keys, and what interrupts. */
export class SessionTyping {
  readonly #scope: TypingScope;
  readonly #options: SessionTypingOptions;
  /** By session: what stands in its input box because it was sent without Enter. */
  readonly #unsubmitted = new Map<string, string>();
  /** By session: what it was told last, and when. */
  readonly #told = new Map<string, { readonly text: string; readonly time: number }>();
  /** The same as it was when it was interrupted. */
  readonly #brokenOff = new Map<string, string>();

  constructor(scope: TypingScope, options: SessionTypingOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  /**
   * Types text, and submits it. Without `force` only into an input box that nobody else uses.
   *
   * @throws CodeManagerError `conflict` when a dialog, a person's half-typed line or a person is in the way
   */
  async send({ session, text, enter, force }: Params<'session/send'>): Promise<void> {
    const { running, input, states } = this.#options;
    const record = await running(session);
    const { id } = record;
    states.onGiven(id);
    await input.send(id, text, enter, {
      mayGo: async (typist) => {
        if (force) await this.#goesOn(record);
        else await this.#mustBeFree(record, typist);
      },
      mustGoAgain: (draft, typist) => this.#removeGlued(record, draft, text, typist),
    });
    this.#brokenOff.delete(id);
    if (enter) this.#told.set(id, { text, time: this.#scope.clock.now() });
    if (enter) this.#unsubmitted.delete(id);
    else this.#unsubmitted.set(id, (this.#unsubmitted.get(id) ?? '') + text);
  }

  /** @throws CodeManagerError `conflict` while somebody reads further up in its terminal */
  async key({ session, keys, force }: Params<'session/key'>): Promise<void> {
    const { running, input, states, tool } = this.#options;
    const record = await running(session);
    if (!force) await this.#mustNotBeRead(record);
    await this.#goesOn(record);
    // What answers a dialog of its start gives it nothing to do.
    if (record.waiting === null) states.onGiven(record.id);
    if (tool(record).interruptKeys.every((key) => keys.includes(key))) this.#onInterrupted(record.id);
    await input.keys(record.id, keys);
  }

  /**
   * Presses what interrupts it, and again while it goes on: a busy program takes two keys for one, or hears none. Where
   * nothing goes on any more the same keys mean something else to many: they open a list of what was asked before.
   *
   * @throws CodeManagerError `timeout` when it was seen to work before and goes on working, `conflict` while somebody
   * reads further up in its terminal
   */
  async interrupt({ session, force }: Params<'session/interrupt'>): Promise<void> {
    const { running, input, screens, tool } = this.#options;
    const record = await running(session);
    if (!force) await this.#mustNotBeRead(record);
    await this.#goesOn(record);
    const { id, name, state } = record;
    const keys = tool(record).interruptKeys;
    if (state === 'idle' && !this.#mayBegin(id) && (await screens.look(id)).state === 'idle') return;
    const works = (): Promise<boolean> => screens.works(id);
    // Many programs end when they get this one twice.
    const presses = keys.includes('C-c') ? 1 : MOST_PRESSES;
    for (let press = 0; press < presses; press++) {
      this.#onInterrupted(id);
      await input.keysInTurn(id, keys, INTERRUPT_GAP_MS, works);
      if (state !== 'working' || (await this.#scope.table.until(id, (now) => now?.state !== 'working', HEARD_MS)))
        return;
      // Whoever told that it works may have missed the end.
      if (!(await works())) return;
    }
    throw new CodeManagerError('timeout', `${name} goes on working`, {
      hint: 'Interrupt it again, or end it with cm stop.',
    });
  }

  /** The agent was told something a moment ago, and nothing need be seen of its having begun with it. */
  #mayBegin(id: string): boolean {
    const told = this.#told.get(id);
    return told !== undefined && this.#scope.clock.now() - told.time < BEGINS_MS;
  }

  #onInterrupted(id: string): void {
    this.#options.states.onInterrupted(id);
    const told = this.#told.get(id);
    if (told !== undefined) this.#brokenOff.set(id, told.text);
  }

  /** Waits until the input box takes a text, and nothing that anybody else has begun stands in it. */
  async #mustBeFree(record: SessionRecord, typist: Typist): Promise<void> {
    const { id, name } = record;
    const { table, clock } = this.#scope;
    const { input, screens } = this.#options;
    if (await input.isTyping(id, TYPING_MS)) {
      throw new CodeManagerError('conflict', `Somebody types in ${name} at this moment`, {
        hint: 'Try again when they have finished.',
        anyway: TYPES,
      });
    }
    await this.#mustNotBeRead(record);
    await this.#goesOn(record);
    const { state, draft } = await screens.look(id);
    const now = table.get(id) ?? record;
    if (now.state === 'waiting' || state === 'waiting') {
      const { detail } = describe(now, clock.now());
      throw new CodeManagerError('conflict', `${name} needs input${detail === '' ? '' : `: ${detail}`}`, {
        hint:
          now.request === null
            ? `Answer that first in its terminal (cm attach ${name}).`
            : 'Answer that first with cm approve, cm deny or cm answer.',
        anyway: TYPES,
      });
    }
    if (draft === null || this.#isOurs(id, draft)) return;
    if (await this.#clear(record, draft, typist)) return;
    throw new CodeManagerError('conflict', `A half-typed line stands in ${name}: “${truncate(draft, 80)}”`, {
      hint: `Send or remove it in its terminal (cm attach ${name}).`,
      anyway: 'types behind it',
    });
  }

  /** What is typed would be lost, or taken much later, while it is suspended. */
  async #goesOn({ id }: SessionRecord): Promise<void> {
    const { suspensions } = this.#options;
    await suspensions.look(id);
    const record = this.#scope.table.get(id);
    if (record !== undefined && record.suspended !== null) await suspensions.resume(record);
  }

  async #mustNotBeRead({ id, name }: SessionRecord): Promise<void> {
    if (!(await this.#options.input.isScrolled(id, READING_MS))) return;
    throw new CodeManagerError('conflict', `Somebody has scrolled up in ${name} and reads there`, {
      hint: 'Try again when they have finished.',
      anyway: TYPES,
    });
  }

  #isOurs(id: string, draft: string): boolean {
    return isSame(this.#unsubmitted.get(id), draft);
  }

  /** Takes away the prompt that the agent itself put back when its turn was broken off. True when the box is empty then. */
  async #clear(record: SessionRecord, draft: string, typist: Typist): Promise<boolean> {
    const { states, tool } = this.#options;
    const keys = tool(record).screen?.clearKeys ?? [];
    // A busy agent may put it back before its work or long after its end was seen.
    const isTold = isSame(this.#brokenOff.get(record.id), draft);
    if (keys.length === 0 || (!isTold && states.restoredDraft(record.id) !== draft)) return false;
    return this.#empty(record, keys, typist);
  }

  /**
   * Takes away a text of ours that the agent came before: it put back the prompt that was broken off while the text was
   * on its way. Together they would start the work again that a person has just ended.
   *
   * @throws CodeManagerError `conflict` when the box cannot be emptied
   */
  async #removeGlued(record: SessionRecord, draft: string, text: string, typist: Typist): Promise<boolean> {
    const told = this.#brokenOff.get(record.id);
    const shown = withoutBlanks(draft);
    if (told === undefined || withoutBlanks(told) === '' || shown === withoutBlanks(text)) return false;
    if (!shown.startsWith(withoutBlanks(told)) || !shown.endsWith(withoutBlanks(text).slice(-END_LETTERS)))
      return false;
    const keys = this.#options.tool(record).screen?.clearKeys ?? [];
    if (keys.length > 0 && (await this.#empty(record, keys, typist))) return true;
    throw new CodeManagerError('conflict', `${record.name} put back what was interrupted, in front of this text`, {
      hint: `Nothing was submitted. Look there: cm attach ${record.name}`,
    });
  }

  async #empty(record: SessionRecord, keys: readonly string[], typist: Typist): Promise<boolean> {
    const { screens } = this.#options;
    for (let press = 0; press < MOST_CLEARS; press++) {
      await typist.keys(keys);
      await delay(DRAWN_MS);
      if ((await screens.look(record.id)).draft === null) return true;
    }
    return false;
  }
}

function isSame(text: string | undefined, draft: string): boolean {
  return text !== undefined && withoutBlanks(text) === withoutBlanks(draft);
}
