import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { CodeManagerError } from '../../src/protocol/errors.js';

function toolsFolder(t: TestContext, files: Readonly<Record<string, string | object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cm-tools-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

async function load(t: TestContext, files: Readonly<Record<string, string | object>>): Promise<ToolCatalog> {
  const catalog = new ToolCatalog(toolsFolder(t, files));
  await catalog.reload();
  return catalog;
}

const BUILT_IN = ['claude', 'codex', 'cursor-agent', 'gemini', 'opencode', 'copilot', 'aider', 'shell', 'demo'];

test('the built-in tools are there without a folder', async () => {
  const catalog = new ToolCatalog('/nonexistent/tools');
  await catalog.reload();
  assert.deepEqual(
    catalog.all().map(({ id }) => id),
    BUILT_IN,
  );
  assert.deepEqual(catalog.problems, []);
});

test('a file overrides the fields that it names and leaves the others', async (t) => {
  const before = new ToolCatalog('/nonexistent').get('claude');
  const catalog = await load(t, {
    'claude.json': { command: ['/opt/claude'], startup: { stableMs: 1 }, env: { A: '1' }, own: true },
    'later.json': { id: 'claude', env: { B: '2' } },
  });
  const claude = catalog.get('claude');
  assert.deepEqual(catalog.problems, []);
  assert.deepEqual(claude.command, ['/opt/claude']);
  assert.equal(claude.startup.stableMs, 1);
  assert.deepEqual(claude.startup.dialogs, before.startup.dialogs);
  assert.deepEqual(claude.env, { A: '1', B: '2' });
  assert.equal(claude.name, 'Claude Code');
  assert.equal(claude['own'], true);
  assert.equal(catalog.all().length, BUILT_IN.length);
});

test('the way a task is delivered can be changed as a whole', async (t) => {
  const catalog = await load(t, { 'codex.json': { task: { delivery: 'typed' } } });
  assert.deepEqual(catalog.get('codex').task, { delivery: 'typed' });
});

test('a file with a new id adds a tool, named by its file when it has no id', async (t) => {
  const catalog = await load(t, { 'amp.json': { name: 'Amp', command: ['amp'] } });
  assert.equal(catalog.get('amp').name, 'Amp');
  assert.deepEqual(catalog.get('amp').task, { delivery: 'typed' });
  assert.equal(catalog.all().at(-1)?.id, 'amp');
});

test('a bad file is skipped and named with its field; the others count', async (t) => {
  const catalog = await load(t, {
    'a.json': { id: 'amp', command: [] },
    'b.json': '{"id": "bee"',
    'c.json': '[]',
    'd.json': { id: 'goose', name: 'Goose', command: ['goose'], startup: { ready: ['('] } },
    'e.json': { id: 'Not an id', name: 'E', command: ['e'] },
    'f.json': { id: 'claude', modes: 'all' },
    'good.json': { id: 'kilo', name: 'Kilo', command: ['kilo'] },
    'notes.txt': 'not mine',
  });
  const problems = catalog.problems.map(({ file, message }) => `${file.slice(file.lastIndexOf('/') + 1)} ${message}`);
  assert.equal(problems.length, 6);
  assert.match(problems[0] ?? '', /^a\.json name is missing; command has to have at least 1 entry/);
  assert.match(problems[1] ?? '', /^b\.json .*JSON/);
  assert.equal(problems[2], 'c.json it does not hold an object');
  assert.equal(problems[3], 'd.json startup.ready.0 is not a valid regular expression');
  assert.match(problems[4] ?? '', /^e\.json id: the id of an agent has/);
  assert.match(problems[5] ?? '', /^f\.json modes has to be a list/);
  assert.equal(catalog.get('kilo').name, 'Kilo');
  assert.ok(catalog.get('claude').modes.length > 1);
});

test('reload forgets what was removed', async (t) => {
  const folder = toolsFolder(t, { 'amp.json': { name: 'Amp', command: ['amp'] }, 'bad.json': '' });
  const catalog = new ToolCatalog(folder);
  await catalog.reload();
  assert.equal(catalog.problems.length, 1);
  rmSync(folder, { recursive: true });
  await catalog.reload();
  assert.equal(catalog.all().length, BUILT_IN.length);
  assert.deepEqual(catalog.problems, []);
});

test('a folder that cannot be read, or is a file, is a problem and not the end', async (t) => {
  const folder = toolsFolder(t, { tools: '' });
  mkdirSync(join(folder, 'deep', 'x.json'), { recursive: true });
  const file = new ToolCatalog(join(folder, 'tools'));
  await file.reload();
  assert.equal(file.problems.length, 1);
  const strange = new ToolCatalog(join(folder, 'deep'));
  await strange.reload();
  assert.match(strange.problems[0]?.file ?? '', /x\.json$/);
  assert.equal(strange.all().length, BUILT_IN.length);
});

test('an unknown tool is refused with the nearest one and all that are known', () => {
  const catalog = new ToolCatalog('/nonexistent');
  const hint = (id: string): string | undefined => {
    try {
      catalog.get(id);
    } catch (error) {
      assert.ok(error instanceof CodeManagerError);
      assert.equal(error.code, 'notFound');
      return error.hint;
    }
    return assert.fail('nothing was thrown');
  };
  assert.equal(hint('cluade'), `Did you mean claude? Known are ${BUILT_IN.join(', ')}.`);
  assert.match(hint('Codex') ?? '', /^Did you mean codex\?/);
  assert.match(hint('cursor') ?? '', /^Did you mean cursor-agent\?/);
  assert.equal(hint('x'.repeat(10_000)), `Known are ${BUILT_IN.join(', ')}.`);
  assert.equal(hint(''), `Known are ${BUILT_IN.join(', ')}.`);
});
