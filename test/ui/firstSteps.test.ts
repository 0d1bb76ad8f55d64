import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { withWorkbench } from './workbench.js';

test('a newcomer is shown where to begin, step by step, and finds the log again after a reload of the window', async (t) => {
  await withWorkbench(t, { env: { CM_WELCOME: '1' } }, async (workbench) => {
    const { page, quickInput } = workbench;
    const sessions = workbench.tree('Sessions');
    const steps = page.locator('.getting-started-step');
    const isDone = async (title: string): Promise<boolean> =>
      (await steps.filter({ hasText: title }).locator('.complete').count()) > 0;
    await sessions.pane.waitFor({ timeout: 30_000 });
    await page.locator('h2', { hasText: 'Get Started with Code Manager' }).waitFor({ timeout: 30_000 });
    await waitFor('the steps', async () => (await steps.count()) >= 4);
    assert.equal(await isDone('Start an agent'), false);
    await workbench.screenshot('walkthrough');

    await steps.first().getByText('Try the demo agent').click();
    const row = await sessions.waitForRow('the question', ({ description }) => description.includes('question: '));
    await waitFor('the first step to be done', async () => await isDone('Start an agent'));
    assert.equal(await isDone('Answer it'), false);

    await sessions.row(row.label).hover();
    const tooltip = page.locator('.monaco-hover').filter({ hasText: 'Which colour' }).first();
    await waitFor('why it is so', async () => (await tooltip.innerText()).includes("from the agent's own report"));
    const text = await tooltip.innerText();
    assert.equal(text.split('Which colour').length - 1, 1, `the question is said once: ${text}`);
    assert.match(text, /Agent: Demo agent\n/, 'and no version of what runs it');

    await workbench.runCommand('Code Manager: Answer Next');
    await quickInput.pick('Blue');
    await waitFor('the second step to be done', async () => await isDone('Answer it'));
    await workbench.waitForOutput('● Blue it is');

    await workbench.reload();
    await workbench.waitForOutput('● Blue it is', 60_000);

    // What was closed stays closed.
    await workbench.runCommand('View: Toggle Panel Visibility');
    await page.locator('.part.panel').waitFor({ state: 'hidden' });
    // A browser writes down what an extension remembers after a few seconds only.
    await page.waitForTimeout(7_000);
    await workbench.reload();
    // A browser forgets what was changed right before in the layout, so that the panel itself says nothing.
    await workbench.showSideBar();
    await sessions.waitForRow('its row', ({ label }) => label === row.label, 60_000);
    await page.waitForTimeout(1_000);
    assert.doesNotMatch((await workbench.outputLines()).join('\n'), /Blue it is/);
  });
});
