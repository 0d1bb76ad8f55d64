import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { runOperation } from '../../src/client/operation.js';
import { findAgentServer } from '../../src/machines/install/agentDial.js';
import { connectSsh } from '../../src/machines/ssh/connectSsh.js';
import { bestNode, findNode } from '../../src/machines/install/findNode.js';
import { installAgentServer, type InstallOptions } from '../../src/machines/install/install.js';
import type { SshConnection } from '../../src/machines/ssh/sshConnection.js';
import { hostNamespace } from '../helpers/namespace.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { tempDir } from '../helpers/tempDir.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';
import { Sshd, type SshdOptions } from './sshd.js';

const signal = new AbortController().signal;

/** A connection to a host as its person would make it. */
async function signIn(t: TestContext, host: Sshd): Promise<SshConnection> {
  const home = host.client();
  const connection = await connectSsh(
    { host: 'box' },
    { signal, log: silentLogger, configFile: join(home, '.ssh', 'config'), env: { ...process.env, HOME: home } },
  );
  t.after(() => connection.dispose());
  return connection;
}

function options(more: Partial<InstallOptions> = {}): InstallOptions {
  const files = new Map([
    ['dist/server.js', Buffer.from('console.log("hello")')],
    ['media/demo/agent.mjs', Buffer.alloc(300_000, 'x')],
  ]);
  const start = (): Promise<void> => Promise.resolve();
  return {
    files,
    main: 'dist/server.js',
    version: '1.2.3',
    build: 'abcdef012345',
    signal,
    progress() {},
    start,
    ...more,
  };
}

const folderOf = (host: Sshd): string => join(host.cmHome, 'server');
const versions = (host: Sshd): string[] =>
  readdirSync(folderOf(host))
    .filter((name) => /\d\.\d|tmp/.test(name))
    .sort();

for (const [name, more] of [
  ['by SFTP', {}],
  ['through a shell where there is no SFTP', { sftp: false }],
  ['over one session at a time', { maxSessions: 1 }],
  ['where the login shell prints a banner', { profile: 'echo "Welcome!"; echo "to this host" >&2' }],
] as const satisfies readonly (readonly [string, SshdOptions])[]) {
  test(`files are put in place, checked and private ${name}`, async (t) => {
    const host = await Sshd.start(t, more);
    const connection = await signIn(t, host);
    const told: (number | undefined)[] = [];
    const commands: string[] = [];
    await installAgentServer(
      connection,
      options({
        progress: (_message, percent) => told.push(percent),
        start: (command) => Promise.resolve(void commands.push(command)),
      }),
    );
    const folder = join(folderOf(host), '1.2.3-abcdef012345');
    assert.equal(readFileSync(join(folder, 'dist', 'server.js'), 'utf8'), 'console.log("hello")');
    assert.equal(statSync(join(folder, 'media', 'demo', 'agent.mjs')).size, 300_000);
    for (const path of [folder, join(folder, 'dist'), folderOf(host)]) assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, 'dist', 'server.js')).mode & 0o777, 0o600);
    assert.match(commands.join('\n'), /--dial-stdio/);
    assert.deepEqual(versions(host), ['1.2.3-abcdef012345']);
    assert.equal(told.at(-1), 100);
    assert.deepEqual(
      told,
      [...told].sort((a, b) => (a ?? 0) - (b ?? 0)),
      'progress only grows',
    );
    assert.ok(new Set(told).size > 4);
  });
}

test('a new version replaces the old one only when it starts; a broken one leaves nothing behind', async (t) => {
  const host = await Sshd.start(t);
  const connection = await signIn(t, host);
  await installAgentServer(connection, options());
  const launch = readFileSync(join(folderOf(host), 'launch.sh'), 'utf8');
  const broken = options({ version: '1.3.0', start: () => Promise.reject(new Error('It does not start')) });
  await assert.rejects(installAgentServer(connection, broken), /does not start/);
  assert.deepEqual(versions(host), ['1.2.3-abcdef012345']);
  assert.equal(readFileSync(join(folderOf(host), 'launch.sh'), 'utf8'), launch);
  mkdirSync(join(folderOf(host), 'mine'));
  writeFileSync(join(folderOf(host), '1.0-notes.txt'), 'not ours');
  await installAgentServer(connection, options({ version: '1.3.0' }));
  assert.deepEqual(versions(host), ['1.0-notes.txt', '1.3.0-abcdef012345']);
  assert.ok(existsSync(join(folderOf(host), 'mine')));
  // What is there and whole is not sent again; what was damaged is.
  const said: string[] = [];
  const sent = (): number => said.filter((message) => message.startsWith('Sending')).length;
  const count = {
    version: '1.3.0',
    progress: (message: string) => {
      said.push(message);
    },
  };
  await installAgentServer(connection, options(count));
  assert.equal(sent(), 0);
  writeFileSync(join(folderOf(host), '1.3.0-abcdef012345', 'dist', 'server.js'), 'damaged');
  await installAgentServer(connection, options(count));
  assert.ok(sent() > 0);
});

test('a cancelled installation leaves nothing behind', async (t) => {
  const host = await Sshd.start(t);
  const connection = await signIn(t, host);
  const controller = new AbortController();
  const running = installAgentServer(
    connection,
    options({
      files: new Map([['dist/server.js', Buffer.alloc(40_000_000)]]),
      signal: controller.signal,
      progress: (message) => message.startsWith('Sending') && controller.abort(),
    }),
  );
  await assert.rejects(running, { code: 'cancelled' });
  await until('it is cleared up', () => versions(host).length === 0);
});

test('Node.js is found where version managers and editors put it, and one that is too old is told', async (t) => {
  const host = await Sshd.start(t, { shell: '/bin/sh', profile: 'PATH="$HOME/bin:/usr/bin:/bin"; export PATH' });
  writeFileSync(join(host.home, '.profile'), 'PATH="$HOME/bin:$PATH"\n');
  const connection = await signIn(t, host);
  const fake = (path: string, version: string): string => {
    const file = join(host.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  // It stands before the one of this machine, if there is one.
  const first = fake('bin/node', 'v18.1.0');
  const none = { code: 'dependencyMissing', message: /no Node\.js 20 .*is 18\.1\.0$/, hint: /needs only tmux/ };
  await assert.rejects(findNode(connection, signal), none);
  const editor = fake('.vscode-server/cli/servers/Stable-1/server/node', 'v22.1.0');
  assert.equal(await findNode(connection, signal), editor);
  fake('.local/share/mise/installs/node/20.1.0/bin/node', 'v20.1.0');
  const newest = fake('.nvm/versions/node/v24.3.0/bin/node', 'v24.3.0');
  assert.equal(await findNode(connection, signal), newest);
  rmSync(first);
  symlinkSync(process.execPath, first);
  assert.equal(await findNode(connection, signal), first);
});

test('which Node.js is taken is known by table', () => {
  const node = (group: string, version: string) => ({
    group,
    path: `/${group}/${version}`,
    version: version.split('.').map(Number),
  });
  const best = (...candidates: ReturnType<typeof node>[]): string | undefined => bestNode(candidates)?.path;
  assert.equal(best(), undefined);
  assert.equal(best(node('path', '18.20.0'), node('manager', '19.9.9')), undefined);
  assert.equal(best(node('path', '20.0.0'), node('manager', '24.0.0')), '/path/20.0.0');
  assert.equal(best(node('path', '18.0.0'), node('manager', '20.9.0'), node('manager', '20.10.0')), '/manager/20.10.0');
  assert.equal(best(node('editor', '22.0.0'), node('manager', '20.0.0')), '/manager/20.0.0');
  assert.equal(best(node('editor', '22.0.0')), '/editor/22.0.0');
});

function serverPid(host: RemoteHost): number | undefined {
  const folder = join(host.cm, 'servers');
  const file = readdirSync(folder).find((name) => name.endsWith('.json'));
  return file === undefined ? undefined : (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number }).pid;
}

async function install(client: Client): Promise<{ readonly messages: string[] }> {
  const messages: string[] = [];
  await runOperation(
    client,
    'machine/install',
    { machine: 'far-box' },
    { onProgress: ({ message }) => messages.push(message) },
  );
  return { messages };
}

test('tmux that comes by the setup of a machine alone is found by the agent server that is installed there', async (t) => {
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  const hub = new TestServer(t, { env: { SHELL: '/bin/sh' } });
  const dir = tempDir(t);
  const tmux = execFileSync('sh', ['-c', 'readlink -f "$(command -v tmux)"'], { encoding: 'utf8' }).trim();
  const usual = ['/usr/local/bin', '/usr/bin', '/bin'].map((folder) => join(folder, 'tmux'));
  const hidden = [...new Set([tmux, ...usual.filter((path) => existsSync(path)).map((path) => realpathSync(path))])];
  // It tells its version by the name that it is called by.
  mkdirSync(join(dir, 'real'));
  copyFileSync(tmux, join(dir, 'real', 'tmux'));
  const { wrapper } = hostNamespace(
    dir,
    'modules',
    hidden.map((path) => [path, '/dev/null'] as const),
  );
  const host = await RemoteHost.start(t, { wrapper });
  // As with modules, it does not run without what comes with it.
  const opt = join(dir, 'opt');
  mkdirSync(opt);
  const program = `#!/bin/sh\n[ "$LD_LIBRARY_PATH" = ${dir}/lib ] || exit 127\nexec ${dir}/real/tmux "$@"\n`;
  writeFileSync(join(opt, 'tmux'), program, { mode: 0o755 });
  writeFileSync(
    join(host.user, '.profile'),
    `module() { PATH=${opt}:$PATH; LD_LIBRARY_PATH=${dir}/lib; export PATH LD_LIBRARY_PATH; }\n`,
  );
  mkdirSync(host.cm, { mode: 0o700 });
  writeFileSync(join(host.cm, 'config.json'), '{"logCapMiB":5,"mine":[1]}');
  host.introduce(hub.home.user, 'far-box');
  const client = hub.client({ subscribe: true });
  const plain = { type: 'ssh', host: 'far-box' } as const;
  await client.request('context/add', { name: 'far', path: host.work, machine: plain });
  await install(client);
  await until('tmux is missing', () =>
    client.snapshot.machines.some(({ id, connection }) => id === 'agent:far-box' && connection === 'dependencyMissing'),
  );
  const pid = serverPid(host);
  assert.deepEqual(JSON.parse(readFileSync(join(host.cm, 'config.json'), 'utf8')), { logCapMiB: 5, mine: [1] });
  const setup = 'module load tmux';
  await client.request('context/edit', { context: 'far', machine: { ...plain, type: 'agent', setup } });
  await install(client);
  assert.equal(serverPid(host), pid, 'the one that runs learns it');
  await until('tmux is found', () =>
    client.snapshot.machines.some(({ id, connection }) => id === 'agent:far-box' && connection === 'connected'),
  );
  assert.deepEqual(JSON.parse(readFileSync(join(host.cm, 'config.json'), 'utf8')), { logCapMiB: 5, mine: [1], setup });
  const session = await hub.shell(client, 'command -v tmux; exit 8', { context: 'far' });
  assert.equal((await hub.ended(client, session.id)).exitCode, 8);
  assert.ok(host.log(session.id).includes(join(opt, 'tmux')));
  // Also after it was started anew.
  await client.request('machine/disconnect', { machine: 'far-box' });
  process.kill(pid ?? 0, 'SIGKILL');
  await client.request('machine/connect', { machine: 'far-box' });
  const again = await hub.shell(client, 'exit 9', { context: 'far' });
  assert.equal((await hub.ended(client, again.id)).exitCode, 9);
  assert.notEqual(serverPid(host), pid);
  // A file that cannot be read is not replaced.
  writeFileSync(join(host.cm, 'config.json'), '{"setup"');
  await assert.rejects(install(client), { code: 'invalid', message: /config\.json cannot be changed/ });
  assert.equal(readFileSync(join(host.cm, 'config.json'), 'utf8'), '{"setup"');
});

test('the real one is installed, found, used by the contexts of the machine, and installed again', async (t) => {
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  const hub = new TestServer(t, { env: { SHELL: '/bin/sh' } });
  const host = await RemoteHost.start(t);
  host.introduce(hub.home.user, 'far-box');
  const client = hub.client({ subscribe: true });
  const tmux = execFileSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim();
  const machine = { type: 'ssh', host: 'far-box', tmux, setup: 'true' } as const;
  await client.request('context/add', { name: 'far', path: host.work, machine });
  const { messages } = await install(client);
  assert.ok(messages.includes('Sending the agent server'));
  const context = await client.request('context/get', { context: 'far' });
  assert.deepEqual(context.machine, { ...machine, type: 'agent' });
  await until('one machine is shown', () =>
    client.snapshot.machines.every(
      ({ id, connection }) => id === 'local' || (id === 'agent:far-box' && connection === 'connected'),
    ),
  );
  const session = await hub.shell(client, 'exit 8', { context: 'far' });
  assert.equal((await hub.ended(client, session.id)).exitCode, 8);
  const direct = await signIn(t, host.sshd);
  const found = await findAgentServer(direct, signal);
  assert.equal(found?.pid, serverPid(host));
  await install(client);
  assert.equal(serverPid(host), found?.pid, 'what runs already is left alone');
  // It would be started again.
  await client.request('machine/disconnect', { machine: 'far-box' });
  process.kill(found?.pid ?? 0, 'SIGKILL');
  await until('none is found', async () => (await findAgentServer(direct, signal)) === undefined);
});
