import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GitBed } from './gitBed.js';

/** A repository in which git would wait, or read for ever. */
export interface Waiting {
  readonly name: string;
  readonly set: (bed: GitBed) => void;
  /** What of its path is named. */
  readonly at: string;
}

function fifo(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  execFileSync('mkfifo', [path]);
}

/** A pipe at a place of the repository. */
function pipe(at: string, before: (bed: GitBed) => void = () => {}): Waiting {
  return {
    name: `a pipe as ${at}`,
    at,
    set: (bed) => {
      before(bed);
      fifo(join(bed.folder, at));
    },
  };
}

function nested(bed: GitBed, folder: string): void {
  mkdirSync(join(bed.folder, folder), { recursive: true });
  bed.run(join(bed.folder, folder), 'init', '-q');
}

function object(bed: GitBed): string {
  const name = bed.run(bed.folder, 'rev-parse', 'HEAD^{tree}').trim();
  return `.git/objects/${name.slice(0, 2)}/${name.slice(2)}`;
}

export const WAITING: readonly Waiting[] = [
  ...['.gitignore', '.gitattributes', '.gitmodules'].map((name) => pipe(name)),
  ...['index', 'config', 'packed-refs', 'info/exclude', 'info/attributes', 'shallow', 'commondir'].map((name) =>
    pipe(`.git/${name}`),
  ),
  pipe('.git/refs/heads/main'),
  pipe('.git/refs/heads/a/b/other'),
  {
    name: 'a pipe as an object',
    at: '.git/objects/',
    set: (bed) => fifo(join(bed.folder, object(bed))),
  },
  pipe('.git/refs/heads/a/b/c/d/e/f/other'),
  pipe('.git/logs/refs/heads/main'),
  {
    name: 'a pipe behind a linked folder of references',
    at: '.git/refs/heads/d/pipe',
    set: (bed) => {
      fifo(join(bed.folder, 'sub', 'pipe'));
      symlinkSync(join(bed.folder, 'sub'), join(bed.folder, '.git', 'refs', 'heads', 'd'));
    },
  },
  {
    name: 'a pipe behind a linked folder of objects',
    at: '.git/objects/ab/pipe',
    set: (bed) => {
      fifo(join(bed.folder, 'sub', 'pipe'));
      symlinkSync(join(bed.folder, 'sub'), join(bed.folder, '.git', 'objects', 'ab'));
    },
  },
  ...['refs/heads/main', 'packed-refs'].map((name): Waiting => ({
    name: `a terabyte as ${name}`,
    at: `.git/${name}`,
    set: (bed) => {
      bed.write(`.git/${name}`, '');
      truncateSync(join(bed.folder, '.git', name), 1e12);
    },
  })),
  pipe('sub/.gitignore'),
  pipe('sub/.gitattributes', (bed) => bed.write('sub/kept', 'two\n')),
  pipe('new/deep/er/.gitignore', (bed) => bed.write('new/deep/er/file', '')),
  pipe('inner/.git/HEAD', (bed) => nested(bed, 'inner')),
  {
    name: 'a pipe in a folder that a nested .git file leads to',
    at: 'inner/.git',
    set: (bed) => {
      nested(bed, 'hidden');
      bed.write('inner/.git', 'gitdir: ../hidden/repository\n');
      bed.write('inner/file', '');
      renameSync(join(bed.folder, 'hidden', '.git'), join(bed.folder, 'hidden', 'repository'));
      fifo(join(bed.folder, 'hidden', 'repository', 'HEAD'));
    },
  },
  {
    name: 'a pipe among objects of another place',
    at: 'elsewhere',
    set: (bed) => {
      const other = join(bed.folder, '..', 'elsewhere');
      fifo(join(other, 'pack', 'pack-1234.idx'));
      writeFileSync(join(other, 'pack', 'pack-1234.pack'), '');
      bed.write('.git/objects/info/alternates', `${other}\n`);
    },
  },
  {
    name: 'a link to a pipe',
    at: '.git/index',
    set: (bed) => {
      fifo(join(bed.folder, '..', 'pipe'));
      rmSync(join(bed.folder, '.git', 'index'));
      symlinkSync(join(bed.folder, '..', 'pipe'), join(bed.folder, '.git', 'index'));
    },
  },
  {
    name: 'a device',
    at: '.git/packed-refs',
    set: (bed) => symlinkSync('/dev/zero', join(bed.folder, '.git', 'packed-refs')),
  },
  {
    name: 'a .gitignore of a terabyte below the top',
    at: 'sub/.gitignore',
    set: (bed) => {
      bed.write('sub/.gitignore', '');
      truncateSync(join(bed.folder, 'sub', '.gitignore'), 1e12);
    },
  },
];
