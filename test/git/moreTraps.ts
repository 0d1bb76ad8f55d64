import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GitBed } from './gitBed.js';
import type { Trap } from './traps.js';

/** A file of the git folder. */
const inGit = (bed: GitBed, name: string): string => join(bed.folder, '.git', name);

function put(bed: GitBed, name: string, text: string | Uint8Array): void {
  const path = inGit(bed, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** What an agent could have written into a configuration. */
function evil(bed: GitBed): string {
  const mark = bed.mark('evil');
  return (
    `[core]\n\tfsmonitor = ${mark}\n\tsshCommand = ${mark}\n` +
    `[filter "x"]\n\tclean = ${mark}\n\tsmudge = ${mark}\n[diff "x"]\n\ttextconv = ${mark}\n[diff]\n\texternal = ${mark}\n`
  );
}

const change = (bed: GitBed): void => bed.write('kept', 'two, and longer\n');

/** A repository with attributes, in whose configuration stand programs. */
function attributes(name: string, text: string, more: Partial<Trap> & { readonly added?: string } = {}): Trap {
  const { added, ...rest } = more;
  return {
    name: `attributes: ${name}`,
    files: ['kept'],
    ...rest,
    set: (bed) => {
      bed.write(added ?? '.gitattributes', text);
      bed.commit();
      change(bed);
      appendFileSync(inGit(bed, 'config'), evil(bed));
    },
  };
}

/** What a person's login gives git, or what an agent had written into it. */
function environment(name: string, value: (bed: GitBed) => string, more: (bed: GitBed) => void = () => {}): Trap {
  return {
    name: `environment: ${name}`,
    files: ['kept'],
    set: (bed) => {
      more(bed);
      change(bed);
      writeFileSync(join(bed.home, '.profile'), `export ${name}='${value(bed)}'\n`);
    },
  };
}

/** A git folder with something in it that is no plain file or folder, or not of a plain size. */
function odd(name: string, spoil: (bed: GitBed) => void, files?: readonly string[], look?: string): Trap {
  const set = (bed: GitBed): void => {
    change(bed);
    spoil(bed);
  };
  return { name: `odd: ${name}`, set, ...(files && { files }), ...(look !== undefined && { look }) };
}

function fifo(path: string): void {
  rmSync(path, { recursive: true, force: true });
  execFileSync('mkfifo', [path]);
}

function huge(path: string, bytes: number): void {
  writeFileSync(path, '');
  truncateSync(path, bytes);
}

/** A file in the work tree with a name that somebody could take for something else. */
function named(name: string): Trap {
  return {
    name: `name: ${JSON.stringify(name)}`,
    files: [name],
    set: (bed) => bed.write(name, 'x'),
  };
}

function nested(name: string, make: (bed: GitBed, inner: string) => void, more: Partial<Trap> = {}): Trap {
  return {
    name: `nested: ${name}`,
    files: ['kept'],
    ...more,
    set: (bed) => {
      change(bed);
      const inner = join(bed.folder, 'inner');
      mkdirSync(inner);
      make(bed, inner);
    },
  };
}

function bare(bed: GitBed, inner: string): void {
  bed.run(bed.folder, 'init', '-q', '--bare', inner);
  appendFileSync(join(inner, 'config'), evil(bed));
}

/** A link where git writes when a branch is made. */
function linked(name: string, link: (bed: GitBed) => void): Trap {
  return { name: `link: ${name}`, files: [], set: link };
}

export const MORE_TRAPS: readonly Trap[] = [
  attributes('in a folder', '* filter=x\n', { added: 'sub/.gitattributes' }),
  attributes('by a macro', '[attr]y filter=x diff=x\n* y\n'),
  attributes('everything at once', '* filter=x diff=x merge=x text eol=lf ident\n'),
  attributes('an encoding', '* working-tree-encoding=UTF-16LE filter=x\n', { files: undefined }),
  attributes('a line of a megabyte', `* filter=x ${'a'.repeat(1 << 20)}\n`),
  attributes('a name with signs', '* filter=$(touch${IFS}x)\n'),
  {
    name: 'a filter of the person that the repository has otherwise',
    set: (bed) => {
      bed.personal('filter.lfs.clean', 'cat');
      bed.personal('filter.lfs.smudge', 'cat');
      bed.write('.gitattributes', '* filter=lfs\n');
      bed.commit();
      change(bed);
      bed.own('filter.lfs.clean', bed.mark('clean'));
      bed.own('filter.lfs.process', bed.mark('process'));
    },
    files: ['kept'],
  },
  {
    name: 'the value of the person, and one more',
    set: (bed) => {
      bed.personal('filter.lfs.clean', 'cat');
      bed.write('.gitattributes', '* filter=lfs\n');
      bed.commit();
      change(bed);
      appendFileSync(inGit(bed, 'config'), `[filter "lfs"]\n\tclean = cat\n\tclean = ${bed.mark('second')}\n`);
    },
    files: ['kept'],
  },
  environment('GIT_DIR', (bed) => join(bed.outside, 'none')),
  environment('GIT_WORK_TREE', () => '/'),
  environment('GIT_INDEX_FILE', (bed) => join(bed.outside, 'index')),
  environment('GIT_EXTERNAL_DIFF', (bed) => bed.mark('diff')),
  environment('GIT_SSH_COMMAND', (bed) => bed.mark('ssh')),
  environment('GIT_ASKPASS', (bed) => bed.mark('askpass')),
  environment('GIT_CONFIG_PARAMETERS', (bed) => `'"'"'core.fsmonitor=${bed.mark('parameter')}'"'"'`),
  environment('A=1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.fsmonitor GIT_CONFIG_VALUE_0', (bed) =>
    bed.mark('counted'),
  ),
  environment(
    'GIT_CONFIG',
    (bed) => join(bed.folder, 'config'),
    (bed) => {
      bed.write('config', evil(bed));
      bed.commit();
    },
  ),
  environment('GIT_TRACE', (bed) => join(bed.outside, 'precious')),
  environment('GIT_TRACE2_EVENT', (bed) => join(bed.outside, 'trace')),
  environment('GIT_TEMPLATE_DIR', (bed) => join(bed.folder, 'sub')),
  environment('GIT_OBJECT_DIRECTORY', (bed) => bed.outside),
  environment('GIT_CEILING_DIRECTORIES', (bed) => dirname(bed.folder)),
  environment('GIT_NAMESPACE', () => 'other'),
  environment(
    'PATH',
    () => '.:/usr/local/bin:/usr/bin:/bin',
    (bed) => {
      for (const name of ['git', 'find', 'mktemp', 'mkdir', 'head', 'ln', 'rm', 'cat', 'umask']) {
        copyFileSync(bed.mark('path'), join(bed.folder, name));
        chmodSync(join(bed.folder, name), 0o755);
      }
      bed.commit();
    },
  ),
  environment('CDPATH', (bed) => bed.outside),
  odd('a FIFO as index', (bed) => fifo(inGit(bed, 'index'))),
  odd('a FIFO as HEAD', (bed) => fifo(inGit(bed, 'HEAD'))),
  odd('a FIFO as configuration', (bed) => fifo(inGit(bed, 'config'))),
  odd('a FIFO as packed-refs', (bed) => fifo(inGit(bed, 'packed-refs'))),
  odd('a FIFO as .gitignore', (bed) => fifo(join(bed.folder, '.gitignore'))),
  odd('a FIFO as commondir', (bed) => fifo(inGit(bed, 'commondir'))),
  odd('a FIFO as info/exclude', (bed) => fifo(inGit(bed, 'info/exclude'))),
  odd('a FIFO as .git', (bed) => {
    renameSync(inGit(bed, ''), join(bed.folder, 'was'));
    fifo(inGit(bed, ''));
  }),
  odd('a .git file of a terabyte', (bed) => {
    renameSync(inGit(bed, ''), join(bed.folder, 'was'));
    huge(inGit(bed, ''), 1e12);
  }),
  odd('a HEAD of a terabyte', (bed) => huge(inGit(bed, 'HEAD'), 1e12)),
  odd('a commondir of a terabyte', (bed) => huge(inGit(bed, 'commondir'), 1e12)),
  odd('a configuration of a terabyte', (bed) => huge(inGit(bed, 'config'), 1e12)),
  odd(
    'a configuration of 3 MB with its end behind the first',
    (bed) => {
      appendFileSync(inGit(bed, 'config'), `${'# x\n'.repeat(750_000)}${evil(bed)}`);
    },
    ['kept'],
  ),
  odd(
    'a configuration of 20,000 filters',
    (bed) => {
      const mark = bed.mark('many');
      appendFileSync(
        inGit(bed, 'config'),
        Array.from({ length: 20_000 }, (_, i) => `[filter "${i}"]\nclean=${mark}\n`).join(''),
      );
    },
    ['kept'],
  ),
  odd('a value without =, a continued line, a comment, a CR', (bed) => {
    const mark = bed.mark('lines');
    appendFileSync(
      inGit(bed, 'config'),
      `[core] fsmonitor = \\\r\n${mark} ; x\r\n[filter "x"] clean\n[core "]\\"\\\\"]\n\tx = 1\n`,
    );
  }),
  odd('NUL in a section', (bed) =>
    appendFileSync(inGit(bed, 'config'), `[core "\0x"]\n\tfsmonitor = ${bed.mark('nul')}\n`),
  ),
  odd(
    'a mark of the order of bytes',
    (bed) => put(bed, 'config', `\ufeff${readFileSync(inGit(bed, 'config'), 'utf8')}${evil(bed)}`),
    ['kept'],
  ),
  odd(
    'an include of the home',
    (bed) => {
      writeFileSync(join(bed.home, 'evil'), evil(bed));
      bed.own('include.path', '~/evil');
      bed.own('includeIf.onbranch:main.path', '~/evil');
      bed.own('includeIf.hasconfig:remote.*.url:**.path', '~/evil');
    },
    ['kept'],
  ),
  odd(
    'an index with what fsmonitor said',
    (bed) => {
      bed.own('core.fsmonitor', bed.mark('fsmonitor'));
      bed.run(bed.folder, 'update-index', '--fsmonitor');
      bed.run(bed.folder, 'status');
    },
    ['kept'],
  ),
  odd('a split index', (bed) => bed.run(bed.folder, 'update-index', '--split-index'), ['kept']),
  odd('replaced objects and grafts', (bed) => {
    const [commit, other] = ['HEAD', 'HEAD~1'].map((ref) => {
      if (ref !== 'HEAD') bed.commit();
      return bed.run(bed.folder, 'rev-parse', 'HEAD').trim();
    });
    put(bed, `refs/replace/${other}`, `${commit}\n`);
    put(bed, 'info/grafts', `${other} ${commit} ${commit}\n`);
    change(bed);
  }),
  odd(
    'alternates that go round',
    (bed) => put(bed, 'objects/info/alternates', `${inGit(bed, 'objects')}\n/dev/zero\n../objects\n`),
    ['kept'],
  ),
  odd('alternates of a private place', (bed) => put(bed, 'objects/info/alternates', `${bed.outside}\n`), ['kept']),
  odd(
    'a sparse checkout',
    (bed) => {
      bed.run(bed.folder, 'sparse-checkout', 'set', 'sub');
      bed.write('sub/kept', 'two, and longer\n');
      appendFileSync(inGit(bed, 'config.worktree'), evil(bed));
    },
    ['kept', 'sub/kept'],
  ),
  odd('a branch like an option', (bed) => {
    put(bed, 'refs/heads/-rf', bed.run(bed.folder, 'rev-parse', 'HEAD'));
    put(bed, 'HEAD', 'ref: refs/heads/-rf\n');
  }),
  odd('a branch like a remote program', (bed) =>
    put(bed, 'HEAD', `ref: refs/heads/--upload-pack=${bed.mark('branch')}\n`),
  ),
  odd('a HEAD that leads out', (bed) => put(bed, 'HEAD', 'ref: ../../../../etc/passwd\n')),
  odd('a HEAD that is a link to a private file', (bed) => {
    rmSync(inGit(bed, 'HEAD'));
    symlinkSync(join(bed.outside, 'precious'), inGit(bed, 'HEAD'));
  }),
  odd(
    'remotes like options',
    (bed) => {
      bed.own('remote.origin.url', `--upload-pack=${bed.mark('remote')}`);
      bed.own('remote.-x.url', `ext::${bed.mark('remote')}`);
      bed.own('branch.main.remote', 'origin');
      bed.own('branch.main.merge', 'refs/heads/main');
    },
    ['kept'],
  ),
  odd(
    'hooks in capitals',
    (bed) => {
      mkdirSync(inGit(bed, 'HOOKS'));
      symlinkSync(bed.mark('hook'), inGit(bed, 'HOOKS/post-checkout'));
    },
    ['kept'],
  ),
  odd('a submodule that is a program', (bed) => {
    bed.write(
      '.gitmodules',
      `[submodule "a"]\n\tpath = inner\n\turl = --upload-pack=${bed.mark('module')}\n\tupdate = !${bed.mark('module')}\n\tignore = none\n`,
    );
    const head = bed.run(bed.folder, 'rev-parse', 'HEAD').trim();
    bed.run(bed.folder, 'update-index', '--add', '--cacheinfo', `160000,${head},inner`);
  }),
  odd('names that the file systems of others take for .git', (bed) => {
    bed.own('core.protectNTFS', 'false');
    const blob = bed.run(bed.folder, 'rev-parse', 'HEAD:kept').trim();
    bed.run(bed.folder, 'update-index', '--add', '--cacheinfo', `100644,${blob},git~1`);
    bed.run(bed.folder, 'commit', '-q', '-m', 'x');
  }),
  named('new\nline'),
  named('--help'),
  named(':(top,glob)x'),
  named(' blank before'),
  named('a -> b'),
  named('"quoted\\n"'),
  named('\u202ereversed'),
  nested('bare, looked at from inside', bare, { look: 'inner', files: undefined }),
  nested('a .git file of lines', (bed, inner) => bed.write('.git', 'gitdir: x\ngitdir: ../.git\n', inner), {
    look: 'inner',
    files: undefined,
  }),
  nested(
    'a .git file that leads to a bare one',
    (bed, inner) => {
      bare(bed, join(inner, 'b'));
      writeFileSync(join(inner, '.git'), 'gitdir: b\n');
    },
    { look: 'inner', files: undefined },
  ),
  nested(
    'a name of signs and line breaks',
    (bed, inner) => {
      const odd = join(inner, '$(touch x)\n\'"; -rf\n');
      mkdirSync(odd);
      bed.run(odd, 'init', '-q');
      bed.write('new', 'x', odd);
      appendFileSync(join(odd, '.git', 'config'), evil(bed));
    },
    { look: 'inner/$(touch x)\n\'"; -rf\n', files: ['new'] },
  ),
  nested(
    'a worktree of a worktree',
    (bed, inner) => {
      bed.run(bed.folder, 'worktree', 'add', '-q', '-b', 'a', join(inner, 'a'));
      bed.run(join(inner, 'a'), 'worktree', 'add', '-q', '-b', 'b', join(inner, 'a', 'b'));
      bed.write('kept', 'three, and longer\n', join(inner, 'a', 'b'));
      for (const name of ['a', 'b']) writeFileSync(inGit(bed, `worktrees/${name}/config.worktree`), evil(bed));
      appendFileSync(inGit(bed, 'config'), evil(bed));
    },
    { look: 'inner/a/b' },
  ),
  nested(
    'hooks beside a worktree',
    (bed, inner) => {
      bed.run(bed.folder, 'worktree', 'add', '-q', '-b', 'a', join(inner, 'a'));
      bed.write('kept', 'three, and longer\n', join(inner, 'a'));
      mkdirSync(inGit(bed, 'worktrees/a/hooks'));
      symlinkSync(bed.mark('hook'), inGit(bed, 'worktrees/a/hooks/post-checkout'));
    },
    { look: 'inner/a' },
  ),
  nested('looked at from its git folder', (bed) => symlinkSync(bed.mark('hook'), inGit(bed, 'hooks/post-checkout')), {
    look: '.git/hooks',
  }),
  linked('the log of the branch to be', (bed) => {
    mkdirSync(inGit(bed, 'logs/refs/heads/cm'), { recursive: true });
    symlinkSync(join(bed.outside, 'precious'), inGit(bed, 'logs/refs/heads/cm/one'));
  }),
  linked('the folder of logs', (bed) => {
    rmSync(inGit(bed, 'logs'), { recursive: true, force: true });
    symlinkSync(bed.outside, inGit(bed, 'logs'));
  }),
  linked('the branch to be', (bed) => {
    mkdirSync(inGit(bed, 'refs/heads/cm'), { recursive: true });
    symlinkSync(join(bed.outside, 'new'), inGit(bed, 'refs/heads/cm/one'));
  }),
  linked('the folder of branches', (bed) => symlinkSync(bed.outside, inGit(bed, 'refs/heads/cm'))),
  linked('the folder of worktrees', (bed) => symlinkSync(bed.outside, inGit(bed, 'worktrees'))),
  linked('the folder of all references', (bed) => {
    put(bed, 'packed-refs', `${bed.run(bed.folder, 'rev-parse', 'HEAD').trim()} refs/heads/main\n`);
    rmSync(inGit(bed, 'refs'), { recursive: true });
    symlinkSync(bed.outside, inGit(bed, 'refs'));
  }),
  linked('the folder of heads', (bed) => {
    put(bed, 'packed-refs', `${bed.run(bed.folder, 'rev-parse', 'HEAD').trim()} refs/heads/main\n`);
    rmSync(inGit(bed, 'refs/heads'), { recursive: true });
    symlinkSync(bed.outside, inGit(bed, 'refs/heads'));
  }),
  linked('the folder of logs of references', (bed) => {
    rmSync(inGit(bed, 'logs/refs'), { recursive: true, force: true });
    mkdirSync(inGit(bed, 'logs'), { recursive: true });
    symlinkSync(bed.outside, inGit(bed, 'logs/refs'));
  }),
  odd('a reference of a terabyte', (bed) => huge(inGit(bed, 'refs/heads/main'), 1e12)),
  odd('packed references of a terabyte', (bed) => huge(inGit(bed, 'packed-refs'), 1e12)),
  odd('an exclude of a terabyte', (bed) => huge(inGit(bed, 'info/exclude'), 1e12)),
  odd('an index of a terabyte', (bed) => huge(inGit(bed, 'index'), 1e12)),
  odd('alternates of a terabyte', (bed) => huge(inGit(bed, 'objects/info/alternates'), 1e12)),
  odd('a FIFO as a reference seven folders deep', (bed) => {
    put(bed, 'HEAD', 'ref: refs/heads/a/b/c/d/e/f/g\n');
    mkdirSync(inGit(bed, 'refs/heads/a/b/c/d/e/f'), { recursive: true });
    fifo(inGit(bed, 'refs/heads/a/b/c/d/e/f/g'));
  }),
  odd('a FIFO behind a linked folder of references', (bed) => {
    put(bed, 'HEAD', 'ref: refs/heads/d/pipe\n');
    fifo(join(bed.folder, 'sub', 'pipe'));
    symlinkSync(join(bed.folder, 'sub'), inGit(bed, 'refs/heads/d'));
  }),
  odd('a device behind a linked folder of references', (bed) => {
    put(bed, 'HEAD', 'ref: refs/heads/d/zero\n');
    symlinkSync('/dev', inGit(bed, 'refs/heads/d'));
  }),
  odd('a FIFO behind a linked folder of objects', (bed) => {
    const head = bed.run(bed.folder, 'rev-parse', 'HEAD').trim();
    const folder = inGit(bed, `objects/${head.slice(0, 2)}`);
    renameSync(folder, join(bed.folder, 'elsewhere'));
    fifo(join(bed.folder, 'elsewhere', head.slice(2)));
    symlinkSync(join(bed.folder, 'elsewhere'), folder);
  }),
  odd('a FIFO in alternates whose path is quoted', (bed) => quotedAlternate(bed, (path) => `"${path}"\n`)),
  odd('a FIFO in the last of many alternates', (bed) =>
    quotedAlternate(bed, (path) => `${'# a comment\n'.repeat(150)}${path}\n`),
  ),
  odd('a FIFO as a reference of a nested submodule', (bed) => {
    const inner = submodule(bed);
    writeFileSync(join(inner, '.git', 'HEAD'), 'ref: refs/heads/d/pipe\n');
    fifo(join(bed.folder, 'sub', 'pipe'));
    symlinkSync(join(bed.folder, 'sub'), join(inner, '.git', 'refs', 'heads', 'd'));
  }),
  odd('a device as a reference of a nested submodule', (bed) => {
    const inner = submodule(bed);
    writeFileSync(join(inner, '.git', 'HEAD'), 'ref: refs/heads/d/zero\n');
    symlinkSync('/dev', join(inner, '.git', 'refs', 'heads', 'd'));
  }),
  odd('packed references of a terabyte in a nested submodule', (bed) =>
    huge(join(submodule(bed), '.git', 'packed-refs'), 1e12),
  ),
  odd('a reference of a terabyte in a nested submodule', (bed) => {
    const inner = submodule(bed);
    writeFileSync(join(inner, '.git', 'HEAD'), 'ref: refs/heads/huge\n');
    huge(join(inner, '.git', 'refs', 'heads', 'huge'), 1e12);
  }),
  environment(
    'GIT_CONFIG_GLOBAL',
    () => 'own.config',
    (bed) => ownConfig(bed, 'own.config'),
  ),
  environment(
    'XDG_CONFIG_HOME',
    () => '.config',
    (bed) => ownConfig(bed, '.config/git/config'),
  ),
  environment(
    'HOME',
    () => '.',
    (bed) => ownConfig(bed, '.gitconfig'),
  ),
  environment(
    'GIT_EXEC_PATH',
    () => 'programs',
    (bed) => {
      for (const name of ['git', 'git-status', 'git-worktree'])
        bed.program(`programs/${name}`, readFileSync(bed.mark('programs'), 'utf8'));
      bed.commit();
    },
  ),
  tree('that leads out', '..'),
  tree('with a git folder', '.git'),
  tree('with a git folder in capitals', '.GIT'),
  {
    name: 'a tree with a link and a folder of one name',
    set: (bed) => {
      const entry = (mode: string, type: string, id: string, name: string): string =>
        `${mode} ${type} ${id}\t${name}\x00`;
      const link = objectOf(bed, ['hash-object', '-w', '--stdin'], bed.outside);
      const file = objectOf(bed, ['hash-object', '-w', '--stdin'], 'x');
      const folder = objectOf(bed, ['mktree', '-z'], entry('100644', 'blob', file, 'new'));
      checkedOut(bed, entry('120000', 'blob', link, 'a') + entry('040000', 'tree', folder, 'a'));
    },
  },
];

/** Objects of another place, among which one that is needed is a pipe. */
function quotedAlternate(bed: GitBed, line: (path: string) => string): void {
  const head = bed.run(bed.folder, 'rev-parse', 'HEAD').trim();
  const other = join(bed.folder, 'other');
  const name = join(head.slice(0, 2), head.slice(2));
  mkdirSync(join(other, head.slice(0, 2)), { recursive: true });
  rmSync(inGit(bed, join('objects', name)));
  fifo(join(other, name));
  put(bed, 'objects/info/alternates', line(other));
}

/** A nested repository that the index knows. */
function submodule(bed: GitBed): string {
  const inner = join(bed.folder, 'inner');
  mkdirSync(inner);
  bed.run(inner, 'init', '-q');
  bed.run(inner, 'commit', '-q', '--allow-empty', '-m', 'x');
  bed.write('.gitmodules', '[submodule "inner"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n');
  bed.commit();
  return inner;
}

/** The configuration of a person, if a path of theirs were taken from the repository. */
function ownConfig(bed: GitBed, name: string): void {
  bed.write('.gitattributes', '* filter=x\n');
  bed.write(name, evil(bed));
  bed.commit();
}

function objectOf(bed: GitBed, args: readonly string[], input: string): string {
  return execFileSync('git', args, { cwd: bed.folder, input, encoding: 'utf8' }).trim();
}

/** A commit of a tree as no git makes it. */
function checkedOut(bed: GitBed, entries: string): void {
  const top = objectOf(bed, ['mktree', '-z'], entries);
  const commit = bed.run(bed.folder, 'commit-tree', '-m', 'x', top).trim();
  put(bed, 'refs/heads/main', `${commit}\n`);
}

/** A tree with a folder of this name, in which a configuration, a hook and a new file stand. */
function tree(name: string, folder: string): Trap {
  return {
    name: `tree: ${name}`,
    set: (bed) => {
      const text = objectOf(bed, ['hash-object', '-w', '--stdin'], evil(bed));
      const hook = objectOf(bed, ['hash-object', '-w', '--stdin'], readFileSync(bed.mark('hook'), 'utf8'));
      const hooks = objectOf(bed, ['mktree', '-z'], `100755 blob ${hook}\tpost-checkout\x00`);
      const inner = objectOf(bed, ['mktree', '-z'], `100644 blob ${text}\tconfig\x00040000 tree ${hooks}\thooks\0`);
      checkedOut(bed, `040000 tree ${inner}\t${folder}\x00`);
    },
  };
}
