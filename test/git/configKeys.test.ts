import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isAskedAbout, isTaken, keyKind, LISTED_KEYS, listedKind } from '../../src/core/git/configKeys.js';
import { formatConfig, parseConfigList, type ConfigEntry } from '../../src/core/git/configText.js';

const HARMLESS = new Set(
  JSON.parse(readFileSync(join(process.cwd(), 'test', 'git', 'harmlessKeys.json'), 'utf8')) as string[],
);
const git = (args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' });

/** As they are documented, `*` for a name of anybody's choice. */
function installedKeys(): string[] {
  const lines = git(['help', '--config']).split('\n');
  return lines.filter((line) => /^[a-z]\S*\.\S+$/iu.test(line)).map((line) => line.replace(/<[^>]*>/gu, '*'));
}

test('every key that the installed git documents is known as what it is', () => {
  const keys = installedKeys();
  assert.ok(keys.length > 500);
  const unknown = keys.filter((key) => listedKind(key) === undefined && !HARMLESS.has(key));
  assert.deepEqual(unknown, [], 'add them to configKeys.ts, or to harmlessKeys.json when they run and reach nothing');
  assert.deepEqual(
    [...HARMLESS].filter((key) => listedKind(key) !== undefined),
    [],
    'both harmless and not',
  );
});

test('a key that nobody knows counts as what it sounds like', () => {
  for (const key of [
    'new.command',
    'new.x.helper',
    'core.newHook',
    'merge.x.process',
    'x.diffTool',
    'y.externalThing',
  ]) {
    assert.equal(keyKind(key), 'program', key);
  }
  assert.equal(keyKind('new.filePath'), 'place');
  assert.equal(keyKind('new.color'), 'harmless');
});

test('nothing that runs or leads elsewhere is taken over without a question', () => {
  for (const key of LISTED_KEYS) {
    assert.ok(!isTaken(key) || key === 'remote.*.url', key);
    // What is asked about are filters and parts that are fetched, and nothing else.
    assert.ok(!isAskedAbout(key) || /^(?:filter\.|extensions\.partialClone|remote\.\*\.(?:prom|part))/u.test(key), key);
  }
});

test('no address is taken over in the place of a format', () => {
  assert.ok(isTaken('extensions.refstorage', 'reftable'));
  for (const value of ['reftable:///elsewhere', 'files://../..', '/elsewhere', '..\\\\elsewhere'])
    assert.ok(!isTaken('extensions.refstorage', value), value);
});

test('git reads a configuration as it was before', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cm-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'config');
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom(...'\\"\n\t\b#;=[]. '), fc.string({ unit: 'grapheme', maxLength: 1, minLength: 1 })),
  });
  const value = text.map((each) => each.replace(/[\0\r]/gu, '').replace(/[\ud800-\udfff]/gu, ''));
  const name = value.map((each) => each.replace(/\n/gu, 'n'));
  const entry = fc
    .tuple(name, fc.option(value, { nil: undefined }))
    .map(([driver, each]): ConfigEntry => ({ key: `filter.${driver}.clean`, value: each }));
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), (entries: ConfigEntry[]) => {
      writeFileSync(file, formatConfig(entries));
      assert.deepEqual(parseConfigList(git(['config', '--file', file, '--list', '-z'])), entries);
    }),
    { numRuns: 60 },
  );
});
