import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { hookScript } from '../../src/core/hooks/hookScript.js';
import { launchFile, launchScript, pipeScript } from '../../src/core/tmux/scripts.js';
import { tempDir } from '../helpers/tempDir.js';

const ID = 's00000000000';
/** What the scripts write, by the end of its name. */
const WRITTEN = ['log', 'closed', 'note', 'launched', 'exit', 'exit.new', 'hooks'];
const SHELLS = [['dash'], ['bash', '--posix'], ['busybox', 'sh'], ['ksh'], ['sh']].filter(
  ([name = '']) => spawnSync(name, ['-c', ':']).error === undefined,
);
const isRoot = process.getuid?.() === 0;

interface Scene {
  readonly folder: string;
  /** Runs all three scripts; gives the exit code of the launcher and what the tool printed. */
  readonly run: () => { readonly code: number | null; readonly printed: string };
  readonly pipe: string;
  readonly sh: (args: readonly string[], input?: string, more?: Readonly<Record<string, string>>) => Ran;
}

type Ran = ReturnType<typeof spawnSync>;

function scene(t: TestContext, [shell = 'sh', ...options]: readonly string[], cwd?: string): Scene {
  const top = tempDir(t);
  const folder = join(top, 'active');
  const runtime = join(top, 'run');
  for (const path of [folder, runtime]) mkdirSync(path, { mode: 0o700 });
  const script = (name: string, text: string): string => {
    writeFileSync(join(runtime, name), text);
    return join(runtime, name);
  };
  const launch = script('launch.sh', launchScript(folder));
  const pipe = script('pipe.sh', pipeScript(folder));
  const hook = script('hook.sh', hookScript(folder, { program: 'false', socket: '/nowhere' }));
  const env = { PATH: process.env['PATH'], CM_SESSION: ID, CM_RUN: '0' };
  const sh: Scene['sh'] = (args, input = '', more = {}) =>
    spawnSync(shell, [...options, ...args], { env: { ...env, ...more }, input, encoding: 'utf8', timeout: 20_000 });
  const run = (): { code: number | null; printed: string } => {
    writeFileSync(join(folder, `${ID}.json`), '{}');
    const launched = launchFile({ argv: ['sh', '-c', 'echo ran; exit 7'], env: {}, cwd: cwd ?? top, umask: 0o022 });
    writeFileSync(join(folder, `${ID}.launch`), launched, { mode: 0o600 });
    sh([pipe, ID], 'some output\n');
    sh([pipe, ID, 'gap', '0'], 'more\n');
    sh([pipe, ID, 'gap', '100'], 'still more\n');
    sh([hook, ID], '{"hook_event_name":"Stop"}');
    const { status, stdout } = sh([launch, ID]);
    return { code: status, printed: String(stdout) };
  };
  return { folder, run, pipe, sh };
}

test('a folder that cannot be entered is said in our words', (t) => {
  for (const shell of SHELLS) {
    const { run } = scene(t, shell, '/nowhere/a\x1b[31m');
    const { code, printed } = run();
    assert.equal(code, 126, shell.join(' '));
    assert.match(printed, /^The folder \/nowhere\/a<U\+001B>\[31m cannot be entered\. Check who may/, shell.join(' '));
  }
});

for (const shell of SHELLS) {
  test(`scripts write what they are to, in ${shell.join(' ')}`, (t) => {
    const { folder, run } = scene(t, shell);
    writeFileSync(join(folder, 'changes'), '');
    const { code, printed } = run();
    assert.deepEqual([code, printed], [7, 'ran\n']);
    const read = (end: string): string => readFileSync(join(folder, `${ID}.${end}`), 'utf8');
    assert.equal(read('exit'), 'exit 7\n');
    assert.match(read('log'), /^\0{100}\r\n\[Code Manager: the log was removed[^\n]*\nstill more\n$/);
    assert.equal(read('closed'), '\n', 'who looks counts it');
    assert.match(read('hooks'), /^0 \{"hook_event_name":"Stop"\}\n$/);
    assert.ok(readFileSync(join(folder, 'changes'), 'utf8').length >= 5);
    const kept = readdirSync(folder).find((name) => name.startsWith(`${ID}.log.bad-`)) ?? '';
    assert.match(readFileSync(join(folder, kept), 'utf8'), /^some output\n[^]*may be missing[^]*more\n$/);
  });

  test(`a log that is where it was is closed without a process, one that is not with its size, in ${shell.join(' ')}`, (t) => {
    const { folder, pipe, sh } = scene(t, shell);
    const log = join(folder, `${ID}.log`);
    const read = (path: string): string => readFileSync(path, 'utf8');
    const programs = join(folder, '..', 'programs');
    const counted = join(programs, 'counted');
    mkdirSync(programs);
    writeFileSync(join(programs, 'wc'), `#!/bin/sh\necho x >>'${counted}'\nexec /usr/bin/wc "$@"\n`, { mode: 0o755 });
    const PATH = `${programs}:${process.env['PATH'] ?? ''}`;
    sh([pipe, ID], 'some output\n', { PATH });
    assert.deepEqual([read(log), existsSync(counted)], ['some output\n', false]);
    const away = `printf ab; until [ -s "$LOG" ]; do :; done; mv "$LOG" "$LOG.away"; echo other >"$LOG"; printf cd`;
    writeFileSync(log, '');
    const command = ['-c', `{ ${away}; } | "$@"`, 'sh', ...shell, pipe, ID];
    spawnSync('sh', command, { env: { PATH, LOG: log }, timeout: 20_000 });
    assert.deepEqual([read(`${log}.away`), read(log)], ['abcd', 'other\n']);
    assert.equal(Number(read(join(folder, `${ID}.closed`))), 4);
    assert.equal(read(counted), 'x\n');
  });

  test(`scripts write through no link and wait for no pipe, in ${shell.join(' ')}`, (t) => {
    for (const kind of ['link', 'link of another user', 'pipe', 'folder']) {
      const { folder, run } = scene(t, shell);
      const target = join(folder, '..', 'target');
      writeFileSync(target, 'as it was\n');
      for (const name of [...WRITTEN.map((end) => `${ID}.${end}`), 'changes']) {
        const path = join(folder, name);
        if (kind === 'pipe') spawnSync('mkfifo', [path]);
        else if (kind === 'folder') mkdirSync(path);
        else symlinkSync(target, path);
        if (kind === 'link of another user' && isRoot) spawnSync('chown', ['-h', '1234:1234', path]);
      }
      run();
      assert.equal(readFileSync(target, 'utf8'), 'as it was\n', kind);
      assert.match(readFileSync(join(folder, `${ID}.log`), 'utf8'), /still more\n$/, kind);
    }
  });

  test(`scripts do nothing in the folder of another user, nor with their launch file, in ${shell.join(' ')}`, (t) => {
    // Other users are only had by root.
    if (!isRoot) return;
    const { folder, run } = scene(t, shell);
    chownSync(folder, 1234, 1234);
    chmodSync(folder, 0o777);
    assert.deepEqual(run(), { code: 126, printed: '' });
    for (const end of WRITTEN) assert.ok(!existsSync(join(folder, `${ID}.${end}`)), end);
    const theirs = scene(t, shell);
    writeFileSync(join(theirs.folder, `${ID}.log`), 'theirs\n');
    chownSync(join(theirs.folder, `${ID}.log`), 1234, 1234);
    theirs.run();
    assert.doesNotMatch(readFileSync(join(theirs.folder, `${ID}.log`), 'utf8'), /theirs/);
  });
}
