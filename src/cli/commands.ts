import type { Argument, Command, Flag } from './command.js';
import { MACHINE_EDIT_FLAGS, MACHINE_FLAGS } from './machineFlags.js';

const ID: Argument = { name: 'ID', completes: 'session' };
const IDS: Argument = { name: 'ID', completes: 'session', isRepeated: true };
const CONTEXT: Argument = { name: 'NAME', completes: 'context' };
const MACHINE: Argument = { name: 'MACHINE', completes: 'machine' };
const TIMEOUT: Flag = { name: 'timeout', value: 'TIME', description: 'Give up after so long; default 30s.' };
const TAGS: Flag = { name: 'tags', value: 'A,B', description: 'Tags, separated by commas.' };
const FORCE_REMOVE: Flag = { name: 'force', description: 'Also while sessions run in it; they go on.' };

const REQUEST: Flag = {
  name: 'request',
  value: 'R',
  isRepeatable: true,
  description: 'The request that is answered, by its id; with --all one for each.',
};
const ALL: Flag = {
  name: 'all',
  description: 'And those of other sessions that ask exactly the same, each by its own id.',
};
const APPROVAL_DETAILS =
  'In a terminal the request is shown first and has to be confirmed; elsewhere --request names it, as ' +
  '`cm status ID --json` tells it. Exits with 6 when another request is pending by then, or none.';

const ACTIONS = ['shell', 'edit', 'create', 'read', 'network', 'mcp', 'mode', 'other', 'manage'] as const;
const ACTION_TEXT = 'shell, edit, create, read, network, mcp, mode, other or manage.';

const NOTIFY: Flag = {
  name: 'notify',
  description: 'Have the terminal tell when a session needs input (OSC 9 and bell), also through ssh.',
};

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

/** Every command of `cm`, in the order in which the help lists them. */
export const COMMANDS: readonly Command[] = [
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
    load: async () => (await import('./startCommand.js')).start,
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
    load: async () => (await import('./statusCommand.js')).status,
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
    load: async () => (await import('./logsCommand.js')).logs,
  },
  {
    path: ['approve'],
    summary: 'Allow what an agent asks for, once.',
    details: APPROVAL_DETAILS,
    args: [ID],
    flags: [REQUEST, ALL, { name: 'always', description: 'And the like of it from now on, where the agent has that.' }],
    examples: [
      'cm approve refactor-auth',
      'cm approve refactor-auth --all',
      'cm approve refactor-auth --request 6r9mk2v0qd41',
    ],
    load: async () => (await import('./answerCommands.js')).approve,
  },
  {
    path: ['deny'],
    summary: 'Deny what an agent asks for, and say why.',
    details: APPROVAL_DETAILS,
    args: [ID, { name: 'REASON', isOptional: true }],
    flags: [REQUEST, ALL],
    examples: ['cm deny refactor-auth', 'cm deny refactor-auth "use pnpm instead"'],
    load: async () => (await import('./answerCommands.js')).deny,
  },
  {
    path: ['answer'],
    summary: "Answer an agent's question by one of its options or in your own words.",
    details:
      'An option is given by its words or its number, and where several can be chosen all of them: one word each. ' +
      APPROVAL_DETAILS,
    args: [ID, { name: 'OPTION|TEXT', isRepeated: true }],
    flags: [REQUEST, ALL],
    examples: ['cm answer refactor-auth Blue', 'cm answer refactor-auth 2', 'cm answer refactor-auth Apple 3'],
    load: async () => (await import('./answerCommands.js')).answer,
  },
  {
    path: ['audit'],
    summary: 'List what was answered, by whom and what came of it.',
    args: [{ ...ID, isOptional: true }],
    flags: [
      { name: 'lines', short: 'n', value: 'N', description: 'The last N; default 50.' },
      { name: 'since', value: 'TIME', description: 'Only since then: 10m, 2h, an ISO time.' },
      { name: 'ctx', value: 'CONTEXT', description: 'Only those of a context.', completes: 'context' },
    ],
    examples: ['cm audit', 'cm audit refactor-auth --json'],
    load: async () => (await import('./auditCommand.js')).audit,
  },
  {
    path: ['policy', 'list'],
    aliases: [['policy', 'ls']],
    summary: 'List the rules by which requests of agents are answered.',
    args: [],
    flags: [],
    load: async () => (await import('./policyCommands.js')).list,
  },
  {
    path: ['policy', 'add'],
    summary: 'Add a rule: allow, ask or deny; prints its id.',
    details:
      'EFFECT is allow, ask or deny. Of several rules that fit deny goes before ask, and ask before allow; what no rule ' +
      'fits is asked. A command fits when it begins with the words of --command: more names and a few harmless options ' +
      'may follow, any other option has to be part of the rule. Every command of a line has to be allowed, and every ' +
      'file that it redirects to, as an edit. Programs that run others (sudo, sh, env, xargs, npx …) are allowed only ' +
      'with all of their words, those that talk to other hosts too, or with --host. Without --path, edits are allowed ' +
      'in the folder of the session; keys, .env, .git and the like only when --path names them. An allow rule that ' +
      'nothing narrows lets every agent, now and later, run nearly any command and change nearly any file of its ' +
      'folder unasked: it needs --everything. Plans, questions, sign-ins, changes of mode, other tools and what is not understood are always asked. A rule for a context or ' +
      'session on a machine with an agent server is kept there and goes on while nobody is connected; one without ' +
      '--ctx and --session holds for all sessions of this host and of hosts reached by ssh. What runs inside a session ' +
      'may look at everything and rename its own session; --action manage lets it do one thing more, which --command ' +
      'names: start (a session that it starts can run anything), send, stop or run. No rule lets it answer, type keys, ' +
      'or change rules, tokens, contexts, machines or the agent server.',
    args: [{ name: 'EFFECT', completes: ['allow', 'ask', 'deny'] }],
    flags: [
      { name: 'command', value: 'COMMAND', description: 'The words with which a command begins.' },
      { name: 'action', value: 'ACTION', isRepeatable: true, description: ACTION_TEXT, completes: ACTIONS },
      { name: 'path', value: 'PATH', description: 'A folder or file; relative ones begin at the session.' },
      { name: 'host', value: 'HOST', isRepeatable: true, description: 'A host, or *.DOMAIN (repeatable).' },
      { name: 'ctx', value: 'CONTEXT', description: 'Only in a context.', completes: 'context' },
      { name: 'session', value: 'ID', description: 'Only in a session.', completes: 'session' },
      { name: 'tool', value: 'TOOL', description: 'Only for an agent.', completes: 'tool' },
      { name: 'expires', value: 'TIME', description: 'Until then: 2h, 3d, an ISO time.' },
      { name: 'max', value: 'N', description: 'For so many answers.' },
      { name: 'everything', description: 'Needed by an allow rule that nothing narrows.' },
    ],
    examples: [
      "cm policy add allow --command 'npm test' --ctx api --expires 2h --max 20",
      'cm policy add allow --action edit --path src --ctx api',
      "cm policy add deny --command 'git push'",
      'cm policy add allow --command curl --host docs.example.com --ctx api',
      'cm policy add allow --action manage --command send --session fix-auth',
    ],
    load: async () => (await import('./policyCommands.js')).add,
  },
  {
    path: ['policy', 'remove'],
    aliases: [['policy', 'rm']],
    summary: 'Remove rules; prints their ids.',
    args: [{ name: 'RULE', isRepeated: true }],
    flags: [],
    load: async () => (await import('./policyCommands.js')).remove,
  },
  {
    path: ['policy', 'test'],
    summary: 'Say what the rules would do with a request, and why. Nothing is answered.',
    args: [],
    flags: [
      { name: 'ctx', value: 'CONTEXT', description: 'In which context it is asked.', completes: 'context' },
      { name: 'session', value: 'ID', description: 'In which session it is asked.', completes: 'session' },
      { name: 'tool', value: 'TOOL', description: 'By which agent.', completes: 'tool' },
      { name: 'action', value: 'ACTION', description: `${ACTION_TEXT} Default: shell.`, completes: ACTIONS },
      { name: 'command', value: 'COMMAND', description: 'The command line.' },
      { name: 'path', value: 'PATH', description: 'The file; the address of a network request.' },
    ],
    examples: ["cm policy test --ctx api --action shell --command 'git status; rm -rf ~'"],
    load: async () => (await import('./policyCommands.js')).test,
  },
  {
    path: ['policy', 'off'],
    summary: 'Turn all rules off at once, here and on all connected machines; everything is asked.',
    args: [],
    flags: [],
    load: async () => (await import('./policyCommands.js')).off,
  },
  {
    path: ['policy', 'on'],
    summary: 'Let the rules hold again.',
    args: [],
    flags: [],
    load: async () => (await import('./policyCommands.js')).on,
  },
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
    load: async () => (await import('./explainCommand.js')).explain,
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
    load: async () => (await import('./controlCommands.js')).send,
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
    load: async () => (await import('./controlCommands.js')).key,
  },
  {
    path: ['attach'],
    summary: 'Attach this terminal to a session; detach with C-b d.',
    args: [ID],
    flags: [{ name: 'read-only', short: 'r', description: 'Only watch.' }, NOTIFY],
    load: async () => (await import('./attachCommand.js')).attach,
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
    load: async () => (await import('./waitCommand.js')).wait,
  },
  {
    path: ['interrupt'],
    summary: "Press the agent's interrupt key: it stops its turn and goes on living.",
    args: [IDS],
    flags: [{ name: 'force', description: 'Also while someone has scrolled up in it.' }],
    load: async () => (await import('./controlCommands.js')).interrupt,
  },
  {
    path: ['stop'],
    summary: 'End sessions: politely, then firmly; prints their ids.',
    args: [IDS],
    flags: [{ name: 'timeout', value: 'TIME', description: 'How long to be polite; default 10s.' }],
    load: async () => (await import('./controlCommands.js')).stop,
  },
  {
    path: ['kill'],
    summary: 'End sessions at once, with everything they started; prints their ids.',
    args: [IDS],
    flags: [],
    load: async () => (await import('./controlCommands.js')).kill,
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
    load: async () => (await import('./resumeCommand.js')).resume,
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
    load: async () => (await import('./controlCommands.js')).remove,
  },
  {
    path: ['rename'],
    summary: 'Give a session another name.',
    args: [ID, { name: 'NAME' }],
    flags: [],
    load: async () => (await import('./controlCommands.js')).rename,
  },
  {
    path: ['events'],
    summary: 'Print all changes as they come.',
    args: [],
    flags: [{ name: 'since', value: 'SEQ', description: 'Begin after the change with this number.' }],
    examples: ['cm events --json'],
    load: async () => (await import('./eventsCommand.js')).events,
  },
  {
    path: ['ctx', 'add'],
    summary: 'Make a folder a context, here or on another machine; prints its id.',
    details:
      'PATH may name the host too: user@host:folder, host:folder or ssh://user@host:port/folder. On another machine ' +
      "relative paths and '~' (in quotes, else the shell here puts in its own) begin at the home there. What is not " +
      'given comes from your ssh configuration. Nothing but sshd and tmux is needed there; with --agent it is an agent ' +
      'server, which goes on by itself while nobody is connected.',
    args: [{ name: 'NAME' }, { name: 'PATH', completes: 'folder' }],
    flags: [...MACHINE_FLAGS, TAGS],
    examples: [
      'cm ctx add api ~/src/api --tags backend',
      'cm ctx add api build-box:src/api',
      'cm ctx add api /srv/api --host build-box --user anna --port 2222 --key ~/.ssh/work',
      "cm ctx add sim '~/sim' --host cluster --setup 'module load tmux'",
      'cm ctx add api src/api --host build-box --agent',
      'cm ctx add api /srv/api --url wss://build-box.example.com:9876 --token-file ~/build-box.token',
    ],
    load: async () => (await import('./contextCommands.js')).add,
  },
  {
    path: ['ctx', 'list'],
    aliases: [['ctx', 'ls']],
    summary: 'List contexts.',
    args: [],
    flags: [
      { name: 'tag', value: 'TAG', description: 'Only those with a tag.' },
      { name: 'quiet', short: 'q', description: 'Print ids only.' },
    ],
    load: async () => (await import('./contextCommands.js')).list,
  },
  {
    path: ['ctx', 'show'],
    summary: 'Show a context.',
    args: [CONTEXT],
    flags: [],
    load: async () => (await import('./contextCommands.js')).show,
  },
  {
    path: ['ctx', 'edit'],
    summary: 'Change a context.',
    details:
      'What is not named stays as it is; an empty text takes a setting away. The machine of other contexts is not ' +
      'changed with it.',
    args: [CONTEXT],
    flags: [
      { name: 'name', value: 'NAME', description: 'New name.' },
      { name: 'path', value: 'PATH', description: 'New folder.', completes: 'folder' },
      ...MACHINE_EDIT_FLAGS,
      { ...TAGS, description: 'New tags, separated by commas; an empty text for none.' },
    ],
    load: async () => (await import('./contextCommands.js')).edit,
  },
  {
    path: ['ctx', 'remove'],
    aliases: [['ctx', 'rm']],
    summary: 'Remove a context; its folder and its sessions stay.',
    args: [CONTEXT],
    flags: [FORCE_REMOVE],
    load: async () => (await import('./contextCommands.js')).remove,
  },
  {
    path: ['ctx', 'test'],
    summary: 'Check step by step that sessions can run in a context, and say what mends it when not.',
    details: 'Exits with 4 when the machine is not reached, 5 when sign-in fails, 7 when something is missing there.',
    args: [CONTEXT],
    flags: [TIMEOUT],
    load: async () => (await import('./contextCommands.js')).test,
  },
  {
    path: ['machine', 'list'],
    aliases: [['machine', 'ls']],
    summary: 'List the machines of all contexts and how they are reached.',
    args: [],
    flags: [],
    load: async () => (await import('./machineCommands.js')).list,
  },
  {
    path: ['machine', 'test'],
    summary: 'Check the way to a machine step by step.',
    details: 'MACHINE is its name, or a context on it.',
    args: [MACHINE],
    flags: [TIMEOUT],
    load: async () => (await import('./machineCommands.js')).test,
  },
  {
    path: ['machine', 'connect'],
    summary: 'Connect to a machine now; asks what is needed to sign in.',
    details:
      'MACHINE is its name, or a context on it. A refused sign-in is never tried again without you: this does it.',
    args: [MACHINE],
    flags: [],
    load: async () => (await import('./machineCommands.js')).connect,
  },
  {
    path: ['machine', 'disconnect'],
    summary: 'Leave a machine alone until somebody connects it again; its sessions go on.',
    args: [MACHINE],
    flags: [],
    load: async () => (await import('./machineCommands.js')).disconnect,
  },
  {
    path: ['machine', 'install'],
    summary: 'Put the agent server on a machine that is reached by ssh, and use it from then on.',
    details: 'MACHINE is its name, or a context on it. Asks first. It needs Node 20 or newer there, and no root.',
    args: [MACHINE],
    flags: [{ name: 'yes', short: 'y', description: 'Do not ask.' }],
    load: async () => (await import('./machineCommands.js')).install,
  },
  {
    path: ['server', 'status'],
    summary: 'Show the agent server of this machine.',
    details: 'With --json: uptime in seconds, memory in bytes.',
    args: [],
    flags: [],
    load: async () => (await import('./serverCommands.js')).status,
  },
  {
    path: ['server', 'run'],
    summary: 'Run the agent server in the foreground.',
    details:
      'With --port clients on this host can also come by TCP, with a token: one of `cm server token`, or the one that ' +
      'is given here or in CM_AGENT_TOKEN for this run. Other hosts come over ssh, or need --host and TLS.',
    args: [],
    flags: [
      { name: 'port', value: 'N', description: 'Also listen on a TCP port.' },
      { name: 'token-file', value: 'F', description: 'Let in who has the token in this file.', completes: 'file' },
      { name: 'token', value: 'T', description: 'The same on the command line, where others can see it.' },
      { name: 'host', value: 'H', description: 'Name or address to listen on; default 127.0.0.1.' },
      { name: 'tls-cert', value: 'F', description: 'Certificate (PEM), needed for other hosts.', completes: 'file' },
      { name: 'tls-key', value: 'F', description: 'Its key (PEM).', completes: 'file' },
    ],
    examples: ['cm server run --port 9876 --token-file ~/.cm-token'],
    load: async () => (await import('./serverCommands.js')).run,
  },
  {
    path: ['server', 'stop'],
    summary: 'Stop the agent server; sessions go on.',
    args: [],
    flags: [{ name: 'force', description: 'Also while sessions run.' }],
    load: async () => (await import('./serverCommands.js')).stop,
  },
  {
    path: ['server', 'restart'],
    summary: 'Restart the agent server; sessions go on.',
    args: [],
    flags: [],
    load: async () => (await import('./serverCommands.js')).restart,
  },
  {
    path: ['server', 'token'],
    summary: 'List, make or revoke the tokens of clients that come by TCP.',
    details:
      'A new token is printed once; only its hash is kept. Revoking one, by name or id, ends the connections that use it.',
    args: [
      { name: 'list|new|revoke', isOptional: true, completes: ['list', 'new', 'revoke'] },
      { name: 'NAME', isOptional: true },
    ],
    flags: [],
    examples: ['cm server token new laptop > token', 'cm server token revoke laptop'],
    load: async () => (await import('./serverCommands.js')).token,
  },
  {
    path: ['doctor'],
    summary: 'Check this machine and say how to mend what is wrong.',
    args: [],
    flags: [],
    load: async () => (await import('./doctorCommand.js')).doctor,
  },
  {
    path: ['completion'],
    summary: 'Print the completion script for a shell.',
    details:
      'bash: eval "$(cm completion bash)" in ~/.bashrc · zsh: eval "$(cm completion zsh)" in ~/.zshrc · ' +
      'fish: cm completion fish > ~/.config/fish/completions/cm.fish',
    args: [{ name: 'SHELL', completes: ['bash', 'zsh', 'fish'] }],
    flags: [],
    load: async () => (await import('./completionCommand.js')).completion,
  },
  {
    path: ['version'],
    summary: 'Print the version.',
    args: [],
    flags: [],
    load: async () => (await import('./versionCommand.js')).version,
  },
];

/** Commands of more than one word, by their first one. */
export const GROUPS: Readonly<Record<string, string>> = {
  ctx: 'Contexts: folders where agents work.',
  machine: 'Machines: where contexts are.',
  policy: 'Rules by which requests of agents are answered; none by default.',
  server: 'The agent server of this machine.',
};
