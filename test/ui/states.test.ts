import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { editorEnvironment, waitFor } from '../../scripts/lib/processes.mjs';
import { createWorkspace } from '../../scripts/lib/workspace.mjs';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Snapshot } from '../../src/protocol/collections.js';
import type { Params } from '../../src/protocol/requests.js';
import { FixtureServer, twelveWords } from '../helpers/fixtureServer.js';
import { pendingRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';
import { pickMenuItem } from './treeView.js';
import { withWorkbench, type Workbench } from './workbench.js';

/** Those that ask exactly the same, in the order in which they wait. */
const ALIKE = ['docs-search', 'refactor-auth', 'new-endpoint'];

/** A failed turn, work that goes on in the background, a question of several answers, and three equal requests. */
function picture(): Snapshot {
  const { sessions, ...rest } = twelveWords();
  const idle = { state: 'idle' as const, phase: null };
  const option = (label: string, ticked: boolean, detail: string | null = null) => ({
    label,
    role: null,
    detail,
    ticked,
  });
  const request = pendingRecord({
    id: 'checks',
    kind: 'question',
    action: null,
    command: null,
    question: 'Which checks should run before each release?',
    text: 'Which checks should run before each release?',
    several: true,
    takesReason: false,
    options: [
      option('Unit tests', true, 'about a minute'),
      option('Lint', false),
      option('Types', false, 'of the sources and the tests'),
    ],
  });
  return {
    ...rest,
    sessions: sessions.map((session) => {
      if (session.name === 'write-changelog') return { ...session, ...idle, error: '401 Unauthorized', unread: true };
      if (ALIKE.includes(session.name)) {
        const asks = pendingRecord({ id: `r-${session.name}`, command: 'npm publish' });
        const waiting = { kind: 'permission' as const, text: asks.text };
        return { ...session, status: 'running' as const, state: 'waiting' as const, waiting, request: asks };
      }
      if (session.name === 'payment-retries') return { ...session, ...idle, background: 1, unread: false };
      return session.name === 'theme-colours'
        ? { ...session, waiting: { kind: 'question' as const, text: request.text }, request }
        : session;
    }),
  };
}

async function iconOf(workbench: Workbench, label: string): Promise<string> {
  const icon = workbench.tree('Sessions').row(label).locator('.custom-view-tree-node-item-icon');
  return (await icon.getAttribute('class')) ?? '';
}

test('a failed turn, work in the background and a choice of several are told by their words, and answered whole', async (t) => {
  const home = join(tempDir(t), 'cm');
  const server = await FixtureServer.start(t, home, picture());
  const answers: Params<'session/answer'>[] = [];
  server.scripted.on('session/answer', (params: Params<'session/answer'>) => {
    answers.push(params);
    const answer = params.answer.type === 'option' ? params.answer.label : 'Lint, Types';
    const result = { request: params.request, decision: 'answer', answer, via: 'keys', notRecorded: null };
    if (params.request !== 'r-new-endpoint' || params.answer.type !== 'option') return result;
    throw new CodeManagerError('conflict', 'The request has changed.');
  });
  server.scripted.on('session/attach', () => ({ command: ['/bin/sh', '-c', 'echo attached; exec cat'], env: {} }));
  await withWorkbench(t, { env: { CM_HOME: home }, size: { width: 1400, height: 900 } }, async (workbench) => {
    const { quickInput, page } = workbench;
    await workbench.showSideBar();
    const sessions = workbench.tree('Sessions');
    await workbench.tree('Contexts').pane.locator('.pane-header').click();
    await sessions.waitForRow('the rows', ({ label }) => label === 'write-changelog');
    const rows = await sessions.rows();
    const groupOf = (label: string): string | undefined =>
      rows
        .slice(
          0,
          rows.findIndex((row) => row.label === label),
        )
        .findLast(({ level }) => level === 1)?.label;
    const failed = rows.find(({ label }) => label === 'write-changelog');
    assert.match(failed?.description ?? '', /Error · 401 Unauthorized/);
    assert.match(failed?.ariaLabel ?? '', /error, 401 Unauthorized/);
    assert.equal(groupOf('write-changelog'), 'To review');
    assert.match(await iconOf(workbench, 'write-changelog'), /codicon-error\b/);
    const busy = rows.find(({ label }) => label === 'payment-retries');
    assert.match(busy?.description ?? '', /1 in the background/);
    assert.match(busy?.ariaLabel ?? '', /working, 1 in the background/);
    assert.equal(groupOf('payment-retries'), 'Working');
    assert.match(await iconOf(workbench, 'payment-retries'), /codicon-pulse\b/);
    for (const width of [300, 460]) {
      await workbench.resizeSideBar(width);
      await workbench.screenshot(`states-${width}`, workbench.sideBar);
    }

    await sessions.clickInline('theme-colours', 'Answer…');
    await quickInput.waitForTitle(/^theme-colours · question · web · Which checks should run before each release\?$/);
    const boxes = quickInput.widget.locator('.quick-input-list-entry [role="checkbox"], .quick-input-list-checkbox');
    await waitFor('the boxes', async () => (await boxes.count()) >= 3);
    await workbench.screenshot('several-options');
    for (const label of ['Unit tests', 'Lint', 'Types']) await quickInput.pick(label);
    await quickInput.widget.getByRole('button', { name: 'OK' }).click();
    await waitFor('the answer', () => answers.length > 0);
    await quickInput.widget.waitFor({ state: 'hidden' });
    await page.waitForTimeout(500);
    assert.deepEqual(
      answers.map(({ request, answer }) => [request, answer]),
      [['checks', { type: 'options', labels: ['Lint', 'Types'] }]],
      'all ticked ones at once, and the one that was unticked is not among them',
    );
    answers.length = 0;
    await answerAlike(workbench, answers);
    await useKeys(workbench);
    await followLink(workbench, server);
    assert.deepEqual(answers, [], 'neither a key nor a link answers anything');
  });
});

/** Answers three equal requests at once, one of which has changed meanwhile; then two rows one after the other. */
async function answerAlike(workbench: Workbench, answers: Params<'session/answer'>[]): Promise<void> {
  const { quickInput, page } = workbench;
  const sessions = workbench.tree('Sessions');
  const labels = async (): Promise<string[]> => (await quickInput.items()).map(({ label }) => label);
  await sessions.clickInline('refactor-auth', 'Answer…');
  await quickInput.waitForTitle('refactor-auth · permission · api');
  await quickInput.pick('Answer All 3…');
  await quickInput.waitForTitle('3 sessions · permission');
  assert.deepEqual(await labels(), [
    'refactor-auth · api',
    'docs-search · web',
    'new-endpoint · api',
    'npm publish',
    'Yes',
    'No',
    'Deny with a Reason…',
  ]);
  await workbench.screenshot('answer-all');
  assert.deepEqual(answers, [], 'nothing is answered before an answer was chosen');
  await quickInput.pick('Yes');
  const trouble = workbench.notification('Answered 2 of 3 sessions. new-endpoint: The request has changed.');
  await trouble.waitFor();
  await workbench.screenshot('answered-all');
  assert.deepEqual(
    answers.map(({ request, answer }) => [request, answer]),
    ['r-refactor-auth', 'r-docs-search', 'r-new-endpoint'].map((id) => [id, { type: 'option', label: 'Yes' }]),
    'each by its own id',
  );
  await workbench.runCommand('Notifications: Clear All Notifications');
  answers.length = 0;

  await sessions.row('refactor-auth').click();
  // A panel that opens closes every menu.
  await workbench.waitForOutput('All tests pass');
  await sessions.row('docs-search').click({ modifiers: ['ControlOrMeta'] });
  await sessions.row('docs-search').click({ button: 'right' });
  await pickMenuItem(page, 'Answer…');
  await quickInput.waitForTitle(/ · permission · (api|web) \(1\/2\)$/);
  await quickInput.pick('No');
  await quickInput.waitForTitle(/ · permission · (api|web) \(2\/2\)$/);
  await quickInput.cancel();
  assert.deepEqual(
    answers.map(({ answer }) => answer),
    [{ type: 'option', label: 'No' }],
  );
  answers.length = 0;
}

/** Goes through all that need input by the same key, answers the first, attaches to the selected one. */
async function useKeys(workbench: Workbench): Promise<void> {
  const { quickInput, page } = workbench;
  const sessions = workbench.tree('Sessions');
  const press = async (key: string): Promise<void> => {
    await page.keyboard.press('Control+k');
    await page.keyboard.press(key);
  };
  const inOrder = ['docs-search', 'refactor-auth', 'theme-colours', 'new-endpoint'];
  await sessions.row('new-endpoint').click();
  for (const name of [...inOrder, 'docs-search']) {
    await press('j');
    await sessions.waitForRow(`${name} selected`, ({ label, selected }) => label === name && selected);
  }
  await press('a');
  await quickInput.waitForTitle('docs-search · permission · web');
  await quickInput.cancel();
  await sessions.row('docs-search').click();
  await press('Shift+a');
  await workbench.waitForTerminal('attached');
  assert.equal(await quickInput.widget.count(), 0, 'the selected row is meant, nobody is asked');
}

/** Opens links as a page can: one shows its session, and nothing else does anything. */
async function followLink(workbench: Workbench, server: FixtureServer): Promise<void> {
  const { quickInput } = workbench;
  const open = async (path: string): Promise<void> => {
    await workbench.runCommand('Developer: Open URL');
    await quickInput.accept(`vscode://code-manager.code-manager${path}`);
    await workbench.dialog.getByText('Code Manager').first().waitFor();
    await workbench.dialog.getByRole('button', { name: 'Open' }).click();
  };
  const { id } = server.session('write-changelog');
  const before = changing(server);
  await open(`/session/${id}`);
  await workbench
    .tree('Sessions')
    .waitForRow('the session of the link', ({ label, selected }) => label === 'write-changelog' && selected);
  const followed = (): readonly unknown[] => server.scripted.requestsOf('log/subscribe');
  await waitFor('its log', () => (followed() as Params<'log/subscribe'>[]).some(({ session }) => session === id));
  await workbench.waitForOutput('All tests pass');
  await workbench.screenshot('link');
  await open(`/session/${id}?answer=yes`);
  await workbench.notification('This link leads to no session').waitFor();
  await open('/session/0000000000zz');
  await workbench.notification('There is no session for this link').waitFor();
  assert.deepEqual(changing(server), before, 'it was shown, nothing was changed');
  assert.equal(server.session('write-changelog').unread, true);
}

/** How often the server was asked for more than looking. */
function changing({ scripted }: FixtureServer): number[] {
  const methods = ['session/answer', 'session/update', 'session/attach', 'session/send', 'terminal/open'] as const;
  return methods.map((method) => scripted.requestsOf(method).length);
}

test('a repository with filters of its own is asked about once per content, and nothing runs before the person lets it', async (t) => {
  const work = tempDir(t);
  const folder = await createWorkspace(join(work, 'sample'));
  const ran = join(work, 'ran');
  const clean = (command: string): void =>
    appendFileSync(join(folder, '.git', 'config'), `[filter "caps"]\n\tclean = "${command}"\n`);
  clean(`sh -c 'touch ${ran}; cat'`);
  writeFileSync(join(folder, '.gitattributes'), '*.md filter=caps\n');
  // As long as before: to know whether it differs, git has to run the filter.
  const readme = join(folder, 'README.md');
  writeFileSync(readme, readFileSync(readme, 'utf8').replace('small', 'large'));
  const home = join(work, 'cm');
  const cm = (...args: string[]): string =>
    execFileSync(process.execPath, [join(repoRoot, 'dist', 'cm.js'), ...args], {
      env: { ...editorEnvironment(), CM_HOME: home },
      cwd: folder,
      encoding: 'utf8',
    });
  cm('start', 'shell', 'sleep 900', '--name', 'sleeper');
  // The editor's own git extension is another program that runs what it finds.
  const settings = { 'git.enabled': false };
  await withWorkbench(t, { folder, settings, env: { CM_HOME: home } }, async (workbench) => {
    const question = workbench.notification('of its own that git would run');
    const showChanges = async (): Promise<void> =>
      await workbench.tree('Sessions').pickFromMenu('sleeper', 'Show Changes');
    const shown = async (): Promise<void> => {
      await waitFor('the changed files', async () => {
        const isPicker = (await workbench.quickInput.title()).startsWith('Changes of sleeper');
        return isPicker || (await workbench.page.locator('.part.editor .tab').count()) > 0;
      });
      if ((await workbench.quickInput.widget.count()) > 0) await workbench.quickInput.cancel();
      await workbench.runCommand('View: Close All Editors');
    };
    await workbench.showSideBar();
    await workbench.tree('Sessions').waitForRow('the session', ({ label }) => label === 'sleeper');
    await showChanges();
    await question.waitFor();
    await workbench.screenshot('git-question');
    await question.getByRole('button', { name: 'Show', exact: true }).click();
    await workbench.waitForEditor('filter.caps.clean');
    await workbench.screenshot('git-configuration');
    await question.waitFor();
    await question.getByRole('button', { name: 'Leave It Out' }).click();
    await question.waitFor({ state: 'detached' });
    await workbench.runCommand('View: Close All Editors');
    assert.equal(existsSync(ran), false, 'nothing ran');

    await showChanges();
    await shown();
    assert.equal(await question.count(), 0, 'it is not asked about again');
    assert.equal(existsSync(ran), false, 'and still nothing ran');

    clean(`sh -c 'cat; touch ${ran}'`);
    await showChanges();
    await question.getByRole('button', { name: 'Use It' }).click();
    await waitFor('what was let run', () => existsSync(ran));
    await shown();
    await showChanges();
    await shown();
    assert.equal(await question.count(), 0, 'what was allowed is not asked about again');
  });
});
