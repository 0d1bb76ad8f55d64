import * as z from 'zod';
import { ConversationFormat } from './conversation.js';
import { Pattern, ScreenRules, WaitingKind } from './screen.js';
import { SignalRules } from './signalRules.js';

export const ToolId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'The id of an agent has small letters, digits and dashes');

/** How a tool is told of hooks, and what their events look like. */
export const HookFormat = z.enum(['claude', 'opencode', 'copilot']);
export type HookFormat = z.infer<typeof HookFormat>;

/**
 * A dialog that a tool may show before it is ready. Lines are matched without the frames drawn around them and without
 * trailing blanks; of several dialogs that match the first one counts.
 */
export const StartupDialog = z.looseObject({
  id: z.string(),
  kind: WaitingKind,
  /** What the person reads after "Needs input", e.g. `trust this folder?`. */
  text: z.string(),
  /** Every one of these is found in the lower part of the screen: the question and the option with its cursor. */
  all: z.array(Pattern).min(1),
  /** Matches the last line that is not empty. What an agent only prints about a dialog goes on below it. */
  end: Pattern.optional(),
});
export type StartupDialog = z.infer<typeof StartupDialog>;

/** How a tool records its conversations, and how one is taken up again. `{id}` is replaced in the arguments. */
export const ToolConversation = z.looseObject({
  format: ConversationFormat,
  /** Where it keeps them: a folder, or the value of `variable` and in it the folder `below`. */
  home: z.object({
    variable: z.string(),
    below: z.string().default(''),
    /** Without the variable; `~` is the home of the session. */
    default: z.string(),
  }),
  resumeArgs: z.array(z.string()).min(1),
  /** Gives a new conversation an id (a UUID) of our choice. */
  sessionIdArgs: z.array(z.string()).min(1).optional(),
  /** The first version that takes such an id, e.g. `0.41`; an older one would refuse to start. Default: each does. */
  sessionIdSince: z.string().optional(),
  /**
   * Arguments of a person that choose a conversation or begin one, with how many words belong to each. With one of
   * them the tool gets no id of ours, and they are left out when the session is resumed.
   */
  choosingArgs: z.record(z.string(), z.number().int().min(0).max(1)).default({}),
});
export type ToolConversation = z.infer<typeof ToolConversation>;

const ToolMode = z.object({ id: z.string(), label: z.string(), args: z.array(z.string()) });

/**
 * A coding-agent CLI as data: how to launch it, how it takes its task, what its startup screens mean.
 * Files in `~/.cm/tools` have the same shape and add to or override the built-in ones field by field.
 */
export const Tool = z.looseObject({
  id: ToolId,
  /** As people call it, e.g. `Claude Code`. */
  name: z.string().min(1),
  /** Where a built-in tool stands among all that are offered, lowest first. */
  rank: z.number().optional(),
  /**
   * Program and fixed arguments. The program is looked for in the login shell's aliases and PATH. `{node}` is the
   * runtime of the agent server, `{media}` the folder of the files that come with Code Manager.
   */
  command: z.array(z.string()).min(1),
  /** Other program names to try in order when the first is not found. */
  alternatives: z.array(z.string()).default([]),
  versionArgs: z.array(z.string()).nullable().default(['--version']),
  /** Variables set for every session of this tool. */
  env: z.record(z.string(), z.string()).default({}),
  install: z.object({ command: z.string(), url: z.string().optional() }).optional(),
  /**
   * How the task reaches the tool: as arguments (`{task}` is replaced; longer than 96 KB is typed instead), typed into
   * its input box once it is ready, or as a command line for a shell (`{task}` likewise; what follows becomes `$1` …).
   */
  task: z
    .discriminatedUnion('delivery', [
      z.object({ delivery: z.literal('argument'), args: z.array(z.string()).min(1) }),
      z.object({ delivery: z.literal('typed') }),
      z.object({ delivery: z.literal('command'), args: z.array(z.string()).min(1).default(['-c', '--', '{task}']) }),
    ])
    .default({ delivery: 'typed' }),
  modes: z.array(ToolMode).default([]),
  /** The tool's own records; without them nothing can be resumed. */
  conversation: ToolConversation.optional(),
  /** `{model}` is replaced in the arguments. */
  model: z.object({ args: z.array(z.string()), known: z.array(z.string()).default([]) }).optional(),
  startup: z
    .object({
      dialogs: z.array(StartupDialog).default([]),
      /** Any one of these near the bottom of the screen, and no dialog: it takes input. Empty: ready once it runs. */
      ready: z.array(Pattern).default([]),
      /** While any one of these is on the screen it is not ready, though it may show its input box already. */
      loading: z.array(Pattern).default([]),
      /** How long the ready screen must hold, since an input box can flash before a dialog. */
      stableMs: z.number().int().min(0).default(1500),
    })
    .default({ dialogs: [], ready: [], loading: [], stableMs: 1500 }),
  /** Without it the tool is judged by its output and its process alone. */
  screen: ScreenRules.optional(),
  /** Escape and Enter break the line in its input box, and it does not hear Shift+Enter through tmux. */
  newlineByEscape: z.boolean().default(false),
  /** tmux key names. */
  interruptKeys: z.array(z.string()).min(1).default(['C-c']),
  /** The polite way to end it: a signal to its process group. */
  stopSignal: z.enum(['SIGHUP', 'SIGINT', 'SIGTERM']).default('SIGTERM'),
  /** The tool reports its state in its own output (OSC 7501); `asks`: once its terminal has said that it takes that. */
  reportsState: z.union([z.boolean(), z.literal('asks')]).default(false),
  /** What it tells its terminal otherwise. */
  signals: SignalRules.optional(),
  /** The tool runs a program for what happens to it, which it is told of at its start and nowhere else. */
  hooks: z
    .looseObject({
      format: HookFormat,
      /** The first version that takes them, e.g. `0.0.421`; an older one would refuse to start. Default: each does. */
      since: z.string().optional(),
      /** With one of these arguments of a person it gets none of ours. */
      unless: z.array(z.string()).default([]),
    })
    .optional(),
  /** The tool writes down what it calls before it asks for that, into a file that this variable names to it at its start. */
  calls: z.looseObject({ format: z.literal('gemini'), variable: z.string() }).optional(),
});
export type Tool = z.infer<typeof Tool>;

/** A tool as clients see it, with what is known about it on the machine. */
export const ToolInfo = z.object({
  id: ToolId,
  name: z.string(),
  installed: z.boolean(),
  path: z.string().nullable(),
  /** What the person's shell runs for it when that is no file in PATH: `a function of bash`; neutralised by who shows it. */
  runs: z.string().nullable().default(null),
  version: z.string().nullable(),
  installCommand: z.string().nullable(),
  installUrl: z.string().nullable(),
  takesTask: z.boolean(),
  modes: z.array(z.object({ id: z.string(), label: z.string() })),
  models: z.array(z.string()).nullable(),
});
export type ToolInfo = z.infer<typeof ToolInfo>;
