import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from '../../src/protocol/audit.js';
import type { AnswerResult } from '../../src/protocol/pendingRequest.js';
import { Asking } from '../helpers/asking.js';
import { until } from '../helpers/until.js';

test('cm approve, deny and answer take the id of what is asked, and say what was answered', async (t) => {
  const asking = await Asking.start(t, 'ask "touch one" one', 'ask "touch two" two', 'ask "touch three" three');
  const { home } = asking;
  const one = await asking.pending('touch one');
  const unnamed = await home.run(['approve', 'agent']);
  assert.equal(unnamed.code, 2);
  assert.match(unnamed.stderr, /--request is needed/);
  const wrong = await home.run(['approve', 'agent', '--request', 'nothing']);
  assert.deepEqual([wrong.code, wrong.stdout], [6, '']);
  assert.match(wrong.stderr, /^The request has changed\./);
  assert.equal(await home.ok('approve', 'agent', '--request', one.id), 'Yes');
  const late = await home.run(['deny', 'agent', '--request', one.id]);
  assert.equal(late.code, 6);
  const before = await asking.pending('touch two');
  await home.ok('server', 'restart');
  const two = await asking.pending('touch two');
  assert.deepEqual(two, before, 'it is the same request after a restart of the agent server');
  assert.equal(await home.ok('deny', 'agent', '--request', two.id), 'No');
  const three = await asking.pending('touch three');
  const result = await home.json<AnswerResult>('answer', 'agent', '2', '--request', three.id);
  assert.deepEqual(result, {
    request: three.id,
    decision: 'always',
    answer: 'Yes, always',
    via: 'keys',
    notRecorded: null,
    reasonWaits: null,
  });
  await until('it is idle', async () => (await asking.session()).state === 'idle');
  const nothing = await home.run(['approve', 'agent', '--request', three.id]);
  assert.equal(nothing.code, 6);
  assert.deepEqual([asking.file('one'), asking.file('two'), asking.file('three')], ['x\n', '', 'x\n']);
  const entries = await home.json<AuditEntry[]>('audit', 'agent');
  assert.deepEqual(
    entries.map(({ decision, request, by }) => [decision, request.command, by]),
    [
      ['always', 'touch three', { type: 'person', client: 'cm' }],
      ['deny', 'touch two', { type: 'person', client: 'cm' }],
      ['allow', 'touch one', { type: 'person', client: 'cm' }],
    ],
  );
  assert.match(await home.ok('audit', '-n', '1'), /agent +always +permission: touch three +Yes, always +cm +answered/);
  assert.deepEqual(await home.json('audit', '--since', '2030-01-01'), []);
});

test('in a terminal what is asked is shown, and answered when that is confirmed', async (t) => {
  const asking = await Asking.start(t, 'ask "touch one" one');
  await asking.pending('touch one');
  const no = await asking.terminal(t, 'approve', 'agent');
  const shown = await no.shows(/Type yes/);
  assert.match(shown, /agent · permission \(shell\)[^]*touch one[^]*1\. Yes[^]*3\. No/);
  await no.type('no');
  await no.keys('Enter');
  assert.equal(await no.exitCode(), 130);
  assert.equal(asking.file('one'), '');
  const yes = await asking.terminal(t, 'approve', 'agent');
  await yes.shows(/Type yes/);
  await yes.type('yes');
  await yes.keys('Enter');
  await until('it is written', () => asking.file('one') === 'x\n');
});

test('nothing is answered while a person types in an attached terminal, and a moment later it is', async (t) => {
  const asking = await Asking.start(t, 'ask "touch one" one');
  const one = await asking.pending('touch one');
  const person = await asking.terminal(t, 'attach', 'agent');
  await person.shows(/Run this\?/);
  const attached = Math.floor(Date.now() / 1000);
  // tmux counts in seconds, and attaching as a key.
  await until('the next second', () => Math.floor(Date.now() / 1000) > attached + 1);
  const refused = await until('an answer is refused', async () => {
    // A letter that the program does not wait for.
    await person.type('z');
    const result = await asking.home.run(['approve', 'agent', '--request', one.id]);
    return result.code === 6 ? result : undefined;
  });
  assert.match(refused.stderr, /Somebody types in agent at this moment/);
  assert.equal(asking.file('one'), '');
  await until('it is answered', async () => {
    return (await asking.home.run(['approve', 'agent', '--request', one.id])).code === 0;
  });
  await until('it is written', () => asking.file('one') === 'x\n');
});

test('an answer by which the agent ends is an answer', async (t) => {
  const asking = await Asking.start(t, `ask 'touch one' one`, 'exit 3');
  const { id } = await asking.pending('touch one');
  const { code, stderr } = await asking.home.run(['approve', 'agent', '--request', id]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal((await asking.session()).exitCode, 3);
  const [entry] = await asking.home.json<{ outcome: string }[]>('audit');
  assert.equal(entry?.outcome, 'answered');
});
