import type { CampaignCase } from '../helpers/campaign.js';

export interface FilesInput {
  /** Seen from the home of all data. */
  readonly place: string;
  /** What stands there instead of a file of ours, of `files.campaign.ts`. */
  readonly kind: Kind;
}

export type Kind =
  | 'folder'
  | 'socket'
  | 'pipe'
  | 'gigabyte'
  | 'link out'
  | 'link to a device'
  | 'brackets'
  | 'prototype'
  | 'lone surrogates'
  | 'line break in its name';

/** Whether a session starts or is refused with a word, and whether what a link leads to stayed as it was. */
export interface FilesOutcome {
  readonly isSaid: boolean;
  readonly isOutsideWhole: boolean;
}

const ID = 'f0f0f0f0f0f0';

function at(place: string, ...kinds: readonly Kind[]): CampaignCase<FilesInput, FilesOutcome>[] {
  return kinds.map((kind) => ({
    id: `${place}-${kind}`.replace(/[^\w]+/gu, '-'),
    input: { place, kind },
    expect: { isSaid: true, isOutsideWhole: true },
  }));
}

export const filesCases = [
  ...at('config.json', 'socket', 'gigabyte', 'brackets'),
  ...at('contexts.json', 'socket', 'gigabyte', 'prototype', 'link out'),
  ...at('credentials.json', 'pipe', 'link to a device'),
  ...at('policies.json', 'socket', 'gigabyte', 'brackets', 'prototype', 'folder'),
  ...at('tokens.json', 'gigabyte', 'folder'),
  ...at('trusted.json', 'socket', 'prototype'),
  ...at('updates.json', 'pipe', 'link out'),
  ...at('audit.jsonl', 'socket', 'folder', 'pipe', 'link out', 'link to a device', 'gigabyte'),
  ...at('server.log', 'socket', 'folder', 'pipe', 'link out', 'gigabyte'),
  ...at(`sessions/active/${ID}.json`, 'socket', 'gigabyte', 'brackets', 'lone surrogates', 'line break in its name'),
  ...at(`sessions/active/${ID}.launch`, 'socket', 'line break in its name'),
  ...at(`sessions/archive/${ID}.json`, 'socket', 'gigabyte', 'prototype'),
  ...at('tools/x.json', 'socket', 'gigabyte', 'brackets', 'lone surrogates', 'line break in its name'),
  ...at(`machines/${'0'.repeat(16)}.json`, 'socket', 'pipe', 'brackets'),
];
