import type { CampaignCase } from '../helpers/campaign.js';
import { TRAPS } from '../git/traps.js';

export interface GitInput {
  /** Name of a repository as an agent could leave it, of `test/git/traps.ts`. */
  readonly trap: string;
  readonly machine: 'local' | 'ssh';
}

/** What ran, and whether what is shown as changed is right. */
export interface GitOutcome {
  readonly ran: readonly string[];
  readonly isRight: boolean;
}

/** Every trap on either kind of machine. */
export const cases: readonly CampaignCase<GitInput, GitOutcome>[] = TRAPS.flatMap(({ name: trap }) =>
  (['local', 'ssh'] as const).map((machine) => ({
    id: `${machine}-${trap.replace(/[^\w]+/gu, '-')}`,
    input: { trap, machine },
    expect: { ran: [], isRight: true },
  })),
);
