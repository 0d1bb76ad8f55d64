import { join } from 'node:path';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Machine } from '../machine.js';

export interface WorktreeOptions {
  /** A folder inside the repository. */
  readonly repository: string;
  /** Null: a new branch named after the session. */
  readonly branch: string | null;
  /** Name of the session. */
  readonly name: string;
  /** Where worktrees are made. */
  readonly directory: string;
  readonly id: string;
}

/**
 * Makes a git worktree for a session, on a new branch or on one that exists and is not checked out elsewhere. It is
 * never removed by Code Manager: what an agent did there stays.
 */
export async function createWorktree(
  machine: Machine,
  options: WorktreeOptions,
): Promise<{ path: string; branch: string }> {
  const { env } = await machine.loginEnvironment();
  const git = await machine.findProgram('git', env['PATH'] ?? '');
  if (git === undefined)
    throw new CodeManagerError('dependencyMissing', 'A worktree needs git, which was not found', {
      hint: 'Install git, or start without a worktree.',
    });
  const run = (...args: readonly string[]) =>
    machine.run([git, ...args], { env, cwd: options.repository, timeoutMs: 60_000 });
  if ((await run('rev-parse', '--git-dir')).code !== 0) {
    throw new CodeManagerError('invalid', `${options.repository} is no git repository`, {
      hint: 'Start without a worktree, or run git init there.',
    });
  }
  const branch =
    options.branch ??
    `cm/${
      options.name
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, '-')
        .replace(/^[.-]+|[.-]+$|\.lock$/g, '') || options.id
    }`;
  if ((await run('check-ref-format', '--branch', branch)).code !== 0)
    throw new CodeManagerError('invalid', `“${branch}” cannot be the name of a branch`);
  const exists = (await run('show-ref', '--verify', '--quiet', `refs/heads/${branch}`)).code === 0;
  const path = join(options.directory, options.id);
  const { code, stderr } = exists
    ? await run('worktree', 'add', '--', path, branch)
    : await run('worktree', 'add', '-b', branch, '--', path);
  if (code !== 0) {
    throw new CodeManagerError(
      'conflict',
      `git could not make the worktree: ${stderr.trim().split('\n').at(-1) ?? ''}`,
      { hint: 'Choose another branch.' },
    );
  }
  return { path, branch };
}
