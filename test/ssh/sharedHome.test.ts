import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { ServerFile } from '../../src/protocol/files.js';
import type { Session } from '../../src/protocol/session.js';
import { hostNamespace } from '../helpers/namespace.js';
import { tempDir } from '../helpers/tempDir.js';
import { distDir, TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

test(
  'two nodes that share a home have an agent server, a socket and a tmux each, and end nothing of one another',
  { timeout: 120_000 },
  async (t) => {
    const home = new TestHome(t);
    const dir = tempDir(t);
    const run = async (node: string, ...args: string[]): Promise<string> => {
      const own = join(dir, `var-${node}`);
      mkdirSync(own, { recursive: true });
      const [program = '', ...words] = hostNamespace(dir, node, [['/var/tmp', own]]).wrapper;
      const options = { env: home.env, cwd: home.work, timeout: 60_000 };
      const { stdout } = await promisify(execFile)(
        program,
        [...words, process.execPath, join(distDir, 'cm.js'), ...args],
        options,
      );
      return stdout.trim();
    };
    const server = (node: string): ServerFile =>
      ServerFile.parse(JSON.parse(readFileSync(join(home.cm, 'servers', `${node}.json`), 'utf8')));
    const session = async (node: string, id: string): Promise<Session> =>
      JSON.parse(await run(node, 'status', id, '--json')) as Session;
    const echo = 'while read line; do echo "got $line"; done';
    const one = await run('login1', 'start', 'shell', echo);
    const three = await run('login3', 'start', 'shell', echo);
    assert.equal(server('login1').socket, join(home.cm, 'run', 'server.sock'));
    assert.notEqual(server('login3').pid, server('login1').pid);
    assert.match(server('login3').socket, /^\/var\/tmp\/cm-\d+\/[0-9a-f]{12}\/server\.sock$/);
    for (const [node, id, text] of [
      ['login1', one, 'first'],
      ['login3', three, 'second'],
    ] as const) {
      await until(`${node} runs it`, async () => (await session(node, id)).status === 'running');
      await run(node, 'send', id, text);
      await until('it came', async () => (await run(node, 'logs', id)).includes(`got ${text}`));
    }
    await run('login3', 'kill', three);
    await run('login3', 'server', 'stop', '--force');
    assert.equal((await session('login1', one)).status, 'running');
    await run('login1', 'kill', one);
    await run('login1', 'server', 'stop', '--force');
  },
);
