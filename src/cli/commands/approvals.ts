import type { Command, Flag } from '../command.js';
import { ID } from './common.js';

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

/** Commands about what agents ask, and the rules that answer it. */
export const APPROVAL_COMMANDS: readonly Command[] = [
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
    load: async () => (await import('../answerCommands.js')).approve,
  },
  {
    path: ['deny'],
    summary: 'Deny what an agent asks for, and say why.',
    details: APPROVAL_DETAILS,
    args: [ID, { name: 'REASON', isOptional: true }],
    flags: [REQUEST, ALL],
    examples: ['cm deny refactor-auth', 'cm deny refactor-auth "use pnpm instead"'],
    load: async () => (await import('../answerCommands.js')).deny,
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
    load: async () => (await import('../answerCommands.js')).answer,
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
    load: async () => (await import('../auditCommand.js')).audit,
  },
  {
    path: ['policy', 'list'],
    aliases: [['policy', 'ls']],
    summary: 'List the rules by which requests of agents are answered.',
    args: [],
    flags: [],
    load: async () => (await import('../policyCommands.js')).list,
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
    load: async () => (await import('../policyCommands.js')).add,
  },
  {
    path: ['policy', 'remove'],
    aliases: [['policy', 'rm']],
    summary: 'Remove rules; prints their ids.',
    args: [{ name: 'RULE', isRepeated: true }],
    flags: [],
    load: async () => (await import('../policyCommands.js')).remove,
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
    load: async () => (await import('../policyCommands.js')).test,
  },
  {
    path: ['policy', 'off'],
    summary: 'Turn all rules off at once, here and on all connected machines; everything is asked.',
    args: [],
    flags: [],
    load: async () => (await import('../policyCommands.js')).off,
  },
  {
    path: ['policy', 'on'],
    summary: 'Let the rules hold again.',
    args: [],
    flags: [],
    load: async () => (await import('../policyCommands.js')).on,
  },
];
