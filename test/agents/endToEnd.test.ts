import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { byAlias, byOwnFile, byPath, Desk } from './desk.js';

// Real agents, from `cm start` to the file that they were asked to write, offline.

const FILE = 'hello world.txt';

test('claude is trusted by keys and writes the file', { timeout: 300_000 }, async (t) => {
  const desk = await Desk.setUp(t, 'claude', byAlias);
  await desk.start('claude', `do:write(${FILE})`, 'acceptEdits');
  assert.match(await desk.needs('trust'), /Needs input .*trust this folder\?/);
  assert.equal(desk.model.requests.length, 0);
  await desk.choose('❯', 'Yes, I trust this folder');
  await desk.wrote(FILE);
  await desk.stop();
});

test('codex is trusted by keys, writes the file and asks for a permission', { timeout: 300_000 }, async (t) => {
  const desk = await Desk.setUp(t, 'codex', byPath);
  await desk.start('codex', `do:write(${FILE}) do:bashesc(touch outside)`, 'auto');
  assert.match(await desk.needs('trust'), /Needs input .*trust this folder\?/);
  assert.equal(desk.model.requests.length, 0);
  await desk.choose('›', 'Trust and continue');
  assert.match(await desk.needs('permission'), /Needs input .*permission/);
  assert.equal(existsSync(join(desk.folder, 'outside')), false);
  await desk.keys('y');
  await desk.wrote(FILE);
  await desk.becomes('idle');
  assert.equal(existsSync(join(desk.folder, 'outside')), true);
  await desk.stop();
});

test('opencode writes the file without a question', { timeout: 300_000 }, async (t) => {
  const desk = await Desk.setUp(t, 'opencode', byOwnFile);
  await desk.start('opencode', `do:write(${FILE})`, 'auto');
  await desk.wrote(FILE);
  await desk.stop();
});

test('gemini gets its task typed once it is trusted, and writes the file', { timeout: 300_000 }, async (t) => {
  const desk = await Desk.setUp(t, 'gemini', byPath);
  await desk.start('gemini', `do:write(${FILE})`, 'auto_edit');
  assert.match(await desk.needs('trust'), /Needs input .*trust this folder\?/);
  await desk.choose('●', 'Trust folder');
  await desk.wrote(FILE);
  await desk.stop();
});
