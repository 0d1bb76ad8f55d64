import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { LoginEnvironment } from '../../src/core/machine/machine.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';
import { killAfter, need, runningWith, sleepers } from './processes.js';

/** What of our own environment must never reach an agent. */
const FOREIGN = {
  ELECTRON_RUN_AS_NODE: '1',
  VSCODE_PID: '1',
  CLAUDECODE: '1',
  CODEX_SANDBOX: '1',
  CM_HOME: '/x',
  CM_SESSION: 'x',
  TMUX: '/x,1,2',
  NODE_OPTIONS: '--no-warnings',
  TERM_PROGRAM: 'vscode',
};

/** Where each shell looks first, and how it says the same things. */
const shells = [
  {
    name: 'bash',
    rc: '.bashrc',
    profile: ['.bash_profile', '. ~/.bashrc\n'],
    export: (n: string, v: string) => `export ${n}=${v}`,
  },
  { name: 'zsh', rc: '.zshrc', profile: undefined, export: (n: string, v: string) => `export ${n}=${v}` },
  {
    name: 'fish',
    rc: '.config/fish/config.fish',
    profile: undefined,
    export: (n: string, v: string) => `set -gx ${n} ${v}`,
  },
  { name: 'dash', rc: '.profile', profile: undefined, export: (n: string, v: string) => `export ${n}=${v}` },
] as const;
type TestShell = (typeof shells)[number];

function write(home: string, path: string, text: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
}

/** A home whose rc file is `rc`. */
function homeWith(t: TestContext, shell: TestShell, rc: string): string {
  const home = tempDir(t);
  write(home, shell.rc, rc);
  if (shell.profile !== undefined) write(home, ...shell.profile);
  return home;
}

async function read(
  shell: TestShell,
  home: string,
  limits?: { interactiveMs: number; totalMs: number },
): Promise<LoginEnvironment & { readonly tookMs: number }> {
  const machine = new LocalMachine({
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...FOREIGN },
    home,
    shell: need(shell.name),
    ...(limits === undefined ? {} : { limits }),
  });
  const started = performance.now();
  return { ...(await machine.loginEnvironment()), tookMs: performance.now() - started };
}

function assertNothingForeign({ env }: LoginEnvironment): void {
  for (const name of [...Object.keys(FOREIGN), 'SHLVL', '_', 'PWD', 'OLDPWD', 'TERM', 'TMUX_PANE', 'STY', 'ZELLIJ']) {
    assert.equal(env[name], undefined, name);
  }
  for (const name of Object.keys(env)) assert.doesNotMatch(name, /^(VSCODE_|CM_|POWERLEVEL9K_|DISABLE_AUTO)/);
}

for (const shell of shells) {
  test(`${shell.name}: what its files export and alias is read, and nothing else`, async (t) => {
    const odd = shell.name === 'fish' ? `'a b\\'c\n=d'` : `'a b'\\''c\n=d'`;
    const rc = [
      shell.export('ANTHROPIC_API_KEY', 'mine'),
      shell.export('CLAUDE_CONFIG_DIR', '/mine'),
      shell.export('ODD', odd),
      shell.export('PATH', shell.name === 'fish' ? '/mine/bin $PATH' : '"/mine/bin:$PATH"'),
      "alias ll='ls -l'",
      "alias c='claude --continue'",
      "alias claude='~/.claude/local/claude'",
      "alias p='a | b'",
    ].join('\n');
    const home = homeWith(t, shell, rc);
    const result = await read(shell, home);
    assert.deepEqual(result.warnings, []);
    assert.equal(result.env['ANTHROPIC_API_KEY'], 'mine');
    assert.equal(result.env['CLAUDE_CONFIG_DIR'], '/mine');
    assert.equal(result.env['ODD'], "a b'c\n=d");
    assert.equal(result.env['HOME'], home);
    assert.equal(result.env['SHELL'], need(shell.name));
    assert.match(result.env['PATH'] ?? '', /^\/mine\/bin:.*\/usr\/bin/);
    // fish has a function `ls`.
    assert.deepEqual(result.aliases['ll'], shell.name === 'fish' ? null : ['ls', '-l']);
    assert.deepEqual(result.aliases['claude'], [`${home}/.claude/local/claude`]);
    assert.deepEqual(result.aliases['c'], [`${home}/.claude/local/claude`, '--continue']);
    // Only the shell itself can run those.
    assert.equal(result.aliases['p'], null);
    assertNothingForeign(result);
  });

  const beforeAll = shell.export('FROM_RC', 'yes');
  const fish = shell.name === 'fish';
  const harmless: readonly (readonly [string, string])[] = [
    ['prints all it has', 'env'],
    ['prints before and after', 'echo Welcome; echo "A=B"; printf "\\033]0;title\\007 no newline"'],
    ['prints to the error stream a lot', fish ? 'head -c 500000 /dev/zero >&2' : 'head -c 500000 /dev/zero >&2'],
    ['asks', fish ? 'read x' : 'printf "Name? "; read x'],
    [
      'asks at the terminal',
      fish ? 'read x </dev/tty' : shell.name === 'dash' ? '(read x </dev/tty) 2>/dev/null' : 'read x </dev/tty',
    ],
    ['starts tmux unless it runs in one', fish ? 'if not set -q TMUX; exec tmux; end' : '[ -z "$TMUX" ] && exec tmux'],
    ['starts a daemon that keeps the output open', fish ? 'sh -c "sleep 72000001 &"' : '(sleep 72000001 &)'],
    ['prints at its end', fish ? 'function f --on-event fish_exit; echo bye; end' : "trap 'echo bye' EXIT"],
  ];
  for (const [what, line] of harmless) {
    test(`${shell.name}: an rc file that ${what} is read to its end`, async (t) => {
      killAfter(t, '72000001');
      const result = await read(shell, homeWith(t, shell, `${line}\n${beforeAll}\n`));
      assert.deepEqual(result.warnings, []);
      assert.equal(result.env['FROM_RC'], 'yes');
      assertNothingForeign(result);
      // What a person's files start is theirs.
      if (line.includes('72000001')) await until('the daemon runs', () => sleepers('72000001').length === 1);
    });
  }

  test(`${shell.name}: an rc file that replaces the shell by tmux is named, and no tmux is left`, async (t) => {
    const result = await read(shell, homeWith(t, shell, `${beforeAll}\nexec tmux\n`));
    assertNamed(result, shell, /line 2, `exec tmux`/);
    assert.deepEqual(
      runningWith((args) => args.join(' ').includes('/dev/null/none')),
      [],
    );
  });

  test(`${shell.name}: an rc file that ends the shell is named`, async (t) => {
    const result = await read(shell, homeWith(t, shell, `${beforeAll}\nexit 3\n`));
    // To fish it is only the end of the file.
    if (fish) assert.equal(result.env['FROM_RC'], 'yes');
    else assertNamed(result, shell, /line 2, `exit/);
  });

  test(`${shell.name}: an rc file that sleeps is named, and ended with all that it started`, async (t) => {
    killAfter(t, '72000002');
    const rc = `${fish ? 'sh -c "setsid sleep 72000002 &"' : '(setsid sleep 72000002 &)'}\nsleep 20\nsleep 72000002\n`;
    const limits = { interactiveMs: 1500, totalMs: 2500 };
    const result = await read(shell, homeWith(t, shell, rc), limits);
    assertNamed(result, shell, /did not finish within .*line 2 \(it waits for `sleep`\)/);
    await until('everything to be ended', () => sleepers('72000002').length === 0);
    assert.equal(result.env['LANG'], 'C.UTF-8');
    assertNothingForeign(result);
  });
}

/** A warning names the rc file, and what is left is a usable environment. */
function assertNamed(result: LoginEnvironment, shell: TestShell, text: RegExp): void {
  assert.ok(
    result.warnings.some((warning) => warning.includes(`~/${shell.rc}`) && text.test(warning)),
    result.warnings.join('\n'),
  );
  assert.match(result.env['PATH'] ?? '', /\/usr\/bin/);
  assertNothingForeign(result);
}

test('with the usual limits an rc file that sleeps 20 s is given up within 10 s', async (t) => {
  const [bash] = shells;
  const result = await read(bash, homeWith(t, bash, 'sleep 20\n'));
  assert.match(result.warnings[0] ?? '', /^~\/\.bashrc did not finish within 6s: line 1 /);
  // The whole point is a limit that a person feels, so here the clock is the matter itself.
  assert.ok(result.tookMs < 10_000, `${result.tookMs} ms`);
});

test('when only the interactive files hang, the others are still read', async (t) => {
  const [bash] = shells;
  const home = tempDir(t);
  write(home, '.bash_profile', 'export FROM_PROFILE=yes\ncase $- in *i*) sleep 20;; esac\n');
  const result = await read(bash, home, { interactiveMs: 700, totalMs: 9000 });
  assert.equal(result.env['FROM_PROFILE'], 'yes');
  assert.match(result.warnings.join('\n'), /~\/\.bash_profile did not finish/);
  assert.match(result.warnings.join('\n'), /without the files of an interactive shell/);
});

test(
  'a file that another file reads is named where the system tells it',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const zsh = shells[1];
    const home = homeWith(t, zsh, '. ~/inner.zsh\n');
    write(home, 'inner.zsh', 'while :; do read -t 5 x </dev/zero; done\n');
    const result = await read(zsh, home, { interactiveMs: 1000, totalMs: 1500 });
    assert.match(result.warnings.join('\n'), /~\/inner\.zsh did not finish/);
  },
);

test('an rc file that prints without end is named and does not fill the memory', async (t) => {
  const [bash] = shells;
  const result = await read(bash, homeWith(t, bash, 'yes\n'), { interactiveMs: 20_000, totalMs: 30_000 });
  assert.match(result.warnings.join('\n'), /\.bashrc.* prints without end/);
});

test('a shell that cannot be used gives the plain environment and says so', async (t) => {
  const home = tempDir(t);
  const shell = join(home, 'zsh');
  writeFileSync(shell, '#!/no/such/interpreter\n');
  chmodSync(shell, 0o755);
  const machine = new LocalMachine({ env: { PATH: '/usr/bin:/bin', ...FOREIGN }, home, shell });
  const result = await machine.loginEnvironment();
  assert.match(result.warnings.join('\n'), /home|zsh/);
  assert.equal(result.env['PATH'], '/usr/bin:/bin');
  assertNothingForeign(result);
});

test('a setup command that does not let the shell get ready is named once, and left out', async (t) => {
  const [bash] = shells;
  const home = homeWith(t, bash, 'export MINE=yes\n');
  for (const setup of ['exit 3', 'exec false', 'export X=1; kill -9 $$', 'sleep 100']) {
    const limits = { interactiveMs: 1000, totalMs: 8000 };
    const machine = new LocalMachine({ home, shell: need('bash'), setup: async () => setup, limits });
    const { env, warnings, isWhole } = await machine.loginEnvironment();
    assert.deepEqual(warnings, [
      `The setup command \`${setup}\` kept ${need('bash')} from getting ready and is left out`,
    ]);
    assert.deepEqual([env['MINE'], isWhole], ['yes', false]);
  }
});

test('the environment is read once, by however many ask, and again when it is wanted', async (t) => {
  const [bash] = shells;
  const home = homeWith(t, bash, 'echo x >> ~/count\n');
  const machine = new LocalMachine({ home, shell: need('bash') });
  await Promise.all([machine.loginEnvironment(), machine.loginEnvironment()]);
  await machine.loginEnvironment();
  assert.equal(readFileSync(join(home, 'count'), 'utf8'), 'x\n');
  await machine.loginEnvironment({ refresh: 'always' });
  assert.equal(readFileSync(join(home, 'count'), 'utf8'), 'x\nx\n');
});

test('the setup command runs after the files, and what programs need that it brings is theirs', async (t) => {
  for (const { name, export: set } of shells) {
    const home = tempDir(t);
    let setup: string | undefined;
    const machine = new LocalMachine({ home, shell: need(name), env: {}, setup: () => Promise.resolve(setup) });
    const library = async (): Promise<string> =>
      (await machine.run(['/bin/sh', '-c', 'echo "$LD_LIBRARY_PATH"'])).stdout.trim();
    assert.equal((await machine.loginEnvironment()).env['LOADED'], undefined);
    assert.equal(await library(), '', name);
    setup = `${set('LOADED', 'yes')}; ${set('LD_LIBRARY_PATH', '/opt/lib')}`;
    const { env, warnings } = await machine.loginEnvironment();
    assert.deepEqual([env['LOADED'], warnings], ['yes', []], name);
    assert.equal(await library(), '/opt/lib', name);
    setup = 'no-such-command-anywhere';
    assert.deepEqual((await machine.loginEnvironment()).warnings, [], 'a setup that fails leaves the environment');
    assert.equal(await library(), '', name);
  }
});

test('tcsh is read too', async (t) => {
  const home = tempDir(t);
  write(home, '.tcshrc', 'setenv FROM_RC yes\nalias ll ls -l\n');
  const result = await new LocalMachine({ home, shell: '/bin/tcsh', env: {} }).loginEnvironment();
  assert.equal(result.env['FROM_RC'], 'yes');
  assert.deepEqual(result.aliases['ll'], ['ls', '-l']);
  assert.deepEqual(result.warnings, []);
});
