import { CodeManagerError } from '../../protocol/errors.js';
import type { Answer, Decision, PendingRequest, RequestOption } from '../../protocol/pendingRequest.js';
import type { OptionRole } from '../../protocol/screen.js';
import { pattern } from '../state/patterns.js';
import type { AnswerRules } from './requests.js';

/** What has to be done to give an answer. */
export interface ResolvedAnswer {
  readonly decision: Decision;
  /** The option to choose, as the agent words it. */
  readonly option: string;
  /** Typed into that option. */
  readonly text: string | null;
  /** Told with a denial. */
  readonly reason: string | null;
  /** It is allowed once or denied, by whatever words. */
  readonly isPlain: boolean;
}

const DECISIONS: Readonly<Record<OptionRole, Decision>> = {
  allow: 'allow',
  mode: 'allow',
  always: 'always',
  deny: 'deny',
};

/** Which of a request's options an answer means. @throws CodeManagerError `invalid` when it has none of that kind */
export function resolveAnswer(request: PendingRequest, answer: Answer, rules: AnswerRules | undefined): ResolvedAnswer {
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
      const option = findOption(request, answer.label);
      return { decision: decisionOf(request, option), option: option.label, text: null, reason: null, isPlain: false };
    }
    case 'text': {
      const own = rules && request.options.find(({ label }) => pattern(rules.ownAnswer).test(label));
      if (!own) throw noSuch(request, 'It takes no text of your own');
      return { decision: 'answer', option: own.label, text: answer.text, reason: null, isPlain: false };
    }
  }
}

function allow(request: PendingRequest, role: 'allow' | 'always'): ResolvedAnswer {
  const option = request.options.find((each) => each.role === role);
  if (option && request.kind !== 'question') {
    return { decision: role, option: option.label, text: null, reason: null, isPlain: role === 'allow' };
  }
  throw noSuch(request, role === 'always' ? 'It cannot be allowed always' : 'It cannot simply be allowed');
}

function deny(request: PendingRequest, reason: string | undefined): ResolvedAnswer {
  const option = request.options.find(({ role }) => role === 'deny');
  if (!option || request.kind === 'question') throw noSuch(request, 'It cannot simply be denied');
  if (reason !== undefined && !request.takesReason) {
    throw new CodeManagerError('invalid', 'This agent takes no reason here', { hint: 'Deny it without one.' });
  }
  return { decision: 'deny', option: option.label, text: null, reason: reason ?? null, isPlain: true };
}

function findOption({ options, ...request }: PendingRequest, wanted: string): RequestOption {
  const plain = (text: string): string => text.trim().toLowerCase();
  const exact = options.filter(({ label }) => plain(label) === plain(wanted));
  const found = exact.length > 0 ? exact : options.filter(({ label }) => plain(label).startsWith(plain(wanted)));
  const [option] = found;
  if (option && found.length === 1) return option;
  throw noSuch({ options, ...request }, `${found.length === 0 ? 'No option' : 'More than one option'} fits`);
}

function decisionOf({ kind }: PendingRequest, { role }: RequestOption): Decision {
  return kind === 'question' || role === null ? 'answer' : DECISIONS[role];
}

function noSuch({ options }: PendingRequest, message: string): CodeManagerError {
  const labels = options.map(({ label }) => `“${label}”`).join(', ');
  return new CodeManagerError('invalid', message, { hint: `Choose one of its options: ${labels}.` });
}
