import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { stripTerminal } from '../common/terminalText.js';
import { formatAge } from '../common/text.js';
import type { Context } from '../protocol/context.js';
import type { MachineSpec } from '../protocol/machineKinds.js';
import { CodeManagerError, toCodeManagerError } from '../protocol/errors.js';
import { connectionText, contextPlace, machineOf as machineOfContext } from '../view/machineText.js';
import { shortPath } from '../view/plainText.js';
import type { App } from './app.js';
import { showChecks } from './checks.js';
import type { Invocation } from './command.js';
import { parseTime } from './controlCommands.js';
import { readInput } from './input.js';
import { operate } from './longOperation.js';
import { namesMachine, readMachine, takesToken } from './machineFlags.js';
import { noteProblems } from './problemNotes.js';
import { parsePlace, type HostPart } from './place.js';
import { formatFields, formatTable } from './table.js';

export async function add(app: App, invocation: Invocation): Promise<void> {
  const [name = '', given = ''] = invocation.args;
  const place = parsePlace(given);
  const machine = machineOf(app, invocation, 'local', place.host);
  const path = folderOn(app, machine, place.path);
  const tags = readTags(invocation);
  const token = await readToken(app, invocation, machine);
  const params = { name, path, machine, ...(tags === undefined ? {} : { tags }), ...token };
  await printId(app, await explained(machine, path, app.client.request('context/add', params)));
}

export async function list(app: App, invocation: Invocation): Promise<void> {
  const { output } = app;
  const tag = invocation.value('tag');
  const [contexts, machines] = await Promise.all([
    app.client.request('context/list', tag === undefined ? {} : { tag }),
    app.client.request('machine/list', {}),
  ]);
  if (output.json) return output.record(contexts);
  if (invocation.has('quiet')) return output.lines(contexts.map(({ id }) => id));
  await noteProblems(app, /contexts\.json|credentials\.json|config\.json/);
  if (contexts.length === 0 && tag !== undefined) return output.note(`No context has the tag "${tag}".`);
  if (contexts.length === 0) return output.note('No contexts. Make a folder one: `cm ctx add NAME PATH`.');
  const now = Date.now();
  const rows = contexts.map((context) => {
    const { name, tags } = context;
    const place = contextPlace(context, machines);
    return [name, place.name, place.type, pathOf(context), tags.join(','), age(context, now)];
  });
  const columns = [
    { title: 'NAME', isKey: true, paint: (cell: string) => output.paint('bold', cell) },
    { title: 'MACHINE', min: 8, goes: 4 },
    { title: 'TYPE', goes: 3 },
    { title: 'PATH', min: 12 },
    { title: 'TAGS', min: 4, goes: 2 },
    { title: 'LAST USED', goes: 1 },
  ];
  const cells = rows.map((row) => row.map(stripTerminal));
  await output.lines(formatTable(columns, cells, { width: output.columns }));
}

export async function show(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const [context, machines] = await Promise.all([
    app.client.request('context/get', { context: ref }),
    app.client.request('machine/list', {}),
  ]);
  const machine = machineOfContext(context, machines);
  const place = contextPlace(context, machines);
  if (app.output.json) return app.output.record(context);
  const fields = [
    ['id', context.id],
    ['name', context.name],
    ['machine', `${place.name} (${place.type})`],
    ['connection', machine === undefined || machine.type === 'local' ? '' : connectionText(machine, Date.now())],
    ...Object.entries(spec(context)),
    ['path', context.path],
    ['tags', context.tags.join(', ')],
    ['created', context.created],
    ['last used', context.lastUsed ?? 'never'],
  ] as const;
  const filled = fields.filter(([name, value]) => value !== '' || name === 'tags');
  await app.output.lines(formatFields(filled.map(([name, value]) => [name, stripTerminal(value)])));
}

export async function edit(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const name = invocation.value('name');
  const given = invocation.value('path');
  const tags = readTags(invocation);
  const isNamed = ['name', 'path', 'tags', 'token', 'token-file'].some((flag) => invocation.has(flag));
  if (!isNamed && !namesMachine(invocation, undefined)) {
    throw new CodeManagerError('invalid', 'Nothing to change', { hint: 'See `cm ctx edit --help`.' });
  }
  const before = await app.client.request('context/get', { context: ref });
  const place = given === undefined ? undefined : parsePlace(given);
  const machine = machineOf(app, invocation, before.machine, place?.host);
  const path = place === undefined ? undefined : folderOn(app, machine, place.path);
  const token = await readToken(app, invocation, machine);
  const changes = {
    ...(name === undefined ? {} : { name }),
    ...(path === undefined ? {} : { path }),
    ...(machine === before.machine ? {} : { machine }),
    ...(tags === undefined ? {} : { tags }),
    ...token,
  };
  const edited = app.client.request('context/edit', { context: before.id, ...changes });
  await printId(app, await explained(machine, path ?? '', edited));
}

export async function remove(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  await printId(app, await app.client.request('context/remove', { context: ref, force: invocation.has('force') }));
}

export async function test(app: App, invocation: Invocation): Promise<number> {
  const [ref = ''] = invocation.args;
  const timeoutMs = parseTime(invocation.value('timeout'), '--timeout', 1);
  const params = { context: ref, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return showChecks(app, await operate(app, 'context/test', params), 'first');
}

async function printId({ output }: App, context: Context): Promise<void> {
  output.done = `What was asked of the context ${stripTerminal(context.name)} is done all the same.`;
  await (output.json ? output.record(context) : output.lines([context.id]));
}

function readTags(invocation: Invocation): string[] | undefined {
  return invocation
    .value('tags')
    ?.split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** The machine that flags and the host in front of a path name. */
function machineOf(app: App, invocation: Invocation, base: MachineSpec, host: HostPart | undefined): MachineSpec {
  return readMachine(base, invocation, host, (path) => keyPath(app, path));
}

/** Only another machine knows what its `~` and relative paths mean. */
function folderOn(app: App, machine: MachineSpec, path: string): string {
  return machine === 'local' ? absolute(app, path) : path;
}

/** A path as the agent server of this host, which runs in another folder, can find it. */
function absolute(app: App, path: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return isAbsolute(path) ? resolve(path) : resolve(app.folder, path);
}

function keyPath(app: App, given: string): string {
  const path = absolute(app, given);
  if (!existsSync(path)) throw new CodeManagerError('invalid', `There is no key ${path}`);
  if (!path.endsWith('.pub')) return path;
  throw new CodeManagerError('invalid', `${path} is the public half of a key`, { hint: 'Give the private one.' });
}

async function readToken(app: App, invocation: Invocation, machine: MachineSpec): Promise<{ token?: string }> {
  const file = invocation.value('token-file');
  const given = invocation.value('token');
  if (file === undefined && given === undefined) return {};
  if (file !== undefined && given !== undefined) {
    throw new CodeManagerError('invalid', 'The flags --token and --token-file exclude each other');
  }
  if (!takesToken(machine)) {
    throw new CodeManagerError('invalid', 'A token is for an agent server that listens on a port', {
      hint: 'Add --agent-port or --url, or leave it out: over ssh none is needed.',
    });
  }
  if (given !== undefined) {
    app.output.note('Others on this machine can see what is given with --token; --token-file FILE keeps it secret.');
  }
  const token = (file === undefined ? (given ?? '') : await readInput(file)).trim();
  if (token === '') throw new CodeManagerError('invalid', 'The token is empty');
  if (/\s/.test(token)) throw new CodeManagerError('invalid', 'A token is one word without spaces');
  return { token };
}

/** Adds what a shell did to a path before we saw it. */
async function explained(machine: MachineSpec, path: string, result: Promise<Context>): Promise<Context> {
  try {
    return await result;
  } catch (thrown) {
    const error = toCodeManagerError(thrown);
    const home = homedir();
    const isExpanded = machine !== 'local' && (path === home || path.startsWith(`${home}/`));
    if (!isExpanded || (error.code !== 'notFound' && error.code !== 'invalid')) throw error;
    const quoted = `'~${path.slice(home.length)}'`;
    throw new CodeManagerError(error.code, error.message, {
      hint: `Your shell may have put in the home of this host: ${quoted} in quotes is the home there.`,
      cause: error,
    });
  }
}

/** How another machine is reached, for people. */
function spec({ machine }: Context): Record<string, string> {
  if (machine === 'local') return {};
  const { user, port, keyFile, tmux, setup, agentPort, url } = machine as Readonly<Record<string, unknown>>;
  const shown = { user, port, key: keyFile, tmux, setup, 'agent port': agentPort, url };
  return Object.fromEntries(
    Object.entries(shown).map(([name, value]) => [
      name,
      typeof value === 'string' || typeof value === 'number' ? String(value) : '',
    ]),
  );
}

/** `~` stands for the home of this host only. */
function pathOf({ machine, path }: Context): string {
  return machine === 'local' ? shortPath(path, homedir()) : path;
}

function age({ lastUsed }: Context, now: number): string {
  return lastUsed === null ? 'never' : formatAge(now - Date.parse(lastUsed));
}
