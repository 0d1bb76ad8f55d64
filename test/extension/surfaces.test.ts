import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { STEPS } from '../ui/hostileSteps.js';
import { NAME, OURS, SURFACES, THEIRS } from '../ui/surfaces.js';

const FOLDER = join(repoRoot, 'src/extension');
/** What shows nothing by itself. */
const SILENT = new Set(['interruption', 'PASTED', 'Paste', 'sessionItems']);
const IMPORT = /^import \{([^}]*)\} from '(?:[^']*\/(?:editor|quickInput)\/\w+|\.\/steps)\.js';$/gm;

/** The ways by which texts come out of a file. */
function waysOf(source: string): string[] {
  const imported = [...source.matchAll(IMPORT)].flatMap(([, names = '']) =>
    names
      .split(',')
      .map((name) => name.trim().replace(/ as .*/, ''))
      .filter((name) => name !== '' && !name.startsWith('type ') && !SILENT.has(name)),
  );
  // Whoever asks for a session by `askSession` shows what that shows.
  const ways = imported.filter((name) => name !== 'askSession');
  return [...(/documents\.show\(/.test(source) ? ['documents.show'] : []), ...ways].sort();
}

test('each place of the extension where a text comes out is driven by hostile text in a real editor, or says why not', () => {
  const found: Record<string, string[]> = {};
  for (const file of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.ts') || /^(editor\/|quickInput\/steps)/.test(file)) continue;
    const ways = waysOf(readFileSync(join(FOLDER, file), 'utf8'));
    if (ways.length > 0) found[file] = ways;
  }
  const listed = Object.fromEntries(
    Object.entries(SURFACES)
      .map(([file, ways]) => [file, Object.keys(ways).sort()] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  assert.deepEqual(listed, found, 'test/ui/surfaces.ts names every surface');
  const steps = new Set<string>([...Object.keys(STEPS), OURS, THEIRS, NAME]);
  const named = Object.values(SURFACES).flatMap((ways) => Object.values(ways));
  for (const step of named) assert.ok(steps.has(step), step);
});
