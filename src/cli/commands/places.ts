import type { Command, Flag } from '../command.js';
import { MACHINE_EDIT_FLAGS, MACHINE_FLAGS } from '../machineFlags.js';
import { CONTEXT, MACHINE } from './common.js';

const TIMEOUT: Flag = { name: 'timeout', value: 'TIME', description: 'Give up after so long; default 30s.' };

const TAGS: Flag = { name: 'tags', value: 'A,B', description: 'Tags, separated by commas.' };

const FORCE_REMOVE: Flag = { name: 'force', description: 'Also while sessions run in it; they go on.' };

/** Commands about contexts and machines. */
export const PLACE_COMMANDS: readonly Command[] = [
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
    load: async () => (await import('../contextCommands.js')).add,
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
    load: async () => (await import('../contextCommands.js')).list,
  },
  {
    path: ['ctx', 'show'],
    summary: 'Show a context.',
    args: [CONTEXT],
    flags: [],
    load: async () => (await import('../contextCommands.js')).show,
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
    load: async () => (await import('../contextCommands.js')).edit,
  },
  {
    path: ['ctx', 'remove'],
    aliases: [['ctx', 'rm']],
    summary: 'Remove a context; its folder and its sessions stay.',
    args: [CONTEXT],
    flags: [FORCE_REMOVE],
    load: async () => (await import('../contextCommands.js')).remove,
  },
  {
    path: ['ctx', 'test'],
    summary: 'Check step by step that sessions can run in a context, and say what mends it when not.',
    details: 'Exits with 4 when the machine is not reached, 5 when sign-in fails, 7 when something is missing there.',
    args: [CONTEXT],
    flags: [TIMEOUT],
    load: async () => (await import('../contextCommands.js')).test,
  },
  {
    path: ['machine', 'list'],
    aliases: [['machine', 'ls']],
    summary: 'List the machines of all contexts and how they are reached.',
    args: [],
    flags: [],
    load: async () => (await import('../machineCommands.js')).list,
  },
  {
    path: ['machine', 'test'],
    summary: 'Check the way to a machine step by step.',
    details: 'MACHINE is its name, or a context on it.',
    args: [MACHINE],
    flags: [TIMEOUT],
    load: async () => (await import('../machineCommands.js')).test,
  },
  {
    path: ['machine', 'connect'],
    summary: 'Connect to a machine now; asks what is needed to sign in.',
    details:
      'MACHINE is its name, or a context on it. A refused sign-in is never tried again without you: this does it.',
    args: [MACHINE],
    flags: [],
    load: async () => (await import('../machineCommands.js')).connect,
  },
  {
    path: ['machine', 'disconnect'],
    summary: 'Leave a machine alone until somebody connects it again; its sessions go on.',
    args: [MACHINE],
    flags: [],
    load: async () => (await import('../machineCommands.js')).disconnect,
  },
  {
    path: ['machine', 'install'],
    summary: 'Put the agent server on a machine that is reached by ssh, and use it from then on.',
    details: 'MACHINE is its name, or a context on it. Asks first. It needs Node 20 or newer there, and no root.',
    args: [MACHINE],
    flags: [{ name: 'yes', short: 'y', description: 'Do not ask.' }],
    load: async () => (await import('../machineCommands.js')).install,
  },
];
