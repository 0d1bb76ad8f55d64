import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { protocolText } from '../../scripts/lib/protocolText.js';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { ALLOWED, ROOMS, roomsPicture } from '../helpers/rooms.js';

const read = (...path: readonly string[]): string => readFileSync(join(repoRoot, ...path), 'utf8');

test('docs/protocol.md is what the requests are', async () => {
  assert.equal(read('docs', 'protocol.md'), await protocolText(repoRoot), 'run node scripts/protocol.mjs');
});

test('docs/architecture.md shows the rooms as they are', () => {
  const text = read('docs', 'architecture.md');
  assert.equal(/```mermaid\n(.*?)\n```/s.exec(text)?.[1], roomsPicture());
  // As a cell of a table begins or goes on: `live`, `logs`; or behind its folder, as in `server/hub`.
  const cells = text.split('\n').filter((line) => line.startsWith('|'));
  const isNamed = (room: string): boolean => {
    const [, ...rest] = room.split('/');
    const last = rest.at(-1) ?? '';
    return cells.some((line) => [room, rest.join('/'), last, `…/${last}`].some((name) => line.includes(`\`${name}\``)));
  };
  assert.deepEqual(
    Object.keys(ROOMS).filter((room) => room.includes('/') && !isNamed(room)),
    [],
    'rooms of which nothing is said',
  );
  for (const folder of Object.keys(ALLOWED)) assert.ok(text.includes(`\`src/${folder}\``), folder);
});

test('a file that the documents name is there', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...readdirSync(join(repoRoot, 'docs')).map((name) => `docs/${name}`),
  ];
  const missing = documents.flatMap((document) =>
    [...read(document).matchAll(/`((?:src|test|scripts|docs)\/[^`\s*<…]*)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(repoRoot, path)))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('a file that a table of docs/architecture.md names without its folder is beside the one named before it', () => {
  const rows = read('docs', 'architecture.md').split('## Where to look first')[1]?.split('\n## ')[0]?.split('\n') ?? [];
  const wrong = rows.flatMap((row) => {
    let folder = '';
    return [...row.matchAll(/`([\w/]+\.ts)`/g)]
      .map(([, name = '']) => name)
      .filter((name) => {
        if (name.includes('/')) folder = dirname(name);
        return !existsSync(join(repoRoot, name.includes('/') ? name : join(folder, name)));
      });
  });
  assert.ok(rows.length > 20);
  assert.deepEqual(wrong, []);
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
