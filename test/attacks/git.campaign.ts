import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { changesIn } from '../../src/core/git/changes.js';
import { createWorktree } from '../../src/core/git/worktree.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { GitBed } from '../git/gitBed.js';
import { campaign } from '../helpers/campaign.js';
import { connectedHost } from '../ssh/sshHost.js';
import { ALL_TRAPS, cases, type GitInput } from './git.js';

campaign('git', cases, async ({ trap: name, machine }: GitInput, { t }) => {
  const trap = ALL_TRAPS.find((each) => each.name === name);
  assert.ok(trap);
  const bed = machine === 'ssh' ? await farBed(t) : new GitBed(t);
  trap.set(bed);
  bed.unmark();
  const folder = join(bed.folder, trap.look ?? '');
  const changes = await changesIn(bed.git, folder).catch(inWords);
  await createWorktree(bed.git, bed.worktree('one', folder)).catch(inWords);
  const shown = changes?.files.map(({ path }) => path).sort();
  return {
    ran: bed.marks(),
    isRight: trap.files === undefined || JSON.stringify(shown) === JSON.stringify(trap.files),
    isOutsideWhole: bed.isOutsideWhole,
  };
});

async function farBed(t: TestContext): Promise<GitBed> {
  const { host, machine } = await connectedHost(t);
  mkdirSync(host.cmHome, { recursive: true });
  return new GitBed(t, { machine, home: host.home, cm: host.cmHome });
}

/** A repository may be refused with a word; it may not be ours that fails. */
function inWords(error: unknown): undefined {
  assert.ok(error instanceof CodeManagerError && error.code !== 'internal', String(error));
}
