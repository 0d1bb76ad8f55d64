import * as vscode from 'vscode';
import type { Context } from '../../protocol/context.js';
import {
  describedHost,
  AgentMachineSpec,
  machineId,
  remoteSpec,
  SshMachineSpec,
  type RemoteSpec,
} from '../../protocol/machineKinds.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { ParamsInput } from '../../protocol/requests.js';
import { foldersOf, nameProblem } from '../addHost/addHost.js';
import { ask as askPerson } from '../editor/say.js';
import { folderStep } from '../addHost/folderStep.js';
import { countOf, oneLine } from '../../view/plainText.js';
import { agentUrlProblem, portProblem } from '../model/sshTarget.js';
import type { ServerLink } from '../services/serverLink.js';
import { inputStep, pickStep } from '../quickInput/steps.js';

type Changes = Omit<ParamsInput<'context/edit'>, 'context'>;
type MachineKey = 'host' | 'user' | 'port' | 'keyFile' | 'tmux' | 'setup' | 'agentPort' | 'url';
type Field = 'name' | 'path' | 'tags' | 'token' | MachineKey;

interface FieldItem extends vscode.QuickPickItem {
  readonly field?: Field;
}

const MACHINE_FIELDS = {
  host: { label: 'Host', icon: 'vm', prompt: 'Host name, address or name in your ssh configuration', empty: '' },
  user: {
    label: 'User',
    icon: 'account',
    prompt: 'User there. Empty: as your ssh configuration says',
    empty: 'as configured',
  },
  port: {
    label: 'Port',
    icon: 'plug',
    prompt: 'Port of ssh. Empty: as your ssh configuration says',
    empty: 'as configured',
  },
  keyFile: {
    label: 'Key File',
    icon: 'key',
    prompt: 'Path of a private key on this host. Empty: as your ssh configuration says',
    empty: 'as configured',
  },
  tmux: {
    label: 'tmux Path',
    icon: 'terminal-tmux',
    prompt: 'Path of tmux there. Empty: it is looked for in PATH',
    empty: 'from PATH',
  },
  setup: {
    label: 'Setup Command',
    icon: 'wrench',
    prompt: 'Run in its shell before anything else, for example: module load tmux',
    empty: 'none',
  },
  agentPort: {
    label: 'Agent Server Port',
    icon: 'server-process',
    prompt: 'Port on which the agent server listens there. Empty: its program is run over ssh',
    empty: 'its program is run',
  },
  url: { label: 'URL', icon: 'globe', prompt: 'URL of the agent server', empty: '' },
} as const satisfies Record<MachineKey, { label: string; icon: string; prompt: string; empty: string }>;

/** Which fields a machine has. */
function machineKeys(machine: RemoteSpec): readonly MachineKey[] {
  if ('url' in machine && typeof machine.url === 'string') return ['url'];
  const ssh = ['host', 'user', 'port', 'keyFile'] as const;
  return machine.type === 'ssh' ? [...ssh, 'tmux', 'setup'] : [...ssh, 'agentPort'];
}

/** Lets the person change one thing of a context, or of the way to its machine. */
export async function editContext(link: ServerLink, context: Context): Promise<void> {
  const machine = remoteSpec(context.machine);
  const title = `Edit Context "${oneLine(context.name, 60)}"`;
  const result = await pickStep<FieldItem>({ title, placeholder: 'What to change', items: itemsOf(context, machine) });
  if (result.kind !== 'next') return;
  const { field } = result.value;
  const changes = field === undefined ? undefined : await ask(link, context, machine, field, title);
  if (changes === undefined) return;
  if (changes.machine !== undefined && !(await mayMove(link, context))) return;
  await link.request('context/edit', { context: context.id, ...changes });
}

function itemsOf(context: Context, machine: RemoteSpec | undefined): readonly FieldItem[] {
  const item = (field: Field, icon: string, label: string, description: string): FieldItem => ({
    iconPath: new vscode.ThemeIcon(icon),
    label,
    description: oneLine(description, 200),
    field,
  });
  const own = [
    item('name', 'tag', 'Name', context.name),
    item('path', 'folder', 'Path', context.path),
    item('tags', 'bookmark', 'Tags', context.tags.join(', ') || 'none'),
  ];
  if (machine === undefined) return own;
  const keys = machineKeys(machine);
  const ofMachine = keys.map((key) => {
    const { label, icon, empty } = MACHINE_FIELDS[key];
    return item(key, icon, label, valueOf(machine, key) || empty);
  });
  const hasToken = keys.includes('url') || valueOf(machine, 'agentPort') !== '';
  return [
    ...own,
    { label: 'Machine', kind: vscode.QuickPickItemKind.Separator },
    ...ofMachine,
    ...(hasToken ? [item('token', 'lock', 'Token', 'never shown')] : []),
  ];
}

function valueOf(machine: RemoteSpec, key: MachineKey): string {
  const value: unknown = (machine as Readonly<Record<string, unknown>>)[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

async function ask(
  link: ServerLink,
  context: Context,
  machine: RemoteSpec | undefined,
  field: Field,
  title: string,
): Promise<Changes | undefined> {
  switch (field) {
    case 'name': {
      const taken = link.snapshot.contexts.filter(({ id }) => id !== context.id).map(({ name }) => name);
      const name = await askText(title, 'Name', context.name, (value) => nameProblem(value, taken));
      return name === undefined ? undefined : { name };
    }
    case 'path': {
      const path =
        machine === undefined
          ? await askText(title, 'Path of the folder', context.path)
          : await askFolder(link, machine, context.path, title);
      return path === undefined ? undefined : { path };
    }
    case 'tags': {
      const text = await askText(title, 'Tags, with commas between them', context.tags.join(', '));
      if (text === undefined) return undefined;
      const tags = text.split(',').map((tag) => tag.trim());
      return { tags: tags.filter((tag) => tag !== '') };
    }
    case 'token': {
      const result = await inputStep({
        title,
        placeholder: 'Token',
        prompt: 'Token of the agent server',
        password: true,
      });
      return result.kind === 'next' && result.value.trim() !== '' ? { token: result.value.trim() } : undefined;
    }
    case 'host':
    case 'user':
    case 'port':
    case 'keyFile':
    case 'tmux':
    case 'setup':
    case 'agentPort':
    case 'url':
      return machine === undefined ? undefined : await askMachine(machine, field, title);
  }
}

async function askMachine(machine: RemoteSpec, key: MachineKey, title: string): Promise<Changes | undefined> {
  const validate = key === 'url' ? agentUrlProblem : key === 'port' || key === 'agentPort' ? portProblem : undefined;
  const value = await askText(title, MACHINE_FIELDS[key].prompt, valueOf(machine, key), validate);
  if (value === undefined || value === valueOf(machine, key)) return undefined;
  const isNumber = key === 'port' || key === 'agentPort';
  const spec = { ...machine, [key]: value === '' ? null : isNumber ? Number(value) : value };
  const checked = (machine.type === 'ssh' ? SshMachineSpec : AgentMachineSpec).safeParse(spec);
  if (!checked.success)
    throw new CodeManagerError(
      'invalid',
      `${oneLine(value, 60)} cannot be the ${MACHINE_FIELDS[key].label.toLowerCase()} of a machine`,
    );
  return { machine: checked.data };
}

async function askFolder(
  link: ServerLink,
  machine: RemoteSpec,
  start: string,
  title: string,
): Promise<string | undefined> {
  const load = foldersOf(link, machine);
  const result = await folderStep({ title, host: describedHost(machine), start, load, canGoBack: false });
  return result.kind === 'next' ? result.value : undefined;
}

async function askText(
  title: string,
  prompt: string,
  value: string,
  validate?: (value: string) => string | undefined,
): Promise<string | undefined> {
  const result = await inputStep({ title, prompt, value, ...(validate === undefined ? {} : { validate }) });
  return result.kind === 'next' ? result.value.trim() : undefined;
}

/** Other contexts on the same machine keep the way they have: a person should know that. */
async function mayMove(link: ServerLink, context: Context): Promise<boolean> {
  const id = machineId(context.machine);
  const others = link.snapshot.contexts.filter((other) => other.id !== context.id && machineId(other.machine) === id);
  if (others.length === 0) return true;
  const change = 'Change';
  const message = `Change how "${oneLine(context.name, 60)}" reaches its machine?`;
  const detail = `${countOf(others.length, 'other context is', 'other contexts are')} on that machine and ${others.length === 1 ? 'keeps its' : 'keep their'} way to it.`;
  return (await askPerson(message, detail, change)) === change;
}
