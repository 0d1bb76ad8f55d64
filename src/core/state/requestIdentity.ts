import type { PendingRequest, RequestOption } from '../../protocol/pendingRequest.js';
import type { ScreenOption, ScreenRules } from '../../protocol/screen.js';
import type { Asked } from './evidence.js';
import { agree, isSameAbout, isSameAction, isSameText, isTold, labelKey, withoutTick } from './sameRequest.js';

/** What a session is found to wait for. */
export interface AskedNow {
  readonly asked: Asked | null;
  /** The dialog vanished and came again since it was looked at last, however equal it is. */
  readonly isNew: boolean;
  /** ISO 8601 UTC. */
  readonly time: string;
}

/** What of a tool's data says how it can be answered. */
export type AnswerRules = Pick<ScreenRules, 'takesReason' | 'ownAnswerOpens'>;

/**
 * The pending request after what was found now: the known one with its id while the same thing is asked, another one
 * with an id of its own when another thing is. Null while nothing is asked, and while too little is known of it to be
 * answered.
 */
export function trackRequest(
  pending: PendingRequest | null,
  { asked, isNew, time }: AskedNow,
  rules: AnswerRules | undefined,
  newId: () => string,
): PendingRequest | null {
  if (asked === null) return null;
  const known = isNew ? null : pending;
  // A tool tells at once that it asks; what exactly stands on its screen a moment later.
  const isVague = rules !== undefined && asked.request === null && asked.options.length === 0;
  if (isVague) return known?.kind === asked.kind ? known : null;
  const content = contentOf(asked, rules);
  if (known && isSameRequest(known, content)) return merged(known, content);
  return { id: newId(), ...content, since: time };
}

type Content = Omit<PendingRequest, 'id' | 'since'>;

function contentOf({ kind, text, request, options }: Asked, rules: AnswerRules | undefined): Content {
  const canDeny = options.some(({ role }) => role === 'deny');
  return {
    kind,
    action: request?.action ?? null,
    command: request?.command ?? null,
    path: request?.path ?? null,
    question: request?.question ?? null,
    text,
    exact: request?.exact ?? null,
    ...(request?.folder === undefined ? {} : { folder: request.folder }),
    ...(request?.several === true ? { several: true } : {}),
    ...(request?.more === true ? { more: true } : {}),
    // Of a list that is shown from further down on what stands above is not known.
    options: request?.more === true && options[0]?.number !== 1 ? [] : options.flatMap((each) => optionOf(each)),
    takesReason: rules?.takesReason === true && canDeny && (kind === 'permission' || kind === 'plan'),
    takesText: options.some((option) => option.takesText === true),
  };
}

function optionOf({ label, role, detail, ticked, takesText, finishes }: ScreenOption): RequestOption[] {
  const more = { ...(ticked === undefined ? {} : { ticked }), ...(takesText === true ? { takesText } : {}) };
  return finishes === true ? [] : [{ label, role, detail, ...more }];
}

/** Whether a later description is of the same request, as far as both of them tell. */
function isSameRequest(a: Content, b: Content): boolean {
  // That it is none of those that came after it is known; it may be drawn for another width.
  if (a.kind !== b.kind || !agree(a.action, b.action, isSameAction) || !isSameAbout(a, b, true)) return false;
  if (!agree(a.question, b.question, isSameText)) return false;
  if (a.options.length === 0 || b.options.length === 0 || (a.more && b.more)) return true;
  // The tool itself says what it asks; the words of its options it draws anew.
  if (a.kind === 'permission' && (isTold(a) || isTold(b)) && (a.command ?? a.path ?? b.command ?? b.path) !== null)
    return true;
  return (
    a.options.length === b.options.length &&
    a.options.every(({ label, takesText }, i) => {
      const other = b.options[i]?.label ?? '';
      if ([other, withoutTick(other)].some((one) => labelKey(one) === labelKey(label))) return true;
      // A person types an answer of their own into it.
      return takesText === true;
    })
  );
}

function answerable({
  options,
  takesReason,
  takesText,
}: Content): Pick<Content, 'options' | 'takesReason' | 'takesText'> {
  return { options, takesReason, takesText };
}

function withTicks<T extends Pick<Content, 'options'>>(known: T, now: Content): T {
  const options = known.options.map((option) => {
    const ticked = now.options.find(({ label }) => labelKey(label) === labelKey(option.label))?.ticked ?? option.ticked;
    return ticked === undefined ? option : { ...option, ticked };
  });
  return { ...known, options };
}

/** What was known of it stays where it is not told again, and what was known exactly where it is not so told again. */
function merged(known: PendingRequest, now: Content): PendingRequest {
  const isLess = known.exact !== null && now.exact === null;
  const told = isLess ? known : now;
  const { folder: _, ...rest } = now;
  return {
    ...rest,
    ...(told.folder === undefined ? {} : { folder: told.folder }),
    id: known.id,
    action: now.action ?? known.action,
    command: told.command ?? known.command,
    path: told.path ?? known.path,
    question: now.question ?? known.question,
    text: told.text,
    exact: told.exact,
    ...optionsOf(known, now),
    since: known.since,
  };
}

/** As they were when it appeared, where something may have been typed into one of them; else as they are drawn. */
function optionsOf(known: PendingRequest, now: Content): ReturnType<typeof answerable> {
  if (now.options.length === 0) return answerable(known);
  const isRewritten = now.kind === 'permission' && !known.takesText && isTold(known) && !hasTick(now);
  return known.options.length === 0 || isRewritten ? answerable(now) : withTicks(answerable(known), now);
}

function hasTick({ options }: Content): boolean {
  return options.some(({ label }) => withoutTick(label) !== label);
}
