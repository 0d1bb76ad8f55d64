import type { CampaignCase } from '../helpers/campaign.js';
import { MORE_TRAPS } from '../git/moreTraps.js';
import { TRAPS, type Trap } from '../git/traps.js';

export interface GitInput {
  /** Name of a repository as an agent could leave it, of `test/git/traps.ts` and `moreTraps.ts`. */
  readonly trap: string;
  readonly machine: 'local' | 'ssh';
}

/** What ran, whether what is shown as changed is right, and whether what is outside of the repository stayed as it was. */
export interface GitOutcome {
  readonly ran: readonly string[];
  readonly isRight: boolean;
  readonly isOutsideWhole: boolean;
}

export const ALL_TRAPS: readonly Trap[] = [...TRAPS, ...MORE_TRAPS];

function on(machine: GitInput['machine'], { name: trap }: Trap): CampaignCase<GitInput, GitOutcome> {
  return {
    id: `${machine}-${trap.replace(/[^\w]+/gu, '-')}`,
    input: { trap, machine },
    expect: { ran: [], isRight: true, isOutsideWhole: true },
  };
}

/** Every trap; the first ones on either kind of machine, which run the same scripts. */
export const cases: readonly CampaignCase<GitInput, GitOutcome>[] = [
  ...TRAPS.flatMap((trap) => [on('local', trap), on('ssh', trap)]),
  ...MORE_TRAPS.map((trap) => on('local', trap)),
];
