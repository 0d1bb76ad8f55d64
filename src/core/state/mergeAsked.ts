import type { ScreenRequest } from '../../protocol/screen.js';
import type { Asked, OpenCall } from './evidence.js';
import { agree, isSameAbout, isSameText, isTold, labelKey, visible, withoutTick } from './sameRequest.js';

/** So much of a command or a path tells it from others in a report, which may be cut. */
const ABOUT_LETTERS = 40;

/** A report says in a few words what an event has told exactly. */
export function exactly(asked: Asked, told: Asked | null): Asked {
  if (asked.request !== null || told?.request == null || told.kind !== asked.kind) return asked;
  const { command, path, question } = told.request;
  const what = visible(command ?? path ?? question ?? '').slice(0, ABOUT_LETTERS);
  return what !== '' && visible(asked.text).includes(what) ? told : asked;
}

/**
 * What the tool has told and what the screen shows as one. What is on the screen can be answered. What was told exactly
 * stays so whatever the screen shows; its options count while it shows that very dialog.
 */
export function mergeAsked(asked: Asked, seen: Asked | null): Asked {
  if (seen === null || seen === asked) return asked;
  if (asked.text === '' && asked.request === null) return seen;
  if (seen.kind !== asked.kind) return asked;
  if (asked.request !== null && means(asked.request, seen.request)) {
    // Whether a file is made or changed stands on the screen only.
    const isFile = asked.request.action === 'create' || asked.request.action === 'edit';
    const action =
      isFile || asked.request.action === null ? (seen.request?.action ?? asked.request.action) : asked.request.action;
    const text = action === asked.request.action || seen.text === '' ? asked.text : seen.text;
    const { several, more } = seen.request ?? {};
    return { ...asked, text, request: { ...asked.request, action, several, more }, options: seen.options };
  }
  if (asked.request !== null && isTold(asked.request)) return asked;
  return {
    ...seen,
    ...asked,
    text: seen.text === '' ? asked.text : seen.text,
    request: seen.request,
    options: seen.options,
  };
}

/**
 * What is asked with the exact words of the tool's record: of the one call that is open, when the dialog shows that.
 *
 * @param known what was known of the same request
 */
export function withCall(asked: Asked, calls: readonly OpenCall[], known: Asked | null): Asked {
  const { request, kind } = asked;
  if (kind !== 'permission' || request === null || isTold(request)) return asked;
  const call = calls.length === 1 ? calls[0] : undefined;
  if (call?.request == null) {
    // It was read while the same dialog stood there.
    const isKnown = known?.request?.exact === 'record' && means(known.request, request);
    return isKnown ? recorded(asked, known.request, known.call) : asked;
  }
  const shows = (request.command ?? request.path) !== null && means(call.request, request);
  return shows ? recorded(asked, call.request, call.id) : asked;
}

function recorded(asked: Asked, request: ScreenRequest, call: string | undefined): Asked {
  const question = asked.request?.question ?? null;
  return { ...asked, text: request.text, request: { ...request, question }, ...(call === undefined ? {} : { call }) };
}

/** Whether two of them ask for the very same thing beyond doubt. */
export function asksTheSame(a: Asked | null, b: Asked | null): boolean {
  if (a?.request == null || b?.request == null || a.kind !== b.kind) return false;
  const [one, other] = [a.request, b.request];
  if (a.kind === 'question') {
    return (
      one.question !== null &&
      other.question !== null &&
      isSameText(one.question, other.question) &&
      hasSameLabels(a, b)
    );
  }
  const isTelling = (one.command ?? one.path) !== null;
  const isAlike = (one.command === null) === (other.command === null) && (one.path === null) === (other.path === null);
  const isRewrapped = !agree(a.columns, b.columns);
  if (!isTelling || !isAlike || !isSameAbout(one, other, isRewrapped)) return false;
  // A tool draws the words of its options anew; with other ones where nothing else tells it is another dialog.
  return isTold(one) || isTold(other) || hasSameLabels(a, b);
}

/** Nothing can be read yet of what is asked, nor how it can be answered: a dialog is drawn in pieces. */
export function isBare({ text, request, options }: Asked): boolean {
  if (options.length > 0) return false;
  return request === null ? text === '' : (request.command ?? request.path ?? '') === '';
}

/** What it shows may be more or less than what is asked for. */
export function isDoubtful(asked: Asked): boolean {
  return isBare(asked) || asked.request?.doubtful === true;
}

function hasSameLabels(a: Asked, b: Asked): boolean {
  if (a.options.length === 0 || b.options.length === 0 || (a.request?.more && b.request?.more)) return true;
  const labels = ({ options }: Asked): string =>
    JSON.stringify(options.map(({ label }) => labelKey(withoutTick(label))));
  return labels(a) === labels(b);
}

/** Whether a dialog shows what was asked for. */
export function means(told: ScreenRequest, shown: ScreenRequest | null): boolean {
  if (shown === null) return true;
  const tells = (one: string | null, other: string | null): boolean => other === null || one !== null;
  return (
    tells(told.command, shown.command) &&
    tells(told.path, shown.path) &&
    isSameAbout(told, shown) &&
    (told.question === null || shown.question === null || isSameText(told.question, shown.question))
  );
}
