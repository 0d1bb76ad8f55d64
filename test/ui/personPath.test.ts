import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delay, waitFor } from '../../scripts/lib/processes.mjs';
import { withWorkbench, type Theme, type Workbench } from './workbench.js';

/** What the path may take a person: keys that they press besides writing the task. */
const MAX_KEYS = 12;

/** Presses keys and counts them. */
class Keyboard {
  readonly #workbench: Workbench;
  count = 0;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  async press(key: string): Promise<void> {
    this.count++;
    await this.#workbench.page.keyboard.press(key);
  }

  /** Not counted: how long a task is, is up to the person. */
  async writeTask(task: string): Promise<void> {
    await this.#workbench.page.keyboard.type(task);
  }
}

test('a person adds a folder, starts an agent, reads it, answers it, attaches to it and stops it', async (t) => {
  await withWorkbench(t, { allExtensions: true }, async (workbench) => {
    const keyboard = new Keyboard(workbench);
    const sessions = workbench.tree('Sessions');
    const contexts = workbench.tree('Contexts');
    const { quickInput } = workbench;
    const started = Date.now();

    await workbench.showSideBar();
    await contexts.welcome.getByRole('button', { name: 'Add This Folder' }).click();
    await contexts.waitForRow('the context', ({ label, level }) => label === 'sample' && level === 2);

    await sessions.welcome.getByRole('button', { name: 'New Session…' }).click();
    await quickInput.waitForTitle('New Session (1/3)');
    await keyboard.press('Enter');
    await quickInput.waitForTitle('New Session (2/3)');
    await quickInput.pick('Demo agent');
    await quickInput.waitForTitle('New Session (3/3)');
    await keyboard.writeTask('Look around');
    await keyboard.press('Enter');

    await workbench.waitForOutput('Look around');
    const waiting = await sessions.waitForRow('the question', ({ description }) => description.includes('question: '));
    await waitFor('the badge', async () => (await workbench.badge()) === 1);
    await sessions.clickInline(waiting.label, 'Answer…');
    await quickInput.waitForTitle(/ · question · sample$/);
    await quickInput.pick('Blue');
    // Its row moves to other groups meanwhile.
    await sessions.clickInline(waiting.label, 'Attach');
    await workbench.waitForTerminal('Blue it is');
    assert.equal(await quickInput.widget.count(), 0, 'nobody is asked which session was meant');
    await workbench.waitForTerminal('demo>');
    await sessions.waitForRow('the end of the turn', ({ description }) => /Idle|Finished/.test(description));
    // A menu closes when its row moves.
    await waitFor('its last group', async () => {
      const groups = (await sessions.rows()).filter(({ level }) => level === 1).map(({ label }) => label);
      return groups.length === 1 && ['Idle', 'To review'].includes(groups[0] ?? '');
    });
    await sessions.pickFromMenu(waiting.label, 'Stop');
    await sessions.waitForRow('the group of what has ended', ({ label }) => label === 'Ended');
    await sessions.row('Ended').click();
    await sessions.waitForRow('the stopped row', ({ label, description }) => {
      return label === waiting.label && description.includes('Stopped');
    });

    const took = Date.now() - started;
    t.diagnostic(`${(took / 1000).toFixed(1)} s, ${keyboard.count} keys besides the task`);
    assert.ok(keyboard.count <= MAX_KEYS, `${keyboard.count} keys`);
  });
});

test('an attached terminal is a real client of the session', async (t) => {
  await withWorkbench(t, { size: { width: 1280, height: 800 } }, async (workbench) => {
    await workbench.showSideBar();
    await workbench.runCommand('Code Manager: New Session…');
    await workbench.quickInput.accept();
    await workbench.quickInput.pick('Run a Command…');
    await workbench.quickInput.waitForTitle('New Session (3/3)');
    await workbench.quickInput.accept('cat');
    const sessions = workbench.tree('Sessions');
    // Its start is over when it has been selected: its log comes over no terminal any more.
    const row = await sessions.waitForRow('the session', ({ level, selected }) => level === 2 && selected);
    await sessions.clickInline(row.label, 'Attach');
    // What is typed before it has the focus goes to the list of sessions.
    await workbench.page.locator('.terminal-wrapper.active .xterm.focus').waitFor();
    await workbench.page.keyboard.type('typed by a person');
    await workbench.waitForTerminal('typed by a person');
    await sessions.pickFromMenu(row.label, 'Rename…');
    await workbench.quickInput.accept('renamed');
    await workbench.page.locator('.part.panel').getByText('renamed', { exact: true }).first().waitFor();
    await workbench.screenshot('renamed');
    for (const theme of ['light', 'dark', 'highContrast'] satisfies Theme[]) {
      await workbench.setTheme(theme);
      for (const width of [300, 500]) {
        await workbench.resizeSideBar(width);
        // The terminal redraws itself some frames after its size has changed.
        await delay(500);
        await workbench.screenshot(`attach-${theme}-${width}`);
      }
    }
  });
});
