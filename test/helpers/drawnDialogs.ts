import { framed, indented, inked, wrapped, type Ink } from './drawnText.js';

/**
 * Dialogs as the real agents draw them, row for row, for commands and paths that no recorded screen has. Those with a
 * recorded screen are held against it by `test/state/readExactly.test.ts`; the others follow the source of the agent.
 */

/** What a dialog is drawn for. */
export interface Drawing {
  /** A command, the path of a dialog about a file, an address, or a name. */
  readonly what: string;
  readonly columns: number;
  readonly rows: number;
  /** Words of the model beside it. */
  readonly words?: string;
  /** What stands above it. */
  readonly above?: readonly string[];
  /** What is lost of all this on its way to the screen; default: nothing. */
  readonly ink?: Ink;
}

export interface Drawer {
  readonly tool: string;
  readonly action: 'shell' | 'edit' | 'create' | 'read' | 'network' | 'mcp';
  /** An earlier version of it. */
  readonly isOld?: boolean;
  /** So much of a command its dialog shows and no more; default: all. */
  readonly shows?: (rows: number) => number;
  /** The rows of the dialog, all of them, however many the screen has. */
  draw(drawing: Drawing): string[];
  /** Which of its rows a screen shows that has too few; default: the last. */
  cut?(rows: readonly string[], count: number): readonly string[];
}

type Text = (what: string) => string;
type Rows = (drawing: Drawing) => readonly string[];

/** The first of them chosen. */
function numbered(labels: readonly string[], cursor: string): string[] {
  return labels.map((label, index) => `${index === 0 ? cursor : ' '} ${index + 1}. ${label}`);
}

const fileName: Text = (what) => what.split('/').at(-1) ?? '';

/** What stands between the header of Codex and its options. */
const CODEX: readonly (readonly [
  action: Drawer['action'],
  header: string,
  body: Rows,
  labels: (drawing: Drawing) => string[],
])[] = [
  [
    'shell',
    'Would you like to run the following command?',
    ({ what, words, columns }) => [
      '',
      '  Environment: local',
      '',
      ...(words === undefined ? [] : [...wrapped(`Reason: ${words}`, columns - 4).map(indented(2)), '']),
      ...wrapped(`$ ${what}`, columns - 4).map(indented(2)),
    ],
    ({ what }) => [
      'Yes, proceed (y)',
      ...(what.includes('\n') ? [] : [`Yes, and don't ask again for commands that start with \`${what}\` (p)`]),
      'No, and tell Codex what to do differently (esc)',
    ],
  ],
  [
    'edit',
    'Would you like to make the following edits?',
    ({ what, columns }) => [
      '',
      '  Description: Apply proposed file edits',
      ...wrapped(`Destination: ${what}`, columns - 4).map(indented(2)),
    ],
    () => [
      'Yes, proceed (y)',
      "Yes, and don't ask again for these files (a)",
      'No, and tell Codex what to do differently (esc)',
    ],
  ],
];

const codex = CODEX.map(([action, header, body, labels]): Drawer => ({
  tool: 'codex',
  action,
  draw: (drawing) => [
    '',
    `  ${header}`,
    ...body(drawing),
    '',
    '',
    ...numbered(labels(drawing), '›').flatMap((label) =>
      wrapped(label.slice(5), drawing.columns - 7).map((row, index) =>
        index === 0 ? `${label.slice(0, 5)}${row}` : `     ${row}`,
      ),
    ),
    '',
    '  Press enter to confirm or esc to cancel',
  ],
  // Its own layout keeps the header and says that it has left something out.
  cut: (rows, count) => {
    const options = rows.findIndex((row) => row.startsWith('› 1. Yes, proceed')) - 2;
    const below = rows.slice(options);
    const above = Math.max(0, count - below.length - 1);
    return [...rows.slice(0, options).slice(0, above), `  [… ${options} lines] ctrl + a view all`, ...below];
  },
}));

const TIP = 'Tip: auto mode handles these prompts for you — choose "switch to auto mode" below';
const PROCEED = 'Do you want to proceed?';
const AMEND = 'Esc to cancel · Tab to amend';
const ALL_EDITS = 'Yes, allow all edits during this session (shift+tab)';

interface ClaudeDialog {
  readonly action: Drawer['action'];
  readonly isOld?: boolean;
  readonly header: string;
  readonly body: Rows;
  readonly question?: Text;
  readonly labels: readonly string[];
  readonly footer: string;
}

/** Between two dashed rows, as it shows commands and files. */
function dashed(above: Rows, body: Rows): Rows {
  return (drawing) => {
    const line = '╌'.repeat(drawing.columns);
    return [...above(drawing), line, ...body(drawing), line];
  };
}

/** Set in by so many columns, with an empty row above and below. */
function apart(blanks: number, text: (drawing: Drawing) => readonly string[]): Rows {
  return (drawing) => [
    '',
    ...text(drawing).flatMap((line) => wrapped(line, drawing.columns - blanks - 3).map(indented(blanks))),
    '',
  ];
}

function claudeFile(header: string, action: 'create' | 'edit', question: string): ClaudeDialog {
  return {
    action,
    header,
    body: dashed(
      ({ what, columns }) => wrapped(what, columns - 4).map(indented(1)),
      () => ['  1 hello'],
    ),
    question: (what) => `${question} ${fileName(what)}?`,
    labels: ['Yes', ALL_EDITS, 'No'],
    footer: AMEND,
  };
}

const CLAUDE: readonly ClaudeDialog[] = [
  {
    action: 'shell',
    header: 'Bash command',
    body: dashed(
      ({ words, columns }) =>
        [TIP, ...(words === undefined ? [] : [words])].flatMap((text) => wrapped(text, columns - 4).map(indented(1))),
      ({ what, columns }) => wrapped(what, columns - 4).map(indented(1)),
    ),
    labels: ['Yes', 'Yes, and switch to auto mode', 'No'],
    footer: AMEND,
  },
  {
    action: 'shell',
    isOld: true,
    header: 'Bash command',
    body: apart(3, ({ what, words }) => [what, ...(words === undefined ? [] : [words])]),
    labels: ['Yes', 'No'],
    footer: `${AMEND} · ctrl+e to explain`,
  },
  claudeFile('Create file', 'create', 'Do you want to create'),
  claudeFile('Edit file', 'edit', 'Do you want to make this edit to'),
  {
    action: 'read',
    header: 'Read file',
    body: apart(2, ({ what }) => [`Read(${what})`]),
    labels: ['Yes', 'No'],
    footer: 'Esc to cancel',
  },
];

const CLAUDE_LATER: readonly ClaudeDialog[] = [
  {
    action: 'network',
    header: 'Fetch',
    body: apart(2, ({ what }) => [what, `Claude wants to fetch content from ${hostOf(what)}`]),
    question: () => 'Do you want to allow Claude to fetch this content?',
    labels: ['Yes', "Yes, and don't ask again for this domain", 'No, and tell Claude what to do differently (esc)'],
    footer: 'Esc to cancel',
  },
  {
    action: 'mcp',
    header: 'Tool use',
    body: apart(2, ({ what, words = 'x' }) => [`${what}(text: "${words}") (MCP)`, 'Says something.']),
    labels: ['Yes', "Yes, and don't ask again for this tool", 'No'],
    footer: AMEND,
  },
];

const hostOf: Text = (address) => address.replace(/^https?:\/\//u, '').split('/')[0] ?? '';

const claudeDrawer = ({
  action,
  isOld = false,
  header,
  body,
  question = () => PROCEED,
  labels,
  footer,
}: ClaudeDialog): Drawer => ({
  tool: 'claude',
  action,
  isOld,
  draw: (drawing) => [
    '─'.repeat(drawing.columns),
    ` ${header}`,
    ...body(drawing),
    ...wrapped(question(drawing.what), drawing.columns - 4).map(indented(1)),
    ...numbered(labels, '❯').map(indented(1)),
    '',
    ` ${footer}`,
  ],
});

/** Of Gemini: what stands behind the name in its header, what in the inner frame, and what it asks. */
const GEMINI: readonly (readonly [
  action: Drawer['action'],
  name: string,
  title: Text,
  inner: 'what' | readonly string[],
  question: string,
  more: readonly string[],
])[] = [
  ['shell', 'Shell', (what) => what.trim(), 'what', 'Allow execution of [Shell]?', []],
  [
    'create',
    'WriteFile',
    (what) => `Writing to ${what}`,
    ['1 hello from mock new.txt'],
    'Apply this change?',
    ['Modify with external editor'],
  ],
  [
    'edit',
    'Edit',
    (what) => `${what}: line two => line TWO`,
    ['1   line one', '2 - line two', '2 + line TWO'],
    'Apply this change?',
    ['Modify with external editor'],
  ],
];

/** Those without an inner frame: all that stands below the header. */
const GEMINI_PLAIN: readonly (readonly [
  action: Drawer['action'],
  name: string,
  title: Text,
  body: (what: string) => readonly string[],
  question: Text,
  more: readonly string[],
])[] = [
  [
    'network',
    'WebFetch',
    (what) => `Processing URLs and instructions from prompt: "Read ${what}"`,
    (what) => [`Read ${what}`, '', 'URLs to fetch:', ` - ${what}`],
    () => PROCEED,
    [],
  ],
  [
    'mcp',
    'say (house MCP Server)',
    (what) => `{"text":"${what}"}`,
    (what) => ['MCP Server: house', `Tool: ${what}`],
    (what) => `Allow execution of MCP tool "${what}" from server "house"?`,
    ['Allow tool for this session', 'Allow all server tools for this session'],
  ],
];

function geminiDrawer(
  action: Drawer['action'],
  name: string,
  title: Text,
  body: (what: string, columns: number) => readonly string[],
  question: Text,
  more: readonly string[],
): Drawer {
  return {
    tool: 'gemini',
    action,
    draw: ({ what, columns }) => {
      const head = `? ${name}  `;
      return framed(
        [
          ...wrapped(title(what), columns - 4 - head.length).map((row, index) =>
            index === 0 ? head + row : ' '.repeat(head.length) + row,
          ),
          ...body(what, columns - 4),
          ...wrapped(question(what), columns - 4),
          '',
          ...numbered(['Allow once', 'Allow for this session', ...more, 'No, suggest changes (esc)'], '●'),
        ],
        columns,
      );
    },
  };
}

/** Of opencode: its title, and what stands below. */
const OPENCODE: readonly (readonly [action: Drawer['action'], title: Text, body: Text])[] = [
  ['shell', () => '# Shell command', (what) => `$ ${what}`],
  ['edit', (what) => `→ Edit ${what}`, () => '1 + hello'],
  ['read', (what) => `→ Read ${what}`, () => 'Path: x'],
];
const OPENCODE_LATER: typeof OPENCODE = [['network', (what) => `% WebFetch ${what}`, (what) => `URL: ${what}`]];

const opencodeDrawer = ([action, title, body]: (typeof OPENCODE)[number]): Drawer => {
  const shows = (rows: number): number => Math.max(1, Math.floor(rows / 3) - 1);
  return {
    tool: 'opencode',
    action,
    shows,
    draw: ({ what, columns, rows }) =>
      [
        '',
        '  ┃',
        '  ┃  △ Permission required',
        ...wrapped(title(what), columns - 10).map((row) => `  ┃    ${row}`),
        '  ┃',
        ...wrapped(body(what), columns - 11)
          .slice(0, shows(rows))
          .map((row) => `  ┃  ${row}`),
        '  ┃',
        '  ┃',
        '  ┃   Allow once   Allow always   Reject  ctrl+f fullscreen  ⇆ select  enter confirm'.slice(0, columns - 2),
        '  ┃',
      ].map((row) => row.trimEnd()),
  };
};

/** Of Copilot CLI: its title, what stands below the rule, and what it asks. */
const COPILOT: readonly (readonly [
  action: Drawer['action'],
  title: (drawing: Drawing) => string,
  body: (drawing: Drawing) => readonly string[],
  question: Text,
])[] = [
  [
    'shell',
    ({ words }) => words ?? 'Run a command',
    ({ what, columns }) => framed(wrapped(what, columns - 8), columns - 4),
    () => 'Do you want to run this command?',
  ],
  ['create', () => 'Create file', copilotFile('+1 -0', ['1 +   hello']), (what) => `Do you want to create ${what}?`],
  [
    'edit',
    () => 'Edit file',
    copilotFile('+1 -0', ['1 -   hello', '1 +   HELLO']),
    (what) => `Do you want to edit ${what}?`,
  ],
];

function copilotFile(count: string, changed: readonly string[]): (drawing: Drawing) => readonly string[] {
  return ({ what, columns }) => [
    ...wrapped(`${fileName(what)} ${count}`, columns - 4),
    '/home/user/project',
    '',
    ...changed,
  ];
}

const copilotDrawer = ([action, title, body, question]: (typeof COPILOT)[number]): Drawer => ({
  tool: 'copilot',
  action,
  draw: (drawing) => {
    const { what, columns } = drawing;
    return framed(
      [
        ...wrapped(title(drawing), columns - 4),
        '─'.repeat(columns - 4),
        ...body(drawing),
        '',
        ...wrapped(question(what), columns - 4),
        '',
        ...numbered(['Yes', 'No, and tell Copilot what to do differently (Esc to stop)'], '❯'),
        '',
        '↑/↓ to navigate · enter to select · esc to cancel',
      ],
      columns,
    );
  },
});

/** Recorded screens name their drawers by their places here. */
export const drawers: readonly Drawer[] = [
  ...codex,
  ...CLAUDE.map(claudeDrawer),
  ...GEMINI.map(([action, name, title, inner, question, more]) =>
    geminiDrawer(
      action,
      name,
      title,
      (what, width) => framed(inner === 'what' ? wrapped(what, width - 4) : inner, width),
      () => question,
      more,
    ),
  ),
  ...OPENCODE.map(opencodeDrawer),
  ...COPILOT.map(copilotDrawer),
  ...CLAUDE_LATER.map(claudeDrawer),
  ...GEMINI_PLAIN.map((row) => geminiDrawer(...row)),
  ...OPENCODE_LATER.map(opencodeDrawer),
];

/** A screen that shows a dialog below what else stands there, as tmux prints it. */
export function screenWith(drawer: Drawer, { ink, ...drawing }: Drawing): string {
  const lost = (text: string): string => (ink === undefined ? text : inked(text, ink));
  const { rows: count, above = [], words } = drawing;
  const drawn = { ...drawing, what: lost(drawing.what), ...(words === undefined ? {} : { words: lost(words) }) };
  const dialog = drawer.draw(drawn).map((row) => row.replace(/ +$/u, ''));
  const shown = dialog.length > count && drawer.cut ? drawer.cut(dialog, count) : dialog;
  return [...above, ...shown].slice(-count).join('\n');
}
