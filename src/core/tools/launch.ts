import { CodeManagerError } from '../../protocol/errors.js';
import type { Tool } from '../../protocol/tool.js';

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
export function launchArguments(tool: Pick<Tool, 'name' | 'task' | 'modes' | 'model'>, options: LaunchOptions): Launch {
  const { program, task, args } = options;
  const head = [...program, ...modeArguments(tool, options.mode), ...modelArguments(tool, options.model)];
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

/** Extra arguments and the task's; a `--` of the person must neither come twice nor turn the task's option into text. */
function withTask(args: readonly string[], taskArgs: readonly string[]): string[] {
  const end = args.indexOf('--');
  if (end < 0) return [...args, ...taskArgs];
  const options = args.slice(0, end);
  const positional = args.slice(end + 1);
  if (taskArgs[0] === '--') return [...options, ...taskArgs, ...positional];
  return [...options, ...taskArgs, '--', ...positional];
}

function modeArguments(tool: Pick<Tool, 'name' | 'modes'>, mode: string | null): readonly string[] {
  if (mode === null) return [];
  const found = tool.modes.find(({ id }) => id === mode);
  if (found !== undefined) return found.args;
  const known = tool.modes.map(({ id }) => id).join(', ');
  throw new CodeManagerError('invalid', `${tool.name} has no permission mode "${mode}"`, {
    hint: known === '' ? 'It has none to choose from.' : `It has ${known}.`,
  });
}

function modelArguments(tool: Pick<Tool, 'name' | 'model'>, model: string | null): readonly string[] {
  if (model === null) return [];
  if (tool.model === undefined) {
    throw new CodeManagerError('invalid', `No model can be chosen for ${tool.name}`, {
      hint: 'Start it without a model.',
    });
  }
  return fill(tool.model.args, 'model', model);
}

function fill(args: readonly string[], name: string, value: string): string[] {
  return args.map((argument) => argument.split(`{${name}}`).join(value));
}
