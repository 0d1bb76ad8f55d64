import * as z from 'zod';

/** A regular expression as text, matched with the flags `mu`. */
export const Pattern = z.string().refine((source) => {
  try {
    new RegExp(source, 'mu');
    return true;
  } catch {
    return false;
  }
}, 'is not a valid regular expression');

/** What a person has to do before the agent goes on. */
export const WaitingKind = z.enum(['permission', 'question', 'plan', 'trust', 'login']);
export type WaitingKind = z.infer<typeof WaitingKind>;

/** What a request for permission wants to do. `mode`: to work with fewer questions from then on. */
export const RequestAction = z.enum(['shell', 'edit', 'create', 'read', 'network', 'mcp', 'mode', 'other']);
export type RequestAction = z.infer<typeof RequestAction>;

/** What choosing an option means. `mode`: yes, and the agent asks less from then on. */
export const OptionRole = z.enum(['allow', 'always', 'mode', 'deny']);
export type OptionRole = z.infer<typeof OptionRole>;

/** How a tool draws the options of its dialogs. */
export const OptionStyle = z.object({
  /**
   * `list`: one below the other, numbered or not. `row`: side by side. `letters`: `(Y)es/(N)o [Yes]:` after a
   * question. `fixed`: nothing to see; `choices` says what can be pressed.
   */
  layout: z.enum(['list', 'row', 'letters', 'fixed']).default('list'),
  /** Matches the mark before the chosen option. An option list without one is no dialog, unless there is none at all. */
  cursor: Pattern.nullable().default('[❯›>●▶→]'),
  /** Lines below the options. */
  footer: z.array(Pattern).default([]),
  /** Labels of a row as they are drawn. */
  labels: z.array(z.string()).default([]),
  choices: z.array(z.object({ label: z.string(), keys: z.array(z.string()).min(1) })).default([]),
  /** A part of a label that stands there only while the cursor is on it, and is none of its words. */
  passing: Pattern.optional(),
  /** Numbers choose; else the cursor has to be moved. */
  digits: z.boolean().default(true),
  /** Where a label goes on that does not fit into its row: below itself, or below its number. */
  wraps: z.enum(['label', 'number']).default('label'),
  /** Where several can be chosen: the row below them that ends the choice. */
  finish: Pattern.default('^(?:Next|Submit|Done)$'),
  /** The key that ends it where no row does. */
  finishKey: z.string().optional(),
});
export type OptionStyle = z.infer<typeof OptionStyle>;

/**
 * One row of a dialog as it stands on the screen, frame and padding included, from its first column to its last sign.
 * Text: exactly one row that the pattern matches whole. `times`: at most one such row, or any number of them. `words`:
 * fixed words, over as many rows as the screen needs for them, or not there at all.
 */
export const DrawnRow = z.union([
  Pattern,
  z.object({ row: Pattern, times: z.enum(['?', '*']) }),
  z.object({ words: z.string().min(1) }),
]);
export type DrawnRow = z.infer<typeof DrawnRow>;

/**
 * A dialog at the bottom of the screen. Lines are matched without the frames drawn around them and without trailing
 * blanks.
 */
export const ScreenDialog = z.looseObject({
  kind: WaitingKind,
  action: RequestAction.optional(),
  /** Dialogs with a lower number are tried first; of equal ones the first counts. */
  order: z.number().default(0),
  /**
   * Matches the line with which it begins. Of a permission the highest one counts, since what is asked may repeat it; of
   * others the lowest. Without a match: 40 lines above its options.
   */
  begin: Pattern.optional(),
  /** Every one of these is found in it, options and footer included. */
  all: z.array(Pattern).default([]),
  /** None of these is. */
  not: z.array(Pattern).default([]),
  /** Matches the last line that says something. */
  end: Pattern.optional(),
  /** A label that one of its options has. */
  option: Pattern.optional(),
  /** Where they are not drawn as the tool's others are. */
  options: OptionStyle.optional(),
  /**
   * Named groups say what is asked: `command`, `path`, `question`, `url`, `name`. Matched against what stands above the
   * options, first match first.
   */
  read: z.array(Pattern).default([]),
  /** What the tool itself adds behind a question. */
  aside: Pattern.optional(),
  /**
   * Every row from above its header down to its options, in each way in which the tool draws it. Only what is drawn just
   * so is read exactly: groups `command` and `path`, alike wherever they stand. Without any nothing is.
   */
  drawn: z.array(z.array(DrawnRow).min(1)).default([]),
  /** Without an option that matches and without all of these groups it is not all there: nothing can be answered then. */
  complete: z.object({ option: Pattern.optional(), reads: z.array(z.string()).default([]) }).prefault({}),
  /** What a person reads after "Needs input"; `{command}` and the other groups are replaced. */
  text: z.string().optional(),
  /**
   * The dialog only asks whether the answers that were just given are meant: the option that says so, and the row that stands there
   * for each of them.
   */
  confirms: z.object({ option: Pattern, each: Pattern }).optional(),
});
export type ScreenDialog = z.infer<typeof ScreenDialog>;

export const Phase = z.enum(['planning', 'editing', 'testing', 'running']);
export type Phase = z.infer<typeof Phase>;

/** Labels of options into which an answer of one's own is typed, in most tools. */
export const OWN_ANSWER = '^(?:Type something|Type your own answer|Enter a custom value|Other\\b)';

/** What the screens of a tool mean once it has started. Everything is looked for at the bottom of the live screen. */
export const ScreenRules = z.looseObject({
  options: OptionStyle.prefault({}),
  roles: z.object({ deny: Pattern, mode: Pattern, always: Pattern, allow: Pattern }).prefault({
    deny: "^(?:No\\b|Deny|Reject|Skip\\b|Cancel|Don['’]t|Stop\\b)",
    mode: '\\bswitch to\\b|auto-accept|automatically accept|auto mode|bypass',
    always:
      "always|don['’]t ask again|(?:for|during|in) (?:this|the) (?:running )?session|for the rest of|and remember this|all edits|^All\\b",
    allow: '^(?:Yes|Allow|Run|Approve|Accept|Proceed|Confirm|Submit|Trust)\\b',
  }),
  /** After a denial it waits for a prompt, which can be the reason. */
  takesReason: z.boolean().default(false),
  /** Labels of options into which an answer of one's own is typed. */
  ownAnswer: Pattern.default(OWN_ANSWER),
  /** Enter opens such an option before anything can be typed. */
  ownAnswerOpens: z.boolean().default(false),
  /**
   * Frames that the tool draws around the rows of its dialogs at fixed columns, the innermost first; group 1 is what
   * stands inside. Of other rows nothing is taken off.
   */
  frames: z.array(Pattern).default([]),
  /**
   * The row at the top of the frame that the tool draws around each of its dialogs, from one edge of the terminal to the
   * other. What stands above the lowest one is left over from before the terminal had another size.
   */
  dialogTop: Pattern.optional(),
  /** By id, so that a user's file can add one or override one. */
  dialogs: z.record(z.string(), ScreenDialog).default({}),
  /**
   * The last line of a list that no dialog is, and that stands in place of the input box: a person has opened it, or the
   * tool asks with it.
   */
  menus: z.array(Pattern).default([]),
  /** The first line of the input box; `draft` is what has been typed into it. Only its frame and `footer` stand below. */
  box: z
    .object({
      line: Pattern,
      /** What stands in an empty box. */
      placeholders: z.array(Pattern).default([]),
      /** Lines below it; without any, every line below the frame is one. */
      footer: z.array(Pattern).default([]),
    })
    .optional(),
  /**
   * An input box whose first line has no mark: the rows, as they are drawn, that match `row` right above the lowest one
   * that matches `bottom`. The last of them with anything in it is no text of the person's. Says what has been typed,
   * and nothing else.
   */
  area: z
    .object({
      row: Pattern,
      bottom: Pattern,
      /** What stands in an empty one. */ placeholders: z.array(Pattern).default([]),
    })
    .optional(),
  /**
   * A list that a person opens in the middle of the screen, over everything else: the words at the right end of its title,
   * for its key. The title is what stands before them.
   */
  overlay: z.string().min(1).optional(),
  /**
   * tmux key names that empty the input box, or take a part of what stands in it away. Pressed only to remove the prompt
   * that the tool itself puts back when its turn is broken off.
   */
  clearKeys: z.array(z.string()).default([]),
  /** The first line of an earlier prompt: what stands above it belongs to another turn. */
  prompt: Pattern.optional(),
  /** The agent works: matches a line above the input box; without a box one of the last lines. */
  working: z.array(Pattern).default([]),
  /** The agent works: matches a line below the input box, where no agent can print. */
  workingBelow: z.array(Pattern).default([]),
  /** The agent waits for its next task. Without any: when the input box is there and it does not work. */
  idle: z.array(Pattern).default([]),
  /** How many lines above the box, or from the bottom when the tool has none, these are looked for in. */
  lines: z.number().int().min(1).max(60).default(8),
  /**
   * Lines that say what it does at the moment, the lowest first; `command`: judged by the command in group 1; null:
   * what stands further up is over.
   */
  phases: z.array(z.object({ line: Pattern, phase: z.union([Phase, z.literal('command')]).nullable() })).default([]),
  /** A person broke the turn off. */
  interrupted: z.array(Pattern).default([]),
  /** The turn went wrong; group 1 says how. However many rows that takes, they are matched as one. */
  failed: z.array(Pattern).default([]),
  /**
   * The first line of what the agent says or has done. Where it says how its own limits look, its words and the output of
   * its commands may look the same: of a turn with such a line the screen tells no limit.
   */
  spoken: Pattern.optional(),
  /**
   * The usage limit is reached; group `until` says when it ends. Matches a whole row, frames included: at the column
   * where the tool says it and its agent cannot.
   */
  limited: z.array(Pattern).default([]),
  /** Work that goes on beside the conversation, told below the box; group 1 is how many. */
  background: z.array(Pattern).default([]),
  /** The same, told in the line right above the box. */
  backgroundAbove: z.array(Pattern).default([]),
  /** One of the last rows says that a key has suspended it. */
  suspended: z.array(Pattern).default([]),
  /** The agent leaves the other screen of its terminal when a key suspends it, and says nothing. */
  suspendsSilently: z.boolean().default(false),
  /** A row that says that one more press of a key suspends it: of that its terminal tells, by its mode, and no screen. */
  nearSuspension: z.array(Pattern).default([]),
  /** A view of a person that hides the conversation: nothing is known while it is open. */
  hidden: z.array(Pattern).default([]),
});
export type ScreenRules = z.infer<typeof ScreenRules>;

/** An option of a dialog. */
export const ScreenOption = z.object({
  label: z.string(),
  /** tmux key names that choose it as the screen stands; null where that cannot be known. */
  keys: z.array(z.string()).nullable(),
  role: OptionRole.nullable(),
  /** The cursor is on it; null where the screen does not tell. */
  selected: z.boolean().nullable(),
  /** What stands below the label. */
  detail: z.string().nullable(),
  /** The option's number on the screen. */
  number: z.number().int().optional(),
  /** Whether it is chosen, where several can be. */
  ticked: z.boolean().optional(),
  /** An answer of one's own is typed into it. */
  takesText: z.boolean().optional(),
  /** The option is no answer: it ends the choice of several. */
  finishes: z.boolean().optional(),
});
export type ScreenOption = z.infer<typeof ScreenOption>;

/**
 * Where the exact bytes come from of what will run once a request is allowed: the tool's own event of it, the record that
 * the tool keeps of the call, or a screen that can be read in one way only.
 */
export const Exact = z.enum(['event', 'record', 'screen']);
export type Exact = z.infer<typeof Exact>;

/** What an agent asks. */
export const ScreenRequest = z.object({
  action: RequestAction.nullable(),
  /** The whole command line as the tool has it, not made harmless: shown by `spelled` only. */
  command: z.string().nullable(),
  /** As the tool has it, not made harmless: shown by `spelled` only. */
  path: z.string().nullable(),
  question: z.string().nullable(),
  /** One line for people, made harmless. */
  text: z.string(),
  /** Absolute, of a command that does not run in the folder of its session. Not made harmless. */
  folder: z.string().optional(),
  /** null: what will run is not known exactly, and no rule can allow it. */
  exact: Exact.nullable().default(null),
  /** Several of its options are one answer. */
  several: z.boolean().optional(),
  /** The dialog has more options than its screen shows. */
  more: z.boolean().optional(),
  /** More than what is asked may stand in it: the screen is being drawn anew, or repeats the tool's own words. */
  doubtful: z.boolean().optional(),
});
export type ScreenRequest = z.infer<typeof ScreenRequest>;
