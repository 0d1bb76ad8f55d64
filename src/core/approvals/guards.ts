import { CodeManagerError } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import type { ScreenOption } from '../../protocol/screen.js';
import { hasEnded } from '../../protocol/session.js';
import { isSameAbout, isSameAction, isSameText, isTold, labelKey } from '../state/sameRequest.js';

/**
 * What must hold before a key goes, one function each. Every one throws `conflict` with what to do when it does not.
 * Nothing is sent after a guard has thrown.
 */

function changed(hint: string): CodeManagerError {
  return new CodeManagerError('conflict', 'The request has changed.', { reason: 'requestChanged', hint });
}

const LOOK = 'Look at what is asked now: cm status.';

/** A session that has ended, or whose window nobody knows, gets no key. */
export function guardAlive(record: SessionRecord, paneIsDead: boolean | undefined): void {
  if (hasEnded(record) || paneIsDead !== false) {
    throw new CodeManagerError('conflict', `Session ${record.name} has ended`, { hint: 'See its log: cm logs.' });
  }
}

/** What is suspended takes no answer before it goes on, and by then it may ask something else. */
export function guardGoesOn({ suspended, name }: Pick<SessionRecord, 'suspended' | 'name'>): void {
  if (suspended === null) return;
  throw new CodeManagerError('conflict', `${name} is suspended`, { hint: `Let it go on first: cm resume ${name}` });
}

/** Of several servers that reach a machine one acts. */
export function guardLead(leads: boolean): void {
  if (!leads) {
    throw new CodeManagerError('conflict', 'Another server answers for this session at this moment', {
      hint: 'Try again.',
    });
  }
}

/** One appearance gets one answer, also after a crash in the middle of it. */
export function guardUnanswered({ answered, name }: Pick<SessionRecord, 'answered' | 'name'>, request: string): void {
  // One that found another request was none.
  if (answered?.request !== request || answered.outcome === 'changed') return;
  if (answered.outcome === 'stayed') throw stillThere(name);
  if (answered.outcome !== 'answered') {
    throw new CodeManagerError('conflict', 'An answer to it was cut off before it was known to have arrived', {
      hint: `Look at it in its terminal: cm attach ${name}`,
    });
  }
  throw changed(`It was answered already, by ${answered.by}.`);
}

/** Nothing goes by itself that nobody could find afterwards. */
export function guardRecorded(isOnDisk: boolean): void {
  if (isOnDisk) return;
  throw new CodeManagerError('unavailable', 'No rule answers while nothing can be recorded', {
    hint: 'Free the disk of the session’s machine; it is tried again by itself.',
  });
}

/** What a hook has told a rule answers by that hook: keys would reach what the screen shows instead. */
export function guardTaken(isByRule: boolean): void {
  if (!isByRule) return;
  throw new CodeManagerError('unavailable', 'The hook that told of it does not wait for an answer', {
    hint: 'Look at it in its terminal and answer it there.',
  });
}

/** The request that the person saw is the one that is pending. */
export function guardPending({ request }: Pick<SessionRecord, 'request'>, id: string): void {
  if (request?.id !== id) throw changed(LOOK);
}

/** The screen shows a dialog by the tool's rules at its very bottom, with options; words about one are none. */
export function guardDialog({ state, options }: ScreenJudgement): void {
  if (state !== 'waiting' || options.length === 0) throw changed(LOOK);
}

/** The screen asks what the person saw, with the same options. */
export function guardSame(request: PendingRequest, screen: ScreenJudgement): void {
  if (!isShown(request, screen)) throw changed(LOOK);
}

/** Nothing goes into a line that a person has begun. */
export function guardNoDraft({ draft }: ScreenJudgement, name: string): void {
  if (draft !== null) {
    throw new CodeManagerError('conflict', `A half-typed line stands in ${name}`, {
      hint: `Send or remove it first: cm attach ${name}`,
    });
  }
}

/** A person who pressed a key this recently is typing, in milliseconds. */
export const TYPING_MS = 2_000;

/** No key while a person types in an attached terminal. */
export function guardNobodyTypes(isTyping: boolean, name: string): void {
  if (isTyping) {
    throw new CodeManagerError('conflict', `Somebody types in ${name} at this moment`, {
      hint: 'Try again when they have finished.',
    });
  }
}

/** The option with the wanted words, wherever it stands. */
export function guardOption(options: readonly ScreenOption[], label: string): ScreenOption {
  const found = options.filter((option) => labelKey(option.label) === labelKey(label));
  const [option] = found;
  if (!option || found.length > 1) throw changed(LOOK);
  return option;
}

/** The cursor stands on the wanted option, as the screen shows it now. */
export function guardCursor(options: readonly ScreenOption[], label: string): void {
  if (options.filter(({ selected }) => selected === true).length !== 1) throw changed(LOOK);
  if (labelKey(options.find(({ selected }) => selected === true)?.label ?? '') !== labelKey(label)) throw changed(LOOK);
}

/**
 * The choice of several ends only as it was meant, as far as the screen shows it, and with the row that ends it.
 *
 * @param byKey a key of its own ends it, and no row
 */
export function guardChoice(options: readonly ScreenOption[], labels: readonly string[], byKey = false): void {
  const isMeant = options.every(({ label, ticked }) => ticked === undefined || ticked === labels.includes(label));
  const chosen = options.filter(({ selected }) => selected === true);
  if (!isMeant || chosen.length !== 1 || (!byKey && chosen[0]?.finishes !== true)) throw changed(LOOK);
}

/** The dialog has gone after it was answered. */
export function guardGone(isGone: boolean, name: string): void {
  if (!isGone) throw stillThere(name);
}

function stillThere(name: string): CodeManagerError {
  return new CodeManagerError('conflict', 'The dialog is still there; answer it in the terminal.', {
    hint: `Attach to it: cm attach ${name}`,
  });
}

/** Whether a screen shows the dialog of a request. */
export function isShown(request: PendingRequest, screen: ScreenJudgement): boolean {
  const { state, kind, request: seen, options } = screen;
  if (state !== 'waiting' || kind !== request.kind) return false;
  const shown = { action: null, command: null, path: null, exact: null, ...seen };
  const isTelling = (request.command ?? request.path) !== null;
  const isAlike =
    isSameAction(request.action, shown.action) &&
    (request.command === null) === (shown.command === null) &&
    (request.path === null) === (shown.path === null) &&
    isSameAbout(request, shown);
  if (!isAlike) return false;
  // The tool itself says what it asks; the words of its options it draws anew.
  if (isTelling && isTold(request) && options.length > 0) return true;
  // Another part of a long list may be shown; its question says which one it is.
  if (request.more === true && seen?.more === true && request.question !== null && seen.question !== null) {
    return isSameText(request.question, seen.question);
  }
  const labels = (all: readonly Pick<ScreenOption, 'label' | 'finishes'>[]): string =>
    JSON.stringify(all.flatMap(({ label, finishes }) => (finishes === true ? [] : [labelKey(label)])));
  return labels(options) === labels(request.options);
}
