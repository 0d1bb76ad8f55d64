import assert from 'node:assert/strict';
import test from 'node:test';
import { drawnRows } from '../helpers/campaign.js';
import { until } from '../helpers/until.js';
import { byAlias, byOwnFile, byPath, Desk } from './desk.js';

// Lists in place of the input box of real agents: a person's own, into which nothing is sent, and questions of which
// several options are one answer.

const FRUITS = ['Apple', 'Pear', 'Plum'].map((label) => ({ label, description: `the ${label.toLowerCase()}` }));

const ROWS = [
  ['claude', byAlias, 'default', ['❯', 'Yes, I trust this folder'], 'AskUserQuestion', { multiSelect: true }],
  ['gemini', byPath, 'default', ['●', 'Trust folder'], 'ask_user', { multiSelect: true, type: 'choice' }],
  ['opencode', byOwnFile, 'build', null, 'question', { multiple: true }],
] as const;

for (const [agent, reach, mode, trusts, tool, extra] of drawnRows('menus', ROWS, 2, ([name]) => name)) {
  test(`${agent}: several options are one answer`, { timeout: 400_000 }, async (t) => {
    const desk = await Desk.setUp(t, agent, reach);
    const questions = [{ question: 'Which fruits?', header: 'Fruits', options: FRUITS, ...extra }];
    const task = `do:delay(1) do:tool(${tool} ${JSON.stringify({ questions })}) do:say(done)`;
    await desk.start(agent, task, mode);
    if (trusts !== null) {
      await desk.needs('trust');
      await desk.choose(trusts[0], trusts[1]);
    }
    const asked = await desk.asks('question');
    assert.equal(asked.several, true);
    assert.match(asked.question ?? '', /Which fruits\?/u);
    assert.equal(await desk.answers('answer', asked, '3', 'apple'), 'Plum, Apple');
    await desk.becomes('idle');
    const screen = await desk.screen();
    assert.match(screen, /(?:→|Which fruits\?\n *┃) +(?:Apple, Plum|Plum, Apple)/u);
    const entry = (await desk.audit()).find(({ decision }) => decision === 'answer');
    assert.equal(entry?.outcome, 'answered');
    await desk.stop();
  });
}

test(
  'codex: a list that a person opened is one request, and nothing is sent into it',
  { timeout: 400_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'codex', byPath);
    const { id } = await desk.start('codex', 'do:say(ready)', 'auto');
    await desk.needs('trust');
    await desk.choose('›', 'Trust and continue');
    await desk.becomes('idle');
    for (const [columns, rows] of [
      [120, 40],
      [80, 24],
    ] as const) {
      await desk.resize(columns, rows);
      for (const command of ['/model', '/new', '/permissions', '/review']) {
        await desk.becomes('idle');
        await desk.home.ok('send', id, command);
        const ids = new Set<string | undefined>();
        await until(`${command} is a question`, async () => (await desk.session()).waiting?.kind === 'question');
        for (const key of ['Down', 'Down', 'Up', 'Up']) {
          await desk.keys(key);
          const { request } = await desk.session();
          if (request !== null) ids.add(request.id);
        }
        assert.equal(ids.size, 1, `${command} at ${columns}`);
        const refused = await desk.home.run(['send', id, 'do:say(lost)']);
        assert.equal(refused.code, 6, `${command}: ${refused.stdout}`);
        await desk.keys('Escape');
      }
    }
    await desk.becomes('idle');
    assert.deepEqual((await desk.session()).unread, false);
  },
);

test(
  'opencode: a list that a person opened is needs input, and nothing is sent into it',
  { timeout: 400_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'opencode', byOwnFile);
    const { id } = await desk.start('opencode', 'do:say(ready)', 'build');
    await desk.becomes('idle');
    for (const [columns, rows] of [
      [120, 40],
      [80, 24],
      [60, 20],
    ] as const) {
      await desk.resize(columns, rows);
      for (const command of ['/models', '/themes']) {
        await desk.home.ok('send', id, command);
        await until(`${command} is a question`, async () => (await desk.session()).waiting?.kind === 'question');
        const refused = await desk.home.run(['send', id, 'do:say(lost)']);
        assert.equal(refused.code, 6, `${command} at ${columns}: ${refused.stdout}`);
        await desk.keys('Escape');
        await desk.becomes('idle');
      }
    }
  },
);
