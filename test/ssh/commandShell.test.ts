import assert from 'node:assert/strict';
import { accessSync, chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { quotePosix } from '../../src/common/quote.js';
import { CommandShell } from '../../src/machines/shell/commandShell.js';
import { printCommands, scriptCommand, SHELL_VARIANTS } from '../../src/machines/shell/shellText.js';
import { tempDir } from '../helpers/tempDir.js';
import { localChannel } from './localChannel.js';

function isThere(program: string): boolean {
  try {
    accessSync(program);
    return true;
  } catch {
    return false;
  }
}

/** POSIX shells that hosts have as `sh`. */
const POSIX_SHELLS = [
  ['/usr/bin/dash'],
  ['/usr/bin/bash', '--posix'],
  ['/usr/bin/busybox', 'sh'],
  ['/usr/bin/mksh'],
  ['/usr/bin/ksh93'],
].filter(([program]) => program !== undefined && isThere(program));
const LOGIN_SHELLS = [
  '/usr/bin/dash',
  '/usr/bin/bash',
  '/usr/bin/csh',
  '/usr/bin/tcsh',
  '/usr/bin/fish',
  '/usr/bin/zsh',
].filter(isThere);

/** Opens channels on which `sh` and `/bin/sh` are a shell of this test. */
async function shellIn(t: TestContext, posix: readonly string[]): Promise<CommandShell> {
  const shell = await CommandShell.start(async (command) => {
    const program = posix.map((word) => quotePosix(word)).join(' ');
    return Promise.resolve(localChannel(['/bin/sh'], command.replace('/bin/sh', program)));
  });
  t.after(() => shell.dispose());
  return shell;
}

const anyText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({
      unit: fc.constantFrom(
        '\n',
        "'",
        '"',
        '$',
        '`',
        '\\',
        ' ',
        '!',
        '*',
        ';',
        '(',
        ')',
        '-',
        '%',
        '\r',
        '\t',
        'é',
        '😀',
        'a',
        '#',
        '~',
        '\u0081',
        '&',
      ),
    }),
    fc.constantFrom(
      '',
      '-n',
      '--',
      '-e x',
      '$(id)',
      '${HOME}',
      '\n',
      '\n\n',
      'a\n',
      "'",
      "''",
      '\\',
      '\\n',
      '*',
      '!x',
      '%s',
      '~',
    ),
  )
  .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());

for (const posix of POSIX_SHELLS) {
  const name = posix.join(' ').replace('/usr/bin/', '');

  test(`any words reach a program through ${name} as they are`, async (t) => {
    const shell = await shellIn(t, posix);
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 5 }), async (words) => {
        const { code, output } = await shell.run(`/usr/bin/printf '%s\\0' ${words.map(quotePosix).join(' ')}`);
        assert.equal(code, 0);
        assert.deepEqual(output.toString().split('\0').slice(0, -1), words);
      }),
      { numRuns: 150 },
    );
  });

  test(`any bytes are printed by ${name} as they are`, async (t) => {
    const shell = await shellIn(t, posix);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        const { output } = await shell.run(printCommands(bytes));
        assert.deepEqual(new Uint8Array(output), bytes);
      }),
      { numRuns: 100 },
    );
    const all = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
    assert.deepEqual(new Uint8Array((await shell.run(printCommands(all))).output), all);
  });

  test(`scripts sent to ${name} together are answered in order, with their status`, async (t) => {
    const shell = await shellIn(t, posix);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => shell.run(`printf '%s\\n' ${i}; (exit ${i})`)),
    );
    assert.deepEqual(
      answers.map(({ code, output }) => [code, output.toString()]),
      Array.from({ length: 40 }, (_, i) => [i, `${i}\n`]),
    );
    assert.equal((await shell.run('cd /nowhere || exit 7')).code, 7);
    assert.equal((await shell.run('exec true')).code, 0);
    assert.equal((await shell.run('cat; printf x')).output.toString(), 'x');
  });
}

const LOUD = "printf 'Welcome!\\n\\nmotd \\033[1mbold\\033[0m\\n'; printf 'warning\\n' >&2";

for (const login of LOGIN_SHELLS) {
  test(`a shell is started from ${login.replace('/usr/bin/', '')} whose startup files print`, async (t) => {
    const home = tempDir(t);
    mkdirSync(join(home, '.config/fish'), { recursive: true });
    const csh = "printf 'Welcome\\n'";
    const files = { '.bashrc': LOUD, '.cshrc': csh, '.zshenv': LOUD, '.config/fish/config.fish': LOUD };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), `${text}\n`);
    // Bash reads its file when it believes to be started by sshd.
    const env = { ...process.env, HOME: home, SSH_CLIENT: '::1 1 1', SHLVL: '0', XDG_CONFIG_HOME: undefined };
    const shell = await CommandShell.start((command) => Promise.resolve(localChannel([login], command, env)));
    t.after(() => shell.dispose());
    assert.equal(shell.variant, 'exec');
    const { output } = await shell.run(`printf '%s' ${quotePosix('a\n$b\'"`!')}`);
    assert.equal(output.toString(), 'a\n$b\'"`!');
  });

  test(`a script in the command line is read by ${login.replace('/usr/bin/', '')} as it is`, async () => {
    for (const variant of SHELL_VARIANTS) {
      const words = ['a b', "it's", '$HOME `id` "x"', 'line\nbreak', 'é😀!', '\\', '%s %%', '-n', ''];
      const script = `/usr/bin/printf '%s\\0' ${words.map(quotePosix).join(' ')}`;
      const channel = localChannel([login], scriptCommand(script, variant));
      const chunks: Uint8Array[] = [];
      channel.onData((data) => chunks.push(Uint8Array.from(data)));
      await new Promise((resolve) => channel.onExit(resolve));
      assert.deepEqual(Buffer.concat(chunks).toString().split('\0').slice(0, -1), words);
    }
  });
}

test('a restricted shell that allows no path is asked for sh by name', async (t) => {
  const bin = tempDir(t);
  for (const program of ['sh', 'cat', 'printf']) symlinkSync(`/usr/bin/${program}`, join(bin, program));
  const shell = await CommandShell.start((command) =>
    Promise.resolve(localChannel(['/usr/bin/bash', '--restricted'], command, { PATH: bin })),
  );
  t.after(() => shell.dispose());
  assert.equal(shell.variant, 'plain');
  assert.equal((await shell.run('printf ok')).output.toString(), 'ok');
});

test('an account without a shell is told by what it says', async () => {
  await assert.rejects(
    CommandShell.start(() => Promise.resolve(localChannel(['/bin/sh'], 'echo This account is not available.; exit 1'))),
    /ended our shell at once \(exit 1\): it said “This account is not available\.”/,
  );
});

test('a login shell that never comes to ours is given up', async () => {
  await assert.rejects(
    CommandShell.start(() => Promise.resolve(localChannel(['/bin/sh'], 'echo Loading; exec sleep 60')), {
      startMs: 300,
    }),
    (error: Error) => /did not start a shell of ours within .*: it said “Loading”/.test(error.message),
  );
});

test('output that holds the words of an answer is no answer', async (t) => {
  const dir = tempDir(t);
  const shell = await CommandShell.start((command) => Promise.resolve(localChannel(['/bin/sh'], command)));
  t.after(() => shell.dispose());
  const args = readFileSync(`/proc/${shell.pid}/cmdline`, 'utf8');
  // Whoever reads the arguments of our shell cannot make what it takes for the end of an answer.
  const words = [...args.matchAll(/cm[0-9a-f]{32}/g)].map(([word]) => word);
  assert.ok(words.length > 0);
  writeFileSync(join(dir, 'file'), words.map((word) => `\n${word} 0\n`).join(''));
  chmodSync(join(dir, 'file'), 0o600);
  const { output } = await shell.run(`cat ${quotePosix(join(dir, 'file'))}`);
  assert.equal(output.toString(), readFileSync(join(dir, 'file'), 'utf8'));
});

test('a shell that is killed fails what waits for it and says that it is closed', async () => {
  const shell = await CommandShell.start((command) => Promise.resolve(localChannel(['/bin/sh'], command)));
  const waiting = [shell.run('sleep 30'), shell.run('true')];
  process.kill(-shell.pid, 'SIGKILL');
  for (const answer of waiting) await assert.rejects(answer, { code: 'unavailable' });
  assert.equal(shell.isClosed, true);
  await assert.rejects(shell.run('true'), { code: 'unavailable' });
});

test('a script that hangs ends the wait of all', async () => {
  const shell = await CommandShell.start((command) => Promise.resolve(localChannel(['/bin/sh'], command)), {
    answerMs: 400,
  });
  await assert.rejects(shell.run('sleep 30'), { code: 'timeout' });
  assert.equal(shell.isClosed, true);
});
