import type { Argument, Command } from '../command.js';
import { ID, NOTIFY } from './common.js';

const IDS: Argument = { name: 'ID', completes: 'session', isRepeated: true };

/** Commands that do something with sessions. */
export const CONTROL_COMMANDS: readonly Command[] = [
  {
    path: ['explain'],
    summary: 'Say why a session is shown as it is, or judge a saved screen.',
    details:
      'For a session: what was seen of it, whose word counts, how long it worked and waited, and the last lines that ' +
      'were looked at. With --tool and --screen: what a screen that was saved as text says; with --json state, phase, ' +
      'kind, request, options, startup (the dialog of a start), wouldSend (the keys that would allow the request once), ' +
      'rule, lines.',
    args: [{ ...ID, isOptional: true }],
    flags: [
      { name: 'tool', value: 'TOOL', description: 'The agent whose screen it is.', completes: 'tool' },
      { name: 'screen', value: 'FILE', description: 'The screen; - for the standard input.', completes: 'file' },
    ],
    examples: ['cm explain refactor-auth', 'cm explain --tool claude --screen screen.txt --json'],
    load: async () => (await import('../explainCommand.js')).explain,
  },
  {
    path: ['send'],
    summary: 'Type a text into a session, or several, and submit it.',
    details:
      'A line break at the very end of the standard input or of a file is left out. With --tag there is no ID: it goes ' +
      'to every session that runs in a context with that tag. A text is no answer: what a session asks is answered by ' +
      '`cm approve`, `cm deny` and `cm answer`.',
    args: [
      { ...ID, isOptional: true },
      { name: 'TEXT', isOptional: true },
    ],
    flags: [
      { name: 'tag', value: 'TAG', description: 'To all sessions that run in contexts with a tag; prints their ids.' },
      { name: 'file', value: 'FILE', description: 'Send the contents of a file.', completes: 'file' },
      { name: 'no-enter', description: 'Do not submit it.' },
      {
        name: 'force',
        description: 'Also while it needs input, a half-typed line stands there, or someone types or reads in it.',
      },
    ],
    examples: [
      'cm send refactor-auth "also update the docs"',
      'git diff | cm send refactor-auth -',
      'cm send --tag backend "the staging database is back"',
    ],
    load: async () => (await import('../controlCommands.js')).send,
  },
  {
    path: ['key'],
    summary: 'Press keys in a session.',
    details:
      'Keys have the names of tmux: Enter, Escape, Up, C-c, M-x, F1; a single letter or sign is itself. A text goes by ' +
      '`cm send`. What a session asks is answered by `cm approve`, `cm deny` and `cm answer`, which see to it that it is ' +
      'still asked; keys go to whatever stands there.',
    args: [ID, { name: 'KEY', isRepeated: true }],
    flags: [{ name: 'force', description: 'Also while someone has scrolled up in it.' }],
    examples: ['cm key refactor-auth Down Enter'],
    load: async () => (await import('../controlCommands.js')).key,
  },
  {
    path: ['attach'],
    summary: 'Attach this terminal to a session; detach with C-b d.',
    args: [ID],
    flags: [{ name: 'read-only', short: 'r', description: 'Only watch.' }, NOTIFY],
    load: async () => (await import('../attachCommand.js')).attach,
  },
  {
    path: ['wait'],
    summary: 'Wait until sessions have ended, need input or are idle.',
    details:
      'Prints the word reached; with several sessions the id before it. Exits with 1 when a turn that was waited for ended in an error.',
    args: [IDS],
    flags: [
      {
        name: 'for',
        value: 'WHAT',
        description: 'input, idle or ended (default).',
        completes: ['input', 'idle', 'ended'],
      },
      { name: 'timeout', value: 'TIME', description: 'Give up after 30s, 5m, 1h30m: exit 124.' },
      { name: 'exit-status', description: 'Exit as the session did (128 + N after signal N).' },
    ],
    examples: ['cm wait $(cm start shell "npm test") --exit-status'],
    load: async () => (await import('../waitCommand.js')).wait,
  },
  {
    path: ['interrupt'],
    summary: "Press the agent's interrupt key: it stops its turn and goes on living.",
    args: [IDS],
    flags: [{ name: 'force', description: 'Also while someone has scrolled up in it.' }],
    load: async () => (await import('../controlCommands.js')).interrupt,
  },
  {
    path: ['stop'],
    summary: 'End sessions: politely, then firmly; prints their ids.',
    args: [IDS],
    flags: [{ name: 'timeout', value: 'TIME', description: 'How long to be polite; default 10s.' }],
    load: async () => (await import('../controlCommands.js')).stop,
  },
  {
    path: ['kill'],
    summary: 'End sessions at once, with everything they started; prints their ids.',
    args: [IDS],
    flags: [],
    load: async () => (await import('../controlCommands.js')).kill,
  },
  {
    path: ['resume'],
    summary: 'Let a suspended session go on, or take the conversation of an ended one up again; prints its id.',
    details:
      'The agent goes on with its own record of the conversation, in the same session and log, with the same mode, ' +
      'model and arguments. Variables that were given at its start are not kept: give them again.',
    args: [ID],
    flags: [
      { name: 'env', value: 'KEY=VALUE', isRepeatable: true, description: 'Variable for the agent (repeatable).' },
      { name: 'env-file', value: 'FILE', description: 'Variables from a file, KEY=VALUE a line.', completes: 'file' },
    ],
    load: async () => (await import('../resumeCommand.js')).resume,
  },
  {
    path: ['rm'],
    aliases: [['remove']],
    summary: 'Archive sessions, or delete them for good; prints their ids.',
    args: [IDS],
    flags: [
      { name: 'purge', description: 'Delete record and log.' },
      { name: 'force', description: 'Also running ones: they are killed.' },
    ],
    load: async () => (await import('../controlCommands.js')).remove,
  },
  {
    path: ['rename'],
    summary: 'Give a session another name.',
    args: [ID, { name: 'NAME' }],
    flags: [],
    load: async () => (await import('../controlCommands.js')).rename,
  },
  {
    path: ['events'],
    summary: 'Print all changes as they come.',
    args: [],
    flags: [{ name: 'since', value: 'SEQ', description: 'Begin after the change with this number.' }],
    examples: ['cm events --json'],
    load: async () => (await import('../eventsCommand.js')).events,
  },
];
