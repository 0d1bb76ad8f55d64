import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  lstatSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeLeftovers, setAside, writeFileAtomic } from '../../src/core/store/atomicFile.js';
import { toDiskError } from '../../src/core/store/diskErrors.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { tempDir } from '../helpers/tempDir.js';

const BODY_LENGTH = 300_000;

/** Each version is long and of one letter, so that a mixture of two shows. */
function version(n: number): string {
  return JSON.stringify({ n, body: String.fromCharCode(97 + (n % 26)).repeat(BODY_LENGTH) });
}

// The same file is the child: it writes one version after another until it is killed.
if (process.env['CM_TEST_WRITER'] !== undefined) {
  const path = process.env['CM_TEST_WRITER'];
  void (async () => {
    for (let n = 1; ; n++) {
      await writeFileAtomic(path, version(n));
      if (n === 1) process.send?.('writing');
    }
  })();
} else {
  test('a writer that is killed in the middle leaves a whole file, and its leftovers go', async (t) => {
    const folder = tempDir(t);
    const path = join(folder, 'record.json');
    await writeFileAtomic(path, version(0));
    let leftovers = 0;
    for (let round = 0; round < 15; round++) {
      const child = fork(__filename, { env: { ...process.env, CM_TEST_WRITER: path }, execArgv: [] });
      t.after(() => child.kill('SIGKILL'));
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => child.once('message', resolve));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      child.kill('SIGKILL');
      await ended;
      const { n, body } = JSON.parse(readFileSync(path, 'utf8')) as { n: number; body: string };
      assert.equal(body, String.fromCharCode(97 + (n % 26)).repeat(BODY_LENGTH));
      leftovers += await removeLeftovers(folder);
      assert.deepEqual(readdirSync(folder), ['record.json']);
    }
    assert.ok(leftovers > 0, 'no writer was hit in the middle of a write');
  });

  test('a file is for its owner alone', async (t) => {
    const path = join(tempDir(t), 'file');
    await writeFileAtomic(path, 'x');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('a link stays a link, and what it points to is replaced', async (t) => {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'dotfiles'));
    writeFileSync(join(folder, 'dotfiles', 'contexts.json'), 'old');
    symlinkSync(join(folder, 'dotfiles', 'contexts.json'), join(folder, 'contexts.json'));
    await writeFileAtomic(join(folder, 'contexts.json'), 'new');
    assert.ok(lstatSync(join(folder, 'contexts.json')).isSymbolicLink());
    assert.equal(readFileSync(join(folder, 'dotfiles', 'contexts.json'), 'utf8'), 'new');
  });

  test('a write that is called off at the last moment changes nothing and leaves nothing', async (t) => {
    const folder = tempDir(t);
    writeFileSync(join(folder, 'file'), 'old');
    assert.equal(await writeFileAtomic(join(folder, 'file'), 'new', { onlyIf: async () => false }), false);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'old');
    assert.deepEqual(readdirSync(folder), ['file']);
  });

  test('leftovers are told from a write under way, of this process, of others and of other hosts', async (t) => {
    const folder = tempDir(t);
    const file = (name: string, ageMs = 0): string => {
      writeFileSync(join(folder, name), '');
      const time = new Date(Date.now() - ageMs);
      utimesSync(join(folder, name), time, time);
      return name;
    };
    const otherHost = file('.a.json.some-other-host-1-0123456789ab.cm-tmp');
    file('.b.json.some-other-host-1-0123456789ab.cm-tmp', 2 * 60 * 60 * 1000);
    const notOurs = file('.c.json.swp', 2 * 60 * 60 * 1000);
    let inTheMiddle: string[] = [];
    await writeFileAtomic(join(folder, 'd.json'), 'd', {
      onlyIf: async () => {
        await removeLeftovers(folder);
        inTheMiddle = readdirSync(folder);
        return true;
      },
    });
    assert.ok(inTheMiddle.some((name) => name.startsWith('.d.json.')));
    assert.deepEqual(readdirSync(folder).sort(), [otherHost, notOurs, 'd.json'].sort());
  });

  test('a broken file is set aside under the next free number', async (t) => {
    const path = join(tempDir(t), 'x.json');
    for (const n of [1, 2, 3]) {
      writeFileSync(path, `broken ${n}`);
      assert.equal(await setAside(path), `${path}.bad-${n}`);
      assert.equal(readFileSync(`${path}.bad-${n}`, 'utf8'), `broken ${n}`);
    }
    assert.equal(await setAside(path), undefined);
  });

  test('two at once never set a file aside twice or lose it', async (t) => {
    const folder = tempDir(t);
    const path = join(folder, 'x.json');
    writeFileSync(path, 'broken');
    await Promise.allSettled([setAside(path), setAside(path), setAside(path)]);
    assert.deepEqual(
      readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .includes('broken'),
      true,
    );
    assert.ok(!readdirSync(folder).includes('x.json'));
  });

  test('what the disk refuses is said with what to do', async (t) => {
    const folder = tempDir(t);
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(writeFileAtomic(join(folder, 'file', 'x.json'), '1'), (error: unknown) => {
      assert.ok(error instanceof CodeManagerError);
      assert.equal(error.code, 'unavailable');
      assert.ok(error.hint);
      return true;
    });
    for (const [code, text] of [
      ['ENOSPC', /disk is full/],
      ['EDQUOT', /quota/],
      ['EROFS', /read-only/],
      ['EACCES', /permission denied/],
    ] as const) {
      const error = toDiskError(Object.assign(new Error('x'), { code }), '/home/a/.cm/contexts.json');
      assert.match(error.message, text);
      assert.match(error.message, /contexts\.json/);
      assert.ok(error.hint);
    }
  });

  test('a full disk leaves the old file and no leftovers', { skip: !canMount() }, async (t) => {
    const { execFileSync } = await import('node:child_process');
    let folder = '';
    // What is asked for first is done first, and a folder cannot be removed while a disk is in it.
    t.after(() => execFileSync('umount', ['-l', folder]));
    folder = tempDir(t);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    const path = join(folder, 'x.json');
    await writeFileAtomic(path, 'old');
    await assert.rejects(writeFileAtomic(path, Buffer.alloc(200_000)), /the disk is full/);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    assert.deepEqual(readdirSync(folder), ['x.json']);
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    await assert.rejects(writeFileAtomic(path, 'new'), /the disk is read-only/);
    assert.equal(readFileSync(path, 'utf8'), 'old');
  });
}

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}
