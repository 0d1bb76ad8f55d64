import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { protocolText } from '../../scripts/lib/protocolText.js';
import { repoRoot } from '../../scripts/lib/paths.mjs';

const read = (...path: readonly string[]): string => readFileSync(join(repoRoot, ...path), 'utf8');

test('docs/protocol.md is what the requests are', async () => {
  assert.equal(read('docs', 'protocol.md'), await protocolText(repoRoot), 'run node scripts/protocol.mjs');
});

/** Between parts of the product, or between a run of tests and itself: nobody sets them. */
const INTERNAL = new Set(['CM_HOOKED', 'CM_OUTER_SESSION', 'CM_TEST_CRASH', 'CM_TEST_RESULTS', 'CM_WELCOME']);

test('docs/environment.md has each variable that is read, and no other', () => {
  const documented = new Set(read('docs', 'environment.md').match(/\bCM_[A-Z_]+\b/g));
  const used = new Set(
    ['src', 'scripts'].flatMap((folder) =>
      readdirSync(join(repoRoot, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.(?:ts|mjs)$/.test(file))
        .flatMap((file) => [
          ...read(folder, file).matchAll(/\benv(?:ironment)?\??\.?\[?['"]?(CM_[A-Z_]+)\b/g),
          ...read(folder, file).matchAll(/\benv\['(CM_[A-Z_]+)'\]/g),
        ])
        .map(([, name = '']) => name),
    ),
  );
  assert.deepEqual(
    [...used].filter((name) => !documented.has(name) && !INTERNAL.has(name)),
    [],
  );
  const sources = ['src', 'scripts', 'test'].map((folder) =>
    readdirSync(join(repoRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|mjs)$/.test(file))
      .map((file) => read(folder, file))
      .join(''),
  );
  for (const name of documented)
    assert.ok(
      sources.some((text) => text.includes(name)),
      name,
    );
});
