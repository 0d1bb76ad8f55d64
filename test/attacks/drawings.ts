import type { CampaignCase } from '../helpers/campaign.js';
import { drawers } from '../helpers/drawnDialogs.js';
import { PROPERTIES } from '../helpers/drawings.js';

/** Random things to ask, drawn into one dialog: what must hold of each. */
export interface DrawingsInput {
  /** Place in the list of drawers. */
  readonly drawer: number;
  readonly holds: string;
  readonly runs: number;
}

/** Few per case: a tenth of the cases is drawn for each `npm test`, all of them take some minutes. */
const RUNS = 30;
const ROUNDS = 10;

export const cases: readonly CampaignCase<DrawingsInput, 'holds'>[] = drawers.flatMap(
  ({ tool, action, isOld }, drawer) =>
    Object.keys(PROPERTIES)
      // What stands below a command of an older Claude Code may be a part of it or be about it.
      .filter((holds) => holds === 'exact' || isOld !== true)
      .flatMap((holds) =>
        Array.from({ length: ROUNDS }, (_, round): CampaignCase<DrawingsInput, 'holds'> => ({
          id: `${tool}-${action}-${drawer}-${holds}-${round}`,
          input: { drawer, holds, runs: RUNS },
          expect: 'holds',
        })),
      ),
);
