import { realpath } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Context, Machine } from '../../protocol/context.js';
import { machineName, machineOf, machineTrouble } from '../../view/machineText.js';
import { oneLine, shortPath } from '../../view/plainText.js';
import type { ServerLink } from '../services/serverLink.js';
import { pickStep } from '../quickInput/steps.js';
import { currentFolder, HOME, localFolders } from '../services/workspaceFolders.js';
import type { Place } from './draft.js';

interface PlaceItem extends vscode.QuickPickItem {
  readonly place?: Place | 'add' | 'addHost';
}

/** The first step: where. The folder of this window comes first, then contexts by last use. */
export async function askContext(link: ServerLink, title: string): Promise<Place | 'add' | 'addHost' | undefined> {
  const result = await pickStep<PlaceItem>({
    title,
    placeholder: 'Where should the agent work?',
    items: itemsOf(link),
  });
  return result.kind === 'next' ? result.value.place : undefined;
}

async function itemsOf(link: ServerLink): Promise<readonly PlaceItem[]> {
  link.open();
  await link.untilKnown();
  if (link.status.kind === 'failed') throw link.status.error;
  const { contexts, machines } = link.snapshot;
  const first = currentFolder();
  const folders = localFolders().filter(({ path }) => path !== first?.path);
  const real = await realPaths([...localFolders(), ...contexts.filter(({ machine }) => machine === 'local')]);
  const here = [...(first === undefined ? [] : [first]), ...folders].map(({ name, path }): PlaceItem => {
    // A folder that is a context already goes by the name that the person gave it, whichever way leads to it.
    const context = contexts.find((one) => one.machine === 'local' && real(one.path) === real(path));
    return {
      iconPath: new vscode.ThemeIcon('folder-active'),
      label: `This folder: ${oneLine(context?.name ?? name)}`,
      description: oneLine(shortPath(path, HOME), 200),
      place: { kind: 'folder', path, name: context?.name ?? name },
    };
  });
  const shown = new Set(localFolders().map(({ path }) => real(path)));
  const others = contexts.filter((context) => context.machine !== 'local' || !shown.has(real(context.path)));
  const byMachine = machines
    .map((machine) => ({
      machine,
      members: others.filter((context) => machineOf(context, machines)?.id === machine.id).sort(byLastUse),
    }))
    .sort(
      (a, b) => Number(b.machine.type === 'local') - Number(a.machine.type === 'local') || byUse(a.members, b.members),
    )
    .flatMap(({ machine, members }): PlaceItem[] =>
      members.length === 0 ? [] : [separator(machineLabel(machine, machines)), ...members.map(contextItem)],
    );
  return [
    ...here,
    ...byMachine,
    separator(''),
    { iconPath: new vscode.ThemeIcon('add'), label: 'Add Context…', description: 'another folder', place: 'add' },
    {
      iconPath: new vscode.ThemeIcon('vm-connect'),
      label: 'Add SSH Host…',
      description: 'a folder on another machine',
      place: 'addHost',
    },
  ];
}

/** Where paths of this host lead to without links; one that leads nowhere stays as it is. */
async function realPaths(places: readonly { readonly path: string }[]): Promise<(path: string) => string> {
  const paths = [...new Set(places.map(({ path }) => path))];
  const found = await Promise.all(paths.map(async (path) => [path, await realpath(path).catch(() => path)] as const));
  const known = new Map(found);
  return (path) => known.get(path) ?? path;
}

/** A machine's name, and what is wrong with it: a session there may have to wait. */
function machineLabel(machine: Machine, machines: readonly Machine[]): string {
  const trouble = machineTrouble(machine, Date.now());
  const name = oneLine(machineName(machine, machines));
  return trouble === '' || machine.type === 'local' ? name : `${name} · ${trouble.replace(/,.*/, '')}`;
}

function contextItem(context: Context): PlaceItem {
  return {
    iconPath: new vscode.ThemeIcon('folder'),
    label: oneLine(context.name),
    description: oneLine(shortPath(context.path, HOME), 200),
    place: { kind: 'context', contextId: context.id, name: context.name },
  };
}

function byLastUse(a: Context, b: Context): number {
  return (b.lastUsed ?? b.created).localeCompare(a.lastUsed ?? a.created) || a.name.localeCompare(b.name);
}

/** Of two machines the one whose context was used last comes first. */
function byUse([a]: readonly Context[], [b]: readonly Context[]): number {
  return a === undefined || b === undefined ? Number(a === undefined) - Number(b === undefined) : byLastUse(a, b);
}

function separator(label: string): PlaceItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
