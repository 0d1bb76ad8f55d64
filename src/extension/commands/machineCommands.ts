import * as vscode from 'vscode';
import type { Machine } from '../../protocol/context.js';
import { machineId } from '../../protocol/machineKinds.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { hasEnded } from '../../protocol/session.js';
import { addContextOn, addSshHost, specOf } from '../addHost/addHost.js';
import { ask, sayDone } from '../editor/say.js';
import {
  machineAddress,
  machineDescription,
  machineIcon,
  machineName,
  machineTrouble,
} from '../../view/machineText.js';
import { countOf, oneLine } from '../../view/plainText.js';
import { pickStep } from '../quickInput/steps.js';
import { addContext } from './contextCommands.js';
import { checksText } from './doctor.js';
import type { Services } from './services.js';
import { machineIdOf } from './targets.js';

/** A test signs in, which may wait for a person. */
const TEST_TIMEOUT_MS = 120_000;

/** Commands about machines. */
export function registerMachineCommands(services: Services): void {
  const { commands, link, contextsView, operations, documents } = services;
  const nameOf = (machine: Machine): string => oneLine(machineName(machine, link.snapshot.machines), 60);

  commands.register('codeManager.context.addSshHost', async () => {
    const id = await addSshHost(link);
    if (id !== undefined) await contextsView.select(id);
  });
  commands.register('codeManager.machine.newContext', async (...args) => {
    const machine = await oneMachine(services, args, { title: 'New Context' });
    if (machine === undefined) return;
    const spec = specOf(link.snapshot.contexts, (context) => machineId(context.machine) === machine.id);
    const id =
      machine.type === 'local'
        ? await addContext(link)
        : // Of a machine whose last context was removed it is not known here how it is reached.
          await (spec === undefined ? addSshHost(link) : addContextOn(link, spec));
    if (id !== undefined) await contextsView.select(id);
  });
  commands.register('codeManager.machine.test', async (...args) => {
    const machine = await oneMachine(services, args, { title: 'Test Machine' });
    if (machine === undefined) return;
    const name = nameOf(machine);
    const params = { machine: machine.id, timeoutMs: TEST_TIMEOUT_MS };
    const checks = await operations.run(`Testing ${name}`, 'machine/test', params);
    await documents.show(`test:${machine.id}`, `Test of ${name}`, checksText(checks));
  });

  const connect = async (args: readonly unknown[]): Promise<void> => {
    const machine = await oneMachine(services, args, {
      title: 'Reconnect Machine',
      accept: ({ type }) => type !== 'local',
      none: 'There are no other machines',
    });
    if (machine === undefined) return;
    try {
      await connectTo(services, machine);
    } catch (error) {
      // That it has a new host key is told to all windows, once.
      if (link.machine(machine.id)?.connection !== 'hostKeyChanged') throw error;
      if (machine.connection === 'hostKeyChanged') await showProblem(services, machine);
    }
  };
  commands.register('codeManager.machine.reconnect', (...args) => connect(args));
  commands.register('codeManager.machine.reconnect.ask', () => connect([]));
  commands.register('codeManager.machine.signIn', (...args) => connect(args));
  commands.register('codeManager.machine.disconnect', async (...args) => {
    const machine = await oneMachine(services, args, { title: 'Disconnect', accept: ({ type }) => type !== 'local' });
    if (machine !== undefined) await link.request('machine/disconnect', { machine: machine.id });
  });

  const install = async (args: readonly unknown[]): Promise<void> => {
    const machine = await oneMachine(services, args, {
      title: 'Install Agent Server',
      accept: ({ type, id }) => type !== 'local' && !isByUrl(id),
      none: 'There is no machine that is reached by ssh',
    });
    if (machine === undefined) return;
    const name = nameOf(machine);
    const isUpdate = machine.type === 'agent';
    const verb = isUpdate ? 'Update' : 'Install';
    const detail = [
      `One program is put into ~/.cm/server on ${name}, over ssh; nothing else there is changed. It needs Node 20 or newer, which is looked for there.`,
      isUpdate
        ? 'The agent server there is replaced by it. Sessions go on.'
        : `It runs as you, and keeps watch while nobody is connected. Contexts on ${name} use it from then on; sessions go on.`,
    ].join('\n\n');
    if ((await ask(`${verb} the agent server on ${name}?`, detail, verb)) === undefined) return;
    const title = `${isUpdate ? 'Updating' : 'Installing'} the agent server on ${name}`;
    const installed = await operations.run(title, 'machine/install', { machine: machine.id });
    const version = installed.version === null ? '' : ` ${oneLine(installed.version, 20)}`;
    sayDone(`${name} has agent server${version}`, 10_000);
  };
  commands.register('codeManager.machine.install', (...args) => install(args));
  commands.register('codeManager.machine.install.ask', () => install([]));
  commands.register('codeManager.machine.update', (...args) => install(args));

  commands.register('codeManager.machine.showDetails', async (...args) => {
    const machine = await oneMachine(services, args, {
      title: 'Show Details',
      accept: ({ problem }) => problem !== null,
    });
    if (machine !== undefined) await showProblem(services, machine);
  });
}

/** Connects a machine unless it is connected; what it asks is put to the person. */
export async function connectMachine(services: Services, id: string): Promise<void> {
  const machine = services.link.machine(id);
  if (machine !== undefined && machine.type !== 'local' && machine.connection !== 'connected') {
    await connectTo(services, machine);
  }
}

async function connectTo({ link, operations }: Services, machine: Machine): Promise<void> {
  const name = oneLine(machineName(machine, link.snapshot.machines), 60);
  await operations.run(`Connecting to ${name}`, 'machine/connect', { machine: machine.id });
}

/** What is wrong with a machine and what mends it, as something that is read to the end. */
async function showProblem({ link }: Services, { id }: Machine): Promise<void> {
  const machine = link.machine(id);
  if (machine?.problem == null) return;
  const { message, command } = machine.problem;
  const name = oneLine(machineName(machine, link.snapshot.machines), 60);
  const detail = [oneLine(message, 600), ...(command === null ? [] : [oneLine(command, 600)])].join('\n\n');
  const copy = 'Copy Command';
  const title = `${name}: ${machineTrouble(machine, Date.now())}`;
  const actions = command === null ? [] : [copy];
  const action = await ask(title, detail, ...actions);
  if (action === copy && command !== null) await vscode.env.clipboard.writeText(command);
}

interface MachineQuestion {
  readonly title: string;
  readonly accept?: (machine: Machine) => boolean;
  readonly none?: string;
}

/** The machine of a command: what it was called with, else what the person chooses, those in trouble first. */
async function oneMachine(
  { link }: Services,
  args: readonly unknown[],
  { title, accept = () => true, none = 'There are no machines' }: MachineQuestion,
): Promise<Machine | undefined> {
  link.open();
  await link.untilKnown();
  if (link.status.kind === 'failed') throw link.status.error;
  const { machines, sessions } = link.snapshot;
  const given = machineIdOf(args);
  if (given !== undefined) return link.machine(given);
  const possible = machines.filter(accept);
  if (possible.length === 0) throw new CodeManagerError('notFound', none, { hint: 'Add one with "Add SSH Host…".' });
  const isFine = (machine: Machine): boolean => machine.connection === 'connected';
  const result = await pickStep({
    title,
    placeholder: 'Choose a machine',
    items: [...possible]
      .sort((a, b) => Number(isFine(a)) - Number(isFine(b)) || a.host.localeCompare(b.host))
      .map((machine) => {
        const running = sessions.filter((session) => session.machineId === machine.id && !hasEnded(session)).length;
        const description = machineDescription(machine, Date.now());
        return {
          iconPath: new vscode.ThemeIcon(machineIcon(machine)),
          label: oneLine(machineName(machine, machines)),
          description: running === 0 ? description : `${description} · ${countOf(running, 'session')} running`,
          machine,
        };
      }),
  });
  return result.kind === 'next' ? result.value.machine : undefined;
}

function isByUrl(id: string): boolean {
  return /^wss?:/.test(machineAddress({ id }));
}
