import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isInside, isPrivate, MachinePlaces, namesPrivate } from '../../src/core/approvals/policy/paths.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';

let root: string;
let places: MachinePlaces;

before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cm-paths-')));
  places = new MachinePlaces(new LocalMachine({ umask: 0o022 }), '/nowhere');
  await mkdir(join(root, 'proj', 'src', 'deep'), { recursive: true });
  await mkdir(join(root, 'secret'));
  await writeFile(join(root, 'secret', 'key'), '');
  await writeFile(join(root, 'proj', "it's $(x) *"), '');
  await symlink(join(root, 'secret'), join(root, 'proj', 'out'));
  await symlink('../secret/key', join(root, 'proj', 'key'));
  await symlink('../secret/new', join(root, 'proj', 'dangling'));
  await symlink('src', join(root, 'proj', 'inner'));
  await symlink('deep', join(root, 'proj', 'src', 'chain'));
  await symlink('loop', join(root, 'proj', 'loop'));
  await symlink(join(root, 'secret') + '\n', join(root, 'proj', 'line'));
});

after(() => rm(root, { recursive: true, force: true }));

test('paths lead where their links lead, also when they are not there yet', async () => {
  const table: [path: string, expected: string | undefined][] = [
    ['.', 'proj'],
    ['src/a.ts', 'proj/src/a.ts'],
    ['src/', 'proj/src'],
    ['not/there/yet', 'proj/not/there/yet'],
    ['out/key', 'secret/key'],
    ['out/new/file', 'secret/new/file'],
    ['key', 'secret/key'],
    ['dangling', 'secret/new'],
    ['inner/chain/x', 'proj/src/deep/x'],
    ["it's $(x) *", "proj/it's $(x) *"],
    ['src/../src/a', 'proj/src/a'],
    // Through a link `..` is somewhere else for the system than for those who tidy the path up.
    ['out/../x', undefined],
    ['not/there/../../x', undefined],
    ['loop', undefined],
    ['', undefined],
    ['cut…', undefined],
    ['two\nlines', undefined],
    ['~root/x', undefined],
  ];
  const found = await places.resolve(
    table.map(([path]) => path),
    join(root, 'proj'),
  );
  for (const [index, [path, expected]] of table.entries()) {
    assert.equal(found[index], expected === undefined ? undefined : join(root, expected), path);
  }
  const [top] = await places.resolve(['/'], '/');
  assert.equal(top, '/');
});

test('a link to a name with a line break is not taken for one without', async () => {
  const [found] = await places.resolve(['line/key'], join(root, 'proj'));
  assert.notEqual(found, join(root, 'secret', 'key'));
});

test('a folder holds itself and what is in it, and nothing that only begins alike', () => {
  assert.ok(isInside('/a/b', '/a/b'));
  assert.ok(isInside('/a/b/c', '/a/b'));
  assert.ok(isInside('/a', '/'));
  assert.ok(!isInside('/a/bc', '/a/b'));
  assert.ok(!isInside('/a', '/a/b'));
});

const names = (text: string): string[] => text.trim().split(/\s+/u);

test('secrets and what programs obey are known by their names', () => {
  for (const path of names(`
    .env a/.env.local .env-prod prod.env x/prod.env.local .envrc .flaskenv .git/config x/.ssh/known ID_rsa deploy_ed25519
    tls.key server.pem.bak store.p12 a/credentials.json aws-credentials.json app-secrets.yaml client_secret_12.json
    terraform.tfstate terraform.tfstate.backup prod.tfvars .vault-token .htpasswd service-account.json
    service-account-prod.json my_service_account.json /proc/1/environ /proc/self/environ /proc/self/task/9/environ
    /var/run/secrets/kubernetes.io/serviceaccount/token /run/secrets/db .kube/config kubeconfig .aws/x .bash_history
    .python_history .zhistory .mozilla/firefox/x/logins.json Library/Keychains/x .cm/policies.json x.kdbx /etc/shadow
    .netrc .npmrc .pypirc .pgpass .git-credentials token.json auth.json .docker/config.json .gnupg/x secrets/db_password
    proj.code-workspace .devcontainer/devcontainer.json .devcontainer.json .github/workflows/ci.yml
    .github/actions/x/action.yml .github/copilot-instructions.md .cargo/config.toml .pre-commit-config.yaml
    .yarn/releases/yarn-4.cjs .yarnrc.yml .hg/hgrc AGENTS.md sub/CLAUDE.md CLAUDE.local.md AGENTS.override.md GEMINI.md
    .idea/workspace.xml .zed/tasks.json .vscode/tasks.json .husky/pre-commit .gitattributes .gitmodules .gitlab-ci.yml
    Jenkinsfile .circleci/config.yml azure-pipelines.yml .mise.toml mise.toml .cursor/rules/x.mdc .cursorrules
    .windsurfrules .clinerules/x.md .claude/settings.json .codex/config.toml opencode.json .mcp.json .mvn/jvm.config
    .bazelrc sitecustomize.py x.pth .vimrc .exrc .dir-locals.el .gdbinit .bashrc .zshenv .profile lefthook.yml
    .pnpmfile.cjs .lintstagedrc.json .gitpod.yml .run/x.run.xml .ENV .e\u200bnv .env~ .env.bak`)) {
    assert.ok(isPrivate(path), path);
  }
  for (const path of names(`
    src/env.ts git/x environment keys.ts src/a.ts package.json Makefile conftest.py setup.py README.md docs/agents/x.md
    next-env.d.ts src/credentialsForm.tsx src/secretSanta.ts .gitignore .editorconfig .eslintrc.json tsconfig.json
    token.ts src/tokens/x.ts auth.ts id.ts monkey.ts history.ts .github/ISSUE_TEMPLATE/bug.md Dockerfile
    docker-compose.yml src/claude.ts tests/proc/x.py etc/hosts.ts`)) {
    assert.ok(!isPrivate(path), path);
  }
  for (const word of ['HEAD:.env', '-d@.env', 'KEY=.ssh/x', '--file=a/.env', '-f.env', 'a,.env', 'x:/r/.git/hooks']) {
    assert.ok(namesPrivate(word), word);
  }
  for (const word of ['HEAD^', 'a:b', '-la', '--name=x', 'src/a.ts:12']) assert.ok(!namesPrivate(word), word);
});
