import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import { until } from '../helpers/until.js';

test('each build of files that are watched has the hash of its own sources, and says so beside it', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'cm-watch-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ['src', 'scripts', 'esbuild.mjs', 'package.json', 'tsconfig.json'])
    cpSync(join(repoRoot, name), join(root, name), { recursive: true });
  symlinkSync(join(repoRoot, 'node_modules'), join(root, 'node_modules'));
  const watching = spawn(process.execPath, ['esbuild.mjs', '--watch'], {
    cwd: root,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  t.after(() => watching.kill('SIGKILL'));

  const told = join(root, 'dist', 'build.txt');
  const build = (): string => (existsSync(told) ? readFileSync(told, 'utf8').trim() : '');
  const isIn = (bundle: string): boolean => readFileSync(join(root, 'dist', bundle), 'utf8').includes(`"${build()}"`);
  await until('the first build', () => Promise.resolve(build() !== ''));
  const first = build();
  assert.match(first, /^[0-9a-f]{12}$/);
  await until('all bundles have it', () => Promise.resolve(['server.js', 'cm.js', 'extension.js'].every(isIn)));

  appendFileSync(join(root, 'src', 'server', 'main.ts'), '// changed\n');
  await until('the next build', () => Promise.resolve(build() !== first && isIn('server.js')));
});
