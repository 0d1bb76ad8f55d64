import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { waitFor } from '../../scripts/lib/processes.mjs';
import type { Snapshot } from '../../src/protocol/requests.js';
import { FixtureServer, NO_SESSIONS, twelveWords } from '../helpers/fixtureServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { withWorkbench, type Theme, type Workbench } from './workbench.js';

const THEMES: readonly Theme[] = ['light', 'dark', 'highContrast'];
const WIDTHS = [300, 500] as const;

/** Takes a picture of the side bar, or of the whole window, in each theme and width. */
async function pictures(workbench: Workbench, name: string, of: 'sideBar' | 'window' = 'sideBar'): Promise<void> {
  for (const theme of THEMES) {
    await workbench.setTheme(theme);
    for (const width of WIDTHS) {
      await workbench.resizeSideBar(width);
      const part = of === 'sideBar' ? workbench.sideBar : undefined;
      await workbench.screenshot(`${name}-${theme}-${width}`, part);
    }
  }
}

async function withFixture(
  t: TestContext,
  snapshot: Snapshot,
  body: (workbench: Workbench, server: FixtureServer) => Promise<void>,
  options: { readonly folder?: string } = {},
): Promise<void> {
  const home = join(tempDir(t), 'cm');
  const server = await FixtureServer.start(t, home, snapshot);
  await withWorkbench(t, { ...options, env: { CM_HOME: home } }, async (workbench) => {
    await workbench.showSideBar();
    await body(workbench, server);
  });
}

test('twelve rows say who needs a person, why and since when', async (t) => {
  await withFixture(t, twelveWords(), async (workbench) => {
    const sessions = workbench.tree('Sessions');
    await sessions.waitForRow('the row that waits longest', ({ label }) => label === 'refactor-auth');
    for (const group of ['Offline', 'Ended']) await sessions.row(group).click();
    await sessions.waitForRow('an ended row', ({ label }) => label === 'spike-cache');
    const rows = await sessions.rows();
    const groups = rows.filter(({ level }) => level === 1).map(({ label }) => label);
    assert.deepEqual(groups, ['Needs input', 'To review', 'Working', 'Idle', 'Offline', 'Ended']);
    assert.equal(await workbench.badge(), 2);
    await pictures(workbench, 'twelve-rows');
  });
});
