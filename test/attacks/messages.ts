import type { CampaignCase } from '../helpers/campaign.js';
import { HOSTILE_LONG, HOSTILE_MARKUP, HOSTILE_SEQUENCES, HOSTILE_UNSEEN } from '../helpers/hostileText.js';

/** What somebody else wrote, by its kind; NUL is left out where a text has to be an argument. */
export const TEXTS = {
  sequences: HOSTILE_SEQUENCES.join(' '),
  unseen: HOSTILE_UNSEEN.join(' '),
  markup: HOSTILE_MARKUP.join(' '),
  lines: 'one\nFORGED: a line of its own\r\n\u2028FORGED: another\x0bFORGED: more\x85FORGED: last',
  cursor: 'all is well\rFORGED\x1b[1F\x1b[2KFORGED\x1b[3AFORGED\b\b\b',
  /** Line ends that are sequences, sequences in sequences, and such as never end or are none until something is gone. */
  nested:
    'a\x1bEFORGED: one\x1bDFORGED: two\x84FORGED: three\x1c\x1d\x1eFORGED: four \x1b\x1b[2Jx \x1b]0;\x1b[2J\x1b]52;c;eA==\x07 ' +
    '\x1b\u200b[2J \x1b\x00[2J [\x1b[31m2J \x1b\x18]0;x\x07 \x1b[201~\x1b[?2004l \x9b\x9b2J \x1bP\x1bP\x1b\\\x1b[2J\x1b\\ \u200dFORGED\x1b[',
  blanks:
    '\u{1d159}\u{13441}\u{13442}\u{e0100}\u{e01ef}\u180f\u2065\ufff0 a\u{1f3f4}\u{e0067}\u{e0062}\u{e007f} \u200d\u200d\ufe0f',
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
  ...cases('reply', ['audit', 'policy list', 'events', `explain ${ID}`, 'machine list', 'status -w'], ['nested']),
  ...cases('reply', ['audit', 'policy list', `explain ${ID}`], ['blanks']),
  ...cases(
    'refusal',
    [`send ${ID} hi`, `stop ${ID}`, `rename ${ID} other`, 'machine test local'],
    ['nested', 'blanks'],
  ),
  ...cases('refusal', REFUSALS, ['sequences', 'lines', 'long']),
];
