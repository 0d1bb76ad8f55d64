import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  readFileSync,
  chmodSync,
} from 'node:fs';
import { join } from 'node:path';
import type { GitBed } from './gitBed.js';

/** A repository as an agent could leave it. */
export interface Trap {
  readonly name: string;
  readonly set: (bed: GitBed) => void;
  /** What is shown as changed all the same; default: the one file that {@link changed} makes. */
  readonly files?: readonly string[] | undefined;
  /** What git does by itself in it for the same question springs it. */
  readonly isLive?: boolean;
  /** The folder that is asked about, in the repository; default: the top one. */
  readonly look?: string;
}

/** A change that makes git look at the files. */
function changed(bed: GitBed): void {
  bed.write('kept', 'two, and longer\n');
}

function key(name: string, more: Partial<Trap> = {}, before: (bed: GitBed) => void = () => {}): Trap {
  return {
    name,
    files: ['kept'],
    set: (bed) => {
      before(bed);
      changed(bed);
      bed.own(name, bed.mark('key'));
    },
    ...more,
  };
}

const attribute = (line: string) => (bed: GitBed) => {
  bed.write('.gitattributes', `${line}\n`);
  bed.commit();
};

function hook(name: string, more: Partial<Trap> = {}): Trap {
  return {
    name: `hook ${name}`,
    files: ['kept'],
    set: (bed) => {
      changed(bed);
      symlinkSync(bed.mark('hook'), join(bed.folder, '.git', 'hooks', name));
    },
    ...more,
  };
}

const gitFolder = (bed: GitBed): string => join(bed.folder, '.git');
const config = (bed: GitBed): string => join(gitFolder(bed), 'config');

/** Filters, as text of a configuration. */
function filters(bed: GitBed): string {
  const mark = bed.mark('filter');
  return `[filter "x"]\n\tclean = ${mark}\n\tsmudge = ${mark}\n[core]\n\tfsmonitor = ${mark}\n`;
}

export const TRAPS: readonly Trap[] = [
  key('core.fsmonitor', { isLive: true }),
  key('filter.x.clean', { isLive: true }, attribute('* filter=x')),
  key('filter.x.smudge', { isLive: true }, attribute('* filter=x')),
  key('filter.x.process', { isLive: true }, attribute('* filter=x')),
  key('filter.a.b c.clean', { isLive: false }, attribute('* filter=a.b')),
  key('diff.external'),
  key('diff.x.command', {}, attribute('* diff=x')),
  key('diff.x.textconv', {}, attribute('* diff=x')),
  key('merge.x.driver', {}, attribute('* merge=x')),
  key('core.sshCommand'),
  key('core.gitProxy'),
  key('core.pager'),
  key('pager.status'),
  key('core.editor'),
  key('sequence.editor'),
  key('core.askPass'),
  key('core.alternateRefsCommand'),
  key('credential.helper'),
  key('gpg.program'),
  key('gpg.ssh.program'),
  key('interactive.diffFilter'),
  key('uploadpack.packObjectsHook'),
  ...['status', 'worktree', 'show-ref', 'check-ref-format'].map((name) =>
    key(`alias.${name}`, {}, (bed) => bed.own(`alias.x`, `!${bed.mark('key')}`)),
  ),
  key('hook.x.command', {}, (bed) => bed.own('hook.x.event', 'post-checkout')),
  hook('post-checkout', { isLive: true }),
  hook('reference-transaction', { isLive: true }),
  hook('post-index-change'),
  hook('pre-commit'),
  hook('fsmonitor-watchman'),
  {
    name: 'core.hooksPath',
    files: ['.hooks/post-checkout', 'kept'],
    isLive: true,
    set: (bed) => {
      changed(bed);
      bed.write('.hooks/post-checkout', readFileSync(bed.mark('hook'), 'utf8'));
      chmodSync(join(bed.folder, '.hooks', 'post-checkout'), 0o700);
      bed.own('core.hooksPath', '.hooks');
    },
  },
  {
    name: 'include.path',
    files: ['kept'],
    isLive: true,
    set: (bed) => {
      attribute('* filter=x')(bed);
      changed(bed);
      writeFileSync(join(gitFolder(bed), 'more'), filters(bed));
      bed.own('include.path', 'more');
    },
  },
  {
    name: 'includeIf',
    files: ['kept'],
    isLive: true,
    set: (bed) => {
      attribute('* filter=x')(bed);
      changed(bed);
      writeFileSync(join(gitFolder(bed), 'more'), filters(bed));
      bed.own(`includeIf.gitdir:${gitFolder(bed)}.path`, 'more');
    },
  },
  {
    name: 'config.worktree',
    files: ['kept'],
    isLive: true,
    set: (bed) => {
      attribute('* filter=x')(bed);
      changed(bed);
      bed.own('extensions.worktreeConfig', 'true');
      writeFileSync(join(gitFolder(bed), 'config.worktree'), filters(bed));
    },
  },
  {
    name: 'info/attributes',
    files: ['kept'],
    isLive: true,
    set: (bed) => {
      changed(bed);
      mkdirSync(join(gitFolder(bed), 'info'), { recursive: true });
      writeFileSync(join(gitFolder(bed), 'info', 'attributes'), '* filter=x\n');
      writeFileSync(config(bed), readFileSync(config(bed), 'utf8') + filters(bed));
    },
  },
  {
    name: 'core.attributesFile',
    files: ['attributes', 'kept'],
    isLive: true,
    set: (bed) => {
      changed(bed);
      bed.write('attributes', '* filter=x\n');
      bed.own('core.attributesFile', join(bed.folder, 'attributes'));
      writeFileSync(config(bed), readFileSync(config(bed), 'utf8') + filters(bed));
    },
  },
  {
    name: 'a missing object that a remote of the repository would give',
    isLive: true,
    set: (bed) => {
      const blob = bed.run(bed.folder, 'rev-parse', 'HEAD:kept').trim();
      rmSync(join(gitFolder(bed), 'objects', blob.slice(0, 2), blob.slice(2)));
      bed.own('core.repositoryformatversion', '1');
      bed.own('extensions.partialClone', 'origin');
      bed.own('remote.origin.promisor', 'true');
      bed.own('remote.origin.url', `ext::${bed.mark('remote', 'ends')}`);
      bed.own('protocol.ext.allow', 'always');
    },
  },
  {
    name: 'a missing object that an own upload-pack would give',
    isLive: true,
    set: (bed) => {
      const blob = bed.run(bed.folder, 'rev-parse', 'HEAD:kept').trim();
      rmSync(join(gitFolder(bed), 'objects', blob.slice(0, 2), blob.slice(2)));
      bed.own('core.repositoryformatversion', '1');
      bed.own('extensions.partialClone', 'origin');
      bed.own('remote.origin.promisor', 'true');
      bed.own('remote.origin.url', bed.folder);
      bed.own('remote.origin.uploadpack', bed.mark('remote', 'ends'));
    },
  },
  {
    name: 'url.insteadOf',
    files: ['kept'],
    set: (bed) => {
      changed(bed);
      bed.own('remote.origin.url', 'https://example.org/x');
      bed.own(`url.ext::${bed.mark('url')} .insteadOf`, 'https://');
    },
  },
  {
    name: 'a submodule with a configuration of its own',
    files: ['kept'],
    isLive: true,
    set: (bed) => {
      const inner = join(bed.folder, 'inner');
      mkdirSync(inner);
      bed.run(inner, 'init', '-q');
      bed.write('.gitattributes', '* filter=x\n', inner);
      bed.run(inner, 'add', '-A');
      bed.run(inner, 'commit', '-q', '-m', 'x');
      bed.write('.gitmodules', '[submodule "inner"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n');
      bed.commit();
      bed.own('submodule.inner.active', 'true');
      bed.own('submodule.inner.update', `!${bed.mark('update')}`);
      bed.own('submodule.recurse', 'true');
      writeFileSync(join(inner, '.git', 'config'), filters(bed));
      changed(bed);
    },
  },
  {
    name: 'a nested repository',
    files: ['kept', 'nested/'],
    set: (bed) => {
      changed(bed);
      const inner = join(bed.folder, 'nested');
      mkdirSync(inner);
      bed.run(inner, 'init', '-q');
      bed.run(inner, 'commit', '-q', '--allow-empty', '-m', 'x');
      writeFileSync(join(inner, '.git', 'config'), filters(bed));
    },
  },
  {
    name: 'a .git file that points at a repository in its own work tree',
    isLive: true,
    set: (bed) => {
      attribute('* filter=x')(bed);
      changed(bed);
      renameSync(gitFolder(bed), join(bed.folder, 'hidden'));
      writeFileSync(gitFolder(bed), 'gitdir: hidden\n');
      writeFileSync(join(bed.folder, 'hidden', 'config'), filters(bed));
    },
  },
  {
    name: 'a commondir that points elsewhere',
    set: (bed) => {
      attribute('* filter=x')(bed);
      changed(bed);
      const other = join(bed.folder, 'other');
      bed.run(bed.folder, 'init', '-q', '--bare', other);
      writeFileSync(join(other, 'config'), filters(bed));
      writeFileSync(join(gitFolder(bed), 'commondir'), '../other\n');
    },
  },
  {
    name: 'a folder that is a bare repository',
    files: ['HEAD', 'config', 'kept', 'objects/x', 'refs/x'],
    set: (bed) => {
      changed(bed);
      bed.write('HEAD', 'ref: refs/heads/main\n');
      bed.write('objects/x', '');
      bed.write('refs/x', '');
      bed.write('config', `[core]\n\tbare = false\n\tworktree = .\n${filters(bed)}`);
    },
  },
  {
    name: 'core.worktree',
    files: ['kept'],
    set: (bed) => {
      changed(bed);
      bed.own('core.worktree', '/');
    },
  },
  {
    name: 'core.bare',
    files: ['kept'],
    set: (bed) => {
      changed(bed);
      bed.own('core.bare', 'true');
    },
  },
  {
    name: 'alternates beside the objects',
    files: ['kept'],
    set: (bed) => {
      const other = join(bed.folder, '..', 'objects');
      renameSync(join(gitFolder(bed), 'objects'), other);
      mkdirSync(join(gitFolder(bed), 'objects', 'info'), { recursive: true });
      writeFileSync(join(gitFolder(bed), 'objects', 'info', 'alternates'), '../../../objects\n');
      changed(bed);
    },
  },
  {
    name: 'links in place of folders',
    files: ['kept'],
    isLive: true,
    set: (bed) => {
      attribute('* filter=x')(bed);
      changed(bed);
      const real = join(bed.folder, '..', 'real.git');
      renameSync(gitFolder(bed), real);
      symlinkSync(real, gitFolder(bed));
      writeFileSync(config(bed), filters(bed));
    },
  },
  {
    name: 'a configuration that is no file of lines',
    set: (bed) => {
      changed(bed);
      writeFileSync(config(bed), `[core\n${filters(bed)}`);
    },
  },
  {
    name: 'a linked worktree with a configuration of its own',
    isLive: true,
    set: (bed) => {
      attribute('* filter=x')(bed);
      const main = join(bed.folder, '..', 'main');
      renameSync(bed.folder, main);
      bed.run(main, 'worktree', 'add', '-q', '-b', 'linked', bed.folder);
      writeFileSync(
        join(main, '.git', 'config'),
        '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tworktreeConfig = true\n',
      );
      const own = join(main, '.git', 'worktrees', 'repository');
      if (!existsSync(own)) throw new Error('there is no such worktree');
      writeFileSync(join(own, 'config.worktree'), filters(bed));
      changed(bed);
    },
    files: ['kept'],
  },
];
