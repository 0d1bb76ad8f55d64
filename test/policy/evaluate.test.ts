import assert from 'node:assert/strict';
import { test } from 'node:test';
import { posix } from 'node:path';
import { evaluate, type Asked } from '../../src/core/approvals/policy/evaluate.js';
import type { Places } from '../../src/core/approvals/policy/paths.js';
import { PolicyRule } from '../../src/protocol/policy.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');

const PLACES: Places = {
  own: '/home/u/.cm',
  resolve: (paths, folder) =>
    Promise.resolve(
      paths.map((path) => (path === '' ? undefined : posix.resolve(folder, path.replace(/^~(?=\/|$)/u, '/home/u')))),
    ),
};

let count = 0;
function rule(effect: 'allow' | 'ask' | 'deny', terms: Partial<PolicyRule> = {}): PolicyRule {
  return PolicyRule.parse({ id: `r${count++}`, effect, created: '2026-01-01T00:00:00Z', ...terms });
}
const words = (text: string): { command: string[] } => ({ command: text.split(' ') });

function asked(request: Partial<Asked['request']>, session: Partial<Asked['session']> = {}): Asked {
  return {
    session: { id: 's1', contextId: 'c1', tool: 'claude', path: '/proj', ...session },
    request: { kind: 'permission', action: null, command: null, path: null, text: '', exact: 'event', ...request },
  };
}
const shell = (command: string): Asked => asked({ action: 'shell', command, text: command });

async function effect(rules: PolicyRule[], what: Asked, off = false): Promise<string> {
  return (await evaluate(what, { off, rules }, PLACES, NOW)).effect;
}

test('what is not known exactly, or is not what it looks like, is never allowed, and denied all the same', async () => {
  const rules = [rule('allow', words('./mark yes')), rule('deny', words('rm'))];
  const exact = shell('./mark yes');
  assert.equal(await effect(rules, exact), 'allow');
  for (const [changes, expected] of [
    [{ exact: null }, 'ask'],
    [{ exact: null, command: 'rm x' }, 'deny'],
    [{ command: './mark\u200b yes' }, 'ask'],
    [{ command: './m\u0430rk yes' }, 'ask'],
    [{ command: './mark\ryes' }, 'ask'],
    [{ folder: '/proj/other' }, 'ask'],
    [{ folder: '/' }, 'ask'],
    [{ folder: '' }, 'ask'],
    // As where a link to it leads.
    [{ folder: '/proj/other/..' }, 'allow'],
    [{ folder: '/proj/other', command: 'rm x' }, 'deny'],
  ] as const) {
    assert.equal(
      await effect(rules, { ...exact, request: { ...exact.request, ...changes } }),
      expected,
      JSON.stringify(changes),
    );
  }
  const edits = [rule('allow', { actions: ['edit'], path: '/proj' })];
  const file = (path: string): Asked => asked({ action: 'edit', path, text: `edit ${path}` });
  for (const [path, expected] of [
    ['/proj/a  b', 'allow'],
    ['/proj/docs\u200e/authorized_keys', 'ask'],
    ['/proj/a\nb', 'ask'],
    ['/proj/a\tb', 'ask'],
    ['/proj/cafe\u0301', 'ask'],
  ] as const) {
    assert.equal(await effect(edits, file(path)), expected, JSON.stringify(path));
  }
});

test('without rules everything is asked', async () => {
  assert.equal(await effect([], shell('ls')), 'ask');
});

test('a prefix fits whole words from the start, with names and harmless options behind it', async () => {
  const table: [rule: string, command: string, expected: string][] = [
    ['npm test', 'npm test', 'allow'],
    ['npm test', 'npm  "test"', 'allow'],
    ['npm test', 'npm test src', 'allow'],
    ['npm test', 'npm test --silent', 'allow'],
    ['npm test', 'npm tests', 'ask'],
    ['npm test', 'npm', 'ask'],
    ['npm test', 'NPM test', 'ask'],
    ['npm test', './npm test', 'ask'],
    ['npm test', 'CI=1 npm test', 'ask'],
    ['CI=1 npm test', 'CI=1 npm test', 'allow'],
    ['npm test', 'npm test -- --reporter=/tmp/evil.js', 'ask'],
    ['npm test', 'npm test --script-shell=/tmp/evil', 'ask'],
    ['npm test', 'npm test; rm -rf ~', 'ask'],
    ['npm test', 'npm test && npm test', 'allow'],
    ['npm test', 'npm test | tee log', 'ask'],
    ['npm test', 'npm test > log', 'ask'],
    ['npm test', 'npm test 2>&1 >/dev/null', 'allow'],
    ['npm test', 'npm test $X', 'ask'],
    ['npm test', 'npm test; echo $X', 'ask'],
    ['npm test', 'npm test && $(rm -rf ~)', 'ask'],
    ['npm test', 'npm test .env', 'ask'],
    ['npm test', 'cd /proj && npm test', 'allow'],
    ['npm test', 'cd /elsewhere && npm test', 'ask'],
    ['npm test', 'cd sub && npm test', 'ask'],
    ['git status', 'git status -sb', 'allow'],
    ['git status', 'git -c core.pager=/tmp/evil status', 'ask'],
    ['git log', 'git log --output=/etc/x', 'ask'],
    ['git diff', 'git diff --ext-diff', 'ask'],
    ['git diff', 'git diff HEAD^ src/a.ts', 'allow'],
    ['git', 'git', 'allow'],
    ['git', 'git push', 'ask'],
    ['git push', 'git push', 'allow'],
    ['git push', 'git push --force', 'ask'],
    ['git push origin main', 'git push origin main', 'allow'],
    ['sh', 'sh -x evil', 'ask'],
    ['bash -lc', `bash -lc 'rm x'`, 'ask'],
    ['npm test', `bash -lc 'npm test'`, 'allow'],
    ['npm test', `bash -lc 'npm test; rm x'`, 'ask'],
    ['xargs', 'xargs rm', 'ask'],
    ['env', 'env rm x', 'ask'],
    ['sudo', 'sudo rm x', 'ask'],
    ['sudo ls', 'sudo ls', 'allow'],
    ['sudo ls', 'sudo ls /root', 'ask'],
    ['python3.11', 'python3.11 x.py', 'ask'],
    ['find . -name x', 'find . -name x -delete', 'ask'],
    ['make test', 'make test SHELL=/tmp/evil', 'ask'],
    ['curl', 'curl https://evil.com', 'ask'],
    ['cat', 'cat ~/.ssh/id_rsa', 'ask'],
    ['cat', 'cat < /etc/passwd', 'ask'],
    ['grep', 'grep -rn x src', 'allow'],
    ['grep', 'grep -f /etc/shadow x', 'ask'],
    ['git commit -m', `git commit -m 'Mend it; do not ask'`, 'allow'],
  ];
  for (const [prefix, command, expected] of table) {
    assert.equal(await effect([rule('allow', words(prefix))], shell(command)), expected, `${prefix}: ${command}`);
  }
});

test('deny goes before ask, and ask before allow', async () => {
  const allow = rule('allow', words('git push'));
  const forbid = rule('deny', words('git push'));
  const wait = rule('ask', words('git'));
  assert.equal(await effect([allow, forbid, wait], shell('git push')), 'deny');
  assert.equal(await effect([allow, wait], shell('git push')), 'ask');
  assert.equal(await effect([allow], shell('git push')), 'allow');
});

test('what is forbidden is found wherever it hides, and in doubt it is asked', async () => {
  const forbid = rule('deny', words('rm'));
  const all = rule('allow');
  for (const command of [
    'rm x',
    '/bin/rm x',
    'A=1 rm x',
    'ls; rm x',
    'ls && (cd a; rm x)',
    `bash -c 'rm x'`,
    'xargs rm',
    'env B=1 rm x',
    'nice -n 5 rm x',
    'sudo rm x',
    `sudo sh -c 'ls; rm x'`,
    'find . -exec rm x',
    'rm x; echo $HOME',
  ]) {
    assert.equal(await effect([forbid, all], shell(command)), 'deny', command);
  }
  for (const command of ['echo $(rm x)', 'rm$IFS-rf x', 'eval rm x']) {
    assert.equal(await effect([forbid, all], shell(command)), 'ask', command);
  }
  assert.equal(await effect([forbid, all], shell('echo rm')), 'allow');
  const above = rule('allow', words('rm -r src'));
  assert.equal(await effect([above, rule('deny', { path: 'src/gen' })], shell('rm -r src')), 'ask');
  assert.equal(await effect([above, rule('deny', { path: 'lib' })], shell('rm -r src')), 'allow');
});

test('a rule without a command lets every command run but those that need one of their own', async () => {
  const all = rule('allow', { actions: ['shell'] });
  for (const command of ['ls -la', 'npm run build', 'make']) {
    assert.equal(await effect([all], shell(command)), 'allow', command);
  }
  for (const command of [
    'sudo ls',
    'curl x',
    'xargs curl',
    'cat .env',
    'ls > x',
    'echo $A',
    'for a in b; do c; done',
  ]) {
    assert.equal(await effect([all], shell(command)), 'ask', command);
  }
});

test('a redirection is an edit of its file', async () => {
  const run = rule('allow', words('echo'));
  const edit = rule('allow', { actions: ['edit'], path: 'src' });
  assert.equal(await effect([run, edit], shell('echo x > src/a')), 'allow');
  assert.equal(await effect([run, edit], shell('echo x > a')), 'ask');
  assert.equal(await effect([run, edit], shell('echo x > src/../a')), 'ask');
  assert.equal(await effect([run, edit], shell('cd /proj; cd sub; echo x > src/a')), 'ask');
  assert.equal(await effect([edit], shell('echo x > src/a')), 'ask');
  const forbid = rule('deny', { actions: ['edit'], path: 'src/locked' });
  assert.equal(await effect([run, edit, forbid], shell('echo x > src/locked/a')), 'deny');
});

test('paths are allowed within their scope only', async () => {
  const edit = (path: string): Asked => asked({ action: 'edit', path, text: `edit ${path}` });
  const table: [scope: string | null, path: string, expected: string][] = [
    ['src', 'src/a.ts', 'allow'],
    ['src', '/proj/src/a.ts', 'allow'],
    ['src', 'srcs/a.ts', 'ask'],
    ['src', 'src/../package.json', 'ask'],
    ['src', '/etc/passwd', 'ask'],
    ['/proj', 'a', 'allow'],
    ['~/x', '~/x/y', 'allow'],
    [null, 'a', 'allow'],
    [null, '/etc/passwd', 'ask'],
    [null, '.env', 'ask'],
    [null, '.git/hooks/pre-commit', 'ask'],
    [null, 'deploy/key.pem', 'ask'],
    ['.git', '.git/x', 'allow'],
    ['~', '~/.cm/policies.json', 'ask'],
    ['~/.cm', '~/.cm/policies.json', 'ask'],
  ];
  for (const [path, file, expected] of table) {
    assert.equal(await effect([rule('allow', { actions: ['edit'], path })], edit(file)), expected, `${path}: ${file}`);
  }
  const forbid = rule('deny', { path: 'src/gen' });
  assert.equal(await effect([forbid, rule('allow')], edit('SRC/gen/a')), 'deny');
  assert.equal(await effect([rule('allow', { actions: ['read'] })], edit('a')), 'ask');
});

test('operands of a command with a path stay within it', async () => {
  const remove = rule('allow', { ...words('rm -r'), path: 'build' });
  assert.equal(await effect([remove], shell('rm -r build/x')), 'allow');
  assert.equal(await effect([remove], shell('rm -r build/x src')), 'ask');
  assert.equal(await effect([remove], shell('rm -r build/..')), 'ask');
  assert.equal(await effect([remove], shell('cd sub; rm -r build')), 'ask');
  const home = rule('allow', { ...words('cat'), path: '~/x' });
  assert.equal(await effect([home], shell('cat ~/x/y')), 'allow');
  assert.equal(await effect([home], shell(`cat '~/x/y'`)), 'ask', 'the shell does not expand it');
  assert.equal(await effect([rule('allow', words('cat ~/x'))], shell(`cat '~/x'`)), 'ask');
});

test('hosts are reached only when a rule names them', async () => {
  const fetch = (url: string): Asked => asked({ action: 'network', text: `fetch ${url}` });
  const docs = rule('allow', { actions: ['network'], hosts: ['docs.example.com', '*.example.org'] });
  const table: [string, string][] = [
    ['https://docs.example.com/a', 'allow'],
    ['https://a.example.org', 'allow'],
    ['https://example.org', 'ask'],
    ['https://docs.example.com.evil.com/', 'ask'],
    ['https://docs.example.com@evil.com/', 'ask'],
    ['https://evil.com\\@docs.example.com/', 'ask'],
    ['https://evil.com/?docs.example.com', 'ask'],
    ['ftp://docs.example.com', 'ask'],
    ['https://docs.example.com/…', 'ask'],
  ];
  for (const [url, expected] of table) assert.equal(await effect([docs], fetch(url)), expected, url);
  assert.equal(await effect([rule('allow')], fetch('https://docs.example.com/')), 'ask');
  const curl = rule('allow', { ...words('curl'), hosts: ['docs.example.com'] });
  assert.equal(await effect([curl], shell('curl https://docs.example.com/x')), 'allow');
  assert.equal(await effect([curl], shell('curl https://docs.example.com/x https://evil.com')), 'ask');
  assert.equal(await effect([curl], shell('curl -o x https://docs.example.com/x')), 'ask');
});

test('no rule allows what only a person decides on', async () => {
  const all = rule('allow');
  for (const kind of ['question', 'plan', 'trust', 'login'] as const) {
    assert.equal(await effect([all], asked({ kind, action: 'shell', command: 'ls', text: 'ls' })), 'ask', kind);
  }
  for (const action of ['mode', 'mcp', 'other', null] as const) {
    assert.equal(await effect([all], asked({ action, text: 'x' })), 'ask', String(action));
    assert.equal(await effect([all], asked({ action, path: 'a', text: 'x' })), 'ask', `${String(action)} of a file`);
  }
  assert.equal(await effect([rule('deny', { actions: ['mode'] })], asked({ action: 'mode', text: 'x' })), 'deny');
});

test('a rule holds for its session, context, agent and kind of request alone', async () => {
  const table: [Partial<PolicyRule>, string][] = [
    [{ session: 's1' }, 'allow'],
    [{ session: 's2' }, 'ask'],
    [{ context: 'c1' }, 'allow'],
    [{ context: 'c2' }, 'ask'],
    [{ tool: 'claude' }, 'allow'],
    [{ tool: 'codex' }, 'ask'],
    [{ actions: ['shell'] }, 'allow'],
    [{ actions: ['edit'] }, 'ask'],
  ];
  for (const [terms, expected] of table) {
    assert.equal(
      await effect([rule('allow', { ...words('ls'), ...terms })], shell('ls')),
      expected,
      JSON.stringify(terms),
    );
  }
});

test('a rule that has run out or was used up is none, and off turns all of them off', async () => {
  const ls = words('ls');
  assert.equal(await effect([rule('allow', { ...ls, expires: '2026-01-01T12:00:01Z' })], shell('ls')), 'allow');
  assert.equal(await effect([rule('allow', { ...ls, expires: '2026-01-01T12:00:00Z' })], shell('ls')), 'ask');
  assert.equal(await effect([rule('allow', { ...ls, max: 2, used: 1 })], shell('ls')), 'allow');
  assert.equal(await effect([rule('allow', { ...ls, max: 2, used: 2 })], shell('ls')), 'ask');
  assert.equal(await effect([rule('allow', ls)], shell('ls'), true), 'ask');
});

test('an answer names every rule that it needs', async () => {
  const [a, b] = [rule('allow', words('git status')), rule('allow', words('npm test'))];
  const verdict = await evaluate(shell('git status && npm test'), { off: false, rules: [a, b] }, PLACES, NOW);
  assert.deepEqual(
    verdict.rules.map(({ id }) => id),
    [a.id, b.id],
  );
  assert.equal(verdict.rule, a.id);
  assert.match(verdict.why, /git status.*npm test/u);
});
