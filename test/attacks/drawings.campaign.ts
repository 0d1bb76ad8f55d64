import assert from 'node:assert/strict';
import { campaign } from '../helpers/campaign.js';
import { drawers } from '../helpers/drawnDialogs.js';
import { PROPERTIES } from '../helpers/drawings.js';
import { cases } from './drawings.js';

campaign('drawings', cases, async ({ drawer: place, holds, runs }, { seed }) => {
  const [drawer, property] = [drawers[place], PROPERTIES[holds]];
  assert.ok(drawer && property);
  await property(drawer, { numRuns: runs, seed });
  return 'holds';
});
