import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join, relative, resolve } from 'node:path';
import test from 'node:test';
import ts from 'typescript';
import {
  appendText,
  appendTextSync,
  openToAppend,
  readText,
  readTextSync,
  writeNew,
  writeNewSync,
} from '../../src/common/files.js';
import { writeFileAtomic } from '../../src/core/store/atomicFile.js';
import { openHome } from '../../src/core/store/home.js';
import { FileLogger } from '../../src/server/fileLogger.js';
import { tempDir } from '../helpers/tempDir.js';

const SRC = resolve('src');
/** What opens a file; all but the first are in the synchronous and the promised form. */
const OPENERS = new Set(
  ['createWriteStream', 'createReadStream', 'open', 'openAsBlob', 'appendFile', 'writeFile', 'readFile'].flatMap(
    (name) => [name, `${name}Sync`],
  ),
);
/** Who may open files otherwise, and what. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'common/files.ts': 'it is the one way',
  'core/store/atomicFile.ts': 'a folder, to sync it',
  'core/state/looker.ts': '/proc',
  'cli/input.ts': 'what a person names, also a pipe',
  'server/options.ts': 'what a person names, also a pipe',
  'cli/main.ts': '/proc',
  'machines/ssh/identities.ts': 'keys that a person names',
  'machines/ssh/hostList.ts': 'the configuration of ssh',
  'machines/local/processTable.ts': '/proc',
  'machines/local/socketPeer.ts': '/proc',
  'machines/identity.ts': '/proc',
  'machines/local/askShell.ts': '/proc',
  'machines/local/loginEnvironment.ts': 'what the shell has printed into our own temporary folder',
  'server/hub/agent/agentInstaller.ts': 'our own bundles',
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** Calls of what `node:fs` or `node:fs/promises` gives under a name of {@link OPENERS}. */
function opens(text: string): string[] {
  const file = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
  const direct = new Map<string, string>();
  const modules = new Set<string>();
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      if (!/^(?:node:)?fs(?:\/promises)?$/.test(node.moduleSpecifier.text)) return;
      const { importClause } = node;
      if (importClause?.name) modules.add(importClause.name.text);
      const bindings = importClause?.namedBindings;
      if (bindings && ts.isNamespaceImport(bindings)) modules.add(bindings.name.text);
      if (bindings && ts.isNamedImports(bindings))
        for (const { name, propertyName } of bindings.elements) {
          const original = (propertyName ?? name).text;
          if (original === 'promises' || original === 'default') modules.add(name.text);
          else direct.set(name.text, original);
        }
      return;
    }
    if (ts.isIdentifier(node) && OPENERS.has(direct.get(node.text) ?? '')) found.push(node.text);
    if (ts.isPropertyAccessExpression(node) && OPENERS.has(node.name.text)) {
      const of = node.expression.getText(file);
      if (modules.has(of.split('.')[0] ?? '')) found.push(`${of}.${node.name.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test('nothing opens files but the one way, and what is named here', () => {
  assert.deepEqual(opens("import { promises as fs } from 'node:fs';\nvoid fs.open('a');"), ['fs.open']);
  assert.deepEqual(opens("import { readFile as read } from 'fs/promises';\nvoid read('a');"), ['read']);
  assert.deepEqual(opens("import * as fs from 'node:fs';\nfs.promises.writeFile('a', '');"), ['fs.promises.writeFile']);
  const named = new Set<string>();
  const wrong = sources(SRC).flatMap((path) => {
    const name = relative(SRC, path);
    const found = opens(readFileSync(path, 'utf8'));
    if (found.length === 0) return [];
    named.add(name);
    return name in OTHERWISE ? [] : [`${name}: ${found.join(', ')}`];
  });
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    Object.keys(OTHERWISE).filter((name) => !named.has(name)),
    [],
    'nothing is named for nothing',
  );
});

/** Whatever may stand in the place of a file. */
async function strays(folder: string, after: (end: () => void) => void): Promise<Record<string, string>> {
  const at = (name: string): string => join(folder, name);
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('folder'));
  symlinkSync('/dev/zero', at('zero'));
  symlinkSync(at('fifo'), at('toFifo'));
  symlinkSync(at('itself'), at('itself'));
  const server = createServer();
  await new Promise<void>((done) => server.listen(at('socket'), done));
  after(() => server.close());
  return Object.fromEntries(
    ['fifo', 'folder', 'zero', 'toFifo', 'itself', 'socket'].map((name) => [name, at(name)] as const),
  );
}

test('what is no file is refused at once, never waited for', async (t) => {
  const folder = tempDir(t);
  const found = await strays(folder, (end) => t.after(end));
  for (const [name, path] of Object.entries(found)) {
    await assert.rejects(readText(path), name);
    assert.throws(() => readTextSync(path), name);
    await assert.rejects(appendText(path, 'x'), name);
    assert.throws(() => appendTextSync(path, 'x'), name);
    await assert.rejects(writeNew(path, 'x'), name);
    assert.throws(() => writeNewSync(path, 'x'), name);
  }
  const large = join(folder, 'large');
  writeFileSync(large, 'x'.repeat(2000));
  await assert.rejects(readText(large, 1999), { code: 'EFBIG' });
  assert.throws(() => readTextSync(large, 1999), { code: 'EFBIG' });
  assert.equal((await readText(large, 2000)).length, 2000);
});

test('nothing is written through a link, and a person’s own link to a file of theirs is kept', async (t) => {
  const folder = tempDir(t);
  const target = join(folder, 'target');
  writeFileSync(target, 'as it was\n');
  const link = join(folder, 'link');
  symlinkSync(target, link);
  await assert.rejects(appendText(link, 'x'), { code: 'ELOOP' });
  assert.throws(() => appendTextSync(link, 'x'), { code: 'ELOOP' });
  new FileLogger(link).error('a word');
  assert.equal(readFileSync(target, 'utf8'), 'as it was\n');
  await (await openToAppend(link, { followOwn: true })).close();
  await writeFileAtomic(link, 'new\n');
  assert.equal(readFileSync(target, 'utf8'), 'new\n');
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(lstatSync(target).mode & 0o777, 0o600);
});

const isRoot = process.getuid?.() === 0;

test('as root nothing is written in the home of another user, nor where a link of theirs leads', async (t) => {
  // Other users are only had by root.
  if (!isRoot) return;
  const folder = tempDir(t);
  chmodSync(folder, 0o755);
  const own = join(folder, 'own');
  writeFileSync(own, 'as it was\n');
  const other = join(folder, 'other');
  mkdirSync(other);
  chownSync(other, 1234, 1234);
  const home = join(other, '.cm');
  mkdirSync(home);
  chownSync(home, 1234, 1234);
  const file = join(home, 'contexts.json');
  execFileSync('ln', ['-s', own, file]);
  execFileSync('chown', ['-h', '1234:1234', file]);
  await assert.rejects(openHome(home), { code: 'conflict', message: /another user/, hint: /sudo -H/ });
  await assert.rejects(writeFileAtomic(file, 'x'), /another user/);
  await assert.rejects(openToAppend(file, { followOwn: true }), { code: 'ENOTOWN' });
  const theirs = join(home, 'audit.jsonl');
  writeFileSync(theirs, '');
  chownSync(theirs, 1234, 1234);
  await assert.rejects(appendText(theirs, 'x'), { code: 'ENOTOWN' });
  // A folder of ours behind a link of theirs.
  const ours = join(folder, 'ours');
  mkdirSync(ours);
  const linked = join(other, 'linked');
  execFileSync('ln', ['-s', ours, linked]);
  execFileSync('chown', ['-h', '1234:1234', linked]);
  await assert.rejects(openHome(linked), { code: 'conflict' });
  assert.deepEqual(readdirSync(ours), []);
  assert.equal(readFileSync(own, 'utf8'), 'as it was\n');
});

test('sudo leaves nothing of root in the home of the one who asked', async (t) => {
  if (!isRoot) return;
  const home = join(tempDir(t), 'home');
  mkdirSync(home);
  chownSync(home, 1234, 1234);
  const before = process.env['SUDO_UID'];
  t.after(() => {
    if (before === undefined) delete process.env['SUDO_UID'];
    else process.env['SUDO_UID'] = before;
  });
  process.env['SUDO_UID'] = '1234';
  await assert.rejects(openHome(join(home, '.cm')), { code: 'conflict', hint: /sudo -H/ });
  assert.ok(!existsSync(join(home, '.cm')));
});
