import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { waitFor } from '../../scripts/lib/processes.mjs';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { Pane } from './pane.js';

const AGENT = join(process.cwd(), 'media/demo/agent.mjs');

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'cm-demo-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, 'README.md'), 'one\ntwo\n');
  return path;
}

async function start(t: TestContext, cwd: string, args: readonly string[], pace = '20'): Promise<Pane> {
  const env = { PATH: process.env['PATH'] ?? '', CM_DEMO_PACE: pace, LANG: 'C.UTF-8' };
  return await Pane.start(t, { argv: [process.execPath, AGENT, ...args], cwd, env, rows: 30 });
}

/** The states that it reported, with the text of what it waits for. */
function states(raw: string): string[] {
  return [...raw.matchAll(/\x1b\]7501;([^\x1b]*)\x1b\\/g)].map(([, fields = '']) => {
    const values = new Map(fields.split(':').map((field) => field.split(/=(.*)/s) as [string, string]));
    assert.equal(values.get('app'), 'demo');
    const message = Buffer.from(values.get('msg') ?? '', 'base64').toString();
    return [values.get('state'), values.get('kind'), message].filter(Boolean).join(' ');
  });
}

test('the demo agent works on a task, asks, writes its file and reports each state', async (t) => {
  const cwd = folder(t);
  const pane = await start(t, cwd, ['--', '-greet "the" $(world)']);
  const question = await pane.waitForScreen('answer>');
  assert.match(question, /● Task: -greet "the" \$\(world\)/);
  assert.match(question, /● Read README\.md \(2 lines\)/);
  assert.match(question, / 1\. Green\n {2}2\. Blue\n/);
  assert.match(await pane.title(), /question/);
  await pane.keys('9', 'Enter');
  await pane.waitForScreen('Please answer with a number from 1 to 3');
  await pane.keys('blue', 'Enter');
  await pane.waitForScreen(/✓ Done: the greeting in demo-notes\.md is blue\.\ndemo>/);
  const notes = readFileSync(join(cwd, 'demo-notes.md'), 'utf8');
  assert.match(notes, /- Task: -greet "the" \$\(world\)\n- Greeting: hello in blue\n$/);
  await pane.keys('exit 3', 'Enter');
  assert.equal(await pane.waitForExit(), 3);
  assert.deepEqual(states(pane.raw()), [
    'working',
    'blocked question Which colour should the greeting have?',
    'working',
    'done',
    'idle',
    'clear',
  ]);
});

test('what the demo agent prints is plain text besides its reports', async (t) => {
  const pane = await start(t, folder(t), ['greet']);
  await pane.waitForScreen('answer>');
  await pane.keys('b', 'BSpace', '2');
  await pane.waitForScreen('✓ Done');
  const text = pane.raw().replace(/\x1b\](?:7501|2);[^\x1b]*\x1b\\|\x1b\[\?2004[hl]/g, '');
  assert.doesNotMatch(text, /\x1b/);
});

test('Ctrl-C interrupts the step or the question and returns to the prompt', async (t) => {
  const pane = await start(t, folder(t), ['greet'], '60000');
  await pane.waitForScreen('● Task: greet');
  await pane.keys('C-c');
  await pane.waitForScreen(/✗ Interrupted\.\ndemo>/);
  await pane.keys('C-c');
  await pane.waitForScreen(/demo> \^C\ndemo>/);
  await pane.keys('quit', 'Enter');
  assert.equal(await pane.waitForExit(), 0);
  assert.deepEqual(states(pane.raw()), ['working', 'idle', 'idle', 'clear']);
});

test('a pasted task of several lines is one task, and waits for Enter', async (t) => {
  const pane = await start(t, folder(t), []);
  await pane.waitForScreen(/^demo>/m);
  await pane.paste('first line\nsecond line\n');
  await pane.waitForScreen('second line');
  assert.doesNotMatch(await pane.screen(), /● Task/);
  await pane.keys('Enter');
  await pane.waitForScreen('● Task: first line…');
});

test('an answer that was typed before the question does not count', async (t) => {
  const pane = await start(t, folder(t), ['greet'], '400');
  await pane.waitForScreen('● Task: greet');
  await pane.keys('3', 'Enter');
  await pane.waitForScreen('answer>');
  await pane.keys('1', 'Enter');
  await pane.waitForScreen('● Green it is');
});

test('a task that speaks of permission makes the demo agent ask for it', async (t) => {
  const cwd = folder(t);
  const pane = await start(t, cwd, ['with permission']);
  await pane.waitForScreen('Which colour');
  await pane.keys('1', 'Enter');
  await pane.waitForScreen('Write demo-notes.md?');
  await pane.keys('2', 'Enter');
  await pane.waitForScreen('✓ Done: I wrote nothing');
  assert.ok(states(pane.raw()).includes('blocked permission Write demo-notes.md?'));
  assert.equal(existsSync(join(cwd, 'demo-notes.md')), false);
});

test('what the demo agent asks can be read from its screen and answered by one key, but not over a half-typed line', async (t) => {
  const demo = new ToolCatalog('/nonexistent').get('demo');
  const judge = (screen: string) => judgeScreen(demo, screen, 0);
  const pane = await start(t, folder(t), ['with permission']);
  const question = judge(await pane.waitForScreen('answer>'));
  assert.equal(question.kind, 'question');
  assert.equal(question.request?.question, 'Which colour should the greeting have?');
  assert.deepEqual(
    question.options.map(({ label, keys }) => [label, keys]),
    [
      ['Green', ['1']],
      ['Blue', ['2']],
      ['Red', ['3']],
    ],
  );
  await pane.keys('gr');
  assert.deepEqual(judge(await pane.waitForScreen('answer> gr')).options, []);
  await pane.keys('BSpace', 'BSpace', '1');
  const permission = judge(await pane.waitForScreen(/Write demo-notes\.md\?\n(?:.+\n)+answer>/));
  assert.equal(permission.request?.action, 'create');
  assert.equal(permission.request.path, 'demo-notes.md');
  assert.deepEqual(permission.wouldSend, ['1']);
  await pane.keys('1');
  assert.equal(judge(await pane.waitForScreen(/✓ Done.*\ndemo>/)).state, 'idle');
});

test('a folder that cannot be written is an error, and the demo agent goes on', async (t) => {
  const cwd = folder(t);
  const pane = await start(t, cwd, ['greet']);
  await pane.waitForScreen('answer>');
  rmSync(cwd, { recursive: true });
  await pane.keys('1', 'Enter');
  await pane.waitForScreen(/✗ Failed: .*\ndemo>/);
  assert.match(states(pane.raw()).join('\n'), /^error ENOENT.*\nidle$/m);
});

test('the demo agent ends politely when it is asked to', async (t) => {
  const pane = await start(t, folder(t), []);
  await pane.waitForScreen(/^demo>/m);
  process.kill(-(await pane.pid()), 'SIGTERM');
  assert.equal(await pane.waitForExit(), 143);
  await waitFor('its last report', () => states(pane.raw()).at(-1) === 'clear');
});

test('the demo agent works without a terminal', async (t) => {
  const cwd = folder(t);
  const result = await new Promise<{ code: number | null; stdout: string }>((resolve) => {
    const env = { ...process.env, CM_DEMO_PACE: '1' };
    const child = execFile(process.execPath, [AGENT], { cwd, env }, (_, stdout) =>
      resolve({ code: child.exitCode, stdout }),
    );
    child.stdin?.end('greet\n2\nexit 5\n');
  });
  assert.equal(result.code, 5);
  assert.match(result.stdout, /answer> 2\n● Blue it is/);
  assert.doesNotMatch(result.stdout, /\x1b/);
  assert.match(readFileSync(join(cwd, 'demo-notes.md'), 'utf8'), /hello in blue/);
});
