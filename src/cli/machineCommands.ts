import { createInterface } from 'node:readline/promises';
import { VERSION } from '../common/build.js';
import { stripTerminal } from '../common/terminalText.js';
import type { Machine } from '../protocol/context.js';
import { CodeManagerError } from '../protocol/errors.js';
import { connectionText, isCalled, machineOf, machineType } from '../view/machineText.js';
import { hasEnded } from '../protocol/session.js';
import type { App } from './app.js';
import { showChecks } from './checks.js';
import type { Invocation } from './command.js';
import { parseTime } from './controlCommands.js';
import { operate } from './longOperation.js';
import type { Colour } from './output.js';
import { formatTable } from './table.js';

const COLOURS: Readonly<Record<Machine['connection'], Colour>> = {
  connected: 'green',
  connecting: 'blue',
  offline: 'dim',
  signInNeeded: 'yellow',
  hostKeyChanged: 'red',
  dependencyMissing: 'red',
};

export async function list(app: App): Promise<void> {
  const { client, output } = app;
  const [machines, contexts, sessions] = await Promise.all([
    client.request('machine/list', {}),
    client.request('context/list', {}),
    client.request('session/list', {}),
  ]);
  if (output.json) return output.record(machines);
  const now = Date.now();
  const rows = machines.map((machine) => {
    const here = contexts.filter((context) => machineOf(context, machines) === machine);
    const running = sessions.filter((session) => session.machineId === machine.id && !hasEnded(session));
    const status = connectionText(machine, now);
    return [machine.host, machineType(machine), status, String(here.length), String(running.length)].map(stripTerminal);
  });
  const colours = new Map(machines.map((machine) => [connectionText(machine, now), COLOURS[machine.connection]]));
  const paint = (cell: string): string => {
    const colour = colours.get(cell);
    return colour === undefined ? cell : output.paint(colour, cell);
  };
  const columns = [
    { title: 'NAME', isKey: true, paint: (cell: string) => output.paint('bold', cell) },
    { title: 'TYPE', goes: 3 },
    { title: 'STATUS', min: 12, paint },
    { title: 'CONTEXTS', goes: 1 },
    { title: 'SESSIONS', goes: 2 },
  ];
  await output.lines(formatTable(columns, rows, { width: output.columns }));
  for (const machine of machines) sayProblem(app, machine);
}

export async function test(app: App, invocation: Invocation): Promise<number> {
  const [machine = ''] = invocation.args;
  const timeoutMs = parseTime(invocation.value('timeout'), '--timeout', 1);
  const params = { machine, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return showChecks(app, await operate(app, 'machine/test', params), 'first');
}

export async function connect(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const machine = await operate(app, 'machine/connect', { machine: ref });
  await tell(app, machine, `Connected to ${machine.host}.`);
}

export async function disconnect(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const machine = await app.client.request('machine/disconnect', { machine: ref });
  await tell(app, machine, `Disconnected from ${machine.host}; its sessions go on.`);
}

export async function install(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const name = await nameOf(app, ref);
  if (!invocation.has('yes') && !(await isAgreed(app, name))) {
    throw new CodeManagerError('cancelled', 'Nothing was installed');
  }
  const machine = await operate(app, 'machine/install', { machine: ref });
  await tell(app, machine, `${machine.host} has the ${machineType(machine)} now.`);
}

async function tell({ output }: App, machine: Machine, text: string): Promise<void> {
  if (output.json) await output.record(machine);
  else output.note(text);
}

function sayProblem({ output }: App, { host, problem }: Machine): void {
  if (problem === null) return;
  const command = problem.command === null ? '' : ` Run: ${problem.command}`;
  output.note(`${host}: ${problem.message.replace(/\.?$/, '.')}${command}`);
}

/** The name of a machine that is given by its name, its id or one of its contexts. */
async function nameOf({ client }: App, ref: string): Promise<string> {
  const machines = await client.request('machine/list', {});
  const called = machines.find((machine) => isCalled(machine, ref));
  if (called !== undefined) return called.host;
  const contexts = await client.request('context/list', {});
  const context = contexts.find(({ id, name }) => id === ref || name === ref);
  const machine = context === undefined ? undefined : machineOf(context, machines);
  if (machine !== undefined) return machine.host;
  throw new CodeManagerError('notFound', `No machine "${ref}"`, { hint: 'See `cm machine list`.' });
}

async function isAgreed({ output }: App, host: string): Promise<boolean> {
  const what = stripTerminal(`the agent server ${VERSION} on ${host}, in ~/.cm/server there`);
  if (!process.stdin.isTTY || !output.isRemarkTerminal) {
    throw new CodeManagerError('invalid', `Installing ${what}, has to be agreed to`, { hint: 'Give --yes.' });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
    const answer = await Promise.race([terminal.question(`Install ${what}? [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
