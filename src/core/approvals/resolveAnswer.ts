import { CodeManagerError } from '../../protocol/errors.js';
import type { Answer, Decision, PendingRequest, RequestOption } from '../../protocol/pendingRequest.js';
import type { OptionRole } from '../../protocol/screen.js';
import { labelKey } from '../state/sameRequest.js';

/** What has to be done to give an answer. */
export interface ResolvedAnswer {
  readonly decision: Decision;
  /** The option to choose, as the agent words it. */
  readonly option: string;
  /** All options to choose, where several are one answer. */
  readonly several: readonly string[] | null;
  /** Typed into that option. */
  readonly text: string | null;
  /** Told with a denial. */
  readonly reason: string | null;
  /** The request is allowed once or denied, by whatever words. */
  readonly isPlain: boolean;
}

const DECISIONS: Readonly<Record<OptionRole, Decision>> = {
  allow: 'allow',
  mode: 'allow',
  always: 'always',
  deny: 'deny',
};

const PLAIN = { several: null, text: null, reason: null, isPlain: true } as const;

/** Which of a request's options an answer means. @throws CodeManagerError `invalid` when it has none of that kind */
export function resolveAnswer(request: PendingRequest, answer: Answer): ResolvedAnswer {
  if (request.options.length === 0) {
    throw new CodeManagerError('conflict', 'What can be answered is not known', {
      hint: 'Answer it in its terminal: cm attach.',
    });
  }
  switch (answer.type) {
    case 'allow':
      return allow(request, answer.always ? 'always' : 'allow');
    case 'deny':
      return deny(request, answer.reason);
    case 'option': {
      return choose(request, [answer.label]);
    }
    case 'options':
      return choose(request, answer.labels);
    case 'text': {
      const own = request.options.find(({ takesText }) => takesText === true);
      if (!own) throw noSuch(request, 'It takes no text of your own');
      return { ...PLAIN, decision: 'answer', option: own.label, text: answer.text, isPlain: false };
    }
  }
}

function allow(request: PendingRequest, role: 'allow' | 'always'): ResolvedAnswer {
  const option = request.options.find((each) => each.role === role);
  if (option && request.kind !== 'question') {
    return { ...PLAIN, decision: role, option: option.label, isPlain: role === 'allow' };
  }
  throw noSuch(request, role === 'always' ? 'It cannot be allowed always' : 'It cannot simply be allowed');
}

function deny(request: PendingRequest, reason: string | undefined): ResolvedAnswer {
  const option = request.options.find(({ role }) => role === 'deny');
  if (!option || request.kind === 'question') throw noSuch(request, 'It cannot simply be denied');
  if (reason !== undefined && !request.takesReason) {
    throw new CodeManagerError('invalid', 'This agent takes no reason here', { hint: 'Deny it without one.' });
  }
  return { ...PLAIN, decision: 'deny', option: option.label, reason: reason ?? null };
}

/** One option, or all of them that are one answer. */
function choose(request: PendingRequest, labels: readonly string[]): ResolvedAnswer {
  const isKnown = (label: string): boolean => fitting(request, label).length > 0;
  // What a list has that is longer than its screen is known once it is gone through.
  const found = labels.map((label) =>
    request.more === true && !isKnown(label) ? { label, role: null, detail: null } : findOption(request, label),
  );
  const [first] = found;
  if (request.several !== true || (found.length === 1 && first && isKnown(first.label) && first.ticked === undefined)) {
    if (!first || found.length > 1) {
      throw noSuch(request, 'It takes one answer');
    }
    return { ...PLAIN, decision: decisionOf(request, first), option: first.label, isPlain: false };
  }
  const other = found.find(({ label, ticked }) => isKnown(label) && ticked === undefined);
  if (other) throw noSuch(request, `“${other.label}” cannot be chosen with others`);
  const several = [...new Set(found.map(({ label }) => label))];
  return { ...PLAIN, decision: 'answer', option: several.join(', '), several, isPlain: false };
}

function fitting({ options }: PendingRequest, wanted: string): readonly RequestOption[] {
  const plain = (text: string): string => labelKey(text).toLowerCase();
  const exact = options.filter(({ label }) => plain(label) === plain(wanted));
  return exact.length > 0 ? exact : options.filter(({ label }) => plain(label).startsWith(plain(wanted)));
}

function findOption(request: PendingRequest, wanted: string): RequestOption {
  const found = fitting(request, wanted);
  const [option] = found;
  if (option && found.length === 1) return option;
  throw noSuch(request, `${found.length === 0 ? 'No option' : 'More than one option'} fits`);
}

function decisionOf({ kind }: PendingRequest, { role }: RequestOption): Decision {
  return kind === 'question' || role === null ? 'answer' : DECISIONS[role];
}

function noSuch({ options }: PendingRequest, message: string): CodeManagerError {
  const labels = options.map(({ label }) => `“${label}”`).join(', ');
  return new CodeManagerError('invalid', message, { hint: `Choose one of its options: ${labels}.` });
}
