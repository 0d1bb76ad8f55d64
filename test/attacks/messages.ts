import type { CampaignCase } from '../helpers/campaign.js';
import { HOSTILE_LONG, HOSTILE_MARKUP, HOSTILE_SEQUENCES, HOSTILE_UNSEEN } from '../helpers/hostileText.js';

/** What somebody else wrote, by its kind; NUL is left out where a text has to be an argument. */
export const TEXTS = {
  sequences: HOSTILE_SEQUENCES.join(' '),
  unseen: HOSTILE_UNSEEN.join(' '),
  markup: HOSTILE_MARKUP.join(' '),
  lines: 'one\nFORGED: a line of its own\r\n\u2028FORGED: another\x0bFORGED: more\x85FORGED: last',
  cursor: 'all is well\rFORGED\x1b[1F\x1b[2KFORGED\x1b[3AFORGED\b\b\b',
  long: HOSTILE_LONG[0]?.slice(0, 300_000) ?? '',
} as const;

export interface MessagesInput {
  /** Words of a command after `cm`; `{}` is the text. */
  readonly surface: string;
  /** `reply`: every answer of the agent server holds it, in every place; `refusal`: it refuses with it. */
  readonly by: 'reply' | 'refusal';
  readonly text: keyof typeof TEXTS;
}

/** What a terminal would obey, how many lines the text made up, and whether anything was said at all. */
export interface MessagesOutcome {
  readonly obeyed: string | null;
  readonly forged: number;
  readonly isSaid: boolean;
}

const ID = '000000000001';
const REPLIES = [
  'audit',
  'policy list',
  `policy test --session ${ID} --command ls`,
  `explain ${ID}`,
  'events',
  `status -w`,
  'ctx test c',
  'machine test local',
  'server status',
  'server token',
  'machine list',
];
const REFUSALS = [
  'audit',
  'policy list',
  "policy add deny --command 'ls'",
  `explain ${ID}`,
  `send ${ID} hi`,
  `key ${ID} Enter`,
  `stop ${ID}`,
  `rename ${ID} other`,
  'ctx test c',
  'machine test local',
  'server token new x',
  `resume ${ID}`,
];

function cases(by: MessagesInput['by'], surfaces: readonly string[], texts: readonly (keyof typeof TEXTS)[]) {
  return surfaces.flatMap((surface) =>
    texts.map((text): CampaignCase<MessagesInput, MessagesOutcome> => ({
      id: `${by}-${surface.replace(/[^\w]+/gu, '-')}-${text}`,
      input: { surface, by, text },
      expect: { obeyed: null, forged: 0, isSaid: true },
    })),
  );
}

export const messagesCases = [
  ...cases('reply', REPLIES, ['sequences', 'unseen', 'lines', 'cursor']),
  // Several lines are meant in a conversation.
  ...cases('reply', [`logs ${ID} --transcript`], ['sequences', 'unseen', 'markup']),
  ...cases('reply', ['machine list', 'policy list', 'audit', 'events'], ['long', 'markup']),
  ...cases('refusal', REFUSALS, ['sequences', 'lines', 'long']),
];
