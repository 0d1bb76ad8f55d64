import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { RemoteHost } from '../../helpers/remoteHost.js';
import { distDir } from '../../helpers/testHome.js';
import { TestServer } from '../../helpers/testServer.js';
import type { SshdOptions } from '../../ssh/sshd.js';
import type { ConformanceMachine } from '../machine.js';

/** A machine on the far side of a link. */
export interface FarMachine extends ConformanceMachine {
  readonly host: RemoteHost;
}

/** A host with nothing of ours but tmux, reached by ssh. */
export async function setUpSsh(t: TestContext, options: SshdOptions = {}): Promise<FarMachine> {
  const hub = new TestServer(t, { env: { SHELL: '/bin/bash' } });
  const host = await RemoteHost.start(t, options);
  host.introduce(hub.home.user, 'far-box');
  return { spec: { type: 'ssh', host: 'far-box' }, hub, host };
}

/** A host whose own agent server is reached by ssh. */
export async function setUpAgentOverSsh(t: TestContext, options: SshdOptions = {}): Promise<FarMachine> {
  const { hub, host } = await setUpSsh(t, options);
  // It has run there once, so it is known how it is started.
  const env = { PATH: process.env['PATH'], HOME: host.user, SHELL: '/bin/bash', LANG: 'C.UTF-8' };
  const list = [process.execPath, join(distDir, 'cm.js'), 'ctx', 'list'];
  await promisify(execFile)('env', [...(options.wrapper ?? []), ...list], { env });
  return { spec: { type: 'agent', host: 'far-box' }, hub, host };
}
