import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { failureText } from '../../src/cli/failureText.js';
import { CodeManagerError, errorText } from '../../src/protocol/errors.js';

test('only a surface that has a flag for it names one', () => {
  const hint = 'Try again when they have finished.';
  const refused = new CodeManagerError('conflict', 'Somebody types in a', { hint, anyway: 'types anyway' });
  assert.equal(errorText(refused), `Somebody types in a. ${hint}`);
  assert.equal(failureText(refused), 'Somebody types in a. Try again when they have finished; --force types anyway.');
  const bare = new CodeManagerError('conflict', 'It runs', { anyway: 'kills it' });
  assert.equal(errorText(bare), 'It runs.');
  assert.equal(failureText(bare), 'It runs. --force kills it.');
  const other = new CodeManagerError('conflict', 'It has ended', { hint: 'See its log.' });
  assert.equal(failureText(other), errorText(other));
  assert.equal(refused.toWire().anyway, 'types anyway');
});

test('what the agent server refuses reaches the editor too, and names no flag that has it done all the same', () => {
  const named: string[] = [];
  for (const folder of ['common', 'protocol', 'core', 'machines', 'server', 'view']) {
    const dir = join(repoRoot, 'src', folder);
    for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      for (const line of readFileSync(join(dir, name), 'utf8').split('\n')) {
        // As a part of another command it can be typed as it stands.
        if (/(?:hint:|\?|:) *['"`].*--force\b/.test(line.replace(/\bcm [a-z ]+ --force/g, '')))
          named.push(`${name}: ${line.trim()}`);
      }
    }
  }
  assert.deepEqual(named, []);
});
