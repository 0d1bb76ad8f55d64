import { join } from 'node:path';
import { whyNotWritten } from '../store/printedError.js';
import { inTheirWords } from '../../common/whyFailed.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { OwnGit } from '../../protocol/ownGit.js';
import type { Machine, RunResult } from '../machine/machine.js';
import { isTaken } from './configKeys.js';
import { formatConfig, parseConfigList, type ConfigEntry } from './configText.js';
import type { GitTrust } from './gitTrust.js';
import { ownHooks, type Hook } from './hooks.js';
import { decide, isNothing, monitorOf, ownGit, ownParts, type GitDecision } from './ownParts.js';
import { FIND_REPOSITORY, RUN_GIT } from './scripts.js';

export interface GitOptions {
  readonly machine: Machine;
  readonly trust: Pick<GitTrust, 'uses' | 'decide'>;
}

export interface FindOptions {
  /** Files are written there, so that hooks count as well. */
  readonly isForWorktree?: boolean;
  readonly decision?: GitDecision | undefined;
}

/** What is said where there is none at all. */
export const NO_GIT = 'git was not found';

const NO_REPOSITORY = 3;
const UNREADABLE = 4;
const PIPE = 5;
const NO_PLACE = 125;
const WAITS = 123;
const RUN_MS = 60_000;
/**
 * Where the configuration and the programs are that the person wants; seen from the repository another one would be what
 * an agent wrote. Everything else of git's in the environment is about another repository.
 */
const FILE_VARIABLES = ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_EXEC_PATH', 'XDG_CONFIG_HOME', 'HOME'];
/** Whatever the configurations say: paths have to stay absolute, and submodules are looked at from outside. */
const FIXED = [
  '--no-pager',
  ...['submodule.recurse=false', 'worktree.useRelativePaths=false'].flatMap((set) => ['-c', set]),
];

/**
 * The one way in which git is run. The configuration that counts is that of the person and the system; of the
 * repository's own, which an agent can write, only what its files are like ({@link isTaken}), and what the person was
 * shown and let run. It is handed over as it was read, so that nothing changes between the look and the run.
 */
export class Repository {
  /** The top folder of its files. */
  readonly root: string;
  /** What it would run or fetch, and may not: without it a result can be wrong. */
  readonly own: OwnGit | null;
  readonly #machine: Machine;
  readonly #git: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #gitFolder: string;
  readonly #common: string;
  readonly #config: string;
  readonly #hooks: readonly Hook[];
  readonly #monitor: string;

  private constructor(found: Found, own: OwnGit | null, used: Used) {
    this.root = found.root;
    this.own = own;
    this.#machine = found.machine;
    this.#git = found.git;
    this.#env = found.env;
    this.#gitFolder = found.gitFolder;
    this.#common = found.common;
    const taken = found.entries.filter(({ key, value }) => isTaken(key, value));
    this.#config = formatConfig([...taken, ...used.entries, { key: 'core.bare', value: 'false' }]);
    this.#hooks = used.hooks;
    // A program of anybody's that watches would outlive us.
    this.#monitor = used.monitor ?? 'false';
  }

  /** The repository that a folder is in; undefined when it is in none. */
  static async find(options: GitOptions, folder: string, asked: FindOptions = {}): Promise<Repository | undefined> {
    const { machine, trust } = options;
    const found = await find(machine, folder);
    if (found === undefined) return undefined;
    const parts = ownParts(found, asked.isForWorktree === true ? await ownHooks(machine, found.env, found) : []);
    const all = { entries: parts.counted, hooks: parts.hooks, monitor: monitorOf(parts) };
    if (isNothing(parts)) return new Repository(found, null, all);
    const own = ownGit(machine.id, found, parts);
    if (asked.decision !== undefined) {
      await decide(machine, trust, found, parts, own, asked.decision);
      // Where no hook counts it is the same question without them.
      const rest = { ...parts, hooks: [] };
      if (parts.hooks.length > 0 && !isNothing(rest))
        await trust.decide(ownGit(machine.id, found, rest).digest, asked.decision !== 'no' && asked.decision.use);
    }
    const uses = await trust.uses(own.digest);
    if (uses === true) return new Repository(found, null, all);
    return new Repository(found, uses === false ? null : own, { entries: [], hooks: [] });
  }

  /** Resolves whatever the exit code. */
  async run(...args: readonly string[]): Promise<RunResult> {
    return await this.#run('', false, args);
  }

  /** The same for a command that reads the files of the work tree. @throws CodeManagerError `invalid` where it would wait */
  async look(...args: readonly string[]): Promise<RunResult> {
    return await this.#run('', true, args);
  }

  /** What HEAD is: a commit, a branch that has none yet, or nothing that can be read. */
  async head(): Promise<'commit' | 'none' | 'broken'> {
    const commit = await this.run('rev-parse', '--verify', '--quiet', 'HEAD^{commit}');
    if (commit.code === 0) return 'commit';
    const { code, stdout } = await this.run('symbolic-ref', '--quiet', 'HEAD');
    const branch = stdout.trim();
    if (code !== 0 || branch === '') return 'broken';
    // A branch whose file holds nothing that git can read is none to it either.
    if ((await this.#machine.stat(join(this.#common, branch))) !== undefined) return 'broken';
    const listed = await this.run('for-each-ref', '--format=%(refname)', branch);
    return listed.code === 0 && listed.stdout.trim() === '' ? 'none' : 'broken';
  }

  /** `git worktree add` with these arguments, for a worktree in `path`. */
  async addWorktree(path: string, ...args: readonly string[]): Promise<RunResult> {
    return await this.#run(path, false, ['worktree', 'add', ...args]);
  }

  async #run(added: string, looks: boolean, args: readonly string[]): Promise<RunResult> {
    const { home } = await this.#machine.place();
    // Those that only look run no hook.
    const hooks = added === '' ? [] : this.#hooks.map(({ name, text = '' }) => [name, text]);
    const script = ['/bin/sh', '-c', RUN_GIT, 'sh', this.#git, join(home, 'git'), this.#common, added];
    const given = [looks ? 'look' : '', String(hooks.length), ...hooks.flat()];
    const monitor = ['-c', `core.fsmonitor=${this.#monitor}`];
    const env = { ...this.#env, GIT_DIR: this.#gitFolder, GIT_WORK_TREE: this.root };
    const result = await this.#machine.run([...script, ...given, ...FIXED, ...monitor, ...args], {
      env,
      cwd: this.root,
      stdin: this.#config,
      timeoutMs: RUN_MS,
    });
    if (result.code === WAITS) throw waits(join(this.root, lastLine(result.stderr)));
    if (result.code !== NO_PLACE) return result;
    const why = whyNotWritten(result.stderr);
    throw new CodeManagerError('unavailable', `git could not be run: ${why.reason}`, {
      hint: `It needs a file in ${home}: ${why.hint}`,
    });
  }
}

/** What of the repository's own counts. */
interface Used {
  readonly entries: readonly ConfigEntry[];
  readonly hooks: readonly Hook[];
  readonly monitor?: string | undefined;
}

/** Where a repository is, and what its configuration says. */
interface Found {
  readonly machine: Machine;
  readonly git: string;
  readonly env: Readonly<Record<string, string>>;
  readonly root: string;
  readonly gitFolder: string;
  readonly common: string;
  readonly entries: readonly ConfigEntry[];
  /** Of the person and the system. */
  readonly personal: readonly ConfigEntry[];
}

async function find(machine: Machine, folder: string): Promise<Found | undefined> {
  const login = await machine.loginEnvironment();
  const git = await machine.findProgram('git', login.env['PATH'] ?? '');
  if (git === undefined) throw new CodeManagerError('dependencyMissing', NO_GIT, { hint: 'Install git.' });
  const env = environment(login.env);
  const script = ['/bin/sh', '-c', FIND_REPOSITORY, 'sh', git];
  const { code, stdout, stderr } = await machine.run(script, { env, cwd: folder });
  if (code === NO_REPOSITORY) return undefined;
  if (code === UNREADABLE) {
    const version = await machine.run([git, '--version'], { env });
    if (version.code !== 0) {
      throw new CodeManagerError('dependencyMissing', `${git} does not run: ${inTheirWords(version.stderr)}`, {
        hint: 'Mend it or install it again; cm doctor looks at it.',
      });
    }
    throw new CodeManagerError(
      'invalid',
      `The git configuration of ${folder} cannot be read: ${inTheirWords(stderr)}`,
      {
        hint: 'Mend the file config in its .git folder.',
      },
    );
  }
  if (code === PIPE) throw waits(lastLine(stderr));
  const [root = '', gitFolder = '', common = '', ...rest] = stdout.split('\0');
  if (code !== 0 || common === '') {
    throw new CodeManagerError('unavailable', `git could not be run in ${folder}: ${inTheirWords(stderr)}`, {
      hint: 'See what git status says there.',
    });
  }
  const [shared = '', ofWorktree = '', personal = ''] = lists(rest);
  const entries = parseConfigList(shared);
  const isSplit = entries.some(({ key, value }) => key === 'extensions.worktreeconfig' && value !== 'false');
  const all = isSplit ? [...entries, ...parseConfigList(ofWorktree)] : entries;
  return { machine, git, env, root, gitFolder, common, entries: all, personal: parseConfigList(personal) };
}

/** An empty part ends a list; parts of a list are never empty. */
function lists(parts: readonly string[]): string[] {
  const found: string[][] = [[]];
  for (const part of parts) {
    if (part === '') found.push([]);
    else found.at(-1)?.push(part);
  }
  return found.map((list) => list.join('\0'));
}

function environment(login: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(login).filter(([name, value]) =>
    FILE_VARIABLES.includes(name) ? value.startsWith('/') : !name.startsWith('GIT_') || name === 'GIT_CONFIG_NOSYSTEM',
  );
  // Our scripts stand in the repository, where "." in a PATH would be what an agent wrote.
  const path = (login['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return {
    ...Object.fromEntries(entries),
    PATH: path.join(':'),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_PAGER: 'cat',
  };
}

function waits(path: string): CodeManagerError {
  return new CodeManagerError('invalid', `${path} is no file that git can read: it would wait for it`, {
    hint: 'Remove it.',
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
