import { inTheirWords } from '../../common/whyFailed.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Result } from '../../protocol/requests.js';
import { Repository, type GitOptions } from './repository.js';

/** What git says about a folder. Submodules are looked at from outside: git would run in them by their configuration. */
export async function changesIn(git: GitOptions, folder: string): Promise<Result<'session/changes'>> {
  const repository = await Repository.find(git, folder);
  if (repository === undefined) return { root: null, branch: null, files: [], own: null };
  const { code, stdout, stderr } = await repository.look(
    ...['status', '--porcelain=v1', '--branch', '-z', '--untracked-files=all', '--no-renames'],
    '--ignore-submodules=dirty',
  );
  if (code !== 0) {
    throw new CodeManagerError('unavailable', `The changes cannot be told: ${inTheirWords(stderr)}`);
  }
  const [head = '', ...entries] = stdout.split('\0');
  const branch = /^## (?:No commits yet on )?(.+?)(?:\.\.\.|$)/.exec(head)?.[1] ?? null;
  return {
    root: repository.root,
    branch: branch === 'HEAD (no branch)' ? null : branch,
    files: entries
      .filter((entry) => entry.length > 3)
      .map((entry) => ({ status: entry.slice(0, 2).trim(), path: entry.slice(3) })),
    own: repository.own,
  };
}
