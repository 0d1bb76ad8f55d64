import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { drawnRows } from '../helpers/campaign.js';
import { until } from '../helpers/until.js';
import { byPath, Desk } from './desk.js';

const SIZES = [
  [120, 40],
  [80, 24],
] as const;
/** Asked one after the other in each turn, so that all of them fit into a prompt. */
const IN_A_TURN = 8;
/** Five make the forty requests of `npm run bench:truth -- --rules 40`; a turn shows that it works at all. */
const TURNS = Number(process.env['CM_TURNS'] ?? 1);

for (const [columns, rows] of drawnRows('ruled', SIZES, 1, String)) {
  test(`gemini: plain requests are answered by their rule at ${columns}x${rows}`, { timeout: 590_000 }, async (t) => {
    const desk = await Desk.setUp(t, 'gemini', byPath);
    const program = join(desk.folder, 'mark');
    writeFileSync(program, '#!/bin/sh\necho "$1" >> marks\n');
    chmodSync(program, 0o755);
    await desk.home.ok('policy', 'add', 'allow', '--command', './mark', '--ctx', 'project');
    await desk.start('gemini', 'do:say(ready)', 'default');
    await desk.resize(columns, rows);
    await desk.answers('approve', await desk.asks('trust'));
    await desk.becomes('idle');
    const wanted: string[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const words = Array.from({ length: IN_A_TURN }, (_, index) => `no-${turn * IN_A_TURN + index}`);
      wanted.push(...words);
      const prompt = words.map((word) => `do:bash(./mark ${word})`).join(' ');
      await until(
        'it takes the prompt',
        () =>
          desk.send(prompt).then(
            () => true,
            () => false,
          ),
        30_000,
      );
      await until(`${words.at(-1) ?? ''} is marked`, () => desk.file('marks') === `${wanted.join('\n')}\n`, 120_000);
      await desk.becomes('idle');
    }
    const rules = (await desk.audit()).filter(({ by }) => by.type === 'policy').map(({ request }) => request.command);
    assert.deepEqual(
      rules,
      wanted.map((word) => `./mark ${word}`),
    );
    await desk.stop();
  });
}
