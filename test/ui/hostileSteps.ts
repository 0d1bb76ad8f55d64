import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { delay, waitFor } from '../../scripts/lib/processes.mjs';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Params } from '../../src/protocol/requests.js';
import { minutesAgo, type FixtureServer } from '../helpers/fixtureServer.js';
import { pendingRecord } from '../helpers/records.js';
import type { Peer } from '../helpers/scriptedServer.js';
import { pickMenuItem } from './treeView.js';
import type { Workbench } from './workbench.js';

/** A click on it would open the palette; an icon and an image would be drawn, and the rest of the line turned. */
export const EVIL = '[Fix it](command:workbench.action.showCommands) $(alert) **b** <img src=x> \u202erun';
const SEEN = /\[Fix it\] ?\(command:workbench\.action\.showCommands\) \$\(alert\) \*\*b\*\* <img src=x>/;
/** As much of it as a narrow place has room for. */
export const BEGINS = /\[Fix it\] ?\(command:/;

/** What a step acts on. */
export interface Scene {
  readonly workbench: Workbench;
  readonly server: FixtureServer;
}

/** One way through the editor on which texts from outside come out. */
export type Step = (scene: Scene) => Promise<void>;

function rowNamed({ workbench }: Scene, view: string): Locator {
  return workbench.tree(view).pane.locator('[role="treeitem"]').filter({ hasText: 'Fix it' }).first();
}

async function menu(scene: Scene, entry: string, view = 'Sessions'): Promise<void> {
  await rowNamed(scene, view).click({ button: 'right' });
  await pickMenuItem(scene.workbench.page, entry);
}

async function document({ workbench }: Scene): Promise<void> {
  await workbench.waitForEditor(BEGINS);
  assert.equal(await workbench.page.locator('.part.editor .detected-link').count(), 0, 'no link in a document');
  await closeEditors(workbench);
}

async function closeEditors(workbench: Workbench): Promise<void> {
  await workbench.runCommand('View: Close All Editors');
  await waitFor('the editors to close', async () => (await workbench.page.locator('.part.editor .tab').count()) === 0);
}

/** A list or box whose texts are hostile. */
async function asked({ workbench }: Scene, where: 'title' | 'items' | 'message'): Promise<void> {
  const { quickInput } = workbench;
  await waitFor(`hostile ${where}`, async () => {
    if (where === 'title') return BEGINS.test(await quickInput.title());
    if (where === 'message') return BEGINS.test(await quickInput.message());
    const items = await quickInput.items();
    return items.some(({ label, description, detail }) => BEGINS.test(`${label}${description}${detail}`));
  });
}

async function question({ workbench }: Scene, what: string | RegExp): Promise<void> {
  await workbench.dialog.filter({ hasText: what }).waitFor();
  assert.match(await workbench.dialog.innerText(), BEGINS);
}

/** Closes a message after a click on its text, which opens nothing. */
async function clickThrough({ workbench }: Scene, toast: Locator): Promise<void> {
  assert.match(await toast.innerText(), BEGINS);
  await toast.locator('.notification-list-item-message').click();
  assert.equal(await workbench.quickInput.widget.count(), 0, 'a click on its text opens nothing');
  await toast.hover();
  await toast.getByRole('button', { name: /^Clear Notification/ }).click();
}

export const STEPS = {
  rows: async (scene) => {
    const { label } = await scene.workbench
      .tree('Sessions')
      .waitForRow('the session', (row) => BEGINS.test(row.label) && row.level === 2);
    assert.match(label, /<U\+202E>run|…$/);
  },
  tooltip: async (scene) => {
    await rowNamed(scene, 'Sessions').hover();
    await scene.workbench.page.locator('.monaco-hover').filter({ hasText: 'Fix it' }).first().waitFor();
  },
  'notification, answers, refusal': async (scene) => {
    const { workbench, server } = scene;
    server.change(server.session(EVIL).id, {
      request: pendingRecord({ id: 'next', command: EVIL, text: EVIL }),
      changed: minutesAgo(0),
    });
    const toast = workbench.notification('Fix it').first();
    await toast.waitFor({ timeout: 30_000 });
    assert.match(await toast.innerText(), SEEN);
    await toast.locator('.notification-list-item-message').click();
    assert.equal(await workbench.quickInput.widget.count(), 0, 'a click on its text opens nothing');
    await toast.getByRole('button', { name: 'Answer…' }).click();
    await asked(scene, 'title');
    await asked(scene, 'items');
    await workbench.quickInput.pick('Yes');
    const failed = workbench.notification(/Fix it/).filter({ hasText: 'Show Log' });
    await failed.first().waitFor({ timeout: 30_000 });
    await clickThrough(scene, failed.first());
  },
  answered: async (scene) => {
    const { workbench, server } = scene;
    server.scripted.on('session/answer', async ({ request }: Params<'session/answer'>) => {
      await delay(2_000);
      return { request, decision: 'allow', answer: EVIL, via: 'keys', notRecorded: EVIL };
    });
    server.change(server.session(EVIL).id, { request: pendingRecord({ id: 'done', command: EVIL, text: EVIL }) });
    await menu(scene, 'Answer…');
    await asked(scene, 'title');
    await workbench.quickInput.pick('Yes');
    await workbench.waitForStatus(/Answering \[Fix it\] \(command:/);
    await workbench.waitForStatus(/answered by you · \[Fix it/);
    const toast = workbench.notification('answered, not on record');
    await toast.waitFor();
    await clickThrough(scene, toast);
  },
  'request document': async (scene) => {
    const { workbench, server } = scene;
    server.change(server.session(EVIL).id, {
      request: pendingRecord({ id: 'long', command: EVIL, text: EVIL, exact: null }),
    });
    await menu(scene, 'Answer…');
    await asked(scene, 'title');
    await workbench.waitForEditor('Its screen, as far as it was read');
    await workbench.waitForEditor(BEGINS);
    await workbench.screenshot('hostile-request');
    await workbench.quickInput.cancel();
    // Its document goes a moment later, and a menu that is open by then goes with it.
    await waitFor(
      'its document to close',
      async () => (await workbench.page.locator('.part.editor .tab').count()) === 0,
    );
  },
  'reason of a denial': async (scene) => {
    const { workbench, server } = scene;
    server.change(server.session(EVIL).id, { request: pendingRecord({ id: 'why', command: EVIL, text: EVIL }) });
    await menu(scene, 'Answer…');
    await asked(scene, 'title');
    await workbench.quickInput.pick('Deny with a Reason…');
    await asked(scene, 'message');
    await workbench.quickInput.cancel();
  },
  'several options': async (scene) => {
    const { workbench, server } = scene;
    const option = { label: EVIL, role: null, detail: EVIL, ticked: false };
    server.change(server.session(EVIL).id, {
      request: pendingRecord({ id: 'many', kind: 'question', question: EVIL, several: true, options: [option] }),
    });
    await menu(scene, 'Answer…');
    await asked(scene, 'items');
    await workbench.quickInput.cancel();
  },
  'rule editor': async (scene) => {
    const { workbench, server } = scene;
    server.change(server.session(EVIL).id, { request: pendingRecord({ id: 'rule', command: EVIL, text: EVIL }) });
    await menu(scene, 'Answer…');
    await asked(scene, 'title');
    await workbench.quickInput.pick('Always Allow This…');
    await workbench.quickInput.waitForTitle(/^Always Allow · /);
    await asked(scene, 'items');
    await workbench.screenshot('hostile-rule');
    await workbench.quickInput.pick('run: ');
    await waitFor('its values', async () => (await workbench.quickInput.items()).every(({ label }) => label !== ''));
    await asked(scene, 'items');
    // From the values back to the rule, and from there away.
    await workbench.page.keyboard.press('Escape');
    await waitFor('the rule', async () =>
      (await workbench.quickInput.items()).some(({ label }) => label.startsWith('Save Rule')),
    );
    await workbench.quickInput.cancel();
  },
  'no rule': async (scene) => {
    const { workbench, server } = scene;
    server.scripted.on('policy/propose', () => {
      throw new CodeManagerError('invalid', EVIL, { hint: EVIL });
    });
    server.change(server.session(EVIL).id, { request: pendingRecord({ id: 'none', command: EVIL, text: EVIL }) });
    await menu(scene, 'Answer…');
    await asked(scene, 'title');
    await workbench.quickInput.pick('Always Allow This…');
    const toast = workbench.notification(BEGINS).first();
    await toast.waitFor();
    await workbench.quickInput.cancel();
    await clickThrough(scene, toast);
  },
  'send, refused': async (scene) => {
    const { workbench } = scene;
    await menu(scene, 'Send…');
    await asked(scene, 'message');
    await asked(scene, 'title');
    await workbench.quickInput.accept('hello');
    const refused = workbench.notification(BEGINS).filter({ hasText: 'Send Anyway' });
    await refused.waitFor();
    await clickThrough(scene, refused);
  },
  kill: async (scene) => {
    const { workbench, server } = scene;
    server.scripted.on('session/kill', async () => {
      await delay(2_000);
      throw new CodeManagerError('internal', EVIL);
    });
    await menu(scene, 'Kill');
    await question(scene, 'Kill');
    await workbench.dialog.getByRole('button', { name: 'Kill', exact: true }).click();
    const toast = workbench.notification(BEGINS).first();
    await toast.waitFor();
    await clickThrough(scene, toast);
  },
  delete: async (scene) => {
    await menu(scene, 'Delete…');
    await question(scene, 'Delete');
    await scene.workbench.page.keyboard.press('Escape');
  },
  rename: async (scene) => {
    await menu(scene, 'Rename…');
    await asked(scene, 'title');
    await scene.workbench.quickInput.cancel();
  },
  'list of sessions': async (scene) => {
    await scene.workbench.runCommand('Code Manager: Show Sessions');
    await asked(scene, 'items');
    await scene.workbench.quickInput.cancel();
  },
  'git question': async (scene) => {
    const { workbench } = scene;
    await menu(scene, 'Show Changes');
    const toast = workbench.notification('of its own that git would run');
    await toast.waitFor();
    await workbench.screenshot('hostile-git');
    await toast.getByRole('button', { name: 'Show', exact: true }).click();
    await workbench.waitForEditor('What would count if you use it:');
    await document(scene);
    await clickThrough(scene, workbench.notification('of its own that git would run'));
  },
  'changes elsewhere': async (scene) => {
    const { workbench } = scene;
    await workbench.tree('Sessions').pickFromMenu('old-branch', 'Show Changes');
    await asked(scene, 'items');
    await asked(scene, 'title');
    await workbench.quickInput.cancel();
    const toast = workbench.notification('of its own that git would run');
    await toast.hover();
    await toast.getByRole('button', { name: /^Clear Notification/ }).click();
  },
  'why this state': async (scene) => {
    await menu(scene, 'Why This State?…');
    await document(scene);
  },
  'audit log': async (scene) => {
    await scene.workbench.runCommand('Code Manager: Show Audit Log');
    await document(scene);
  },
  doctor: async (scene) => {
    await scene.workbench.runCommand('Code Manager: Doctor');
    await document(scene);
  },
  'output channel': async (scene) => {
    const { workbench } = scene;
    await menu(scene, 'Show Log');
    await workbench.waitForOutput(BEGINS);
    assert.match(await workbench.page.locator('.part.panel').innerText(), BEGINS);
    const chosen = workbench.page.locator('.part.panel select, .part.panel .monaco-select-box').first();
    assert.doesNotMatch((await chosen.textContent()) ?? '', /\u202e/);
    assert.ok((await workbench.outputLines()).some((line) => line.includes('<U+202E>run')));
  },
  'whole log': async (scene) => {
    await menu(scene, 'Open Whole Log');
    await document(scene);
  },
  terminal: async (scene) => {
    const { workbench } = scene;
    await menu(scene, 'Attach');
    const title = workbench.page.locator('.part.panel').getByText(BEGINS).first();
    await title.waitFor();
    await workbench.runCommand('Terminal: Kill All Terminals');
    await title.waitFor({ state: 'detached' });
  },
  'status bar': async (scene) => {
    const { workbench } = scene;
    const item = workbench.statusBarItem('codeManager.machines');
    await item.waitFor();
    assert.match(await item.innerText(), BEGINS);
    await item.hover();
    const hover = workbench.page.locator('.monaco-hover').filter({ hasText: 'cannot be reached' }).first();
    await hover.waitFor();
    assert.match(await hover.innerText(), BEGINS);
  },
  'auto-approval off': async (scene) => {
    const { workbench, server } = scene;
    server.scripted.on('policy/off', () => ({ off: true, rules: [], inForce: 0, problems: [EVIL] }));
    await workbench.statusBarItem('codeManager.policy').click();
    const toast = workbench.notification('Auto-approval is off');
    await toast.waitFor();
    await clickThrough(scene, toast);
  },
  'machines and contexts': async (scene) => {
    const { workbench } = scene;
    await workbench.tree('Contexts').waitForRow('the context', ({ label }) => BEGINS.test(label));
    await rowNamed(scene, 'Contexts').hover();
    await workbench.page.locator('.monaco-hover').filter({ hasText: 'Fix it' }).first().waitFor();
  },
  'details of a machine': async (scene) => {
    const { workbench, server } = scene;
    server.changeMachine('ssh:old-server', { problem: { message: EVIL, command: EVIL } });
    server.scripted.on('machine/connect', () => {
      throw new CodeManagerError('unauthorized', EVIL);
    });
    await workbench.tree('Contexts').pickFromMenu('old-server', 'Reconnect');
    await question(scene, 'old-server');
    await workbench.page.keyboard.press('Escape');
  },
  'list of machines': async (scene) => {
    await scene.workbench.runCommand('Code Manager: Reconnect Machine…');
    await asked(scene, 'items');
    await scene.workbench.quickInput.cancel();
  },
  'folders of a host': async (scene) => {
    const { workbench, server } = scene;
    server.scripted.on('machine/folders', () => ({ path: `/srv/${EVIL}`, folders: [EVIL] }));
    await workbench.tree('Contexts').pickFromMenu('build-box', 'New Context…');
    await asked(scene, 'items');
    assert.match((await workbench.quickInput.input.getAttribute('placeholder')) ?? '', BEGINS);
    await workbench.quickInput.cancel();
    server.scripted.on('machine/folders', () => {
      throw new CodeManagerError('internal', EVIL);
    });
    await workbench.tree('Contexts').pickFromMenu('build-box', 'New Context…');
    await asked(scene, 'items');
    await workbench.quickInput.cancel();
  },
  'folder elsewhere': async (scene) => {
    const { workbench } = scene;
    await workbench.tree('Contexts').pickFromMenu('infra', 'Open Folder');
    const toast = workbench.notification(BEGINS).first();
    await toast.waitFor();
    await clickThrough(scene, toast);
  },
  'questions of a host': async (scene) => {
    const { workbench, server } = scene;
    const about = { machine: EVIL, title: EVIL, text: `${EVIL}\n${EVIL}`, secret: false, timeoutMs: 60_000 };
    server.scripted.on('machine/connect', async (_params: Params<'machine/connect'>, peer: Peer) => {
      await server.ask(peer, { ...about, kind: 'hostKey' });
      await server.ask(peer, { ...about, kind: 'code' });
      throw new CodeManagerError('unauthorized', EVIL, { hint: EVIL });
    });
    await workbench.tree('Contexts').pickFromMenu('gpu-1', 'Sign In…');
    await question(scene, 'Connect');
    await workbench.screenshot('hostile-host-key');
    await workbench.dialog.getByRole('button', { name: 'Connect', exact: true }).click();
    await asked(scene, 'title');
    await asked(scene, 'message');
    await workbench.quickInput.accept('1234');
    const toast = workbench.notification(BEGINS).first();
    await toast.waitFor();
    await clickThrough(scene, toast);
  },
  'test of a context': async (scene) => {
    const { workbench, server } = scene;
    server.scripted.on('context/test', async ({ operation }: Params<'context/test'>, peer: Peer) => {
      peer.notify('progress', { operation, message: EVIL, percent: null });
      await delay(4_000);
      return [{ name: EVIL, status: 'failed', detail: `${EVIL}\n${EVIL}`, fix: EVIL, ms: 1, code: null }];
    });
    await workbench.runCommand('Code Manager: Test Context…');
    await asked(scene, 'items');
    await workbench.quickInput.pick('[Fix it]');
    const progress = workbench.notification('Testing');
    await progress.waitFor();
    assert.match(await progress.innerText(), BEGINS);
    await progress.waitFor({ state: 'detached' });
    await document(scene);
  },
  'context edited, removed': async (scene) => {
    const { workbench } = scene;
    await menu(scene, 'Edit…', 'Contexts');
    await asked(scene, 'items');
    await workbench.quickInput.cancel();
    await menu(scene, 'Remove…', 'Contexts');
    await question(scene, 'Remove context');
    await workbench.page.keyboard.press('Escape');
  },
  'new session': async (scene) => {
    const { workbench } = scene;
    await workbench.runCommand('Code Manager: New Session…');
    await workbench.quickInput.waitForTitle('New Session (1/3)');
    await asked(scene, 'items');
    await workbench.quickInput.pick('[Fix it]');
    await workbench.quickInput.waitForTitle('New Session (2/3)');
    await asked(scene, 'items');
    await workbench.quickInput.pick('[Fix it]');
    await workbench.quickInput.waitForTitle('New Session (3/3)');
    await asked(scene, 'message');
    await workbench.quickInput.widget.getByRole('button', { name: 'Options' }).click();
    await workbench.quickInput.pick('Model');
    await asked(scene, 'items');
    await workbench.quickInput.pick('As the agent is configured');
    await waitFor('the options', async () =>
      (await workbench.quickInput.items()).some(({ label }) => label === 'New Git Worktree'),
    );
    await workbench.quickInput.widget.getByRole('button', { name: 'Back' }).click();
    await workbench.quickInput.waitForTitle('New Session (3/3)');
    await workbench.quickInput.accept('hello');
    const toast = workbench.notification(BEGINS).first();
    await toast.waitFor();
    await clickThrough(scene, toast);
  },
} as const satisfies Readonly<Record<string, Step>>;
export type StepName = keyof typeof STEPS;
