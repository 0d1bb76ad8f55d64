import type { Command } from '../command.js';
import { ID, NOTIFY } from './common.js';

/** What `cm status --state` understands. */
const STATES = [
  'starting',
  'working',
  'running',
  'needs-input',
  'suspended',
  'limited',
  'error',
  'finished',
  'idle',
  'completed',
  'failed',
  'stopped',
  'lost',
  'offline',
] as const;

/** Commands that start sessions and show them. */
export const START_COMMANDS: readonly Command[] = [
  {
    path: ['start'],
    summary: 'Start an agent in a context; prints the id of the session.',
    details:
      'Without --ctx the agent works in the current folder, as a session of the context that holds it, or of a new one. ' +
      'The task is an argument, or comes from the standard input (-) or from a file. ' +
      '`cm start shell "COMMAND"` runs any command.',
    args: [
      { name: 'TOOL', completes: 'tool' },
      { name: 'TASK', isOptional: true },
    ],
    flags: [
      { name: 'ctx', value: 'CONTEXT', description: 'Where it runs.', completes: 'context' },
      { name: 'name', value: 'NAME', description: 'Name of the session; default: from the task.' },
      { name: 'task-file', value: 'FILE', description: 'Read the task from a file.', completes: 'file' },
      {
        name: 'worktree',
        value: 'BRANCH',
        isValueOptional: true,
        description: 'Work in a new git worktree, on a new branch or the given one.',
      },
      {
        name: 'trust-git',
        value: 'DIGEST',
        description: 'Let the shown hooks and filters of the repository run in the worktree; no: leave them out.',
      },
      { name: 'mode', value: 'MODE', description: 'Permission mode of the agent; default: as it is configured.' },
      { name: 'model', value: 'MODEL', description: 'Model of the agent; default: as it is configured.' },
      { name: 'env', value: 'KEY=VALUE', isRepeatable: true, description: 'Variable for the agent (repeatable).' },
      { name: 'env-file', value: 'FILE', description: 'Variables from a file, KEY=VALUE a line.', completes: 'file' },
      {
        name: 'follow',
        short: 'f',
        description: 'Show its output until it ends, and exit as it did (128 + N after signal N).',
      },
      { name: 'attach', short: 'a', description: 'Attach this terminal to it.' },
    ],
    rest: 'ARGS',
    examples: [
      'cm start claude "fix the failing tests"',
      'cm start codex --ctx api --worktree - < task.md',
      'cm start shell "npm test" -f',
      'cm start claude "review this" -- --verbose',
    ],
    load: async () => (await import('../startCommand.js')).start,
  },
  {
    path: ['status'],
    aliases: [['ls'], ['list']],
    summary: 'List sessions, or show one.',
    details:
      'AGE is the time since STATUS changed. With -w the list is kept current: in place in a terminal, as one line for ' +
      'each change elsewhere.',
    args: [{ ...ID, isOptional: true }],
    flags: [
      { name: 'all', short: 'a', description: 'Archived ones too.' },
      { name: 'watch', short: 'w', description: 'Show changes as they come.' },
      NOTIFY,
      { name: 'quiet', short: 'q', description: 'Print ids only.' },
      { name: 'ctx', value: 'CONTEXT', description: 'Only those of a context.', completes: 'context' },
      { name: 'machine', value: 'MACHINE', description: 'Only those of a machine.', completes: 'machine' },
      { name: 'tool', value: 'TOOL', description: 'Only those of a tool.', completes: 'tool' },
      { name: 'state', value: 'STATE', description: 'Only those in a state.', completes: STATES },
      { name: 'tag', value: 'TAG', description: 'Only those of contexts with a tag.' },
    ],
    examples: [
      'cm status',
      'cm status -w --notify',
      'cm status --state needs-input -q',
      'cm status refactor-auth --json',
    ],
    load: async () => (await import('../statusCommand.js')).status,
  },
  {
    path: ['logs'],
    summary: "Show a session's output.",
    details:
      'Readable lines, without control codes; --raw gives the bytes as the agent wrote them. The log itself has no ' +
      'times: --since shows nothing when the last output is older, all when the session began later, and else the last ' +
      'lines. -f ends with the session.',
    args: [ID],
    flags: [
      { name: 'follow', short: 'f', description: 'Go on with what comes, until the session ends.' },
      { name: 'lines', short: 'n', value: 'N', description: 'Begin with the last N lines, or `all`; default 50.' },
      { name: 'since', value: 'TIME', description: 'Only when there was output since then: 10m, 2h, an ISO time.' },
      { name: 'raw', description: 'The raw bytes, also control codes, which a terminal obeys.' },
      { name: 'transcript', description: 'Prompts, answers and tool calls as the agent itself recorded them.' },
    ],
    examples: [
      'cm logs refactor-auth -f',
      'cm logs refactor-auth -n all --raw > session.log',
      'cm logs refactor-auth --transcript',
    ],
    load: async () => (await import('../logsCommand.js')).logs,
  },
];
