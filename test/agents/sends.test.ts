import assert from 'node:assert/strict';
import test from 'node:test';
import { delay } from '../../src/common/async.js';
import { openTerminal } from '../helpers/attachedTerminal.js';
import { drawnRows } from '../helpers/campaign.js';
import { until } from '../helpers/until.js';
import { byAlias, byOwnFile, byPath, Desk } from './desk.js';
import type { AgentName } from './home.js';

// What is sent to a real agent arrives whole and as a prompt of its own, or is refused: never behind a line that a person
// has begun, nor behind the prompt that the agent puts back when it is interrupted, nor into a dialog.

interface Row {
  readonly agent: AgentName;
  readonly reach: Parameters<typeof Desk.setUp>[2];
  readonly mode: string;
  readonly trust?: readonly [string, string];
  /** Directive for a command that it asks about. */
  readonly bash: string;
  /** So many presses of a key suspend it. */
  readonly suspends?: number;
}

const ROWS: readonly Row[] = [
  {
    agent: 'claude',
    reach: byAlias,
    mode: 'default',
    trust: ['❯', 'Yes, I trust this folder'],
    bash: 'bash',
    suspends: 1,
  },
  {
    agent: 'gemini',
    reach: byPath,
    mode: 'default',
    trust: ['●', 'Trust folder'],
    bash: 'bash',
    // The first one undoes what was typed last.
    suspends: 3,
  },
  { agent: 'opencode', reach: byOwnFile, mode: 'build', bash: 'bash', suspends: 1 },
  { agent: 'codex', reach: byPath, mode: 'auto', trust: ['›', 'Trust and continue'], bash: 'bashesc' },
  { agent: 'copilot', reach: byPath, mode: 'interactive', trust: ['❯', 'Yes'], bash: 'bash', suspends: 1 },
];

for (const { agent, reach, mode, trust, bash, suspends = 0 } of drawnRows('sends', ROWS, 2, (row) => row.agent)) {
  test(`${agent}: a text is never glued to another, nor typed into a dialog`, { timeout: 900_000 }, async (t) => {
    const desk = await Desk.setUp(t, agent, reach);
    const { id } = await desk.start(agent, 'do:say(ready)', mode);
    if (trust) {
      await desk.needs('trust');
      await desk.choose(...trust);
    }
    const prompts = (): string[] =>
      desk.model.events.flatMap(({ what, prompt }) => (what.type === 'came' ? [prompt] : []));
    await until('it has its task', () => prompts().some((prompt) => prompt.includes('ready')), 120_000);
    await desk.becomes('idle');

    // Into one that a key or a signal has suspended: it goes on first.
    const listed = async (): Promise<string> => desk.home.ok('status', '--state', 'suspended', '-q');
    for (const how of [...(suspends === 0 ? [] : ['key']), 'signal']) {
      if (how === 'key') await desk.keys(...Array<string>(suspends).fill('C-z'));
      else process.kill(await desk.program(), 'SIGSTOP');
      await until(`it is suspended by a ${how}`, async () => (await listed()).includes(id), 60_000);
      await desk.send(`do:say(on after ${how})`);
      await until('it has the text', () => prompts().some((prompt) => prompt.includes(`on after ${how}`)), 60_000);
      assert.equal(await listed(), '');
      await desk.becomes('idle');
    }

    // Shift+Enter in a terminal that is attached.
    const { command } = await desk.home.json<{ command: string[] }>('attach', id);
    const terminal = openTerminal(t, command);
    await until('it is attached', () => terminal.screen.length > 500);
    terminal.write('\x1b[>41;390;0c');
    terminal.write('one');
    await until('a line is begun', async () => (await desk.draft()) === 'one', 30_000);
    terminal.write('\x1b[27;2;13~');
    terminal.write('two');
    await until('it is broken', async () => /^one\n+two$/u.test((await desk.draft()) ?? ''), 30_000);
    const isEmpty = async (): Promise<boolean> => {
      terminal.write('\x7f');
      await delay(100);
      return (await desk.draft()) === null;
    };
    await until('the box is empty', isEmpty, 30_000);
    terminal.close();

    // Behind a line that a person has begun.
    for (const key of 'half') await desk.keys(key);
    const refused = await desk.home.run(['send', id, 'do:say(glued)']);
    assert.equal(refused.code, 6, refused.stderr);
    assert.match(refused.stderr, /A half-typed line stands in .*: “half”/u);
    for (let i = 0; i < 4; i++) await desk.keys('BSpace');

    // Behind the prompt of the work that was just broken off.
    for (const round of [1, 2, 3]) {
      await desk.send(`do:delay(60) do:say(old${round})`);
      await until('it works', () => prompts().some((prompt) => prompt.includes(`old${round}`)), 60_000);
      await desk.becomes('working');
      await desk.interrupt();
      await desk.becomes('idle');
      await desk.send(`do:say(new${round})`);
      const came = (): string[] => prompts().filter((prompt) => prompt.includes(`new${round}`));
      await until('the next prompt comes', () => came().length > 0, 60_000);
      assert.deepEqual(
        came().filter((prompt) => prompt.includes('old')),
        [],
        await desk.explain(),
      );
      await desk.becomes('idle');
    }

    // With nothing to break off no key is pressed: two of them open a list of earlier prompts in some.
    const rest = await desk.screen();
    await delay(6000);
    for (let i = 0; i < 3; i++) await desk.interrupt();
    await delay(500);
    assert.equal((await desk.session()).state, 'idle', `${rest}\n${await desk.screen()}`);

    // What ends in a backslash, behind which an Enter only breaks the line in some.
    const texts = ['do:say(back1) \\', 'do:say(back2)', 'do:say(back3)\nand more \\', 'do:say(back4)'];
    for (const [index, text] of texts.entries()) {
      await desk.send(text);
      const mark = `back${index + 1}`;
      const came = (): string[] => prompts().filter((prompt) => prompt.includes(mark));
      await until(`${mark} comes`, () => came().length > 0, 60_000);
      assert.ok(
        came().every((prompt) => prompt.split('do:say(back').length === 2),
        JSON.stringify(came()),
      );
      await desk.becomes('idle');
    }

    // While it works, where not every box is read: in a time of the same kind.
    const timed = async (text: string): Promise<number> => {
      const begun = performance.now();
      await desk.send(text);
      return performance.now() - begun;
    };
    const idleMs = await timed('do:delay(12) do:say(long)');
    await desk.becomes('working');
    const busyMs = await timed('do:say(beside)');
    t.diagnostic(`${agent}: sent in ${Math.round(idleMs)} ms at rest, in ${Math.round(busyMs)} ms while it works`);
    await until('it comes', () => prompts().some((prompt) => prompt.includes('beside')), 60_000);
    await desk.becomes('idle');

    // Into a dialog.
    await desk.send(`do:${bash}(touch never) do:say(end)`);
    const request = await desk.asks('permission');
    const into = await desk.home.run(['send', id, 'y']);
    assert.equal(into.code, 6, into.stderr);
    assert.match(into.stderr, /needs input/u);
    await desk.answers('deny', request);
    assert.equal(desk.file('never'), '');

    // The reason of a denial beside a line that a person has begun.
    if (agent !== 'codex' && agent !== 'gemini') return;
    await desk.becomes('idle');
    await desk.send(`do:delay(4) do:${bash}(touch never2) do:say(end)`);
    await desk.becomes('working');
    for (const key of 'half') await desk.keys(key);
    const second = await desk.asks('permission');
    const denied = await desk.home.run(['deny', id, 'do:say(because)', '--request', second.id]);
    assert.equal(denied.code, 0, denied.stderr);
    assert.match(
      denied.stderr,
      /^Denied; the reason was not sent yet: a half-typed line stands in .+\. It goes when/mu,
    );
    for (let i = 0; i < 4; i++) await desk.keys('BSpace');
    const reasons = (): string[] => prompts().filter((prompt) => prompt.includes('because'));
    await until('the reason comes', () => reasons().length > 0, 60_000);
    assert.deepEqual(
      reasons()
        .map((prompt) => prompt.trim())
        .filter((prompt) => prompt.startsWith('half')),
      [],
    );
    assert.equal(desk.file('never2'), '');
  });
}
