import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseShell } from '../../src/core/approvals/policy/shellCommand.js';

/** Words of each command, and the files that it writes with `>` and reads with `<`. */
function commands(line: string): string[][] | string {
  const parsed = parseShell(line);
  if (!parsed.understood) return parsed.reason;
  return parsed.commands.map(({ words, files }) => [
    ...words,
    ...files.map(({ mode, path }) => `${mode === 'write' ? '>' : '<'}${path}`),
  ]);
}

test('a command line is read as a shell reads it', () => {
  const table: [string, string[][]][] = [
    ['git status', [['git', 'status']]],
    ['git status; rm -rf ~', [['git', 'status'], ['rm', '-rf', '~']]], // prettier-ignore
    ['a && b || c | d & e', [['a'], ['b'], ['c'], ['d'], ['e']]],
    ['a\nb\n\n# why\nc', [['a'], ['b'], ['c']]],
    ['a &&\n  b', [['a'], ['b']]],
    ['(cd x; make) > log', [['cd', 'x'], ['make'], ['>log']]], // prettier-ignore
    [`echo 'a; rm b' "c && d" e\\;f`, [['echo', 'a; rm b', 'c && d', 'e;f']]],
    [`g"i"t sta'tus'`, [['git', 'status']]],
    [`echo "a\\"b\\\\c\\d"`, [['echo', 'a"b\\c\\d']]],
    ['npm test \\\n  --silent', [['npm', 'test', '--silent']]],
    ['echo x > out.txt', [['echo', 'x', '>out.txt']]],
    ['echo x>out 2>&1', [['echo', 'x', '>out']]],
    ['a 2>>e >|f <g', [['a', '>e', '>f', '<g']]],
    ['a >&both', [['a', '>both']]],
    ['> empty', [['>empty']]],
    [`cat > '~/x'`, [['cat', '>./~/x']]],
    ['cat >~/x', [['cat', '>~/x']]],
    ['CI=1 npm test', [['CI=1', 'npm', 'test']]],
    ["cat <<'EOF' > f\n$(rm -rf ~)\nEOF\nls", [['cat', '>f'], ['ls']]], // prettier-ignore
    ['cat <<-E\n\ta; b\n\tE', [['cat']]],
    [`bash -lc 'npm test && ls'`, [['npm', 'test'], ['ls']]], // prettier-ignore
    [`sh -c "sh -c 'rm x'"`, [['rm', 'x']]],
    ['git show HEAD^ a#b', [['git', 'show', 'HEAD^', 'a#b']]],
    ['[ -f x ] && y', [['[', '-f', 'x', ']'], ['y']]], // prettier-ignore
    [`git commit -m "Wow!"`, [['git', 'commit', '-m', 'Wow!']]],
    ['sudo rm x', [['sudo', 'rm', 'x']]],
  ];
  for (const [line, expected] of table) assert.deepEqual(commands(line), expected, line);
});

test('what depends on more than its text, or on the shell, is not understood', () => {
  const lines = [
    '',
    '  \n',
    '# only a comment',
    'echo $HOME',
    'echo "$(rm -rf ~)"',
    'echo `rm -rf ~`',
    'echo "`rm x`"',
    'rm *.txt',
    'ls [ab]',
    'echo {a,b}',
    'if true; then rm x; fi',
    'for f in a b; do rm x; done',
    'while true; do x; done',
    'case x in y) z;; esac',
    '{ rm x; }',
    '! true',
    'time ls',
    'git() { rm -rf ~; }; git status',
    'function git { rm x; }',
    'eval "rm -rf ~"',
    '. ./evil',
    'source evil',
    'alias git=rm; git x',
    'export PATH=/tmp; git status',
    'PATH=/tmp',
    'diff <(a) <(b)',
    'a >(b)',
    '((1))',
    'x=(1 2)',
    'cat <<EOF\n$(rm x)\nEOF',
    'cat <<EOF\nnever ends',
    "echo 'open",
    'echo "open',
    'echo \\',
    'a ; ; b',
    'a &&',
    '&& a',
    '(a',
    'a)',
    '()',
    '(a) b',
    'a >',
    'a > >b',
    'a &> f b',
    'a &>f',
    'a>&-\\&',
    'a >&2"x"',
    'a ;; b',
    'cat ~root/x',
    'cat ~"/x"',
    'echo a # b; rm -rf ~',
    "echo 'a\\' b'; rm x #'",
    'git status\u0000',
    'git status\r\nrm x',
    'git\u00a0status',
    'git \u202e status',
    'git status …',
    `alpha ${'x '.repeat(600)}`,
    '=ls',
    'ls(x)',
    'a>\\\n>b',
    'echo 2\\\n>x',
    '- rm x',
    'bash -c "echo $0"',
    'sh -c "sh -c \\"x; \\$y\\""',
  ];
  for (const line of lines) assert.equal(parseShell(line).understood, false, line);
});

test('what stands before the part that is not understood is still told', () => {
  const parsed = parseShell('rm -rf ~; echo $HOME');
  assert.equal(parsed.understood, false);
  assert.deepEqual(
    parsed.commands.map(({ words }) => words),
    [['rm', '-rf', '~']],
  );
});

test('a program that is called as something that every object has is a program', () => {
  for (const name of ['valueOf', 'toString', 'constructor', '__proto__', 'hasOwnProperty']) {
    assert.equal(parseShell(`${name} -v x`).understood, true, name);
  }
  assert.equal(parseShell('printf -v x y').understood, false);
});
