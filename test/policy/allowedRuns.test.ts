import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import { MachinePlaces, type Places } from '../../src/core/approvals/policy/paths.js';
import { commandWords } from '../../src/core/approvals/policy/shellCommand.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { PolicyRule } from '../../src/protocol/policy.js';

const RUNS = Number(process.env['CM_RUNS'] ?? 80);
const SHELLS = ['bash', 'dash', 'zsh'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);
/** They only write down with which words they were run. */
const STUBS = ['alpha', 'beta', 'evil', 'npm', 'curl', 'sudo', 'cm', 'tmux'];
/** They are what they are: they run, read and write what they are told to. */
const REAL = (
  'env nice timeout nohup xargs setsid stdbuf sh bash dash find cat head tail grep wc sort ls tee cp mv mkdir touch sed awk ' +
  'split script time uniq cut tr sleep'
).split(' ');
/** Runs its words, and stands in no list. */
const WRAPPER = '#!/bin/sh\nexec "$@"\n';
/** Does what git does with options in front of the name, aliases, and what runs commands. */
const GIT = `#!/bin/sh
note git "$@"
alias=
while :; do
  case $1 in
    -C|-c|--git-dir|--work-tree) case $2 in alias.*=!*) alias=\${2#*=!};; esac; shift 2 || exit;;
    -*) shift;;
    *) break;;
  esac
done
case $1 in
  push) note pushed;;
  x) [ -z "$alias" ] || sh -c "$alias";;
  commit) [ -z "$GIT_EDITOR" ] || sh -c "$GIT_EDITOR";;
  bisect) shift 2; "$@";;
  rebase)
    while [ $# -gt 0 ]; do case $1 in -x|--exec) sh -c "$2"; shift;; --exec=*) sh -c "\${1#*=}";; esac; shift; done;;
esac
`;
const SECRET = 'this-is-the-secret';
/** What runs here may be told anything, so it runs as somebody who can write nowhere else: root could replace /dev/null. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;

let root: string;
let bin: string;
let places: MachinePlaces;
let count = 0;

before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cm-runs-')));
  await chmod(root, 0o755);
  bin = join(root, 'bin');
  await mkdir(bin);
  const scripts: Record<string, string> = { git: GIT, wrap: WRAPPER };
  for (const name of [...STUBS, 'note']) {
    const first = name === 'note' ? '' : `'${name}' `;
    scripts[name] = `#!/bin/sh\nprintf '%s\\037' ${first}"$@" >> "$MARKS"\nprintf '\\n' >> "$MARKS"\n`;
  }
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), script);
    await chmod(join(bin, name), 0o755);
  }
  for (const name of REAL) {
    const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (path.startsWith('/')) await symlink(path, join(bin, name));
  }
  places = new MachinePlaces(new LocalMachine({ umask: 0o022 }), join(root, 'own'));
});

after(() => rm(root, { recursive: true, force: true }));

/** A project with secrets, links that lead out of it, and a home beside it. */
async function scene(): Promise<string> {
  const top = join(root, `scene${count++}`);
  const files: Record<string, string> = {
    'proj/src/a.ts': 'ordinary foo\n',
    'proj/x': 'push\nevil\n',
    'proj/run.sh': 'evil from-file\n',
    'proj/.env': SECRET,
    'proj/prod.env': SECRET,
    'proj/~/x': 'ordinary\n',
    'outside/secret': SECRET,
    'home/x': SECRET,
    'home/secret': SECRET,
  };
  for (const folder of ['proj/src', 'proj/~', 'outside', 'home']) await mkdir(join(top, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(top, name), text);
  await symlink('../outside', join(top, 'proj', 'out'));
  await symlink('.env', join(top, 'proj', 'notes'));
  if (NOBODY) for (const path of [top, ...(await below(top))]) await chown(path, NOBODY.uid, NOBODY.gid);
  return top;
}

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => !entry.isSymbolicLink()).map((entry) => join(entry.parentPath, entry.name));
}

/** All files below a folder with what is in them. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length), entry.isSymbolicLink() ? await readlink(path) : await readFile(path, 'utf8')];
    });
  return Object.fromEntries(await Promise.all(found)) as Record<string, string>;
}

interface Ran {
  readonly programs: readonly (readonly string[])[];
  readonly output: string;
  readonly changed: readonly string[];
}

async function run(shell: string, line: string, top: string): Promise<Ran> {
  const earlier = await contents(top);
  const marks = join(root, `marks${count++}`);
  await writeFile(marks, '');
  if (NOBODY) await chown(marks, NOBODY.uid, NOBODY.gid);
  const path = spawnSync('sh', ['-c', `command -v ${shell}`], { encoding: 'utf8' }).stdout.trim();
  const { stdout, stderr } = spawnSync(path, ['-c', line], {
    cwd: join(top, 'proj'),
    env: { PATH: bin, MARKS: marks, HOME: join(top, 'home') },
    ...NOBODY,
    input: '',
    timeout: 20_000,
    encoding: 'utf8',
  });
  const text = await readFile(marks, 'utf8');
  const later = await contents(top);
  const changed = [...new Set([...Object.keys(earlier), ...Object.keys(later)])].filter(
    (name) => earlier[name] !== later[name],
  );
  return {
    programs: text
      .split('\n')
      .slice(0, -1)
      .map((marked) => marked.split('\u001f').slice(0, -1)),
    output: stdout + stderr,
    changed,
  };
}

function rule(effect: 'allow' | 'deny', command: string | null): PolicyRule {
  const words = command === null ? null : commandWords(command);
  return PolicyRule.parse({ id: `r${count++}`, effect, created: '2026-01-01T00:00:00Z', command: words });
}

async function effect(rules: readonly PolicyRule[], command: string, top: string): Promise<string> {
  const home = join(top, 'home');
  const here: Places = {
    own: join(root, 'own'),
    resolve: (paths, folder) =>
      places.resolve(
        paths.map((path) => path.replace(/^~(?=\/|$)/u, home)),
        folder,
      ),
  };
  const request = {
    kind: 'permission' as const,
    action: 'shell' as const,
    command,
    path: null,
    text: command,
    exact: 'event' as const,
  };
  const session = { id: 's1', contextId: 'c1', tool: 'claude', path: join(top, 'proj') };
  return (await evaluate({ session, request }, { off: false, rules }, here, 0)).effect;
}

/** What rules there are: each may run what its words say. */
const ALLOWED: readonly (readonly string[])[] = [
  ['alpha'],
  ['alpha x', 'cat'],
  ['alpha', 'beta y'],
  ['echo', 'alpha'],
  ['cat', 'head', 'grep'],
  ['cd', 'cat', 'ls', 'alpha'],
  ['grep', 'wc', 'sort', 'tail'],
  ['env alpha', 'nice alpha'],
  ['timeout 5 alpha', 'nohup alpha x'],
  ['echo', 'xargs alpha'],
  ['echo', 'sh', 'bash -s', 'cat'],
  [`sh -c 'alpha x'`, 'alpha'],
  ['find . -name x', 'find', 'sed', 'awk'],
  ['git status', 'git log', 'git commit', 'git rebase'],
  ['git', 'git -C', 'git -c', 'wrap'],
  ['npm install', 'npm test'],
  ['wrap alpha', 'alpha'],
  ['A=1 alpha', 'beta'],
  ['sudo', 'curl', 'cm', 'tmux', 'env', 'xargs'],
  ['tr a b', 'cut', 'uniq', 'split'],
];

const name = fc.constantFrom(
  ...(
    `x y src src/a.ts . .. out out/secret notes .env prod.env '~/x' ~/x ~ ../outside/secret push status evil alpha 'evil x' ` +
    `"evil" 'git push' '; evil' 'x y' A=1 foo HEAD -- - 5 a=b './x' ./run.sh run.sh '' {} + \\; 'alias.x=!evil' '!evil' ` +
    `'1e evil' 'BEGIN{system("evil")}' $HOME/x /dev/stdin /dev/null`
  ).split(/ (?=(?:[^'"]*['"][^'"]*['"])*[^'"]*$)/u),
);
const option = fc.constantFrom(
  ...(
    '-C -c -x -n -n1 -r -R -rn -e -f -i -s -I{} -exec -execdir -0 -la -5 -d --exec --no-pager --git-dir --filter=evil ' +
    '--compress-program=evil --include=x --frob -u -v -k -lc -ec --message -m -am'
  ).split(' '),
);
const PROGRAMS = [
  ...[
    'alpha',
    'beta',
    'evil',
    'git',
    'wrap',
    'env',
    'nice',
    'timeout',
    'nohup',
    'xargs',
    'sh',
    'bash',
    'find',
    'cat',
    'head',
  ],
  ...[
    'grep',
    'echo',
    'cd',
    'sed',
    'awk',
    'tee',
    'cp',
    'sort',
    'split',
    'npm',
    'sudo',
    'cm',
    'time',
    'setsid',
    'wc',
    'tail',
  ],
  ...[
    './run.sh',
    'command',
    'exec',
    'builtin',
    '.',
    'eval',
    'A=1',
    'PATH=.',
    'GIT_EDITOR=evil',
    'ls',
    'git status',
    'git log',
  ],
];
const words = (programs: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...programs), { minLength: 1, maxLength: 3 }),
      fc.array(fc.oneof({ weight: 3, arbitrary: name }, option), { maxLength: 4 }),
      fc.constantFrom(
        '',
        '',
        '',
        '',
        ' > made',
        ' 2>&1',
        ' < x',
        ' <<< "evil"',
        " <<'E'\nevil\nE\n",
        ' >> ../outside/made',
      ),
    )
    .map(([first, rest, redirection]) => [...first, ...rest].join(' ') + redirection);
const lineOf = (programs: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(words(programs), fc.constantFrom('; ', ' && ', ' | ', ' || ', '\n')), {
      minLength: 1,
      maxLength: 3,
    })
    .map((parts) => parts.map(([text, joint], at) => text + (at === parts.length - 1 ? '' : joint)).join(''));

/** Rules, and a line that is often about what they name. */
const byRules = fc
  .constantFrom(...ALLOWED)
  .chain((allowed) =>
    fc.tuple(
      fc.constant(allowed),
      fc.oneof(
        { weight: 3, arbitrary: lineOf([...allowed]) },
        lineOf([...allowed, ...allowed, ...PROGRAMS]),
        lineOf([...allowed.flatMap((each) => each.split(' ')), ...allowed]),
      ),
    ),
  );

/** Whether the words of one of the rules say that a program runs with these words. */
function isNamed(allowed: readonly string[], [program = '', ...args]: readonly string[]): boolean {
  return allowed.some((each) => {
    const tokens = each.replaceAll("'", '').split(' ');
    const at = tokens.indexOf(program);
    if (at < 0) return false;
    // What git allows to stand in front of the name changes nothing.
    const plain = program === 'git' ? args.filter((word) => word !== '--no-pager') : args;
    return tokens.slice(at + 1).every((token, index) => plain[index] === token);
  });
}

for (const shell of SHELLS) {
  test(`${shell} runs, reads and writes for an allowed line only what its rules name`, async (t) => {
    let ranCount = 0;
    await fc.assert(
      fc.asyncProperty(byRules, async ([allowed, line]) => {
        const top = await scene();
        try {
          const rules = allowed.map((each) => rule('allow', each));
          if ((await effect(rules, line, top)) !== 'allow') return;
          const { programs, output, changed } = await run(shell, line, top);
          ranCount++;
          const said = `${shell}, with ${allowed.join(' / ')}: ${JSON.stringify(line)}`;
          for (const program of programs) assert.ok(isNamed(allowed, program), `ran ${program.join(' ')} in ${said}`);
          assert.ok(!output.includes(SECRET), `read a secret in ${said}`);
          const written = changed.filter((path) => !path.startsWith('/proj/') || /\.env|\/~/u.test(path));
          assert.deepEqual(written, [], said);
          if (!allowed.some((each) => /^(?:split|uniq|sort)/u.test(each))) assert.deepEqual(changed, [], said);
        } finally {
          await rm(top, { recursive: true, force: true });
        }
      }),
      { numRuns: 2 * RUNS },
    );
    t.diagnostic(`${ranCount} of ${2 * RUNS} lines were allowed and run`);
    assert.ok(ranCount > 0, 'none was allowed');
  });

  test(`${shell} never runs what is forbidden for a line that everything else allows`, async (t) => {
    let ranCount = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('evil', 'git push'),
        fc.oneof(lineOf(PROGRAMS), lineOf(['cat', 'ls', 'echo', 'git status', 'grep', 'sort', 'git log', 'cp', 'tee'])),
        async (forbidden, line) => {
          const top = await scene();
          try {
            if ((await effect([rule('allow', null), rule('deny', forbidden)], line, top)) !== 'allow') return;
            const { programs } = await run(shell, line, top);
            ranCount++;
            const done = programs.map(([program]) => (program === 'pushed' ? 'git push' : program));
            assert.ok(!done.includes(forbidden), `${shell} ran ${forbidden} in ${JSON.stringify(line)}`);
            assert.ok(!done.some((program) => ['sudo', 'curl', 'cm', 'tmux'].includes(program ?? '')), line);
          } finally {
            await rm(top, { recursive: true, force: true });
          }
        },
      ),
      { numRuns: RUNS },
    );
    t.diagnostic(`${ranCount} of ${RUNS} lines were allowed and run`);
    assert.ok(ranCount > RUNS / 25, `only ${ranCount} were allowed`);
  });
}

test('the programs do here what they do elsewhere', async () => {
  const lines: [line: string, ran: string][] = [
    [`wrap env nice evil x`, 'evil x'],
    [`echo 'evil x' | sh`, 'evil x'],
    [`git -c 'alias.x=!evil' x`, 'evil'],
    [`git rebase -x 'git -C . push' HEAD`, 'pushed'],
    [`find . -name x -exec evil {} +`, 'evil ./x'],
    [`cat x | xargs -n1 git`, 'pushed'],
    [`split --filter=evil x`, 'evil'],
    [`awk 'BEGIN{system("evil")}'`, 'evil'],
    [`sh run.sh`, 'evil from-file'],
    [`GIT_EDITOR=evil git commit`, 'evil'],
  ];
  const top = await scene();
  for (const [line, expected] of lines) {
    const { programs } = await run('bash', line, top);
    assert.ok(
      programs.some((program) => program.join(' ').startsWith(expected)),
      `${line}: ${JSON.stringify(programs)}`,
    );
  }
  assert.match((await run('bash', 'cat out/secret notes ~/x', top)).output, new RegExp(SECRET));
  assert.deepEqual((await run('bash', 'echo > made', top)).changed, ['/proj/made']);
});
