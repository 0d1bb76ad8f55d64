import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import type { Places } from '../../src/core/approvals/policy/paths.js';
import { commandWords } from '../../src/core/approvals/policy/shellCommand.js';
import { PolicyRule } from '../../src/protocol/policy.js';

const RUNS = Number(process.env['CM_RUNS'] ?? 300);

/** Links: `out` leads out of the folder, `notes` to something private, `cmhome` to the data of Code Manager. */
const LINKS: Readonly<Record<string, string>> = {
  '/proj/out': '/elsewhere',
  '/proj/notes': '/proj/.env',
  '/proj/cmhome': '/home/u/.cm',
};

const PLACES: Places = {
  own: '/home/u/.cm',
  resolve: (paths, folder) =>
    Promise.resolve(
      paths.map((path) => {
        if (path === '') return undefined;
        const plain = posix.resolve(folder, path.replace(/^~(?=\/|$)/u, '/home/u'));
        const link = Object.keys(LINKS).find((each) => plain === each || plain.startsWith(`${each}/`));
        return link === undefined ? plain : `${LINKS[link] ?? ''}${plain.slice(link.length)}`;
      }),
    ),
};

let count = 0;
function rule(effect: 'allow' | 'ask' | 'deny', command: string | null, terms: Partial<PolicyRule> = {}): PolicyRule {
  const words = command === null ? null : commandWords(command);
  return PolicyRule.parse({ id: `r${count++}`, effect, created: '2026-01-01T00:00:00Z', command: words, ...terms });
}

async function effect(rules: readonly PolicyRule[], command: string): Promise<string> {
  const request = {
    kind: 'permission' as const,
    action: 'shell' as const,
    command,
    path: null,
    text: command,
    exact: 'event' as const,
  };
  const session = { id: 's1', contextId: 'c1', tool: 'claude', path: '/proj' };
  return (await evaluate({ session, request }, { off: false, rules }, PLACES, 0)).effect;
}

const EVERYTHING = rule('allow', null, { everything: true });

/** A program with the words of a deny rule, and other ways to have the same done. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  'git push': [
    'git -C . push',
    'git -C. push',
    'git -c a=b push',
    'git --no-pager push',
    'git --git-dir=.git push',
    'git --git-dir .git push',
    'git --frobnicate x push',
    'git -p --exec-path=/x push',
    'git pusher-alias',
    'git push --force',
    '/usr/bin/git push',
    './git push',
    'git.exe push',
    'GIT push',
    `git -c alias.x='!git push' x`,
    `git rebase -x 'git push' HEAD`,
    `git rebase --exec='git push' HEAD`,
    'git bisect run git push',
    `git submodule foreach 'git push'`,
    `git submodule foreach git push`,
    'GIT_SSH_COMMAND=./x git status',
    'GIT_PAGER=./x git log',
    'LD_PRELOAD=./x.so ls',
    'PATH=. ls',
    `PAGER='git push' git log`,
    'find . -exec git push',
    `make push`,
    `vim -c '!git push'`,
    `awk 'BEGIN { system("git push") }'`,
    `sed -n '1e git push' x`,
    `perl -e 'system("git push")'`,
    `python -c 'import os; os.system("git push")'`,
    `tar cf x . --checkpoint-action=exec='git push'`,
    `tar xf x --to-command='git push'`,
    `rsync -e 'git push' a b:`,
    `ssh -o ProxyCommand='git push' host`,
    'ssh host git push',
    'docker run x git push',
    'npm exec git push',
    'npx git push',
    'less x',
    'man ls',
    'python x.py',
    'node x.js',
    './deploy.sh',
    'frobnicate',
    'git commit --template x',
    'xargs git',
    'echo push | xargs git',
    'echo push | xargs env git',
    `sort --compress-program='git push' x`,
    `sort --compress-prog=./x x`,
  ],
  'npm publish': [
    'npm --prefix x publish',
    'npm -C x publish',
    'npm pub',
    'npm --tag x publish',
    'yarn npm publish',
    'npm run x',
  ],
  'docker rm': ['docker -H tcp://x rm y', 'docker --context x rm y', 'docker container rm y', 'docker --frob x rm y'],
  'kubectl delete': ['kubectl -n x delete y', 'kubectl --context x delete y', 'kubectl --namespace=x delete y'],
  'gh repo delete': ['gh repo delete x', 'gh repo --frob delete x', 'gh my-alias'],
  'cargo publish': ['cargo +nightly publish', 'cargo --config x=y publish', 'cargo -Z x publish', 'cargo my-alias'],
  'go install': ['go -C x install y'],
  'helm uninstall': ['helm -n x uninstall y', 'helm --kube-context x uninstall y'],
  'terraform destroy': ['terraform -chdir=x destroy'],
  'aws s3 rm': ['aws --profile x s3 rm y', 'aws s3 --region x rm y', 'aws --frob x s3 rm y'],
  'systemctl stop': ['systemctl --user stop x', 'systemctl -M y stop x'],
  'apt install': ['apt -o X=Y install z', 'apt-get install z; apt -y install z'],
  'rm -rf': ['rm -r -f x', 'rm -fr x', 'rm x -rf', 'rm --recursive --force x', 'command rm -rf x', 'busybox rm -rf x'],
  'make deploy': ['make -C x deploy', 'make all deploy', 'make -j4 deploy'],
};

/** Ways to run a command that any program can be put into. */
const RUNNING_IT: readonly ((command: string) => string)[] = [
  (it) => it,
  (it) => `ls; ${it}`,
  (it) => `ls && (cd sub; ${it})`,
  (it) => `true | ${it} | cat`,
  (it) => `A=1 ${it}`,
  (it) => `env ${it}`,
  (it) => `env -i A=1 ${it}`,
  (it) => `nice -n 5 ${it}`,
  (it) => `timeout -k 5 60 ${it}`,
  (it) => `nohup ${it} &`,
  (it) => `time -p ${it}`,
  (it) => `stdbuf -oL ${it}`,
  (it) => `setsid -w ${it}`,
  (it) => `chronic ${it}`,
  (it) => `sponge-like-unknown ${it}`,
  (it) => `./wrapper ${it}`,
  (it) => `uv run ${it}`,
  (it) => `poetry run ${it}`,
  (it) => `npx ${it}`,
  (it) => `npx -c '${it}'`,
  (it) => `bunx ${it}`,
  (it) => `pnpm exec ${it}`,
  (it) => `pnpm dlx ${it}`,
  (it) => `yarn exec ${it}`,
  (it) => `bundle exec ${it}`,
  (it) => `sudo -u x ${it}`,
  (it) => `doas ${it}`,
  (it) => `xargs -n1 ${it}`,
  (it) => `find . -name x -exec ${it} \\;`,
  (it) => `script -c '${it}' out`,
  (it) => `watch -n1 '${it}'`,
  (it) => `parallel '${it}' ::: x`,
  (it) => `ssh host ${it}`,
  (it) => `ssh host '${it}'`,
  (it) => `docker run --rm x ${it}`,
  (it) => `docker exec -it x sh -c '${it}'`,
  (it) => `kubectl exec x -- ${it}`,
  (it) => `git rebase -x '${it}' HEAD`,
  (it) => `git bisect run ${it}`,
  (it) => `git -c alias.x='!${it}' x`,
  (it) => `git -c core.pager='${it}' log`,
  (it) => `sh -c '${it}'`,
  (it) => `bash -xec '${it}' zero one`,
  (it) => `env sh -c '${it}'`,
  (it) => `busybox sh -c '${it}'`,
  (it) => `echo '${it}' | sh`,
  (it) => `echo '${it}' | bash -s`,
  (it) => `echo '${it}' | env bash -`,
  (it) => `sh <<< '${it}'`,
  (it) => `sh <<'E'\n${it}\nE`,
  (it) => `python - <<'E'\n${it}\nE`,
  (it) => `. ./file # ${it.replace(/[^\w -]/gu, '')}`,
  (it) => `eval '${it}'`,
  (it) => `source file; ${it}`,
  (it) => `make SHELL='${it}' x`,
  (it) => `vim -c '!${it}'`,
  (it) => `tar cf x y --checkpoint=1 --checkpoint-action=exec='${it}'`,
  (it) => `rsync -e '${it}' a b`,
  (it) => `split --filter='${it}' x`,
  (it) => `EDITOR='${it}' git commit`,
  (it) => `BASH_ENV=x ${it}`,
  (it) => `echo $(${it})`,
  (it) => `echo "\`${it}\`"`,
  (it) => `if true; then ${it}; fi`,
];

test('what is forbidden is never done in another way under a rule that allows everything', async () => {
  for (const [words, others] of Object.entries(FORBIDDEN)) {
    const rules = [EVERYTHING, rule('deny', words)];
    assert.equal(await effect(rules, words), 'deny', words);
    for (const other of [`${words} x`, ...others]) {
      for (const [index, run] of RUNNING_IT.entries()) {
        const line = other.includes("'") && /'\$|it|'/u.test(run('')) ? other : run(other);
        assert.notEqual(await effect(rules, line), 'allow', `deny ${words} (${index}): ${line}`);
      }
    }
  }
});

test('what asks is never left out either, with a rule that allows the same words', async () => {
  for (const words of Object.keys(FORBIDDEN)) {
    for (const run of RUNNING_IT) {
      const line = run(`${words} x`);
      assert.notEqual(await effect([EVERYTHING, rule('allow', words), rule('ask', words)], line), 'allow', line);
    }
  }
});

/** Programs of every kind. */
const ANY_PROGRAM = fc.constantFrom(
  ...(
    'git npm npx docker kubectl make env sudo sh bash python node find xargs ls cat grep echo rm cp tee curl ssh vim less man ' +
    'cargo go uv poetry frobnicate ./run tar awk sed time nice timeout watch script'
  ).split(' '),
);
const ANY_OPTION = fc.constantFrom(
  ...'-x -n -C -c -e -rf -- --frob --frob=x --exec --prefix --config=a -i -u --no-pager -f -'.split(' '),
);
const ANY_NAME = fc.constantFrom(...'x . sub HEAD a=b run exec test status main file.txt'.split(' '));
const before = fc.array(fc.oneof(ANY_PROGRAM, ANY_OPTION, ANY_NAME), { maxLength: 4 });

test('no words in front of forbidden ones, and none between, let them through', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(FORBIDDEN)),
      ANY_PROGRAM,
      before,
      before,
      async (words, program, prefix, options) => {
        const rules = [EVERYTHING, rule('deny', words)];
        const [own = '', ...names] = words.split(' ');
        const between = options.filter((word) => word.startsWith('-'));
        const plain = ['echo', 'ls', 'cat', 'grep', 'rm', 'cp', 'tee'].includes(program) || program === 'git';
        // Those print or open what their words say, and so does npm ls.
        if (plain && program !== own) return;
        if (program === 'npm' && prefix.find((word) => /^[a-z]/u.test(word)) === 'ls') return;
        for (const line of [
          [program, ...prefix, words].join(' '),
          [own, ...between, ...names].join(' '),
          [program, ...prefix, own, ...between, ...names].join(' '),
        ]) {
          if (line.startsWith(`${program} `) && plain && !line.startsWith(`${own} -`)) continue;
          assert.notEqual(await effect(rules, line), 'allow', `deny ${words}: ${line}`);
        }
      },
    ),
    { numRuns: RUNS },
  );
});

test('a rule for the whole line, or for its words, still works beside one that forbids something else', async () => {
  const table: [allow: string, command: string][] = [
    ['npm test', 'npm test'],
    ['npm test', 'npm test src'],
    ['git status', 'git status'],
    ['git status', 'git status --short'],
    ['git status', 'git --no-pager status'],
    ['git diff', 'git diff -- src'],
    ['git diff', 'git --no-pager diff HEAD^ src/a.ts'],
    ['git log', 'git log --oneline -n 5'],
    ['git log', `git log --since='2 days ago' -5`],
    ['git show', 'git show HEAD:src/a.ts'],
    ['git add', 'git add -A'],
    ['git commit', `git commit -m 'Mend it; stop git push'`],
    ['git commit -m', `git commit -m 'One\n\nTwo lines'`],
    ['ls', 'ls -la src'],
    ['ls', 'ls'],
    ['cargo test', 'cargo test --workspace'],
    ['cargo test --workspace', 'cargo test --workspace'],
    ['cargo build', 'cargo build --release'],
    ['pytest', 'pytest -q tests/x.py'],
    ['pytest -q', 'pytest -q tests/x.py'],
    ['make test', 'make test'],
    ['make test', 'make test -j4'],
    ['go test', 'go test ./...'],
    ['go test', 'go test -race ./...'],
    ['cat', 'cat src/a.ts'],
    ['npm run build', 'npm run build'],
    ['npm install', 'npm install'],
    ['npm install', 'npm install --no-audit'],
    ['npm install lodash', 'npm install lodash'],
    ['npm ci', 'npm ci'],
    ['python x.py', 'python x.py'],
    ['python -m pytest', 'python -m pytest'],
    ['python3 -u x.py', 'python3 -u x.py'],
    ['node --test', 'node --test'],
    ['./mark yes', './mark yes'],
    ['./mark', './mark yes 2>&1'],
    ['npx tsc --noEmit', 'npx tsc --noEmit'],
    ['grep', 'grep -rn /login src'],
    ['rg', 'rg -n foo src'],
    ['mkdir -p', 'mkdir -p src/x'],
    ['echo', `echo 'Tests are done'`],
    ['sed -n 1,5p', 'sed -n 1,5p'],
    ['docker ps', 'docker ps'],
    ['jq', `jq '.a.b' package.json`],
    ['uv run pytest', 'uv run pytest'],
    ['git checkout', 'git checkout -- src/a.ts'],
    ['git checkout -', 'git checkout -'],
  ];
  for (const [words, command] of table) {
    assert.equal(await effect([rule('allow', words)], command), 'allow', `${words}: ${command}`);
    const rules = [rule('allow', words), rule('deny', 'terraform destroy'), rule('ask', 'rm -rf')];
    assert.equal(await effect(rules, command), 'allow', `${words}, beside others: ${command}`);
  }
  const noPush = rule('deny', 'git push');
  for (const words of [`python -c 'import os; os.system("git push")'`, 'GIT_SSH_COMMAND=./x git fetch']) {
    assert.equal(await effect([rule('allow', words)], words), 'allow', words);
    assert.equal(await effect([rule('allow', words), noPush], words), 'ask', words);
  }
  assert.equal(await effect([EVERYTHING, noPush], 'FOO=1 ls'), 'ask');
  assert.equal(await effect([rule('allow', 'git -C x log')], 'git -C x log src'), 'ask');
  const both = [rule('allow', 'grep'), rule('allow', 'head')];
  assert.equal(await effect(both, 'grep -rn foo src | head -5'), 'allow');
  const moved = [rule('allow', 'cd'), rule('allow', 'npm test'), rule('allow', 'cat')];
  assert.equal(await effect(moved, 'cd sub && npm test'), 'allow');
  assert.equal(await effect(moved, 'cd sub && npm test src && cat a.ts'), 'allow');
  assert.equal(await effect(moved, 'cd sub && cat ../../x'), 'ask');
  assert.equal(await effect(moved, 'cd out && cat a'), 'ask');
  assert.equal(await effect(moved, 'cd - && npm test src'), 'ask');
  for (const command of ['ls -la', 'git status', 'cat src/a.ts | head -5', 'rm -r build', 'echo git push', 'mkdir x']) {
    assert.equal(await effect([EVERYTHING, rule('deny', 'git push')], command), 'allow', command);
  }
});

test('a rule allows no more than its words, harmless options and names in the folder of the session', async () => {
  const table: [allow: string, ...commands: string[]][] = [
    ['cat', 'cat /etc/passwd', 'cat out/x', 'cat ~/x', `cat '~/x' /etc/x`, 'cat ../x', 'cat notes', 'cat .env', 'cat src/prod.env', 'cat cmhome/x', 'cd /etc && cat passwd', 'cat -- /etc/x', 'cat /proc/self/environ'],
    ['head', 'head -5 /etc/passwd', 'head -n 5 out/x', 'head notes'],
    ['less', 'less x', 'less +!sh'],
    ['grep', 'grep -f /etc/shadow x', 'grep foo /etc/passwd', 'grep -R foo src', 'grep foo out/x', 'grep -rn foo notes', 'grep -e foo src'],
    ['rg', 'rg foo /etc', 'rg --pre ./x foo', 'rg --pre=./x foo'],
    ['ls', 'ls /root', 'ls out', 'ls ~'],
    ['npm install', 'npm install evil', 'npm install https://x/y', 'npm install ../x', 'npm install --registry=https://x', 'npm i evil', 'npm install -g x'],
    ['npm ci', 'npm ci x'],
    ['pip install', 'pip install evil', 'pip install -r x', 'pip3 install x'],
    ['cargo install', 'cargo install evil', 'cargo install --git x'],
    ['go install', 'go install evil@latest'],
    ['go get', 'go get evil'],
    ['gem install', 'gem install evil'],
    ['brew install', 'brew install evil'],
    ['apt install', 'apt install evil'],
    ['pipx install', 'pipx install evil'],
    ['uv add', 'uv add evil'],
    ['uv pip', 'uv pip install evil'],
    ['yarn add', 'yarn add evil'],
    ['pnpm add', 'pnpm add evil'],
    ['poetry add', 'poetry add evil'],
    ['composer require', 'composer require evil/x'],
    ['git', 'git push'],
    ['git -C', 'git -C . push', 'git -C x'],
    ['git -C x', 'git -C x push'],
    ['git --no-pager', 'git --no-pager push'],
    ['git status', 'git -C . status', 'git -c core.fsmonitor=./x status', 'git --exec-path=. status', 'git push'],
    ['git log', 'git log --ext-diff', 'git log --output=x', 'GIT_PAGER=./x git log', 'git log -p --textconv'],
    ['git myalias', 'git myalias x'],
    ['git rebase', `git rebase -x 'rm x' HEAD`],
    ['git clone', 'git clone ext::sh'],
    ['npm --prefix', 'npm --prefix x run y'],
    ['docker', 'docker run x'],
    ['docker -H', 'docker -H x rm y'],
    ['kubectl', 'kubectl delete x'],
    ['make', 'make deploy'],
    ['make test', 'make test deploy', 'make test SHELL=./x', 'make -f x test', 'make test --eval=x'],
    ['curl', 'curl https://evil.com', 'curl --json x', 'curl -d @.env x'],
    ['sh', 'sh', 'echo rm x | sh', 'sh x'],
    ['bash x.sh', 'bash x.sh y', 'bash -s'],
    ['python', 'python', 'python x.py', 'echo x | python'],
    ['python -', 'python -', `python - <<'E'\nx\nE`],
    ['bash', 'bash <<< x', 'bash'],
    ['ssh host', 'ssh host', 'echo x | ssh host'],
    ['sudo -s', 'sudo -s', 'echo x | sudo -s'],
    ['xargs sh', 'xargs sh'],
    ['at now', 'at now', 'echo x | at now'],
    ['psql db', 'psql db'],
    ['cm', 'cm', 'cm list'],
    ['cm list', 'cm list', 'env cm list', 'cm list; ls'],
    ['tmux ls', 'tmux ls', '/usr/bin/tmux ls'],
    ['env cm', 'env cm'],
    ['code-manager', 'code-manager'],
    ['node', 'node cm.js'],
    ['./x', './x cm start', 'CM_HOME=/x ./x', './x cmhome/policies.json', './x --frob', './x ~/.cm/policies.json', './x -o~/.cm/x'],
    ['CM_HOME=/x ls', 'CM_HOME=/x ls'],
    ['ls cmhome', 'ls cmhome'],
  ]; // prettier-ignore
  for (const [words, ...commands] of table) {
    for (const command of commands) {
      assert.notEqual(
        await effect([rule('allow', words), rule('allow', 'echo')], command),
        'allow',
        `${words}: ${command}`,
      );
    }
  }
  for (const command of [
    'sudo ls',
    'env sudo ls',
    'chronic sudo ls',
    './x sudo ls',
    'env curl https://x',
    'sh -c "env sudo ls"',
    'tmux kill-server',
    'cm approve x',
    'npx cm approve x',
    'cat ~/.cm/policies.json',
    'cat notes',
    'tee CLAUDE.md',
    'cp x .github/workflows/y.yml',
    'echo x | sh',
    'python - < x',
  ]) {
    assert.notEqual(await effect([EVERYTHING], command), 'allow', command);
  }
});

test('hosts of a rule are reached by nothing that sends, follows or writes', async () => {
  const docs = rule('allow', 'curl', { hosts: ['docs.example.com'] });
  assert.equal(await effect([docs], 'curl -fsS https://docs.example.com/x'), 'allow');
  for (const more of [
    '--json x',
    '--json=x',
    '-d x',
    '-dx',
    '-F a=b',
    '-T x',
    '-X POST',
    '--upload-file x',
    '-o x',
    '-O',
    '-K x',
    '--config x',
    '-L',
    '-x http://evil',
    '--proxy http://evil',
    '--next',
    '-b x',
    '-c x',
    '-D x',
    '--output x',
    '--data-binary @.env',
  ]) {
    assert.equal(await effect([docs], `curl ${more} https://docs.example.com/x`), 'ask', more);
  }
  const wget = rule('allow', 'wget', { hosts: ['docs.example.com'] });
  for (const more of ['--post-file=x', '--post-data=x', '-O x', '-i x', '--body-file=x', '-e x', '--use-askpass=x']) {
    assert.equal(await effect([wget], `wget ${more} https://docs.example.com/x`), 'ask', more);
  }
  assert.equal(await effect([wget], 'wget https://docs.example.com/.envrc'), 'ask');
});

test('paths, hosts and kinds of requests that are forbidden are found in commands too', async () => {
  const named = ['cat', 'rm', 'cp', 'tee', 'grep', 'ls', 'git diff', 'echo', 'cd'].map((words) => rule('allow', words));
  const table: [terms: Partial<PolicyRule>, command: string, expected: string][] = [
    [{ path: 'secret' }, 'cat secret/x', 'deny'],
    [{ path: 'secret' }, 'grep -r foo', 'ask'],
    [{ path: 'secret' }, 'grep -r foo .', 'ask'],
    [{ path: 'secret' }, 'ls', 'ask'],
    [{ path: 'secret' }, 'git diff', 'ask'],
    [{ path: 'secret' }, 'grep foo src/a', 'allow'],
    [{ path: 'secret' }, 'cd secret && cat x', 'deny'],
    [{ path: 'secret', actions: ['edit'] }, 'rm secret/x', 'deny'],
    [{ path: 'secret', actions: ['edit'] }, 'cat secret/x', 'allow'],
    [{ path: 'secret', actions: ['read'] }, 'cat secret/x', 'deny'],
    [{ path: 'secret', actions: ['read'] }, 'cp secret/x y', 'deny'],
    [{ path: 'secret', actions: ['edit'] }, 'echo x | tee secret/x', 'deny'],
  ];
  for (const [terms, command, expected] of table) {
    assert.equal(
      await effect([...named, rule('deny', null, terms)], command),
      expected,
      `${JSON.stringify(terms)}: ${command}`,
    );
  }
  const hosts = rule('deny', null, { hosts: ['evil.com', '*.evil.org'] });
  for (const command of [
    'curl https://evil.com',
    'curl evil.com',
    'git clone git@evil.com:x',
    'ssh a.evil.org',
    './x evil.com',
  ]) {
    const words = command.split(' ');
    const all = [rule('allow', words[0] ?? '', { hosts: ['evil.com'] }), rule('allow', command), EVERYTHING];
    assert.notEqual(await effect([...all, hosts], command), 'allow', command);
  }
  const network = rule('deny', null, { actions: ['network'] });
  assert.equal(await effect([rule('allow', 'curl https://x.com'), network], 'curl https://x.com'), 'deny');
  assert.equal(await effect([rule('allow', 'ls'), network], 'ls src'), 'allow');
});
