import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Locator } from 'playwright-core';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { FixtureServer, minutesAgo, twelveWords } from '../helpers/fixtureServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { pickMenuItem } from './treeView.js';
import { withWorkbench, type Workbench } from './workbench.js';

async function withFixture(
  t: TestContext,
  body: (workbench: Workbench, server: FixtureServer) => Promise<void>,
): Promise<void> {
  const home = join(tempDir(t), 'cm');
  const server = await FixtureServer.start(t, home, twelveWords());
  await withWorkbench(t, { env: { CM_HOME: home } }, async (workbench) => {
    await workbench.showSideBar();
    await workbench.tree('Sessions').waitForRow('a row', ({ label }) => label === 'refactor-auth');
    await body(workbench, server);
  });
}

/** Chooses an entry of the view's menu, again when the menu closed without having heard it. */
async function pickFromTitleMenu(workbench: Workbench, entry: string, result: Locator): Promise<void> {
  const { pane } = workbench.tree('Sessions');
  await waitFor(
    `what “${entry}” does`,
    async () => {
      if (await result.isVisible()) return true;
      await workbench.page.keyboard.press('Escape');
      await pane.locator('.pane-header').hover();
      await pane.getByRole('button', { name: /More Actions/ }).click();
      return await pickMenuItem(workbench.page, entry)
        .then(() => result.waitFor({ timeout: 5000 }))
        .then(
          () => true,
          () => false,
        );
    },
    { timeoutMs: 60_000 },
  );
}

const asks = (text: string) =>
  ({ state: 'waiting', phase: null, waiting: { kind: 'question', text }, changed: minutesAgo(0) }) as const;

test('a notification tells of a question once, unless the log is in sight, and leads to the answer', async (t) => {
  await withFixture(t, async (workbench, server) => {
    const sessions = workbench.tree('Sessions');
    server.scripted.on('session/send', () => ({}));

    await sessions.row('payment-retries').click();
    await workbench.waitForOutput('npm test');
    server.change('payment-retries', asks('Seen already?'));
    await sessions.waitForRow('the question', ({ description }) => description.includes('Seen already?'));
    await waitFor('the badge', async () => (await workbench.badge()) === 3);

    const other = await workbench.openWindow();
    await other.showSideBar();
    await other.tree('Sessions').waitForRow('a row', ({ label }) => label === 'refactor-auth');
    server.change('nightly-build', asks('Run it again?'));
    const inEither = async () =>
      await Promise.all([workbench, other].map((window) => window.notification('Run it again?').count()));
    const counts = await waitFor('a notification', async () => {
      const found = await inEither();
      return found.some((count) => count > 0) ? found : undefined;
    });
    assert.deepEqual([...counts].sort(), [0, 1]);
    const told = counts[0] === 1 ? workbench : other;
    assert.equal(await workbench.notification('Seen already?').count(), 0);
    assert.equal(await other.notification('Seen already?').count(), 0);

    const toast = told.notification('nightly-build asks: Run it again?');
    await toast.getByRole('button', { name: 'Answer…' }).click();
    await told.quickInput.waitForTitle('nightly-build · question · api');
    assert.match(await told.quickInput.message(), /Run it again\?/);
    await told.quickInput.accept('yes');
    await waitFor('the answer', () => server.scripted.requestsOf('session/send').length > 0);
    assert.deepEqual(server.scripted.requestsOf('session/send'), [
      { session: server.session('nightly-build').id, text: 'yes', force: true },
    ]);
  });
});

test('an answer never reaches another question than the one that was shown', async (t) => {
  await withFixture(t, async (workbench, server) => {
    server.scripted.on('session/send', () => ({}));
    await workbench.tree('Sessions').clickInline('theme-colours', 'Answer…');
    await workbench.quickInput.waitForTitle('theme-colours · question · web');
    const description = 'Delete everything?';
    server.change('theme-colours', asks(description));
    await workbench
      .tree('Sessions')
      .waitForRow('the other question', (row) => row.label === 'theme-colours' && row.description.includes('Delete'));
    await workbench.quickInput.accept('yes');
    await waitFor('the new question', async () =>
      (await workbench.quickInput.message()).includes('The request has changed. Delete everything?'),
    );
    assert.deepEqual(server.scripted.requestsOf('session/send'), []);
    await workbench.quickInput.accept('no');
    await waitFor('the answer', () => server.scripted.requestsOf('session/send').length > 0);
    assert.deepEqual(server.scripted.requestsOf('session/send'), [
      { session: server.session('theme-colours').id, text: 'no', force: true },
    ]);
  });
});

test('rows can be filtered and grouped, and a filter that hides rows says so', async (t) => {
  await withFixture(t, async (workbench) => {
    const sessions = workbench.tree('Sessions');
    await pickFromTitleMenu(workbench, 'Filter Sessions…', workbench.quickInput.widget);
    await workbench.quickInput.accept('context:web');
    await waitFor('the message', async () => (await sessions.message()) === '10 sessions hidden by the filter');
    await waitFor('the rows that are left', async () => {
      const labels = (await sessions.rows()).filter(({ level }) => level === 2).map(({ label }) => label);
      return labels.join() === 'theme-colours,write-changelog,docs-search';
    });
    await sessions.clickTitleAction('Clear Filter');
    await waitFor('no message', async () => (await sessions.message()) === '');

    await pickFromTitleMenu(workbench, 'Group by Context', sessions.row('infra'));
    await sessions.waitForRow('a context', ({ label, level }) => level === 1 && label === 'infra');
    const row = await sessions.waitForRow('a row', ({ label }) => label === 'theme-colours');
    assert.match(row.description, /^\d+m · Needs input · question: Which colour\?$/);
  });
});

test('an agent server that does not start is shown as what it is, with ways on', async (t) => {
  const home = join(tempDir(t), 'cm');
  writeFileSync(home, 'not a folder');
  await withWorkbench(t, { env: { CM_HOME: home } }, async (workbench) => {
    await workbench.showSideBar();
    const sessions = workbench.tree('Sessions');
    await sessions.waitForRow('what can be done', ({ label }) => label === 'Run Doctor');
    await waitFor('the reason', async () => (await sessions.message()).startsWith('The agent server did not start: '));
    await workbench.statusBarItem('codeManager.status').waitFor();
    await sessions.row('Run Doctor').click();
    await workbench.page.getByText('checks failed').waitFor();
    await workbench.screenshot('server-failed');
  });
});
