import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Snapshot } from '../../src/protocol/collections.js';
import { FixtureServer, NO_SESSIONS, TMUX_MISSING, twelveWords } from '../helpers/fixtureServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { withWorkbench, type Theme, type Workbench } from './workbench.js';

const THEMES: readonly Theme[] = ['light', 'dark', 'highContrast'];
const WIDTHS = [300, 500] as const;

/**
 * Takes a picture of the side bar, or of the whole window, in each theme and width.
 *
 * @param prepare brings back what choosing a theme closes
 */
async function pictures(
  workbench: Workbench,
  name: string,
  of: 'sideBar' | 'window',
  prepare: () => Promise<void> = async () => undefined,
): Promise<void> {
  for (const theme of THEMES) {
    await workbench.setTheme(theme);
    for (const width of WIDTHS) {
      await workbench.resizeSideBar(width);
      await prepare();
      await workbench.screenshot(`${name}-${theme}-${width}`, of === 'sideBar' ? workbench.sideBar : undefined);
    }
  }
}

interface Options {
  readonly folder?: string;
  readonly size?: { readonly width: number; readonly height: number };
}

async function withFixture(
  t: TestContext,
  snapshot: Snapshot,
  options: Options,
  body: (workbench: Workbench, server: FixtureServer) => Promise<void>,
): Promise<void> {
  const home = join(tempDir(t), 'cm');
  const server = await FixtureServer.start(t, home, snapshot);
  await withWorkbench(t, { ...options, env: { CM_HOME: home } }, async (workbench) => {
    await workbench.showSideBar();
    await body(workbench, server);
  });
}

test('twelve rows, their picker and their log say who needs a person, why and since when', async (t) => {
  await withFixture(t, twelveWords(), { size: { width: 1280, height: 900 } }, async (workbench) => {
    const sessions = workbench.tree('Sessions');
    await sessions.waitForRow('the row that waits longest', ({ label }) => label === 'refactor-auth');
    await workbench.tree('Contexts').pane.locator('.pane-header').click();
    for (const group of ['Ended', 'Offline']) await sessions.row(group).click();
    await sessions.waitForRow('an ended row', ({ label }) => label === 'spike-cache');
    const rows = await sessions.rows();
    const groups = rows.filter(({ level }) => level === 1).map(({ label }) => label);
    assert.deepEqual(groups, ['Needs input', 'To review', 'Working', 'Idle', 'Offline', 'Ended']);
    const spoken = rows.find(({ label }) => label === 'refactor-auth')?.ariaLabel ?? '';
    assert.match(
      spoken,
      /^refactor-auth, Claude Code, api on build-box, needs input, permission npm publish, for 3 minutes/,
    );
    assert.equal(await workbench.badge(), 2);
    assert.match(await workbench.statusBarItem('codeManager.status').innerText(), /2.*4.*3/s);
    await pictures(workbench, 'twelve-rows', 'sideBar');

    await pictures(workbench, 'picker', 'window', async () => {
      await workbench.runCommand('Code Manager: New Session…');
      await workbench.quickInput.waitForTitle('New Session (1/3)');
      await workbench.quickInput.accept();
      await workbench.quickInput.waitForTitle('New Session (2/3)');
      await workbench.page.getByText('Not installed', { exact: true }).waitFor();
    });
    await workbench.quickInput.cancel();

    await sessions.row('refactor-auth').click();
    await workbench.waitForOutput('npm publish');
    await pictures(workbench, 'log', 'window');
  });
});

test('an error says what failed, where and what to do', async (t) => {
  await withFixture(t, twelveWords(), {}, async (workbench) => {
    const sessions = workbench.tree('Sessions');
    await sessions.waitForRow('a row', ({ label }) => label === 'refactor-auth');
    await workbench.runCommand('Code Manager: New Session…');
    await workbench.quickInput.accept();
    await workbench.quickInput.waitForTitle('New Session (2/3)');
    await workbench.quickInput.pick('Codex');
    await workbench.quickInput.waitForTitle('New Session (3/3)');
    await workbench.quickInput.accept('Fix the flaky test');
    const toast = workbench.notification(/The disk of build-box is full/);
    await toast.waitFor();
    assert.match(await toast.innerText(), /Show Log/);
    await pictures(workbench, 'error', 'window');
  });
});

test('without sessions and contexts each view says what it is for', async (t) => {
  await withFixture(t, NO_SESSIONS, {}, async (workbench) => {
    await workbench.tree('Sessions').welcome.getByText('Start a coding agent in a folder').waitFor();
    await workbench.tree('Contexts').welcome.getByText('A context is a folder').waitFor();
    await pictures(workbench, 'empty-folder', 'sideBar');
  });
});

test('without a folder a context can be added all the same', async (t) => {
  await withFixture(t, NO_SESSIONS, { folder: 'none' }, async (workbench) => {
    await workbench.tree('Contexts').welcome.getByRole('button', { name: 'Add Folder…' }).waitFor();
    await pictures(workbench, 'empty-no-folder', 'sideBar');
  });
});

test('without tmux the view says how to get it', async (t) => {
  await withFixture(t, TMUX_MISSING, {}, async (workbench) => {
    await workbench.tree('Sessions').welcome.getByRole('button', { name: 'Copy Command' }).waitFor();
    await workbench.tree('Sessions').welcome.getByText('sudo apt-get install -y tmux').waitFor();
    await pictures(workbench, 'empty-tmux-missing', 'sideBar');
  });
});
