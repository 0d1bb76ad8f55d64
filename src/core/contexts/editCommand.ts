import type { Context } from '../../protocol/context.js';
import { machineId } from '../../protocol/machineKinds.js';
import { shownCommand } from '../../common/shownCommand.js';

/**
 * The command by which a person changes something of a machine: for its context with this folder, else for the last of its,
 * by which a host is reached where they differ.
 */
export function editCommand(contexts: readonly Context[], machine: string, change: string, folder?: string): string {
  const there = contexts.filter((context) => machineId(context.machine) === machine);
  const name = (there.find(({ path }) => path === folder) ?? there.at(-1))?.name;
  return `cm ctx edit ${name === undefined ? 'NAME' : shownCommand(name)} ${change}`;
}
