import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { privateTmux } from '../../helpers/privateTmux.js';
import { distDir, TestHome } from '../../helpers/testHome.js';
import { TestServer } from '../../helpers/testServer.js';
import { until } from '../../helpers/until.js';
import { freePort } from '../../ssh/sshd.js';
import type { ConformanceMachine } from '../machine.js';

/** An agent server that listens on a port of loopback, entered with a token. */
export async function setUpAgentByUrl(t: TestContext): Promise<ConformanceMachine> {
  const hub = new TestServer(t, { env: { SHELL: '/bin/bash' } });
  const far = new TestHome(t);
  const token = randomBytes(32).toString('base64url');
  const tokenFile = join(far.root, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const port = await freePort();
  const args = [join(distDir, 'cm.js'), 'server', 'run', '--port', String(port), '--token-file', tokenFile];
  const server = spawn(process.execPath, args, { env: far.env, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  t.after(() => server.kill('SIGKILL'));
  await until('the agent server listens', async () => {
    if (server.exitCode !== null) throw new Error(`It ended with ${server.exitCode}: ${said}`);
    return fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  });
  const spec = { type: 'agent', url: `ws://127.0.0.1:${port}/` } as const;
  const client = hub.client();
  await client.request('context/add', { name: 'with-token', path: far.work, machine: spec, token });
  client.dispose();
  const host = {
    user: far.user,
    cm: far.cm,
    work: far.work,
    tmux: (...words: readonly string[]) => privateTmux(far.cm, words),
  };
  return { spec, hub, host };
}
