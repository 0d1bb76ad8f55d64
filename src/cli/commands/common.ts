import type { Argument, Flag } from '../command.js';

export const ID: Argument = { name: 'ID', completes: 'session' };
export const CONTEXT: Argument = { name: 'NAME', completes: 'context' };
export const MACHINE: Argument = { name: 'MACHINE', completes: 'machine' };
export const NOTIFY: Flag = {
  name: 'notify',
  description: 'Have the terminal tell when a session needs input (OSC 9 and bell), also through ssh.',
};
