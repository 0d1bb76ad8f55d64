import { machineId, type Context } from '../../protocol/context.js';
import { shownCommand } from '../../common/shownCommand.js';

/** The command by which a person changes something of a machine: for its context with this folder, else for any of its. */
export function editCommand(contexts: readonly Context[], machine: string, change: string, folder?: string): string {
  const there = contexts.filter((context) => machineId(context.machine) === machine);
  const name = (there.find(({ path }) => path === folder) ?? there[0])?.name;
  return `cm ctx edit ${name === undefined ? 'NAME' : shownCommand(name)} ${change}`;
}
