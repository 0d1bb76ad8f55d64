import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Locator } from 'playwright-core';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Params } from '../../src/protocol/requests.js';
import type { Session } from '../../src/protocol/session.js';
import { FixtureServer, minutesAgo, twelveWords } from '../helpers/fixtureServer.js';
import { pendingRecord } from '../helpers/records.js';
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

let asked = 0;

/** A question of its own each time, with two answers. */
function asks(text: string): Partial<Session> {
  const request = pendingRecord({
    id: `request-${++asked}`,
    kind: 'question',
    action: null,
    command: null,
    question: text,
    text,
    options: ['Yes', 'No'].map((label) => ({ label, role: null, detail: null })),
    takesReason: false,
    since: minutesAgo(0),
  });
  return { state: 'waiting', phase: null, waiting: { kind: 'question', text }, request, changed: minutesAgo(0) };
}

const working = { state: 'working', waiting: null, request: null } as const;

/** Takes every answer, as an agent does. */
function answerAll(server: FixtureServer): void {
  server.scripted.on('session/answer', ({ session, request, answer }: Params<'session/answer'>) => {
    server.change(session, { ...working, changed: minutesAgo(0) });
    return { request, decision: 'answer', answer: answer.type === 'option' ? answer.label : '', via: 'keys' };
  });
}

test('a notification tells of a question once, unless the log is in sight, and leads to the answer', async (t) => {
  await withFixture(t, async (workbench, server) => {
    const sessions = workbench.tree('Sessions');
    answerAll(server);

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
    const { id, request } = server.session('nightly-build');
    await told.quickInput.pick('Yes');
    await told.waitForStatus('nightly-build: answered by you · Yes');
    assert.deepEqual(server.scripted.requestsOf('session/answer'), [
      { session: id, request: request?.id, answer: { type: 'option', label: 'Yes' }, by: 'VS Code' },
    ]);
  });
});

test('an answer never reaches another request than the one that was shown', async (t) => {
  await withFixture(t, async (workbench, server) => {
    const { quickInput } = workbench;
    const labels = async () => (await quickInput.items()).map(({ label }) => label);
    answerAll(server);
    const first = server.change('theme-colours', asks('Which colour?'));
    await workbench.tree('Sessions').clickInline('theme-colours', 'Answer…');
    await quickInput.waitForTitle('theme-colours · question · web');
    assert.deepEqual(await labels(), ['Which colour?', 'Yes', 'No', 'Attach Instead']);

    // One Enter too many answers nothing.
    await quickInput.accept();
    await workbench.waitForEditor('It can be answered with');
    assert.deepEqual(server.scripted.requestsOf('session/answer'), []);

    // It is replaced while the person looks at it.
    const second = server.change('theme-colours', asks('Delete everything?'));
    await waitFor('the new one', async () => (await labels()).includes('Delete everything?'));
    await workbench.screenshot('request-changed');
    assert.match((await quickInput.input.getAttribute('placeholder')) ?? '', /^The request has changed\./);

    // It is replaced between the person's look and their key.
    server.scripted.on('session/answer', ({ session }: Params<'session/answer'>) => {
      server.change(session, asks('Really delete everything?'));
      throw new CodeManagerError('conflict', 'The request has changed.');
    });
    await quickInput.pick('Yes');
    await waitFor('the third one', async () => (await labels()).includes('Really delete everything?'));

    // Somebody else is quicker.
    const { id, name, contextName, tool, request } = server.session('theme-colours');
    assert.ok(request !== null);
    server.scripted.on('audit/list', () => [
      {
        id: 'entry-1',
        time: minutesAgo(0),
        session: id,
        sessionName: name,
        contextName,
        machine: 'build-box',
        tool,
        request,
        asked: minutesAgo(0),
        decision: 'answer',
        answer: 'No',
        by: { type: 'person', client: 'VS Code' },
        via: 'keys',
        keys: ['2'],
        outcome: 'answered',
      },
    ]);
    server.change('theme-colours', { ...working, changed: minutesAgo(0) });
    await workbench.notification('theme-colours: answered in another window').waitFor();
    await quickInput.widget.waitFor({ state: 'hidden' });
    assert.deepEqual(
      server.scripted.requestsOf('session/answer').map((params) => (params as Params<'session/answer'>).request),
      [second.request?.id],
    );
    assert.notEqual(first.request?.id, second.request?.id);
  });
});

test('a request of several lines is read in whole below its answers, and a dialog that stays is left to its terminal', async (t) => {
  await withFixture(t, async (workbench, server) => {
    const { quickInput } = workbench;
    const command = Array.from({ length: 12 }, (_, line) => `step_${line} && \\`).join('\n') + '\nnpm publish';
    server.change('refactor-auth', {
      changed: minutesAgo(3),
      request: pendingRecord({
        id: 'long',
        command,
        question: 'Do you want to proceed?',
        text: 'step_0 && …',
        options: [
          { label: 'Yes', role: 'allow', detail: null },
          { label: "Yes, and don't ask again for npm publish in /src/api", role: 'always', detail: null },
          { label: 'No, and tell Claude what to do differently (esc)', role: 'deny', detail: null },
        ],
        since: minutesAgo(3),
      }),
    });
    await workbench.tree('Sessions').clickInline('refactor-auth', 'Answer…');
    await quickInput.waitForTitle('refactor-auth · permission · api');
    await workbench.waitForEditor(/step_11 && \\\nnpm publish/);
    for (const theme of ['dark', 'light', 'highContrast'] as const) {
      await workbench.screenshot(`answer-long-${theme}`);
      if (theme === 'dark') await quickInput.cancel();
      if (theme !== 'highContrast') {
        await workbench.setTheme(theme === 'dark' ? 'light' : 'highContrast');
        await workbench.tree('Sessions').clickInline('refactor-auth', 'Answer…');
        await quickInput.waitForTitle('refactor-auth · permission · api');
        await workbench.waitForEditor('npm publish');
      }
    }
    server.scripted.on('policy/propose', () => {
      throw new CodeManagerError('invalid', 'No rule can allow this. It runs several commands; write a rule for each.');
    });
    await quickInput.pick('Always Allow This…');
    await workbench.notification('No rule can allow this. It runs several commands').waitFor();
    await quickInput.waitForTitle('refactor-auth · permission · api');
    server.scripted.on('session/answer', () => {
      throw new CodeManagerError('conflict', 'The dialog is still there; answer it in the terminal.');
    });
    await quickInput.pick('Deny with a Reason…');
    await quickInput.waitForTitle('refactor-auth · permission · api');
    await quickInput.accept('use pnpm');
    const toast = workbench.notification('The dialog is still there; answer it in the terminal.');
    await toast.getByRole('button', { name: 'Attach' }).waitFor();
    assert.deepEqual(server.scripted.requestsOf('session/answer'), [
      {
        session: server.session('refactor-auth').id,
        request: 'long',
        answer: { type: 'deny', reason: 'use pnpm' },
        by: 'VS Code',
      },
    ]);
    await waitFor('the document to go', async () => !(await workbench.editorLines()).join().includes('step_11'));
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
    assert.match(row.description, /^Needs input · question: Which colour\? · \d+m$/);
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
