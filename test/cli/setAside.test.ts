import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TestHome } from '../helpers/testHome.js';

test('after a broken contexts.json the list names the file that was set aside, until it is dealt with', async (t) => {
  const home = new TestHome(t);
  await home.ok('ctx', 'list');
  await home.ok('server', 'stop');
  writeFileSync(join(home.cm, 'contexts.json'), '{"contexts": {');
  for (let start = 1; start <= 2; start++) {
    const { code, stderr } = await home.run(['ctx', 'list']);
    assert.equal(code, 0);
    assert.match(stderr, /contexts\.json\.bad-1/, `start ${start}`);
    await home.ok('server', 'stop');
  }
  rmSync(join(home.cm, 'contexts.json.bad-1'));
  assert.doesNotMatch((await home.run(['ctx', 'list'])).stderr, /bad-1/);
});
