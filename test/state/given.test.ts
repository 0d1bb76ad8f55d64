import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as z from 'zod';
import { signalEvidence } from '../../src/core/state/signalEvidence.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { WaitingKind } from '../../src/protocol/screen.js';
import { SessionState } from '../../src/protocol/session.js';

// Screens of real agents, and beside them what somebody who looks at each reads from it: expected.json was written by hand.

const FOLDER = join(process.cwd(), 'test/fixtures/given');
const catalog = new ToolCatalog('/nonexistent');

const Expected = z.record(
  z.string(),
  z.strictObject({
    state: SessionState,
    /** null: it asks something, and nobody can tell what kind of thing. */
    kind: WaitingKind.nullable().optional(),
    action: z.string().optional(),
    /** null: it must not be told, since it cannot be read. */
    command: z.string().nullable().optional(),
    path: z.string().optional(),
    question: z.string().optional(),
    several: z.boolean().optional(),
    /** Its list goes on where it cannot be seen. */
    more: z.boolean().default(false),
    options: z.array(z.string()).default([]),
    /** One of its options can be chosen from elsewhere. */
    answerable: z.boolean().default(false),
    /** All that the tool says went wrong, and nothing else. */
    error: z.string().optional(),
    interrupted: z.boolean().default(false),
    draft: z.string().nullable().default(null),
    background: z.number().default(0),
    /** Its screen draws that as it draws a prompt: only its events tell. */
    errorByEvent: z.boolean().default(false),
    /** Only the title of its terminal tells. */
    byTitle: z.boolean().default(false),
  }),
);

const expected = Expected.parse(JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')));
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const status = (name: string): string => (existsSync(join(FOLDER, `${name}.status`)) ? read(`${name}.status`) : '');
const TOOL = /claude|codex|gemini|opencode|copilot/u;
const toolOf = (name: string): string => {
  const folder = name.split('/')[0] ?? '';
  const known: Readonly<Record<string, string>> = {
    digc332: 'claude',
    lbl332: 'claude',
    dign171: 'codex',
    digq171: 'codex',
  };
  return known[folder] ?? TOOL.exec(folder)?.[0] ?? '';
};
/** Labels may be drawn over several rows. */
const oneLine = (text: string): string => text.replace(/\s+/gu, ' ');

test('every given screen is named', () => {
  const screens = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.txt'))
    .map((file) => file.slice(0, -4));
  assert.ok(screens.length > 150);
  assert.deepEqual(Object.keys(expected).sort(), screens.sort());
});

for (const [name, wanted] of Object.entries(expected)) {
  test(`${name} is ${wanted.kind ?? wanted.state}`, () => {
    const tool = catalog.get(toolOf(name));
    const [, width] = /\bsize=(\d+)x/u.exec(status(name)) ?? [];
    const columns = width === undefined ? undefined : Number(width);
    const seen = judgeScreen(tool, read(`${name}.txt`), 0, columns);
    const { request, options } = seen;
    if (wanted.byTitle) {
      const [, title = ''] = /title=\[(.*)\] alt=/u.exec(status(name)) ?? [];
      const word = tool.signals && signalEvidence(tool.signals, { type: 'title', title }, 0);
      assert.equal(word?.state, wanted.state);
      assert.notEqual(seen.state, 'waiting');
    } else {
      assert.equal(seen.state, wanted.state);
    }
    if (wanted.kind != null) assert.equal(seen.kind, wanted.kind);
    if (wanted.action !== undefined) assert.equal(request?.action, wanted.action);
    if (wanted.command !== undefined) assert.equal(request?.command ?? null, wanted.command);
    if (wanted.path !== undefined) assert.equal(request?.path, wanted.path);
    if (wanted.question !== undefined) assert.equal(request?.question, wanted.question);
    assert.equal(request?.several ?? false, wanted.several ?? false);
    assert.equal(request?.more ?? false, wanted.more);
    assert.deepEqual(
      options.map(({ label }) => oneLine(label)),
      wanted.options.map(oneLine),
    );
    assert.equal(options.length > 0, wanted.answerable);
    assert.equal(seen.draft, wanted.draft);
    assert.equal(seen.interrupted, wanted.interrupted);
    assert.equal(seen.background, wanted.background);
    if (wanted.error === undefined || wanted.errorByEvent) assert.equal(seen.error, null);
    else assert.equal(seen.error, wanted.error);
    // Nothing is pressed where nothing is asked, where it cannot be read, and where only a person can decide.
    if (wanted.kind !== 'permission' || !wanted.answerable) assert.equal(seen.wouldSend, null);
  });
}

test('what an agent prints over a screen of its own asks for nothing', () => {
  const asks = Object.entries(expected).filter(([, { state }]) => state === 'waiting');
  const idle = Object.entries(expected).filter(([, { state, byTitle }]) => state === 'idle' && !byTitle);
  assert.ok(asks.length > 30);
  for (const tool of ['claude', 'codex', 'gemini', 'opencode', 'copilot']) {
    const [base] = idle.filter(([name]) => toolOf(name) === tool);
    assert.ok(base);
    const rows = read(`${base[0]}.txt`).split('\n');
    for (const [name] of asks.filter(([one]) => toolOf(one) === tool)) {
      // Above everything that belongs to the tool itself, as what has been printed stands there.
      const screen = [...read(`${name}.txt`).split('\n'), '', ...rows].join('\n');
      const { state, wouldSend } = judgeScreen(catalog.get(tool), screen, 0);
      assert.deepEqual([state, wouldSend], ['idle', null], `${name} above ${base[0]}`);
    }
  }
});
