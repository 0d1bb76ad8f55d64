import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import { until } from '../helpers/until.js';
import { byAlias, Desk } from './desk.js';

const REASON = 'Denied by a rule of the user: deny shell ./mark no';

test(
  'claude: what a rule allows happens once, what a rule denies never, everything else waits for a person',
  { timeout: 300_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'claude', byAlias);
    const program = join(desk.folder, 'mark');
    writeFileSync(program, '#!/bin/sh\necho "$1" >> "marks-$2"\n');
    chmodSync(program, 0o755);
    const rule = (...args: string[]): Promise<string> => desk.home.ok('policy', 'add', ...args, '--ctx', 'project');
    const allow = await rule('allow', '--command', './mark yes', '--max', '4');
    const deny = await rule('deny', '--command', './mark no');

    const calls = ['./mark yes a', './mark yes b', './mark yes c; ./mark yes d', './mark never e'];
    await desk.start('claude', calls.map((call) => `do:bash(${call})`).join(' '), 'default');
    await desk.answers('approve', await desk.asks('trust'));
    const waits = (command: string): Promise<PendingRequest> =>
      until(
        `it asks for ${command}`,
        async () => {
          const { request } = await desk.session();
          return request?.command === command && request.options.length > 0 ? request : undefined;
        },
        40_000,
      );
    const left = await waits('./mark never e');
    const marks = (name: string): string => desk.file(`marks-${name}`);
    assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map(marks), ['yes\n', 'yes\n', 'yes\n', 'yes\n', '']);
    await desk.answers('deny', left);
    await desk.becomes('idle');

    // The reason is what it works on next, each time.
    const isTold = async (times: number): Promise<void> => {
      const { id } = await desk.session();
      const transcript = async (): Promise<string> => (await desk.home.run(['logs', id, '--transcript'])).stdout;
      const told = async (): Promise<number> => (await transcript()).split(REASON).length - 1;
      await until(`it is told why ${times} times`, async () => (await told()) === times, 60_000);
      await desk.becomes('idle');
    };
    await desk.send('do:bash(./mark no f) do:say(not said)');
    await isTold(1);
    await desk.send('do:bash(./mark yes g; ./mark no h) do:say(not said)');
    await isTold(2);

    await desk.send('do:bash(./mark yes i)');
    await until('the fourth that is allowed', () => marks('i') === 'yes\n', 60_000);
    await desk.becomes('idle');
    await desk.send('do:bash(./mark yes j)');
    const usedUp = await waits('./mark yes j');
    await desk.answers('deny', usedUp);
    await desk.becomes('idle');

    assert.deepEqual(['f', 'g', 'h', 'j'].map(marks), ['', '', '', '']);
    const audit = await desk.audit();
    assert.deepEqual(
      audit.map(({ decision, by, outcome }) => [decision, by.type === 'policy' ? by.rule : 'person', outcome]),
      [
        ['allow', 'person', 'answered'],
        ['allow', allow, 'answered'],
        ['allow', allow, 'answered'],
        ['allow', allow, 'answered'],
        ['deny', 'person', 'answered'],
        ['deny', deny, 'answered'],
        ['deny', deny, 'answered'],
        ['allow', allow, 'answered'],
        ['deny', 'person', 'answered'],
      ],
    );
    await desk.stop();
  },
);

test(
  'claude, the older one: a rule allows exactly what the hook tells, though nothing is drawn around it on the screen',
  { timeout: 300_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'claude-old', byAlias);
    const program = join(desk.folder, 'mark');
    writeFileSync(program, '#!/bin/sh\necho "$#" >> "marks-$2"\n');
    chmodSync(program, 0o755);
    const allow = await desk.home.ok('policy', 'add', 'allow', '--command', './mark yes', '--ctx', 'project');
    const long = `./mark yes long${' more'.repeat(60)}`;
    const calls = ['./mark yes short', long, './mark other'];
    await desk.start('claude', calls.map((call) => `do:bash(${call})`).join(' '), 'default');
    await desk.answers('approve', await desk.asks('trust'));
    await desk.answers('deny', await desk.asksFor('./mark other'));
    await desk.becomes('idle');
    assert.deepEqual(
      ['short', 'long'].map((name) => desk.file(`marks-${name}`)),
      ['2\n', '62\n'],
    );
    const own = (await desk.audit()).flatMap(({ by, via, outcome }) =>
      by.type === 'policy' ? [[by.rule, via, outcome]] : [],
    );
    assert.deepEqual(own, [
      [allow, 'hook', 'answered'],
      [allow, 'hook', 'answered'],
    ]);
    await desk.stop();
  },
);
