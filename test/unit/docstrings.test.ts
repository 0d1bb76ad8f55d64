import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

test('a docstring begins with what it is about, not with a pronoun', () => {
  const found = sources.flatMap((name) =>
    [
      ...readFileSync(join('src', name), 'utf8').matchAll(
        /\/\*\*\s+(?:\* )?(?:It|Its|They|Their|Them|Those|These|He|She) .*/g,
      ),
    ].map(([text]) => `${name}: ${text}`),
  );
  assert.deepEqual(found, []);
});
