import { CodeManagerError } from '../../protocol/errors.js';
import type { Tool, ToolConversation } from '../../protocol/tool.js';

/** The longest task that is passed as an argument, in UTF-8 bytes: Linux takes at most 128 KiB for one argument. */
export const MAX_ARGUMENT_TASK_BYTES = 96 * 1024;

export interface LaunchOptions {
  /** Program and fixed arguments as `resolveProgram` found them. */
  readonly program: readonly string[];
  /** Empty: start without a task. */
  readonly task: string;
  /** Id of a permission mode; null: as the tool is configured. */
  readonly mode: string | null;
  /** Null: as the tool is configured. */
  readonly model: string | null;
  /** Extra arguments of the person. */
  readonly args: readonly string[];
  /** Id for the new conversation; null: the tool chooses one. */
  readonly conversationId?: string | null;
  /** What tells the tool of its hooks. */
  readonly hookArgs?: readonly string[];
}

export interface Launch {
  readonly argv: readonly string[];
  /** The task when it has to be typed once the tool is ready, else null. */
  readonly typedTask: string | null;
}

/**
 * Builds the argument list that starts a tool. No shell is involved: each argument arrives as it is.
 *
 * @throws CodeManagerError `invalid` for a mode or model that the tool does not take, or a command that is too long
 */
export function launchArguments(
  tool: Pick<Tool, 'id' | 'name' | 'task' | 'modes' | 'model' | 'conversation'>,
  options: LaunchOptions,
): Launch {
  const { program, task, args, conversationId = null, hookArgs = [] } = options;
  const head = [...program, ...modeArguments(tool, options.mode), ...modelArguments(tool, options.model), ...hookArgs];
  if (conversationId !== null) head.push(...fill(tool.conversation?.sessionIdArgs ?? [], 'id', conversationId));
  const delivery = tool.task;
  if (task === '') return { argv: [...head, ...args], typedTask: null };
  const fits = Buffer.byteLength(task) <= MAX_ARGUMENT_TASK_BYTES;
  switch (delivery.delivery) {
    case 'typed':
      return { argv: [...head, ...args], typedTask: task };
    case 'argument': {
      if (!fits) return { argv: [...head, ...args], typedTask: task };
      return { argv: [...head, ...withTask(args, fill(delivery.args, 'task', task))], typedTask: null };
    }
    case 'command': {
      if (!fits) {
        throw new CodeManagerError('invalid', `The command is longer than ${MAX_ARGUMENT_TASK_BYTES / 1024} KB`, {
          hint: 'Put it into a script and start that.',
        });
      }
      // The word after `sh -c COMMAND` becomes `$0`, so that the extra arguments are `$1` and on.
      const positional = args.length === 0 ? [] : ['sh', ...args];
      return { argv: [...head, ...fill(delivery.args, 'task', task), ...positional], typedTask: null };
    }
  }
}

/** Whether a new conversation can get an id of our choice: the tool takes one, and the person chose none themselves. */
export function takesConversationId({ conversation }: Pick<Tool, 'conversation'>, args: readonly string[]): boolean {
  if (conversation?.sessionIdArgs === undefined) return false;
  return withoutChoice(conversation, args).length === optionsOf(args).length;
}

/**
 * Builds the argument list that takes a conversation up again.
 *
 * @throws CodeManagerError `conflict` when the tool cannot, `invalid` as {@link launchArguments}
 */
export function resumeArguments(
  tool: Pick<Tool, 'id' | 'name' | 'modes' | 'model' | 'conversation'>,
  options: Omit<LaunchOptions, 'task' | 'conversationId'> & { readonly conversationId: string },
): readonly string[] {
  const { program, mode, model, args, conversationId, hookArgs = [] } = options;
  const { conversation } = tool;
  if (conversation === undefined) {
    throw new CodeManagerError('conflict', `A session of ${calledIn(tool)} has no conversation to resume`, {
      hint: 'Start it again instead.',
    });
  }
  return [
    ...program,
    ...modeArguments(tool, mode),
    ...modelArguments(tool, model),
    ...hookArgs,
    // What stands behind `--` was part of the first prompt.
    ...withoutChoice(conversation, args),
    ...fill(conversation.resumeArgs, 'id', conversationId),
  ];
}

function optionsOf(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end < 0 ? args : args.slice(0, end);
}

/** The options of a person without those that choose a conversation. */
function withoutChoice({ choosingArgs }: ToolConversation, args: readonly string[]): string[] {
  const kept: string[] = [];
  const options = optionsOf(args);
  for (let index = 0; index < options.length; index++) {
    const word = options[index] ?? '';
    const equals = word.startsWith('-') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    if (!Object.hasOwn(choosingArgs, name)) kept.push(word);
    // Their value may be left out.
    else if (equals < 0 && choosingArgs[name] === 1 && options[index + 1]?.startsWith('-') === false) index++;
  }
  return kept;
}

/** Extra arguments and the task's; a `--` of the person must neither come twice nor turn the task's option into text. */
function withTask(args: readonly string[], taskArgs: readonly string[]): string[] {
  const end = args.indexOf('--');
  if (end < 0) return [...args, ...taskArgs];
  const options = args.slice(0, end);
  const positional = args.slice(end + 1);
  if (taskArgs[0] === '--') return [...options, ...taskArgs, ...positional];
  return [...options, ...taskArgs, '--', ...positional];
}

/** What a tool is called within a sentence: the one that runs any command has the name of no agent. */
export function calledIn({ id, name }: Pick<Tool, 'id' | 'name'>): string {
  return id === 'shell' ? 'a command' : name;
}

function modeArguments(tool: Pick<Tool, 'id' | 'name' | 'modes'>, mode: string | null): readonly string[] {
  if (mode === null) return [];
  const found = tool.modes.find(({ id }) => id === mode);
  if (found !== undefined) return found.args;
  const known = tool.modes.map(({ id }) => id).join(', ');
  const subject = calledIn(tool).replace(/^a /, 'A ');
  throw new CodeManagerError('invalid', `${subject} has no permission mode "${mode}"`, {
    hint: known === '' ? 'It has none to choose from.' : `It has ${known}.`,
  });
}

function modelArguments(tool: Pick<Tool, 'id' | 'name' | 'model'>, model: string | null): readonly string[] {
  if (model === null) return [];
  if (tool.model === undefined) {
    throw new CodeManagerError('invalid', `No model can be chosen for ${calledIn(tool)}`, {
      hint: 'Start it without a model.',
    });
  }
  return fill(tool.model.args, 'model', model);
}

function fill(args: readonly string[], name: string, value: string): string[] {
  return args.map((argument) => argument.split(`{${name}}`).join(value));
}
