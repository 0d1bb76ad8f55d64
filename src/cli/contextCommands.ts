import { homedir, hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { shortHostName } from '../common/home.js';
import { stripTerminal } from '../common/terminalText.js';
import { formatAge } from '../common/text.js';
import type { Context } from '../protocol/context.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { App } from './app.js';
import { showChecks } from './checks.js';
import type { Invocation } from './command.js';
import { parseTime } from './controlCommands.js';
import { shortPath } from './sessionView.js';
import { formatFields, formatTable } from './table.js';

export async function add(app: App, invocation: Invocation): Promise<void> {
  const [name = '', path = ''] = invocation.args;
  const tags = readTags(invocation);
  const context = await app.client.request('context/add', {
    name,
    path: absolute(app, path),
    ...(tags === undefined ? {} : { tags }),
  });
  await printId(app, context);
}

export async function list(app: App, invocation: Invocation): Promise<void> {
  const { output } = app;
  const tag = invocation.value('tag');
  const contexts = await app.client.request('context/list', tag === undefined ? {} : { tag });
  if (output.json) return output.record(contexts);
  if (invocation.has('quiet')) return output.lines(contexts.map(({ id }) => id));
  if (contexts.length === 0) return output.note('No contexts. Make a folder one: `cm ctx add NAME PATH`.');
  const now = Date.now();
  const rows = contexts.map((context) => {
    const { name, path, tags } = context;
    return [name, machineName(context), machineType(context), shortPath(path), tags.join(','), age(context, now)];
  });
  const columns = [
    { title: 'NAME', min: 8, paint: (cell: string) => output.paint('bold', cell) },
    { title: 'MACHINE', min: 8 },
    { title: 'TYPE' },
    { title: 'PATH', min: 12 },
    { title: 'TAGS', min: 4 },
    { title: 'LAST USED' },
  ];
  const cells = rows.map((row) => row.map(stripTerminal));
  await output.lines(formatTable(columns, cells, { width: output.columns }));
}

export async function show(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const context = await app.client.request('context/get', { context: ref });
  if (app.output.json) return app.output.record(context);
  const fields = [
    ['id', context.id],
    ['name', context.name],
    ['machine', `${machineName(context)} (${machineType(context)})`],
    ['path', context.path],
    ['tags', context.tags.join(', ')],
    ['created', context.created],
    ['last used', context.lastUsed ?? 'never'],
  ] as const;
  await app.output.lines(formatFields(fields.map(([name, value]) => [name, stripTerminal(value)])));
}

export async function edit(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  const name = invocation.value('name');
  const path = invocation.value('path');
  const tags = readTags(invocation);
  if (name === undefined && path === undefined && tags === undefined) {
    throw new CodeManagerError('invalid', 'Nothing to change', { hint: 'Give --name, --path or --tags.' });
  }
  const context = await app.client.request('context/edit', {
    context: ref,
    ...(name === undefined ? {} : { name }),
    ...(path === undefined ? {} : { path: absolute(app, path) }),
    ...(tags === undefined ? {} : { tags }),
  });
  await printId(app, context);
}

export async function remove(app: App, invocation: Invocation): Promise<void> {
  const [ref = ''] = invocation.args;
  await printId(app, await app.client.request('context/remove', { context: ref, force: invocation.has('force') }));
}

export async function test(app: App, invocation: Invocation): Promise<number> {
  const [ref = ''] = invocation.args;
  const timeoutMs = parseTime(invocation.value('timeout'), '--timeout');
  const params = { context: ref, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return showChecks(app, await app.client.request('context/test', params), 'first');
}

async function printId({ output }: App, context: Context): Promise<void> {
  await (output.json ? output.record(context) : output.lines([context.id]));
}

function readTags(invocation: Invocation): string[] | undefined {
  return invocation
    .value('tags')
    ?.split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** A folder as the agent server, which runs elsewhere, can find it. */
function absolute(app: App, path: string): string {
  if (path === '') throw new CodeManagerError('invalid', 'PATH is empty');
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return isAbsolute(path) ? resolve(path) : resolve(app.folder, path);
}

function machineName({ machine }: Context): string {
  if (machine === 'local') return shortHostName(hostname());
  const host: unknown = machine['host'] ?? machine['url'];
  return typeof host === 'string' ? host : machine.type;
}

function machineType({ machine }: Context): string {
  return machine === 'local' ? 'this host' : machine.type;
}

function age({ lastUsed }: Context, now: number): string {
  return lastUsed === null ? 'never' : formatAge(now - Date.parse(lastUsed));
}
