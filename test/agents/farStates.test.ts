import assert from 'node:assert/strict';
import test from 'node:test';
import { RemoteHost } from '../helpers/remoteHost.js';
import { Desk } from './desk.js';

// What an agent tells of itself reaches the person from another host as well, where nothing of ours is installed.

test(
  'Claude Code on another host reports its state, and its hooks say what it asks',
  { timeout: 600_000 },
  async (t) => {
    const host = await RemoteHost.start(t);
    const desk = await Desk.setUp(
      t,
      'claude',
      (home, program) => {
        host.introduce(home.user, 'far-box');
        host.program('claude', `#!/bin/sh\nexec '${program}' "$@"\n`);
      },
      (folder) => `ssh://far-box${folder}`,
    );
    await desk.start('claude', 'do:delay(1) do:bash(touch  b.txt)', 'default');
    await desk.answers('answer', await desk.asks('trust'), 'Yes, I trust this folder');
    const request = await desk.asks('permission');
    assert.equal(request.command, 'touch  b.txt', 'no screen tells that there are two blanks');
    await desk.explains(/^decided by +(?:report|event)$/m);
    await desk.explains(/^[> ] event +waiting \(PermissionRequest · permission: touch ␣b\.txt\), seen /m);
    await desk.answers('approve', request);
    assert.equal((await desk.audit()).at(-1)?.via, 'hook', 'it is answered there as here');
    await desk.becomes('idle');
    await desk.explains(/^decided by +(?:report|event)$/m);
    await desk.explains(/^[> ] event +idle \(Stop\), seen /m);
    await desk.stop();
  },
);
