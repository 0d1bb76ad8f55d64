import { join } from 'node:path';
import { inTheirWords } from '../../common/whyFailed.js';
import { spelledLine } from '../../common/spelled.js';
import { truncate } from '../../common/text.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { OwnGit } from '../../protocol/ownGit.js';
import type { GitDecision } from './ownParts.js';
import { NO_GIT, Repository, type GitOptions } from './repository.js';

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

/** Of a session's name in that of its branch: fewer bytes in any script than the name of a file may have. */
const MAX_LETTERS = 50;

/** The branch of a session: letters of any script, and nothing that git does not take. */
export function branchName(name: string, id: string): string {
  const words = [...name.toLowerCase()]
    .slice(0, MAX_LETTERS)
    .join('')
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
    if (!(error instanceof CodeManagerError) || error.message !== NO_GIT) throw error;
    throw new CodeManagerError('dependencyMissing', 'A worktree needs git, which was not found', {
      hint: 'Install git, or start without a worktree.',
    });
  });
  if (repository === undefined) {
    throw await noRepository(git, options.repository);
  }
  if (repository.own !== null) throw question(repository.root, repository.own);
  const branch = options.branch ?? branchName(options.name, options.id);
  await checkBranch(repository, branch);
  const exists = (await repository.run('show-ref', '--verify', '--quiet', `refs/heads/${branch}`)).code === 0;
  if (!exists) await needCommit(repository);
  const prefix = await repository.run('-C', options.repository, 'rev-parse', '--show-prefix');
  const inside = prefix.stdout.replace(/\/?\n$/u, '');
  if (inside.split('/').includes('.git')) {
    throw new CodeManagerError('invalid', `${options.repository} is a folder of git’s own, not one to work in`, {
      hint: `Start in ${repository.root}, or without a worktree.`,
    });
  }
  const path = join(options.directory, options.id);
  const { code, stderr } = exists
    ? await repository.addWorktree(path, '--', path, branch)
    : await repository.addWorktree(path, '-b', branch, '--', path);
  if (code !== 0 && (await git.machine.stat(join(path, '.git'))) !== undefined) {
    // All is there, and a hook said no at the end: nothing may stand in the way of the next try.
    await repository.run('worktree', 'remove', '--force', path);
    if (!exists) await repository.run('branch', '-D', '--', branch);
    throw new CodeManagerError('conflict', `A hook of the repository refused the worktree${gitSaid(stderr)}`, {
      hint: 'Mend the hook, or start with --trust-git no.',
    });
  }
  if (code !== 0) {
    throw new CodeManagerError('conflict', `git could not make the worktree${gitSaid(stderr)}`, {
      hint: 'Mend that, or start without a worktree.',
    });
  }
  const folder = join(path, inside);
  // One without a tracked file is in no worktree.
  if (inside !== '') await git.machine.makeDirectory(folder);
  return { path, branch, folder };
}

/** Throws where a new branch has nothing to begin with. */
async function needCommit(repository: Repository): Promise<void> {
  const head = await repository.head();
  if (head === 'commit') return;
  if (head === 'none') {
    throw new CodeManagerError('conflict', `${repository.root} has no commit yet, and a worktree begins with one`, {
      hint: 'Make a first commit there, or start without a worktree.',
    });
  }
  throw new CodeManagerError('conflict', `What HEAD of ${repository.root} names cannot be read`, {
    hint: 'See git status and git fsck there and mend it, or start without a worktree.',
  });
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

/** What git or a hook said last, as the end of a sentence; what git says of its progress is no reason. */
function gitSaid(text: string): string {
  const line =
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^(?:fatal|error): /u, '') ?? '';
  return line === '' || line.startsWith('Preparing worktree')
    ? ' and gave no reason'
    : `: ${inTheirWords(spelledLine(line))}`;
}

async function noRepository({ machine }: GitOptions, folder: string): Promise<CodeManagerError> {
  const parts = await Promise.all(['HEAD', 'objects', 'refs'].map((name) => machine.stat(join(folder, name))));
  return parts.every((part) => part !== undefined)
    ? new CodeManagerError('invalid', `${folder} is a bare repository, without files to work on`, {
        hint: 'Start in a clone of it, or without a worktree.',
      })
    : new CodeManagerError('invalid', `${folder} is no git repository`, {
        hint: 'Start without a worktree, or run git init there.',
      });
}

/** The longest name of a file, in bytes, less what git adds to it while it writes. */
const MAX_PART_BYTES = 240;

/** Throws where git would refuse the branch, or knows it in a place where no second work tree can have it. */
async function checkBranch(repository: Repository, branch: string): Promise<void> {
  const isTooLong = branch.split('/').some((part) => Buffer.byteLength(part) > MAX_PART_BYTES);
  if (isTooLong || (await repository.run('check-ref-format', '--branch', branch)).code !== 0) {
    throw new CodeManagerError('invalid', `“${truncate(spelledLine(branch), 80)}” cannot be the name of a branch`, {
      hint: isTooLong ? 'Choose a shorter one.' : 'Choose another one, without blanks and signs like ~ ^ : ? *.',
    });
  }
  const trees = (await repository.run('worktree', 'list', '--porcelain')).stdout.split('\n\n');
  const index = trees.findIndex((tree) => tree.split('\n').includes(`branch refs/heads/${branch}`));
  if (index >= 0) {
    // The first is the repository itself, which git runs beside and cannot name.
    const path = index === 0 ? undefined : /^worktree (.*)$/mu.exec(trees[index] ?? '')?.[1];
    const where = path === undefined ? '' : `, in ${spelledLine(path)}`;
    throw new CodeManagerError('conflict', `The branch ${branch} is checked out already${where}`, {
      hint: 'Choose another branch, or start without a worktree.',
    });
  }
  const parts = branch.split('/');
  const above = parts.slice(1).map((_, i) => `refs/heads/${parts.slice(0, i + 1).join('/')}`);
  const refs = await repository.run('for-each-ref', '--format=%(refname)', `refs/heads/${branch}/`, ...above);
  const other = refs.stdout.split('\n').find((ref) => above.includes(ref) || ref.startsWith(`refs/heads/${branch}/`));
  if (other === undefined) return;
  throw new CodeManagerError(
    'conflict',
    `The branch ${branch} cannot be made beside ${other.slice('refs/heads/'.length)}, since git keeps branches like folders`,
    { hint: 'Choose another branch.' },
  );
}
