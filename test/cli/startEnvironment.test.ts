import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEAT_VARIABLES } from '../../src/protocol/session.js';
import { TestHome, type CmOptions } from '../helpers/testHome.js';

/** The environment that a session sees which is started so. */
async function seen(home: TestHome, options: CmOptions = {}): Promise<ReadonlyMap<string, string>> {
  const { code, stdout, stderr } = await home.run(['start', 'shell', 'stty -opost; env'], options);
  assert.equal(code, 0, stderr);
  await home.run(['wait', stdout.trim()]);
  const lines = (await home.ok('logs', '--raw', stdout.trim())).split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const));
}

test('keys, screen and bus of a session are those of whoever starts it, not of whoever started the server', async (t) => {
  const home = new TestHome(t);
  const all = (mark: string): Record<string, string> =>
    Object.fromEntries(SEAT_VARIABLES.map((name) => [name, `/${mark}/${name}`]));
  const seat = (env: ReadonlyMap<string, string>): unknown =>
    Object.fromEntries([...env].filter(([name]) => SEAT_VARIABLES.includes(name)));
  assert.deepEqual(seat(await seen(home, { env: all('first') })), all('first'));
  assert.deepEqual(seat(await seen(home, { env: all('second') })), all('second'));
  assert.deepEqual(seat(await seen(home, { env: { DISPLAY: ':7' } })), { DISPLAY: ':7' });
  assert.deepEqual(seat(await seen(home)), {});
});

test('a shell that is slow is read again when one of its files has changed, and only then', async (t) => {
  const home = new TestHome(t);
  const file = join(home.user, '.bashrc');
  // Where it would be one of the files that the shell reads, it could not tell.
  const reads = (): number => readFileSync(join(home.root, 'reads'), 'utf8').length;
  writeFileSync(join(home.user, '.bash_profile'), '. ~/.bashrc\n');
  writeFileSync(file, 'printf x >>${HOME%/*}/reads; sleep 0.3; export KEY=old\n');
  // That it is slow is known from the first time on.
  for (let time = 0; time < 2; time++) assert.equal((await seen(home)).get('KEY'), 'old');
  const before = reads();
  assert.equal((await seen(home)).get('KEY'), 'old');
  assert.equal(reads(), before, 'a person would feel it');
  appendFileSync(file, 'export KEY=rotated\n');
  assert.equal((await seen(home)).get('KEY'), 'rotated');
  assert.ok(reads() > before);
});

test('direnv gives a session what its person has allowed in its folder, and nothing else', async (t) => {
  const home = new TestHome(t);
  writeFileSync(join(home.user, '.bashrc'), 'eval "$(direnv hook bash)"\n');
  writeFileSync(join(home.user, '.bash_profile'), '. ~/.bashrc\n');
  const folder = join(home.work, 'service', 'deep');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(home.work, 'service', '.envrc'), 'export OF_FOLDER=$PWD\n');
  const value = async (cwd: string): Promise<string | undefined> => (await seen(home, { cwd })).get('OF_FOLDER');
  assert.equal(await value(folder), undefined);
  execFileSync('direnv', ['allow', join(home.work, 'service')], { env: home.env, stdio: 'pipe' });
  assert.equal(await value(folder), join(home.work, 'service'));
  assert.equal(await value(home.work), undefined);
  writeFileSync(join(home.work, 'service', '.envrc'), 'export OF_FOLDER=changed\n');
  assert.equal(await value(folder), undefined, 'what has changed is allowed anew or not at all');
});
