import { resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { bundleTests } from '../../../scripts/lib/nodeTests.mjs';
import { privateTmux } from '../../helpers/privateTmux.js';
import { TestHome } from '../../helpers/testHome.js';
import { TestServer } from '../../helpers/testServer.js';
import type { ConformanceMachine } from '../machine.js';

/** A host that is reached by plain child processes as channels, through a kind of machine that clients do not know. */
export async function setUpShell(t: TestContext): Promise<ConformanceMachine> {
  const [serverPath = ''] = await bundleTests([resolve('test/conformance/machines/shellServer.ts')]);
  const hub = new TestServer(t, { env: { SHELL: '/bin/bash' }, serverPath });
  const far = new TestHome(t);
  const host = {
    user: far.user,
    cm: far.cm,
    work: far.work,
    tmux: (...words: readonly string[]) => privateTmux(far.cm, words),
  };
  return { spec: { type: 'shell', host: 'near-box', home: far.user, cm: far.cm }, hub, host };
}
