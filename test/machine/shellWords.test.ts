import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAliases } from '../../src/machines/shellAliases.js';
import { splitShellWords } from '../../src/machines/shellWords.js';
import { need } from './processes.js';

const env = { HOME: '/home/a', TOOL: '/opt/tool', EMPTY: '', SPACED: 'a b' };

test('words are split as a shell splits them, and what needs a shell is refused', () => {
  for (const [line, expected] of [
    ['ls -l', ['ls', '-l']],
    ['a \'b c\' "d e" f\\ g', ['a', 'b c', 'd e', 'f g']],
    ["it'''s' \"\"", ['its', '']],
    ['~/bin/x ~ a~b', ['/home/a/bin/x', '/home/a', 'a~b']],
    ['$TOOL/x "${TOOL}" \'$TOOL\' "$SPACED"', ['/opt/tool/x', '/opt/tool', '$TOOL', 'a b']],
    ["$'a\\tb\\x41\\101'", ['a\tbAA']],
    ['a#b --x=1', ['a#b', '--x=1']],
    ['', []],
    ['a | b', undefined],
    ['a; b', undefined],
    ['a $(b)', undefined],
    ['a `b`', undefined],
    ['a "$(b)"', undefined],
    ['a $NONE', undefined],
    ['a $EMPTY', undefined],
    ['a $SPACED', undefined],
    ['a $1', undefined],
    ['a > b', undefined],
    ['a *', undefined],
    ['a # b', undefined],
    ['~other/x', undefined],
    ["a 'b", undefined],
    ['a "b', undefined],
    ['a\nb', undefined],
    ['{a,b}', undefined],
  ] as const) {
    assert.deepEqual(splitShellWords(line, env), expected, line);
  }
});

test('whatever can be split is what the shell makes of it', () => {
  const bash = need('bash');
  const piece = fc.constantFrom(
    'a',
    'B',
    '-',
    ' ',
    "'",
    '"',
    '\\',
    '$TOOL',
    '${TOOL}',
    '~',
    '/',
    '=',
    '#',
    '$',
    '|',
    '*',
    ':',
    '!',
  );
  const lines = fc.sample(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    400,
  );
  const split = lines.flatMap((line) => {
    const words = splitShellWords(line, env);
    return words === undefined ? [] : [{ line, words }];
  });
  assert.ok(split.length > 50);
  // One shell for all: each line with its number, its words separated by NUL.
  const script = split.map(({ line }, i) => `printf '%s\\0' ${i} ${line}; printf '\\0\\n'`).join('\n');
  const { stdout } = spawnSync(bash, ['--norc', '--noprofile', '-c', script], { env, encoding: 'utf8' });
  const results = stdout.split('\0\0\n').slice(0, -1);
  assert.equal(results.length, split.length);
  for (const [i, { line, words }] of split.entries()) {
    // An empty last word and no word at all look alike here.
    assert.equal(results[i], [String(i), ...words].join('\0'), JSON.stringify(line));
  }
});

test('aliases are read as each shell prints them', () => {
  const bash = [
    "alias c='claude'",
    "alias claude='/home/a/.claude/local/claude'",
    "alias ll='ls -l'",
    "alias ls='ls --color=auto'",
    "alias nested='c --continue'",
    "alias quoted='echo '\\''a b'\\'''",
    "alias two='a\nb'",
    "alias pipe='a | b'",
    "alias frompipe='pipe x'",
    "alias assign='X=1 claude'",
    "alias loop='pool'",
    "alias pool='loop'",
    "alias cmd='command claude'",
    "alias evil='$(reboot)'",
    "alias work='CLAUDE_CONFIG_DIR=~/.work B=2 claude -x'",
    "alias tofn='fn 1'",
    "alias pastfn='A=1 command fn 1'",
  ].join('\n');
  assert.deepEqual(parseAliases('bash', `${bash}\n`, env, new Set(['fn'])), {
    c: ['/home/a/.claude/local/claude'],
    claude: ['/home/a/.claude/local/claude'],
    ll: ['ls', '--color=auto', '-l'],
    ls: ['ls', '--color=auto'],
    nested: ['/home/a/.claude/local/claude', '--continue'],
    quoted: ['echo', 'a b'],
    loop: ['loop'],
    pool: ['pool'],
    // Behind a word like that no alias counts.
    cmd: ['claude'],
    assign: ['X=1', '/home/a/.claude/local/claude'],
    work: ['CLAUDE_CONFIG_DIR=/home/a/.work', 'B=2', '/home/a/.claude/local/claude', '-x'],
    pastfn: ['A=1', 'fn', '1'],
    // Only the shell itself can run these.
    ...{ two: null, pipe: null, frompipe: null, evil: null, tofn: null },
  });
  assert.deepEqual(parseAliases('zsh', "g=git\nll='ls -l'\nt=$'a\\tb'\n-='cd -'\n", env), {
    g: ['git'],
    ll: ['ls', '-l'],
    t: ['a', 'b'],
    '-': ['cd', '-'],
  });
  assert.deepEqual(parseAliases('fish', "alias g git\nalias ll 'ls -l'\nalias q 'echo \\'a b\\''\n", env), {
    g: ['git'],
    ll: ['ls', '-l'],
    q: ['echo', 'a b'],
  });
  assert.deepEqual(parseAliases('csh', 'g\tgit\nll\t(ls -l)\n', env), { g: ['git'], ll: ['ls', '-l'] });
  for (const kind of ['bash', 'zsh', 'sh', 'fish', 'csh', 'other'] as const) {
    assert.deepEqual(parseAliases(kind, 'Welcome!\n\x1b[1m=\nalias\nalias =\n', env), {}, kind);
  }
});

test('no output of an alias command, however odd, breaks the reading', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('bash' as const, 'fish' as const, 'csh' as const),
      (text, kind) => {
        for (const words of Object.values(parseAliases(kind, text, env))) assert.ok(words?.length !== 0);
      },
    ),
  );
});
