import type { PolicyState } from '../protocol/policy.js';
import { countOf, type StatusText } from './plainText.js';
import type { SessionRow } from './sessionRows.js';

export interface Totals {
  readonly needInput: number;
  readonly toReview: number;
  readonly working: number;
}

export function totals(rows: readonly SessionRow[]): Totals {
  const count = (group: SessionRow['group']): number => rows.filter((row) => row.group === group).length;
  return { needInput: count('Needs input'), toReview: count('To review'), working: count('Working') };
}

/** What the status bar shows, parts that are zero left out; undefined when there is nothing to say. */
export function statusLine({ needInput, toReview, working }: Totals): StatusText | undefined {
  const parts = [
    { count: needInput, icon: 'bell-dot', spoken: needInput === 1 ? '1 needs input' : `${needInput} need input` },
    { count: toReview, icon: 'pass', spoken: `${toReview} to review` },
    { count: working, icon: 'pulse', spoken: `${working} working` },
  ].filter(({ count }) => count > 0);
  if (parts.length === 0) return undefined;
  return {
    parts: parts.map(({ count, icon }) => ({ icon, text: String(count) })),
    spoken: parts.map(({ spoken }) => spoken).join(', '),
  };
}

/** What is shown while a rule may allow something; undefined when every request waits for a person. */
export function policyLine({ off, inForce }: Pick<PolicyState, 'off' | 'inForce'>): StatusText | undefined {
  if (off || inForce === 0) return undefined;
  return {
    parts: [{ icon: 'shield', text: 'auto-approve' }],
    spoken: `${countOf(inForce, 'rule')} may allow what agents ask, click to turn off`,
  };
}
