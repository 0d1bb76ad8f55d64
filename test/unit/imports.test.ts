import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';

const SRC = resolve('src');

/** What each folder may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  common: [],
  protocol: ['common'],
  core: ['common', 'protocol'],
  machines: ['common', 'protocol', 'core'],
  server: ['common', 'protocol', 'core', 'machines', 'client'],
  client: ['common', 'protocol'],
  cli: ['common', 'protocol', 'client'],
  extension: ['common', 'protocol', 'client'],
  dashboard: ['common', 'protocol'],
};

/** Packages that only these folders may know. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  vscode: ['extension'],
  ws: ['server', 'client'],
  ssh2: ['machines'],
  '@xterm/headless': ['client'],
};

/** Pure folders: they compute and do no input or output. */
const NO_IO = ['protocol'];
const IO_MODULES = new Set(['node:fs', 'node:fs/promises', 'node:net', 'node:http', 'node:child_process']);

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function imports(text: string): string[] {
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\brequire\(\s*['"]([^'"]+)['"]\s*\)/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
}

function violations(file: string, text: string): string[] {
  const folder = relative(SRC, file).split('/')[0] ?? '';
  const allowed = ALLOWED[folder];
  if (!allowed) return [`${file}: ${folder} is no folder of the table`];
  return imports(text).flatMap((specifier) => {
    if (specifier.startsWith('.')) {
      const target = relative(SRC, resolve(dirname(file), specifier)).split('/')[0] ?? '';
      return target === folder || allowed.includes(target) ? [] : [`${relative(SRC, file)} imports ${target}`];
    }
    const owners = PACKAGES[specifier];
    if (owners && !owners.includes(folder)) return [`${relative(SRC, file)} imports ${specifier}`];
    if (NO_IO.includes(folder) && IO_MODULES.has(specifier))
      return [`${relative(SRC, file)} does input or output through ${specifier}`];
    return [];
  });
}

test('imports point one way, as the table of folders says', () => {
  const files = sources(SRC);
  assert.ok(files.length > 30, 'the sources were found');
  assert.deepEqual(
    files.flatMap((file) => violations(file, readFileSync(file, 'utf8'))),
    [],
  );
});

test('a wrong import is found in every form in which it can be written', () => {
  const file = join(SRC, 'core', 'x.ts');
  for (const line of [
    `import { a } from '../server/a.js';`,
    `import type { A } from '../server/a.js';`,
    `import {\n  a,\n} from '../server/a.js';`,
    `export * from '../server/a.js';`,
    `const a = await import('../server/a.js');`,
    `import '../server/a.js';`,
    `import * as vscode from 'vscode';`,
  ]) {
    assert.equal(violations(file, line).length, 1, line);
  }
  assert.deepEqual(violations(file, `import { a } from '../common/a.js'; import { readFile } from 'node:fs';`), []);
});
