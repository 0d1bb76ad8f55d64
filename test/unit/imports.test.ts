import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';
import { ALLOWED, ROOMS } from '../helpers/rooms.js';

const SRC = resolve('src');

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

/** What is wrong with an import of a file inside its own folder. */
function wrongRooms(file: string, text: string): string[] {
  const room = relative(SRC, dirname(file));
  const folder = room.split('/')[0] ?? '';
  const allowed = ROOMS[room];
  const isDivided = Object.keys(ROOMS).some((name) => name.startsWith(`${folder}/`));
  if (allowed === undefined) return isDivided ? [`${relative(SRC, file)} is in no room of the table`] : [];
  return imports(text)
    .filter((specifier) => specifier.startsWith('.'))
    .flatMap((specifier) => {
      const target = relative(SRC, dirname(resolve(dirname(file), specifier)));
      if (target === room || target.split('/')[0] !== folder) return [];
      return allowed.includes(relative(folder, target)) ? [] : [`${relative(SRC, file)} imports ${target}`];
    });
}

test('imports between the rooms of a folder are those of their table, and lead to rooms that stand before', () => {
  assert.deepEqual(
    sources(SRC).flatMap((file) => wrongRooms(file, readFileSync(file, 'utf8'))),
    [],
  );
  const rooms = Object.keys(ROOMS);
  for (const [at, [room, allowed]] of Object.entries(ROOMS).entries()) {
    const folder = room.split('/')[0] ?? '';
    for (const name of allowed) {
      const other = name === '' ? folder : `${folder}/${name}`;
      assert.ok(
        rooms.indexOf(other) >= 0 && rooms.indexOf(other) < at,
        `${room} may import ${other}, which stands below`,
      );
    }
  }
});

test('an arrow that no file follows stands in no table of rooms', () => {
  const followed = new Set(
    sources(SRC).flatMap((file) =>
      imports(readFileSync(file, 'utf8')).map(
        (specifier) => `${relative(SRC, dirname(file))} ${relative(SRC, dirname(resolve(dirname(file), specifier)))}`,
      ),
    ),
  );
  const unused = Object.entries(ROOMS).flatMap(([room, allowed]) => {
    const folder = room.split('/')[0] ?? '';
    return allowed.map((name) => `${room} ${name === '' ? folder : `${folder}/${name}`}`);
  });
  assert.deepEqual(
    unused.filter((arrow) => !followed.has(arrow)),
    [],
  );
});

test('no file imports what imports it', () => {
  const graph = new Map(
    sources(SRC).map((file) => [
      file,
      imports(readFileSync(file, 'utf8'))
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolve(dirname(file), specifier).replace(/\.js$/, '.ts')),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) circles.push([...way.slice(at), file].map((name) => relative(SRC, name)).join(' → '));
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});

test('a wrong import between rooms is found', () => {
  const found = (file: string, line: string): number => wrongRooms(join(SRC, file), line).length;
  assert.equal(found('core/state/x.ts', `import { a } from '../sessions/a.js';`), 1);
  assert.equal(found('machines/local/x.ts', `import type { A } from '../ssh/a.js';`), 1);
  assert.equal(found('core/x.ts', ''), 1);
  assert.equal(
    found('core/state/x.ts', `import { a } from '../tools/a.js'; import { b } from '../../common/b.js';`),
    0,
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
