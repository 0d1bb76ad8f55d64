import type { Command } from './command.js';
import { APPROVAL_COMMANDS } from './commands/approvals.js';
import { CONTROL_COMMANDS } from './commands/control.js';
import { PLACE_COMMANDS } from './commands/places.js';
import { SERVER_COMMANDS } from './commands/server.js';
import { START_COMMANDS } from './commands/start.js';

/** Every command of `cm`, in the order in which the help lists them. */
export const COMMANDS: readonly Command[] = [
  ...START_COMMANDS,
  ...APPROVAL_COMMANDS,
  ...CONTROL_COMMANDS,
  ...PLACE_COMMANDS,
  ...SERVER_COMMANDS,
];

/** Commands of more than one word, by their first one. */
export const GROUPS: Readonly<Record<string, string>> = {
  ctx: 'Contexts: folders where agents work.',
  machine: 'Machines: where contexts are.',
  policy: 'Rules by which requests of agents are answered; none by default.',
  server: 'The agent server of this machine.',
};
