import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { editorEnvironment, waitFor } from '../../scripts/lib/processes.mjs';
import { createWorkspace } from '../../scripts/lib/workspace.mjs';
import type { Params, Snapshot } from '../../src/protocol/requests.js';
import { FixtureServer, twelveWords } from '../helpers/fixtureServer.js';
import { pendingRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';
import { withWorkbench, type Workbench } from './workbench.js';

/** A failed turn, work that goes on in the background, and a question of several answers. */
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
    return { request: params.request, decision: 'answer', answer: 'Lint, Types', via: 'keys', notRecorded: null };
  });
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
  });
});

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
