/**
 * Dialogs as the real agents draw them, row for row, for commands and paths that no recorded screen has. Each drawer is
 * held against recorded screens by the test that uses it.
 */

/** What a dialog is drawn for. */
export interface Drawing {
  /** A command, or the path of a dialog about a file. */
  readonly what: string;
  readonly columns: number;
  readonly rows: number;
  /** Words of the model beside it. */
  readonly words?: string;
  /** What stands above it. */
  readonly above?: readonly string[];
}

export interface Drawer {
  readonly tool: string;
  readonly action: 'shell' | 'edit' | 'create' | 'read' | 'network' | 'mcp';
  /** An earlier version of it. */
  readonly isOld?: boolean;
  /** The rows of the dialog, all of them, however many the screen has. */
  draw(drawing: Drawing): string[];
  /** Which of its rows a screen shows that has too few; default: the last. */
  cut?(rows: readonly string[], count: number): readonly string[];
}

const SEGMENTS = new Intl.Segmenter('en');
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]*$/u;

function cells(text: string): number {
  let count = 0;
  for (const { segment } of SEGMENTS.segment(text)) count += NOTHING.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1;
  return count;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cells(text)));
}

/** The lines of a text, cut between its words where one is longer than `width`, or anywhere when a word is. */
function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const rows: string[] = [];
    let row = '';
    for (const word of line.split(/(?<= )/u)) {
      if (row !== '' && cells(row) + cells(word.trimEnd()) > width) {
        rows.push(row.trimEnd());
        row = '';
      }
      row += word;
      while (cells(row.trimEnd()) > width) {
        const { part, rest } = split(row, width);
        rows.push(part);
        row = rest;
      }
    }
    return [...rows, row.trimEnd()];
  });
}

function split(text: string, width: number): { part: string; rest: string } {
  let part = '';
  for (const { segment } of SEGMENTS.segment(text)) {
    if (part !== '' && cells(part + segment) > width) break;
    part += segment;
  }
  return { part, rest: text.slice(part.length) };
}

function framed(rows: readonly string[], columns: number): string[] {
  const line = '─'.repeat(columns - 2);
  return [`╭${line}╮`, ...rows.map((row) => `│ ${pad(row, columns - 4)} │`), `╰${line}╯`];
}

const codex: Drawer = {
  tool: 'codex',
  action: 'shell',
  draw: ({ what, words, columns }) => [
    '',
    '  Would you like to run the following command?',
    '',
    '  Environment: local',
    '',
    ...(words === undefined ? [] : [...wrapped(`Reason: ${words}`, columns - 4).map(indented(2)), '']),
    ...wrapped(`$ ${what}`, columns - 4).map(indented(2)),
    '',
    '',
    '› 1. Yes, proceed (y)',
    ...(what.includes('\n')
      ? []
      : wrapped(`Yes, and don't ask again for commands that start with \`${what}\` (p)`, columns - 7).map(
          (row, index) => (index === 0 ? `  2. ${row}` : `     ${row}`),
        )),
    `  ${what.includes('\n') ? 2 : 3}. No, and tell Codex what to do differently (esc)`,
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
};

const codexEdit: Drawer = {
  tool: 'codex',
  action: 'edit',
  draw: ({ what, columns }) => [
    '',
    '  Would you like to make the following edits?',
    '',
    '  Description: Apply proposed file edits',
    ...wrapped(`Destination: ${what}`, columns - 4).map(indented(2)),
    '',
    '',
    '› 1. Yes, proceed (y)',
    "  2. Yes, and don't ask again for these files (a)",
    '  3. No, and tell Codex what to do differently (esc)',
    '',
    '  Press enter to confirm or esc to cancel',
  ],
};

const TIP = 'Tip: auto mode handles these prompts for you — choose "switch to auto mode" below';

const claude: Drawer = {
  tool: 'claude',
  action: 'shell',
  draw: ({ what, words, columns }) => [
    '─'.repeat(columns),
    ' Bash command',
    ...wrapped(TIP, columns - 4).map(indented(1)),
    ...(words === undefined ? [] : wrapped(words, columns - 4).map(indented(1))),
    '╌'.repeat(columns),
    ...wrapped(what, columns - 4).map(indented(1)),
    '╌'.repeat(columns),
    ' Do you want to proceed?',
    ' ❯ 1. Yes',
    '   2. Yes, and switch to auto mode',
    '   3. No',
    '',
    ' Esc to cancel · Tab to amend',
  ],
};

const claudeOld: Drawer = {
  tool: 'claude',
  isOld: true,
  action: 'shell',
  draw: ({ what, words, columns }) => [
    '─'.repeat(columns),
    ' Bash command',
    '',
    ...wrapped(what, columns - 6).map(indented(3)),
    ...(words === undefined ? [] : wrapped(words, columns - 6).map(indented(3))),
    '',
    ' Do you want to proceed?',
    ' ❯ 1. Yes',
    '   2. No',
    '',
    ' Esc to cancel · Tab to amend · ctrl+e to explain',
  ],
};

function claudeFile(header: string, action: 'create' | 'edit', question: string): Drawer {
  return {
    tool: 'claude',
    action,
    draw: ({ what, columns }) => [
      '─'.repeat(columns),
      ` ${header}`,
      ...wrapped(what, columns - 4).map(indented(1)),
      '╌'.repeat(columns),
      '  1 hello',
      '╌'.repeat(columns),
      ...wrapped(`${question} ${what.split('/').at(-1) ?? ''}?`, columns - 4).map(indented(1)),
      ' ❯ 1. Yes',
      '   2. Yes, allow all edits during this session (shift+tab)',
      '   3. No',
      '',
      ' Esc to cancel · Tab to amend',
    ],
  };
}

const claudeRead: Drawer = {
  tool: 'claude',
  action: 'read',
  draw: ({ what, columns }) => [
    '─'.repeat(columns),
    ' Read file',
    '',
    ...wrapped(`Read(${what})`, columns - 4).map(indented(2)),
    '',
    ' Do you want to proceed?',
    ' ❯ 1. Yes',
    '   2. No',
    '',
    ' Esc to cancel',
  ],
};

function gemini(
  action: Drawer['action'],
  title: (what: string) => string,
  inner: readonly string[] | 'what',
  question: string,
  editor: boolean,
): Drawer {
  return {
    tool: 'gemini',
    action,
    draw: ({ what, columns }) => {
      const [name = '', rest = ''] = title(what).split('\u0000');
      const head = wrapped(rest, columns - 4 - name.length);
      const body = inner === 'what' ? wrapped(what, columns - 8) : inner;
      const options = [
        'Allow once',
        'Allow for this session',
        ...(editor ? ['Modify with external editor'] : []),
        'No, suggest changes (esc)',
      ];
      return framed(
        [
          ...head.map((row, index) => (index === 0 ? name : ' '.repeat(name.length)) + row),
          ...framed(body, columns - 4),
          question,
          '',
          ...options.map((label, index) => `${index === 0 ? '●' : ' '} ${index + 1}. ${label}`),
        ],
        columns,
      );
    },
  };
}

const geminiShell = gemini(
  'shell',
  (what) => `? Shell  \u0000${what.trim()}`,
  'what',
  'Allow execution of [Shell]?',
  false,
);
const geminiCreate = gemini(
  'create',
  (what) => `? WriteFile  \u0000Writing to ${what}`,
  ['1 hello from mock new.txt'],
  'Apply this change?',
  true,
);
const geminiEdit = gemini(
  'edit',
  (what) => `? Edit  \u0000${what}: line two => line TWO`,
  ['1   line one', '2 - line two', '2 + line TWO'],
  'Apply this change?',
  true,
);

function opencode(action: Drawer['action'], title: (what: string) => string, body: (what: string) => string): Drawer {
  return {
    tool: 'opencode',
    action,
    draw: ({ what, columns, rows }) => {
      const inside = wrapped(body(what), columns - 11).slice(0, Math.max(1, Math.floor(rows / 3) - 1));
      return [
        '',
        '  ┃',
        '  ┃  △ Permission required',
        ...wrapped(title(what), columns - 10).map((row) => `  ┃    ${row}`),
        '  ┃',
        ...inside.map((row) => `  ┃  ${row}`),
        '  ┃',
        '  ┃',
        '  ┃   Allow once   Allow always   Reject  ctrl+f fullscreen  ⇆ select  enter confirm'.slice(0, columns - 2),
        '  ┃',
      ].map((row) => row.trimEnd());
    },
  };
}

const opencodeShell = opencode(
  'shell',
  () => '# Shell command',
  (what) => `$ ${what}`,
);
const opencodeEdit = opencode(
  'edit',
  (what) => `→ Edit ${what}`,
  () => '1 + hello',
);
const opencodeRead = opencode(
  'read',
  (what) => `→ Read ${what}`,
  () => 'Path: x',
);

const copilotShell: Drawer = {
  tool: 'copilot',
  action: 'shell',
  draw: ({ what, words, columns }) =>
    framed(
      [
        ...wrapped(words ?? 'Run a command', columns - 4),
        '─'.repeat(columns - 4),
        ...framed(wrapped(what, columns - 8), columns - 4),
        '',
        'Do you want to run this command?',
        '',
        '❯ 1. Yes',
        '  2. No, and tell Copilot what to do differently (Esc to stop)',
        '',
        '↑/↓ to navigate · enter to select · esc to cancel',
      ],
      columns,
    ),
};

const copilotCreate: Drawer = {
  tool: 'copilot',
  action: 'create',
  draw: ({ what, columns }) =>
    framed(
      [
        'Create file',
        '─'.repeat(columns - 4),
        ...wrapped(`${what.split('/').at(-1) ?? ''} +1 -0`, columns - 4),
        '/home/user/project',
        '',
        '1 +   hello',
        '',
        ...wrapped(`Do you want to create ${what}?`, columns - 4),
        '',
        '❯ 1. Yes',
        '  2. No, and tell Copilot what to do differently (Esc to stop)',
        '',
        '↑/↓ to navigate · enter to select · esc to cancel',
      ],
      columns,
    ),
};

const copilotEdit: Drawer = {
  tool: 'copilot',
  action: 'edit',
  draw: ({ what, columns }) =>
    framed(
      [
        'Edit file',
        '─'.repeat(columns - 4),
        ...wrapped(`${what.split('/').at(-1) ?? ''} +1 -0`, columns - 4),
        '/home/user/project',
        '',
        '1 -   hello',
        '1 +   HELLO',
        '',
        ...wrapped(`Do you want to edit ${what}?`, columns - 4),
        '',
        '❯ 1. Yes',
        '  2. No, and tell Copilot what to do differently (Esc to stop)',
        '',
        '↑/↓ to navigate · enter to select · esc to cancel',
      ],
      columns,
    ),
};

function indented(blanks: number): (row: string) => string {
  return (row) => (row === '' ? '' : ' '.repeat(blanks) + row);
}

/** Every dialog of which a real screen is known. */
export const drawers: readonly Drawer[] = [
  codex,
  codexEdit,
  claude,
  claudeOld,
  claudeFile('Create file', 'create', 'Do you want to create'),
  claudeFile('Edit file', 'edit', 'Do you want to make this edit to'),
  claudeRead,
  geminiShell,
  geminiCreate,
  geminiEdit,
  opencodeShell,
  opencodeEdit,
  opencodeRead,
  copilotShell,
  copilotCreate,
  copilotEdit,
];

/** A screen that shows a dialog below what else stands there, as tmux prints it. */
export function screenWith(drawer: Drawer, drawing: Drawing): string {
  const dialog = drawer.draw(drawing).map((row) => row.replace(/ +$/u, ''));
  const { rows: count, above = [] } = drawing;
  const shown = dialog.length > count && drawer.cut ? drawer.cut(dialog, count) : dialog;
  return [...above, ...shown].slice(-count).join('\n');
}
