import { join } from 'node:path';
import { CodeManagerError } from '../../protocol/errors.js';
import { Repository, type GitOptions } from '../git/repository.js';
import { plain } from '../store/names.js';

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
  /** Digest of what the repository's own configuration may run, as the person was shown it. */
  readonly trustGit?: string | undefined;
}

/**
 * Makes a git worktree for a session, on a new branch or on one that exists and is not checked out elsewhere. It is
 * never removed by Code Manager: what an agent did there stays.
 */
export async function createWorktree(
  git: GitOptions,
  options: WorktreeOptions,
): Promise<{ path: string; branch: string }> {
  const repository = await Repository.find(git, options.repository, options.trustGit).catch((error: unknown) => {
    if (!(error instanceof CodeManagerError) || error.code !== 'dependencyMissing') throw error;
    throw new CodeManagerError('dependencyMissing', 'A worktree needs git, which was not found', {
      hint: 'Install git, or start without a worktree.',
    });
  });
  if (repository === undefined) {
    throw new CodeManagerError('invalid', `${options.repository} is no git repository`, {
      hint: 'Start without a worktree, or run git init there.',
    });
  }
  const { own } = repository;
  if (own !== null) {
    const found = own.entries.map(({ key, value }) => `${key} = ${value}`).join(', ');
    throw new CodeManagerError(
      'conflict',
      `The git configuration of ${repository.root} would run or fetch something in a new worktree: ${plain(found)}`,
      { hint: `If you want that, start with --trust-git ${own.digest}.` },
    );
  }
  const branch =
    options.branch ??
    `cm/${
      options.name
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, '-')
        .replace(/^[.-]+|[.-]+$|\.lock$/g, '') || options.id
    }`;
  if ((await repository.run('check-ref-format', '--branch', branch)).code !== 0)
    throw new CodeManagerError('invalid', `“${branch}” cannot be the name of a branch`);
  const exists = (await repository.run('show-ref', '--verify', '--quiet', `refs/heads/${branch}`)).code === 0;
  const path = join(options.directory, options.id);
  const { code, stderr } = exists
    ? await repository.addWorktree(path, '--', path, branch)
    : await repository.addWorktree(path, '-b', branch, '--', path);
  if (code !== 0) {
    throw new CodeManagerError(
      'conflict',
      `git could not make the worktree: ${stderr.trim().split('\n').at(-1) ?? ''}`,
      { hint: 'Choose another branch.' },
    );
  }
  return { path, branch };
}
