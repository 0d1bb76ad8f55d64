import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { byPath, Desk } from './desk.js';

// A real agent, from `cm start` to the file that it was asked to write and its end, offline.

const FILE = 'hello world.txt';

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
