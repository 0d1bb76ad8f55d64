import { join } from 'node:path';
import { spelledLine } from '../../common/spelled.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { OwnGit } from '../../protocol/ownGit.js';
import type { GitDecision } from './ownParts.js';
import { Repository, type GitOptions } from './repository.js';

/** Of what a repository has of its own, in a message. */
const MAX_SHOWN = 2_000;

export interface WorktreeOptions {
  /** A folder inside the repository: the session works in that of the worktree. */
  readonly repository: string;
  /** Null: a new branch named after the session. */
  readonly branch: string | null;
  /** Name of the session. */
  readonly name: string;
  /** Where worktrees are made. */
  readonly directory: string;
  readonly id: string;
  /** Digest of what the repository has of its own and may run, as the person was shown it; `no` leaves it out. */
  readonly trustGit?: string | undefined;
}

/** The branch of a session: letters of any script, and nothing that git does not take. */
export function branchName(name: string, id: string): string {
  const words = name
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}._-]+|\.{2,}/gu, '-')
    .replace(/^[.-]+|(?:\.lock|[.-])+$/g, '');
  return `cm/${words || id}`;
}

/**
 * Makes a git worktree for a session, on a new branch or on one that exists and is not checked out elsewhere. It is
 * never removed by Code Manager: what an agent did there stays.
 */
export async function createWorktree(
  git: GitOptions,
  options: WorktreeOptions,
): Promise<{ readonly path: string; readonly branch: string; readonly folder: string }> {
  const asked = { isForWorktree: true, decision: decisionOf(options.trustGit) };
  const repository = await Repository.find(git, options.repository, asked).catch((error: unknown) => {
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
  if (repository.own !== null) throw question(repository.root, repository.own);
  const branch = options.branch ?? branchName(options.name, options.id);
  if ((await repository.run('check-ref-format', '--branch', branch)).code !== 0)
    throw new CodeManagerError('invalid', `“${branch}” cannot be the name of a branch`);
  const exists = (await repository.run('show-ref', '--verify', '--quiet', `refs/heads/${branch}`)).code === 0;
  if (!exists && (await repository.run('rev-parse', '--verify', '--quiet', 'HEAD')).code !== 0) {
    throw new CodeManagerError('conflict', `${repository.root} has no commit yet, and a worktree begins with one`, {
      hint: 'Make a first commit there, or start without a worktree.',
    });
  }
  const prefix = await repository.run('-C', options.repository, 'rev-parse', '--show-prefix');
  const inside = prefix.stdout.replace(/\/?\n$/u, '');
  const path = join(options.directory, options.id);
  const { code, stderr } = exists
    ? await repository.addWorktree(path, '--', path, branch)
    : await repository.addWorktree(path, '-b', branch, '--', path);
  if (code !== 0 && (await git.machine.stat(join(path, '.git'))) !== undefined) {
    // All is there, and a hook said no at the end: nothing may stand in the way of the next try.
    await repository.run('worktree', 'remove', '--force', path);
    if (!exists) await repository.run('branch', '-D', '--', branch);
    throw new CodeManagerError('conflict', `A hook of the repository refused the worktree: ${lastLine(stderr)}`, {
      hint: 'Mend the hook, or start with --trust-git no.',
    });
  }
  if (code !== 0) {
    throw new CodeManagerError('conflict', `git could not make the worktree: ${lastLine(stderr)}`, {
      hint: 'Choose another branch.',
    });
  }
  const folder = join(path, inside);
  // One without a tracked file is in no worktree.
  if (inside !== '') await git.machine.makeDirectory(folder);
  return { path, branch, folder };
}

function decisionOf(trustGit: string | undefined): GitDecision | undefined {
  return trustGit === undefined || trustGit === 'no' ? trustGit : { digest: trustGit, use: true };
}

/** What the repository has of its own, whole, or where to look at it. */
function question(root: string, own: OwnGit): CodeManagerError {
  const { digest, entries } = own;
  const parts = entries.map(({ key, value }) => `${key} = ${value}`);
  const found = spelledLine(parts.join(', '));
  const isWhole = found.length <= MAX_SHOWN;
  const shown = isWhole
    ? found
    : `${entries
        .map(({ key }) => spelledLine(key))
        .join(', ')
        .slice(0, MAX_SHOWN)} (too long to be shown whole)`;
  const use = isWhole ? `--trust-git ${digest}` : `--trust-git ${digest} when you have looked at them`;
  return new CodeManagerError(
    'conflict',
    `In a new worktree, ${root} would have git run or fetch something of its own: ${shown}`,
    { hint: `If you want that, start with ${use}; without it, with --trust-git no.`, ownGit: own },
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
