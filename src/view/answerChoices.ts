import { isUncertain, type Answer, type PendingRequest, type RequestOption } from '../protocol/pendingRequest.js';
import type { OptionRole, RequestAction } from '../protocol/screen.js';
import { oneLine } from './plainText.js';
import { wrap } from './requestText.js';

/** What a person can do about a request. */
export type AnswerChoice =
  | { readonly type: 'answer'; readonly answer: Answer }
  /** To be asked for a reason, or a text of one's own. */
  | { readonly type: 'denyWithReason' }
  | { readonly type: 'ownText' }
  | { readonly type: 'attach' }
  | { readonly type: 'showLog' }
  | { readonly type: 'alwaysAllow' }
  /** To be shown all that ask the same, and to answer them together. */
  | { readonly type: 'answerAll' };

/** For whom an answer is. */
export interface AnswerScope {
  /** How many more ask exactly the same. */
  readonly others: number;
  /** The answer is for all of them already. */
  readonly isForAll: boolean;
}

export function answerAllLabel(others: number): string {
  return `Answer All ${others + 1}…`;
}

/** A row of the picker; `detail` stands below the label: its rest, and what the agent says about it. */
export interface AnswerRow {
  readonly label: string;
  readonly icon: string;
  readonly detail?: string;
  readonly choice: AnswerChoice;
}

const ICONS = {
  allow: 'check',
  always: 'check-all',
  mode: 'warning',
  deny: 'close',
} as const satisfies Record<OptionRole, string>;

/** The agent's own answers in its own words and order, then what goes beyond them. */
export function answerRows(
  request: PendingRequest | null,
  { others, isForAll }: AnswerScope = { others: 0, isForAll: false },
): AnswerRow[] {
  const attach: AnswerRow = { label: 'Attach Instead', icon: 'terminal', choice: { type: 'attach' } };
  if (request === null || request.options.length === 0) {
    return [
      { ...attach, label: 'Attach' },
      { label: 'Show Log', icon: 'output', choice: { type: 'showLog' } },
    ];
  }
  const rows = request.options.map((option) => optionRow(request, option));
  if (request.takesReason) {
    rows.push({ label: 'Deny with a Reason…', icon: 'comment', choice: { type: 'denyWithReason' } });
  }
  if (request.takesText && !rows.some(({ choice }) => choice.type === 'ownText')) {
    rows.push({ label: 'Answer in Your Own Words…', icon: 'edit', choice: { type: 'ownText' } });
  }
  if (isForAll) return rows;
  if (others > 0) rows.push({ label: answerAllLabel(others), icon: 'checklist', choice: { type: 'answerAll' } });
  // Where nobody knows exactly what is asked, its terminal shows the most.
  if (isUncertain(request)) rows.unshift({ ...attach, label: 'Attach' });
  else rows.push(attach);
  if (mayBecomeRule(request)) {
    rows.push({ label: 'Always Allow This…', icon: 'shield', choice: { type: 'alwaysAllow' } });
  }
  return rows;
}

function optionRow({ kind }: PendingRequest, { label, role, detail, takesText }: RequestOption): AnswerRow {
  // Into such an option a text is typed; chosen without one it would only stand there and wait.
  const isOwnText = takesText === true;
  const [first = '', ...rest] = wrap(oneLine(label, 300));
  const below = [rest.length === 0 ? '' : `… ${rest.join(' ')}`, oneLine(detail ?? '', 300)].filter(
    (text) => text !== '',
  );
  return {
    label: rest.length === 0 ? first : `${first} …`,
    icon: isOwnText ? 'edit' : role === null || kind === 'question' ? 'circle-outline' : ICONS[role],
    ...(below.length === 0 ? {} : { detail: below.join(' · ') }),
    choice: isOwnText ? { type: 'ownText' } : { type: 'answer', answer: { type: 'option', label } },
  };
}

/** What a rule can allow at all. */
const RULED: ReadonlySet<RequestAction> = new Set(['shell', 'edit', 'create', 'read', 'network']);

function mayBecomeRule({ kind, action, exact }: PendingRequest): boolean {
  return kind === 'permission' && !isUncertain({ kind, exact }) && action !== null && RULED.has(action);
}
