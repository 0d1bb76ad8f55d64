import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { AuditEntry } from '../../src/protocol/audit.js';
import { byAlias, Desk } from '../agents/desk.js';
import { withWorkbench } from './workbench.js';

test('the demo agent is answered from its row, then by a rule that was shown before, and all of it is on record', async (t) => {
  await withWorkbench(t, {}, async (workbench) => {
    const sessions = workbench.tree('Sessions');
    const { quickInput, cmHome, folder = '' } = workbench;
    const labels = async () => (await quickInput.items()).map(({ label }) => label);
    const entries = () =>
      readFileSync(join(cmHome, 'audit.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => AuditEntry.parse(JSON.parse(line)));

    await workbench.showSideBar();
    await workbench.runCommand('Code Manager: New Session…');
    await quickInput.waitForTitle('New Session (1/3)');
    await quickInput.accept();
    await quickInput.waitForTitle('New Session (2/3)');
    await quickInput.pick('Demo agent');
    await quickInput.waitForTitle('New Session (3/3)');
    await quickInput.accept('greet with permission');
    const row = await sessions.waitForRow('the question', ({ description }) => description.includes('question: '));

    await sessions.clickInline(row.label, 'Answer…');
    await quickInput.waitForTitle(`${row.label} · question · sample`);
    await waitFor('the options', async () => (await labels()).includes('Blue'));
    assert.deepEqual(await labels(), [
      'Which colour should the greeting have?',
      'Green',
      'Blue',
      'Red',
      'Attach Instead',
    ]);
    await quickInput.pick('Blue');
    await workbench.waitForStatus(`${row.label}: answered by you · Blue`);
    await workbench.waitForOutput('● Blue it is');

    await sessions.waitForRow('the permission', ({ description }) => description.includes('create demo-notes.md'));
    await workbench.runCommand('Code Manager: Answer Next');
    await quickInput.waitForTitle(`${row.label} · permission · sample`);
    await waitFor('the options', async () => (await labels()).includes('Always Allow This…'));
    assert.deepEqual(await labels(), [
      'create demo-notes.md',
      'Write demo-notes.md?',
      'Yes',
      'No',
      'Attach Instead',
      'Always Allow This…',
    ]);
    await workbench.screenshot('answer-short');
    await quickInput.pick('Always Allow This…');
    await quickInput.waitForTitle(`Always Allow · ${row.label}`);
    await workbench.screenshot('always-allow');
    await quickInput.pick('until it is removed');
    await quickInput.pick('For an hour');
    await waitFor('the changed part', async () => (await labels()).some((label) => /^until \d/.test(label)));
    await quickInput.pick('Save Rule and Allow');
    await workbench.waitForOutput('Wrote demo-notes.md');
    await workbench.waitForStatus('auto-approve');
    assert.match(readFileSync(join(folder, 'demo-notes.md'), 'utf8'), /hello in blue/);
    await waitFor('the record', () => entries().length === 2);
    assert.deepEqual(
      entries().map(({ decision, answer, outcome }) => [decision, answer, outcome]),
      [
        ['answer', 'Blue', 'answered'],
        ['allow', 'Yes', 'answered'],
      ],
    );

    await workbench.runCommand('Code Manager: Show Audit Log');
    await workbench.waitForEditor(/allowed · .* · permission: create demo-notes\.md/);
    await workbench.waitForEditor('“Blue” by VS Code, by keys');
    await workbench.screenshot('audit-log');

    // A menu of a row that moves to another group meanwhile would be about nothing.
    await sessions.waitForRow('its last group', ({ label, level }) => level === 1 && label === 'To review');
    await sessions.pickFromMenu(row.label, 'Why This State?…');
    await workbench.waitForEditor('What decides');
    await workbench.waitForEditor("the agent's own report: idle");
    await workbench.screenshot('why-this-state');

    await workbench.statusBarItem('codeManager.policy').click();
    const toast = workbench.notification('Auto-approval is off: 1 rule is out of force.');
    await toast.waitFor();
    await workbench.statusBarItem('codeManager.policy').waitFor({ state: 'hidden' });
    await workbench.screenshot('auto-approval-off');
    await toast.getByRole('button', { name: 'Turn On Again' }).click();
    await workbench.waitForStatus('auto-approve');
  });
});

test('Claude Code is trusted, denied with a reason, allowed and answered from the editor', async (t) => {
  const desk = await Desk.setUp(t, 'claude', byAlias);
  const append = (file: string): string => `do:bash(echo x >> ${file})`;
  await desk.start('claude', `${append('denied.txt')} do:say(never)`, 'default');
  await withWorkbench(t, { env: { CM_HOME: desk.home.cm } }, async (workbench) => {
    const sessions = workbench.tree('Sessions');
    const { quickInput } = workbench;
    const labels = async () => (await quickInput.items()).map(({ label }) => label);
    await workbench.showSideBar();
    const answer = async (kind: string, about: RegExp): Promise<string> => {
      const row = await sessions.waitForRow(kind, ({ description }) => about.test(description), 60_000);
      await sessions.clickInline(row.label, 'Answer…');
      await quickInput.waitForTitle(`${row.label} · ${kind} · project`);
      await waitFor('the options', async () => (await labels()).includes('Attach Instead'));
      return row.label;
    };

    await answer('trust', /trust this folder/);
    assert.ok((await labels()).includes(desk.folder), 'which folder that is');
    await workbench.screenshot('claude-trust');
    await quickInput.pick('Yes, I trust this folder');

    await answer('permission', /denied\.txt/);
    await workbench.screenshot('claude-permission');
    assert.ok((await labels()).some((label) => label.includes('echo x >> denied.txt')));
    await quickInput.pick('Deny with a Reason…');
    await quickInput.accept(append('allowed.txt'));

    await answer('permission', /allowed\.txt/);
    await quickInput.pick('Yes');
    await waitFor('what was allowed', () => desk.file('allowed.txt') === 'x\n');
    await desk.becomes('idle');

    await desk.send('do:ask(Which colour?) do:say(done)');
    const name = await answer('question', /Which colour/);
    await workbench.screenshot('claude-question');
    const question = await desk.asks('question');
    await desk.answers('answer', question, 'Blue');
    await workbench.notification(`${name}: answered by cm`).waitFor();
    await quickInput.widget.waitFor({ state: 'hidden' });
    await desk.becomes('idle');

    assert.equal(desk.file('denied.txt'), '');
    assert.deepEqual(
      (await desk.audit()).map(({ decision, by }) => [decision, by.type === 'person' ? by.client : by.type]),
      [
        ['allow', 'VS Code'],
        ['deny', 'VS Code'],
        ['allow', 'VS Code'],
        ['answer', 'cm'],
      ],
    );
  });
});
