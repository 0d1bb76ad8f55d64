import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { launchFile, launchScript } from '../../src/core/tmux/scripts.js';
import { checkVariables } from '../../src/core/tools/variables.js';
import { which } from '../../scripts/lib/processes.mjs';
import { tempDir } from '../helpers/tempDir.js';

const ID = '0123456789ab';
const SHELLS = [['sh'], ['dash'], ['bash', '--posix'], ['bash'], ['busybox', 'sh'], ['ksh'], ['mksh'], ['yash']].filter(
  ([name = '']) => which(name) !== undefined,
);

/** What shells, terminals and the launcher itself know by these names; each is the tool's when a person names it. */
const NAMES = [
  ...'ENV BASH_ENV TERM TERM_PROGRAM COLORTERM TMUX TMUX_PANE CM_HOME PWD OLDPWD SHLVL _ IFS PS1 PS2 PS4 GID'.split(
    ' ',
  ),
  ...'OPTIND OPTARG OPTERR LINENO RANDOM SRANDOM SECONDS EPOCHSECONDS HISTCMD FUNCNAME GROUPS DIRSTACK'.split(' '),
  ...'BASH_VERSION BASHPID BASH_COMMAND POSIXLY_CORRECT HISTFILE MAIL CDPATH COLUMNS LINES LC_ALL KSH_VERSION'.split(
    ' ',
  ),
  // What the launcher calls its own.
  ...'dir id log closed code end n own free tell f file name umask CM_LAUNCH_CWD CM_LAUNCH_UMASK'.split(' '),
];
const VALUES = ['production', '1', '', '/x', `a b'c"$(exit 1)\n=\\`];

for (const shell of SHELLS) {
  test(`every variable that a person names arrives as it is, in ${shell.join(' ')}`, (t) => {
    const folder = join(tempDir(t), 'active');
    mkdirSync(folder, { mode: 0o700 });
    const launch = join(folder, 'launch.sh');
    writeFileSync(launch, launchScript(folder));
    for (const value of VALUES) {
      const env = { PATH: process.env['PATH'] ?? '', ...Object.fromEntries(NAMES.map((name) => [name, value])) };
      checkVariables(env);
      const told = join(folder, 'told');
      // No shell, which would set its own again, and nothing that reads its environment.
      const argv = [which('cp') ?? '', '/proc/self/environ', told];
      writeFileSync(join(folder, `${ID}.json`), '{}');
      writeFileSync(join(folder, `${ID}.launch`), launchFile({ argv, env, cwd: folder, umask: 0o027 }), {
        mode: 0o600,
      });
      const [name = '', ...options] = shell;
      const { status, stderr } = spawnSync(name, [...options, launch, ID], { encoding: 'utf8', timeout: 20_000 });
      assert.equal(status, 0, stderr);
      const got = new Map(
        spawnSync('cat', [told], { encoding: 'utf8' })
          .stdout.split('\0')
          .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
      );
      for (const each of NAMES) assert.equal(got.get(each), value, `${each}=${JSON.stringify(value)}`);
      assert.ok(!existsSync(join(folder, `${ID}.launched`)));
    }
  });
}

for (const name of ['UID', 'EUID', 'PPID', 'SHELLOPTS', 'BASHOPTS', 'BASH_VERSINFO', 'CM_SESSION', 'CM_RUN']) {
  test(`${name} is refused with the reason`, () => {
    assert.throws(() => checkVariables({ [name]: '1' }), new RegExp(`${name} cannot be given to a session: `));
  });
}

test('what a system does not take is refused with the reason', () => {
  assert.throws(() => checkVariables({ A: 'x'.repeat(128 * 1024) }), /A cannot be given to a session: it is longer/);
  assert.throws(() => checkVariables({ A: 'a\0b' }), /A cannot be given to a session: its value contains a NUL/);
  assert.doesNotThrow(() => checkVariables({ A: 'x'.repeat(120 * 1024) }));
});
