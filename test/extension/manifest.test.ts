import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { Connection } from '../../src/protocol/context.js';
import { COMMANDS, VIEWS } from '../../src/extension/model/ids.js';
import { CONTEXT_KEYS } from '../../src/extension/model/contextKeyValues.js';
import { contextContextValue } from '../../src/view/contextTree.js';
import { machineContextValue } from '../../src/view/machineText.js';
import { sessionContextValue } from '../../src/view/sessionLabel.js';
import { TEXT_LANGUAGE } from '../../src/extension/model/textLanguage.js';
import { SETTINGS } from '../../src/extension/model/settingValues.js';
import { contextRecord, machineRecord } from '../helpers/records.js';
import { rowsOf, variedSessions } from './rows.js';

interface Menu {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly icon: string;
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
    readonly keybindings: readonly { readonly command: string; readonly key: string; readonly when: string }[];
    readonly menus: Readonly<Record<string, readonly Menu[]>>;
    readonly submenus: readonly { readonly id: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsContainers: { readonly activitybar: readonly { readonly icon: string }[] };
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when: string }[];
    readonly walkthroughs: readonly {
      readonly id: string;
      readonly steps: readonly {
        readonly id: string;
        readonly description: string;
        readonly media: { readonly svg: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
    readonly languages: readonly { readonly id: string }[];
    readonly configurationDefaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly default: unknown; readonly enum?: readonly unknown[] }>>;
    };
  };
}

const manifest = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as Manifest;
const { commands, menus, submenus, views, viewsContainers, viewsWelcome } = manifest.contributes;
const { configuration, configurationDefaults, keybindings, languages, walkthroughs } = manifest.contributes;
const menuEntries = Object.entries(menus).flatMap(([menu, entries]) => entries.map((entry) => ({ menu, ...entry })));

test('the manifest names the commands that are registered, and no others', () => {
  assert.deepEqual(commands.map(({ command }) => command).sort(), [...COMMANDS].sort());
  for (const { title, category } of commands) {
    assert.equal(category, 'Code Manager');
    assert.match(title, /^[A-Z]/, title);
  }
});

test('nothing stands in the manifest twice, of which the editor would take the last', () => {
  assert.equal(readFileSync(join(repoRoot, 'package.json'), 'utf8'), `${JSON.stringify(manifest, null, 2)}\n`);
});

test('keys are for commands of ours, or of the editor in our terminals, and disturb nobody who has no sessions', () => {
  const known = new Set<string>(COMMANDS);
  assert.ok(keybindings.length >= 4);
  for (const { command, key, when } of keybindings) {
    const isOurs = known.has(command) && when.includes('codeManager.hasSessions');
    assert.ok(isOurs || when.includes('codeManager.terminalAgent'), `${key}: ${command}`);
  }
  const places = keybindings.map(({ key, when }) => `${key} ${when}`);
  assert.equal(new Set(places).size, places.length);
});

test('menus name commands and submenus that exist', () => {
  const known = new Set<string>(COMMANDS);
  const knownSubmenus = new Set(submenus.map(({ id }) => id));
  for (const { menu, command, submenu } of menuEntries) {
    if (command !== undefined) assert.ok(known.has(command), `${menu}: ${command}`);
    if (submenu !== undefined) assert.ok(knownSubmenus.has(submenu), `${menu}: ${submenu}`);
  }
});

test('every command can be reached: by the palette, a menu, or a row', () => {
  const hidden = new Set(
    (menus['commandPalette'] ?? []).filter(({ when }) => when === 'false').map(({ command }) => command),
  );
  const inMenus = new Set(menuEntries.filter(({ menu }) => menu !== 'commandPalette').map(({ command }) => command));
  const inWelcome = new Set(
    viewsWelcome.flatMap(({ contents }) => [...contents.matchAll(/\(command:([\w.]+)/g)].map((match) => match[1])),
  );
  // A click on a row, what the Sessions view shows without an agent server, and a notification.
  const byRows = [
    'codeManager.session.open',
    'codeManager.sessions.showAllEnded',
    'codeManager.server.retry',
    'codeManager.machine.showDetails',
  ];
  for (const command of COMMANDS) {
    const isReachable =
      !hidden.has(command) || inMenus.has(command) || inWelcome.has(command) || byRows.includes(command);
    assert.ok(isReachable, command);
  }
});

const steps = walkthroughs.flatMap((walkthrough) => walkthrough.steps);

test('each step of the walkthrough has its picture and completes by itself', () => {
  assert.deepEqual(
    walkthroughs.map(({ id }) => id),
    ['start'],
  );
  for (const { id, media, completionEvents } of steps) {
    assert.ok(existsSync(join(repoRoot, media.svg)), id);
    assert.ok(completionEvents.length > 0, id);
    for (const event of completionEvents) {
      const key = event.replace(/^onContext:/, '');
      assert.ok((CONTEXT_KEYS as readonly string[]).includes(key), event);
    }
  }
});

test('welcome views and the walkthrough link to commands of ours or of the editor', () => {
  const known = new Set<string>(COMMANDS);
  for (const contents of [...viewsWelcome.map((one) => one.contents), ...steps.map((one) => one.description)]) {
    for (const [, command] of contents.matchAll(/\(command:([\w.-]+)/g)) {
      assert.ok(command !== undefined && (!command.startsWith('codeManager.') || known.has(command)), command);
    }
  }
});

test('the views are those that the extension fills', () => {
  const ids = Object.values(views).flatMap((members) => members.map(({ id }) => id));
  assert.deepEqual(ids.sort(), Object.values(VIEWS).sort());
});

test('conditions ask only for context keys that are set', () => {
  const known = new Set<string>([...CONTEXT_KEYS, ...Object.values(VIEWS)]);
  const conditions = [...menuEntries, ...keybindings, ...viewsWelcome].map(({ when }) => when ?? '');
  for (const condition of conditions) {
    for (const [key] of condition.matchAll(/codeManager\.[A-Za-z.]+/g)) assert.ok(known.has(key), key);
  }
});

test('every condition about a row fits a row that can exist', () => {
  const sessionValues = rowsOf(variedSessions()).map(sessionContextValue);
  const contextValues = [
    contextContextValue(contextRecord()),
    contextContextValue(contextRecord({ machine: { type: 'ssh', host: 'lab-3' } })),
    machineContextValue(machineRecord()),
    ...Connection.options.flatMap((connection) => [
      machineContextValue(machineRecord({ connection })),
      machineContextValue(machineRecord({ id: 'ssh:lab-3', type: 'ssh', connection })),
      machineContextValue(machineRecord({ id: 'agent:lab-3', type: 'agent', version: '0.0.1', connection })),
    ]),
  ];
  const entries = menus['view/item/context'] ?? [];
  assert.ok(entries.length > 20);
  for (const { command, when = '' } of entries) {
    const source = /viewItem =~ \/((?:[^/\\]|\\.)+)\//.exec(when)?.[1];
    assert.ok(source !== undefined, `${String(command)} has no condition about its row`);
    const values = when.includes(VIEWS.sessions) ? sessionValues : contextValues;
    const fitting = values.filter((value) => new RegExp(source).test(value));
    assert.ok(fitting.length > 0, `nothing fits ${source}`);
  }
});

test('a row has at most two inline actions', () => {
  const entries = (menus['view/item/context'] ?? []).filter(({ group }) => group?.startsWith('inline') === true);
  for (const value of new Set(rowsOf(variedSessions()).map(sessionContextValue))) {
    const shown = entries.filter(({ when = '' }) => {
      const source = /viewItem =~ \/((?:[^/\\]|\\.)+)\//.exec(when)?.[1] ?? '$^';
      return when.includes(VIEWS.sessions) && new RegExp(source).test(value);
    });
    const isOffline = value.includes('+offline');
    assert.ok(isOffline ? shown.length === 0 : shown.length <= 2, `${value}: ${shown.length}`);
  }
});

test('a machine offers what its state asks for: a new context, to reconnect, to sign in', () => {
  const entries = (menus['view/item/context'] ?? []).filter(({ when = '' }) => when.includes('machine'));
  const offered = (fields: Parameters<typeof machineRecord>[0], isShown: (group: string) => boolean): string[] => {
    const value = machineContextValue(machineRecord(fields));
    return entries
      .filter(({ group = '', when = '' }) => {
        const source = /viewItem =~ \/((?:[^/\\]|\\.)+)\//.exec(when)?.[1] ?? '$^';
        return isShown(group) && new RegExp(source).test(value);
      })
      .map(({ command = '' }) => command.replace('codeManager.', ''));
  };
  const isInline = (group: string): boolean => group.startsWith('inline');
  const ssh = { id: 'ssh:lab-3', type: 'ssh' } as const;
  assert.deepEqual(offered({}, isInline), ['machine.newContext']);
  assert.deepEqual(offered(ssh, isInline), ['machine.newContext']);
  assert.deepEqual(offered({ ...ssh, connection: 'offline' }, isInline), ['machine.reconnect']);
  assert.deepEqual(offered({ ...ssh, connection: 'signInNeeded' }, isInline), ['machine.signIn']);
  assert.deepEqual(offered({ ...ssh, connection: 'hostKeyChanged' }, isInline), []);
  const inMenu = (fields: Parameters<typeof machineRecord>[0]): string[] =>
    offered(fields, (group) => !isInline(group));
  assert.deepEqual(inMenu({}), ['machine.newContext', 'machine.test', 'machine.showServerLog', 'doctor.run']);
  assert.deepEqual(inMenu(ssh), ['machine.newContext', 'machine.test', 'machine.disconnect', 'machine.install']);
  assert.deepEqual(inMenu({ ...ssh, type: 'agent', id: 'agent:lab-3', version: '0.0.1' }), [
    'machine.newContext',
    'machine.test',
    'machine.disconnect',
    'machine.update',
  ]);
});

test('the settings of the manifest have the names and defaults that the code reads', () => {
  const expected = Object.fromEntries(Object.entries(SETTINGS).map(([key, value]) => [`codeManager.${key}`, value]));
  const found = Object.fromEntries(
    Object.entries(configuration.properties).map(([key, property]) => [key, property.default]),
  );
  assert.deepEqual(found, expected);
  for (const [key, property] of Object.entries(configuration.properties)) {
    if (property.enum !== undefined) assert.ok(property.enum.includes(property.default), key);
  }
});

test('texts that are shown have settings of their own: no line of a request ends outside of the window', () => {
  assert.deepEqual(
    languages.map(({ id }) => id),
    [TEXT_LANGUAGE],
  );
  assert.equal(configurationDefaults[`[${TEXT_LANGUAGE}]`]?.['editor.wordWrap'], 'on');
});

test('the icons are there, and the one of the activity bar is drawn in one colour', () => {
  for (const path of [manifest.icon, ...viewsContainers.activitybar.map(({ icon }) => icon)]) {
    assert.ok(existsSync(join(repoRoot, path)), path);
  }
  const svg = readFileSync(join(repoRoot, 'media/activity.svg'), 'utf8');
  assert.equal(new Set([...svg.matchAll(/#[0-9A-Fa-f]{6}/g)].map(([colour]) => colour)).size, 1);
});
