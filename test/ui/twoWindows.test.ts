import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator } from 'playwright-core';
import { delay, waitFor } from '../../scripts/lib/processes.mjs';
import type { AuditEntry } from '../../src/protocol/audit.js';
import type { PolicyState } from '../../src/protocol/policy.js';
import { Asking } from '../helpers/asking.js';
import { withWorkbench, type Workbench } from './workbench.js';

/** So much later than the programs start the mouse is pressed: one time it is first, another time they are. */
const LATER_MS = [0, 400];

/** Opens the answers of what is asked; gives a press of the mouse where “Yes” stands, whatever is there by then. */
async function openAnswers(window: Workbench): Promise<() => Promise<void>> {
  const { page, quickInput } = window;
  await window.runCommand('Code Manager: Answer Next');
  await quickInput.waitForTitle(/^agent · permission · /);
  const yes = quickInput.widget.locator('.quick-input-list-entry').getByText('Yes', { exact: true });
  await yes.waitFor();
  const { x, y } = (await yes.boundingBox()) ?? { x: 0, y: 0 };
  return async () => await page.mouse.click(x + 5, y + 5);
}

const said = ({ page }: Workbench): Locator =>
  page.locator('.part.statusbar').getByText('agent: answered by you · Yes');

/** How the window says that it was answered. */
async function told(window: Workbench): Promise<string> {
  const notice = window.notification('agent: answered');
  return await waitFor('what came of it', async () => {
    if ((await said(window).count()) > 0) return 'by you';
    if ((await notice.count()) === 0) return undefined;
    return /agent: answered ([\w -]+\w)/.exec(await notice.first().innerText())?.[1];
  });
}

/** What the windows say of an answer, in any order, and whom `cm` names when it comes too late. */
function expected({ by }: AuditEntry): { readonly windows: readonly string[]; readonly who: string } {
  if (by.type === 'policy') return { windows: [`by rule ${by.rule}`, `by rule ${by.rule}`], who: `rule ${by.rule}` };
  assert.ok(by.type === 'person');
  if (by.client === 'cm') return { windows: ['by cm', 'by cm'], who: 'cm' };
  return { windows: ['by you', 'in another window'], who: by.client };
}

test('two windows, cm and a rule answer one request at once: it is answered once, and everybody says by whom', async (t) => {
  const names = LATER_MS.map((_, i) => `file${i}`);
  const steps = names.flatMap((name) => [`ask "touch ${name}" ${name}`, 'read -r next; echo "$next" >>typed']);
  const asking = await Asking.start(t, ...steps);
  const { home } = asking;
  await withWorkbench(t, { env: { CM_HOME: home.cm } }, async (one) => {
    const windows = [one, await one.openWindow()];
    for (const window of windows) await window.showSideBar();
    const audit = (): Promise<AuditEntry[]> => home.json<AuditEntry[]>('audit', asking.id);
    const screenshots = async (name: string): Promise<void> => {
      for (const [i, window] of windows.entries()) await window.screenshot(`two-windows-${name}-${i + 1}`);
    };

    for (const [round, laterMs] of LATER_MS.entries()) {
      const name = names[round] ?? '';
      const { id } = await asking.pending(`touch ${name}`);
      const [pressOne, pressOther] = await Promise.all(windows.map(openAnswers));
      await screenshots(`asked-${round}`);
      const [approved, rule] = await Promise.all([
        home.run(['approve', 'agent', '--request', id]),
        home.ok('policy', 'add', 'allow', '--command', `touch ${name}`),
        delay(laterMs).then(() => Promise.all([pressOne?.(), pressOther?.()])),
      ]);
      const words = await Promise.all(windows.map(told));
      await screenshots(`answered-${round}`);

      const entries = await audit();
      assert.equal(entries.length, round + 1);
      const [entry] = entries;
      assert.ok(entry !== undefined);
      assert.deepEqual([entry.request.id, entry.decision, entry.outcome], [id, 'allow', 'answered']);
      const { who, windows: right } = expected(entry);
      assert.deepEqual(words.sort(), [...right].sort());
      if (who === 'cm') assert.deepEqual([approved.code, approved.stdout], [0, 'Yes\n']);
      else {
        assert.deepEqual([approved.code, approved.stdout], [6, '']);
        assert.match(approved.stderr, /^(?:The request has changed|agent asks nothing at this moment)\./);
      }
      const { rules } = await home.json<PolicyState>('policy', 'list');
      assert.equal(rules.find((known) => known.id === rule)?.used, who === `rule ${rule}` ? 1 : 0);

      assert.equal(asking.file(name), 'x\n');
      await home.ok('send', asking.id, 'next');
      await waitFor('it to go on', () => asking.file('typed') === 'next\n'.repeat(round + 1));
      for (const window of windows) {
        await window.runCommand('Notifications: Clear All Notifications');
        await said(window).waitFor({ state: 'hidden' });
      }
    }
    assert.equal((await audit()).length, names.length);
    assert.deepEqual(
      names.map((name) => asking.file(name)),
      names.map(() => 'x\n'),
    );
  });
});
