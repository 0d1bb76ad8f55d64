import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { silentLogger } from '../../src/common/logger.js';
import { connectSsh } from '../../src/machines/ssh/connectSsh.js';
import type { SshChannel, SshConnection, SshExit } from '../../src/machines/ssh/sshConnection.js';
import { Sshd } from './sshd.js';

async function connect(t: TestContext, host: Sshd, more: object = {}): Promise<SshConnection> {
  const env = { ...process.env, HOME: host.client(), SSH_AUTH_SOCK: '' };
  const connection = await connectSsh(
    { host: 'box' },
    { signal: new AbortController().signal, log: silentLogger, env, ...more },
  );
  t.after(() => connection.dispose());
  return connection;
}

async function output(channel: SshChannel): Promise<{ stdout: string; stderr: string; exit: SshExit }> {
  let stdout = '';
  let stderr = '';
  channel.onData((data) => (stdout += Buffer.from(data).toString()));
  channel.onStderr((data) => (stderr += Buffer.from(data).toString()));
  const exit = await new Promise<SshExit>((resolve) => channel.onExit(resolve));
  return { stdout, stderr, exit };
}

test('a command runs on the host: with its input, both outputs and its exit code', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, host);
  const channel = await connection.exec('cat; echo "$HOME" >&2; exit 3');
  await channel.write('hello ');
  await channel.write(Buffer.from('there'));
  channel.end();
  assert.deepEqual(await output(channel), {
    stdout: 'hello there',
    stderr: `${host.home}\n`,
    exit: { code: 3, signal: null, error: undefined },
  });
});
