import type { TestContext } from 'node:test';
import { TestServer } from '../../helpers/testServer.js';
import type { ConformanceMachine } from '../machine.js';

/** The machine of the agent server itself. */
export function setUpLocal(t: TestContext): Promise<ConformanceMachine> {
  const hub = new TestServer(t, { env: { SHELL: '/bin/bash' } });
  const host = {
    user: hub.home.user,
    cm: hub.cm,
    work: hub.work,
    tmux: (...args: readonly string[]) => hub.tmux(...args),
  };
  return Promise.resolve({ spec: 'local', hub, host });
}
