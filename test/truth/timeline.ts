import type { Session } from '../../src/protocol/session.js';

// What was true, what was shown, and how the two compare. All times are milliseconds on one clock.

/** What is true of an agent. `over`: it has done its turn; `quiet`: it does nothing and has told a person why not. */
export type Truth =
  'trust' | 'ready' | 'working' | 'permission' | 'question' | 'over' | 'quiet' | 'error' | 'exited' | 'killed';

/** What the model, the agent or whoever drives it did. */
export type Mark = { readonly time: number } & (
  | { readonly type: 'asked' }
  /** The model told the agent to do something; `asks`: the agent has to ask a person first. */
  | { readonly type: 'called'; readonly asks: 'permission' | 'question' | null }
  | { readonly type: 'said' }
  /** It has drawn what the model said last. */
  | { readonly type: 'rested' }
  | { readonly type: 'refused' }
  | { readonly type: 'dropped' }
  /** These words are in the bytes of the agent. */
  | { readonly type: 'drawn'; readonly what: 'trust' | 'ready' | 'permission' | 'question' }
  /** A person allowed, denied or interrupted something. */
  | { readonly type: 'pressed' }
  /** It has drawn nothing since, for long enough. */
  | { readonly type: 'settled' }
  /** Its process has gone. */
  | { readonly type: 'ended'; readonly how: 'exited' | 'killed' }
);

/** Something was true from one moment to another. */
export interface Span {
  readonly truth: Truth;
  readonly from: number;
  readonly to: number;
}

/**
 * The truth out of the marks. Where something is on its way, such as from a key to what it does, nothing is held to be
 * true.
 *
 * @param marks in order
 * @param end when nobody looked any more
 */
export function truthOf(marks: readonly Mark[], end: number): Span[] {
  const spans: Span[] = [];
  let current: { truth: Truth; from: number } | undefined;
  const become = (truth: Truth | undefined, time: number): void => {
    if (truth === current?.truth) return;
    if (current !== undefined && time > current.from) spans.push({ ...current, to: time });
    current = truth === undefined ? undefined : { truth, from: time };
  };
  for (const [index, mark] of marks.entries()) {
    const later = marks.slice(index + 1);
    become(next(mark, later, current?.truth), mark.time);
    if (mark.type === 'ended') break;
  }
  become(undefined, end);
  return spans;
}

function next(mark: Mark, later: readonly Mark[], current: Truth | undefined): Truth | undefined {
  switch (mark.type) {
    case 'asked':
      return 'working';
    case 'called':
      if (mark.asks === null) return 'working';
      // Until the dialog is drawn it is on its way.
      if (comesBefore(later, 'drawn', 'pressed')) return undefined;
      // It went on without asking anybody.
      return comesBefore(later, 'asked', 'pressed') ? 'working' : mark.asks;
    case 'drawn':
      return mark.what;
    case 'said':
      return comesBefore(later, 'rested', 'asked') ? undefined : 'over';
    case 'rested':
      return 'over';
    case 'refused':
      // It tries again, or is about to when somebody interrupts it.
      if (comesBefore(later, 'asked', 'settled') || comesBefore(later, 'pressed', 'settled')) return 'working';
      return comesBefore(later, 'settled', 'asked') ? undefined : 'error';
    case 'dropped':
      // With the process that made it.
      if (comesBefore(later, 'ended', 'asked')) return current;
      return comesBefore(later, 'asked', 'pressed') ? current : 'quiet';
    case 'pressed':
      return (['dropped', 'asked', 'drawn'] as const).some((type) => comesBefore(later, type, 'pressed'))
        ? undefined
        : 'quiet';
    case 'settled':
      return current ?? 'error';
    case 'ended':
      return mark.how;
  }
}

/** Whether a mark of the first kind comes, and none of the second before it. */
function comesBefore(marks: readonly Mark[], first: Mark['type'], second: Mark['type']): boolean {
  return marks.find(({ type }) => type === first || type === second)?.type === first;
}

/** A word was shown from this time on. */
export interface Shown {
  readonly time: number;
  readonly word: string;
}

type Seen = Pick<Session, 'status' | 'state' | 'waiting' | 'unread'>;

/** What people read of a session, without what it is about. */
export function wordOf({ status, state, waiting, unread }: Seen): string {
  if (state === 'waiting' || waiting !== null) return `needs input: ${waiting?.kind ?? '?'}`;
  if (status !== 'running') return status;
  if (state === 'idle') return unread ? 'finished' : 'idle';
  return state ?? 'unknown';
}

const RIGHT: Readonly<Record<Truth, readonly string[]>> = {
  trust: ['needs input: trust'],
  ready: ['idle'],
  working: ['working'],
  permission: ['needs input: permission'],
  question: ['needs input: question'],
  over: ['finished'],
  quiet: ['idle'],
  error: ['finished', 'idle', 'limited'],
  exited: ['completed', 'failed'],
  killed: ['failed'],
};

/** What says that nothing is known is late, never wrong. */
const SILENT: ReadonlySet<string> = new Set(['unknown']);

/** A wrong word that stands longer is told one by one. */
const LONG_MS = 1000;

export function isLongWrong(wrong: Wrong | undefined): boolean {
  return wrong !== undefined && wrong.ms > LONG_MS;
}

/** A wrong word that stood there. */
export interface Wrong {
  readonly word: string;
  readonly from: number;
  readonly ms: number;
}

export interface Finding {
  readonly truth: Truth;
  readonly ms: number;
  /** From the moment it was true to the moment it was shown; null: never. */
  readonly latency: number | null;
  /** Everything that was shown meanwhile, in order. */
  readonly words: readonly string[];
  readonly wrong: readonly Wrong[];
}

/**
 * @param shown in order
 * @param accepted words that are right here, besides those that always are
 */
export function compare({ truth, from, to }: Span, shown: readonly Shown[], accepted: readonly string[] = []): Finding {
  const right = [...RIGHT[truth], ...accepted];
  const isStarting = truth === 'trust' || truth === 'ready';
  const spells = spellsOf(shown, from, to);
  const first = spells.find(({ word }) => right.includes(word));
  const isWrong = (word: string): boolean =>
    !right.includes(word) && !SILENT.has(word) && !(isStarting && word === 'starting');
  return {
    truth,
    ms: to - from,
    latency: first === undefined ? null : first.from - from,
    words: spells.map(({ word }) => word),
    wrong: spells.filter(({ word }) => isWrong(word)),
  };
}

/** What was shown within a time, equal words that follow one another as one. */
function spellsOf(shown: readonly Shown[], from: number, to: number): Wrong[] {
  const spells: Wrong[] = [];
  for (const [index, { time, word }] of shown.entries()) {
    const begin = Math.max(time, from);
    const end = Math.min(shown[index + 1]?.time ?? Infinity, to);
    if (end <= begin) continue;
    const last = spells.at(-1);
    if (last?.word === word) spells[spells.length - 1] = { ...last, ms: end - last.from };
    else spells.push({ word, from: begin, ms: end - begin });
  }
  return spells;
}
