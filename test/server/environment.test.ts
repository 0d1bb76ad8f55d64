import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const FOREIGN = {
  ELECTRON_RUN_AS_NODE: '1',
  ELECTRON_NO_ATTACH_CONSOLE: '1',
  VSCODE_PID: '123',
  VSCODE_IPC_HOOK: '/tmp/hook.sock',
  VSCODE_GIT_ASKPASS_NODE: '/node',
  CLAUDECODE: '1',
  CLAUDE_CODE_ENTRYPOINT: 'cli',
  CLAUDE_PROJECT_DIR: '/project',
  CODEX_SANDBOX: 'seatbelt',
  CODEX_HOME_SECRET: 'x',
  CURSOR_AGENT: '1',
  CURSOR_TRACE_ID: 'x',
  GEMINI_CLI: '1',
  TMUX: '/tmp/tmux-0/default,1,0',
  TMUX_PANE: '%7',
  STY: '1.pts',
  TERM_PROGRAM: 'vscode',
  TERM_PROGRAM_VERSION: '1.105',
  GIT_ASKPASS: '/editor/askpass.sh',
  CM_SESSION: '0123456789ab',
  NODE_OPTIONS: '--no-deprecation',
  npm_config_user_agent: 'npm',
  npm_lifecycle_event: 'test',
};

test('a session sees nothing of the editor, agent or tmux that its server was started from', async (t) => {
  const server = new TestServer(t, { env: FOREIGN });
  const client = server.client();
  const { id } = await server.shell(client, 'stty -opost; env');
  await server.ended(client, id);
  const names = server
    .logText(id)
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0] ?? '');
  assert.ok(names.includes('PATH') && names.includes('HOME'));
  const ours = names.filter((name) => Object.hasOwn(FOREIGN, name) || /tmux|^CM_|^CLAUDE|^CODEX|^CURSOR/i.test(name));
  // By the folder `cm` in the session finds this server; by the terminal an agent knows what keys it may ask for.
  assert.deepEqual(ours.sort(), ['CM_HOME', 'CM_RUN', 'CM_SESSION', 'TERM_PROGRAM']);
  assert.ok(server.logText(id).includes('TERM_PROGRAM=tmux\n'));
  assert.ok(server.logText(id).includes(`CM_HOME=${server.cm}\n`));
  assert.ok(server.logText(id).includes(`CM_SESSION=${id}\n`));
});

test('the tool makes files with the mask of the person, not with ours', async (t) => {
  const server = new TestServer(t);
  const before = process.umask(0o022);
  t.after(() => process.umask(before));
  const client = server.client();
  const { id } = await server.shell(client, 'umask; touch made');
  await server.ended(client, id);
  assert.equal(server.logText(id).trim(), '0022');
  assert.equal(statSync(join(server.work, 'made')).mode & 0o777, 0o644);
});

test('secrets given as variables reach the tool and nothing else', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const secret = `s3cret ' "$(touch leaked)" \`touch leaked\`\nsecond line ${process.pid}`;
  const { id } = await server.shell(
    client,
    '[ "$THE_SECRET" = "$(cat expected)" ] && echo same || echo different; sleep 1000',
    { env: { THE_SECRET: secret } },
  );
  await until('it has looked', () => server.logText(id).length > 0);
  const places: (readonly [string, string])[] = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => [`arguments of ${pid}`, readOr(`/proc/${pid}/cmdline`)]);
  places.push(['tmux environment', await server.tmux('show-environment', '-g')]);
  places.push(['tmux environment of the session', await server.tmux('show-environment', '-t', `=${id}`)]);
  for (const name of readdirSync(server.cm, { recursive: true, withFileTypes: true })) {
    if (name.isFile()) places.push([join(name.parentPath, name.name), readOr(join(name.parentPath, name.name))]);
  }
  assert.ok(places.some(([place]) => place.endsWith(`${id}.json`)));
  assert.deepEqual(
    places.filter(([, text]) => text.includes('s3cret')).map(([place]) => place),
    [],
  );
  assert.deepEqual(server.record(id).envNames, ['THE_SECRET']);
  assert.deepEqual(readdirSync(server.work), []);

  const told = await server.shell(client, 'stty -opost; printf %s "$THE_SECRET"', { env: { THE_SECRET: secret } });
  await server.ended(client, told.id);
  assert.equal(server.logText(told.id), secret);
});

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

test('what a person names arrives, whatever shells and terminals make of it, or is refused with the reason', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const env = {
    ENV: 'production',
    BASH_ENV: '/none',
    TERM: 'dumb',
    COLORTERM: 'no',
    CM_HOME: '/x',
    dir: '/y',
    id: 'z',
  };
  const { id } = await server.shell(client, 'stty -opost; env', { env });
  assert.equal((await server.ended(client, id)).exitCode, 0);
  const got = server.logText(id).split('\n');
  for (const [name, value] of Object.entries(env)) assert.ok(got.includes(`${name}=${value}`), name);
  for (const name of ['UID', 'SHELLOPTS', 'CM_SESSION']) {
    const refused = server.shell(client, 'env', { env: { [name]: '1' } });
    await assert.rejects(refused, new RegExp(`^CodeManagerError: ${name} cannot be given to a session: `));
  }
});
