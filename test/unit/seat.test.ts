import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';

test('whatever has a session start tells the keys, screen and bus of who starts it, in the editor as in a shell', () => {
  let count = 0;
  for (const folder of ['cli', 'extension']) {
    const root = join(repoRoot, 'src', folder);
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const text = readFileSync(join(root, name), 'utf8');
      const starts = [...text.matchAll(/'session\/(?:create|resume)'/gu)].length;
      count += starts;
      assert.equal([...text.matchAll(/\bseat: seatOf\(/gu)].length, starts, join(folder, name));
    }
  }
  assert.ok(count >= 4);
});
