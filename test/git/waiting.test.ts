import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesIn } from '../../src/core/git/changes.js';
import { GitBed, refusal } from './gitBed.js';
import { WAITING } from './waiting.js';

test('a file that git would wait for is named, wherever it is', { timeout: 120_000 }, async (t) => {
  for (const { name, set, at } of WAITING) {
    await t.test(name, async (t) => {
      const bed = new GitBed(t);
      set(bed);
      const { message } = await refusal(changesIn(bed.git, bed.folder));
      assert.match(message, /it would wait for it$/u);
      assert.ok(message.includes(at), message);
    });
  }
});
