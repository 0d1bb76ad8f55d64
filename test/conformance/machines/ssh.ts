import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { RemoteHost } from '../../helpers/remoteHost.js';
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

/** A host on which our agent server is installed over ssh, and then reached by ssh. */
export async function setUpAgentOverSsh(t: TestContext, options: SshdOptions = {}): Promise<FarMachine> {
  const { spec, hub, host } = await setUpSsh(t, options);
  const client = hub.client();
  const name = `install-${randomBytes(3).toString('hex')}`;
  await client.request('context/add', { name, path: host.work, machine: spec });
  await client.request('machine/install', { machine: name }, { timeoutMs: 60_000 });
  const { machine } = await client.request('context/get', { context: name });
  await client.request('context/remove', { context: name });
  client.dispose();
  return { spec: machine, hub, host };
}
