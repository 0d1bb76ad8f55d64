import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CodeManagerError } from '../../protocol/errors.js';
import type { OwnGit } from '../../protocol/ownGit.js';
import type { Machine, RunResult } from '../machine.js';
import { isAskedAbout, isRemoteUrl, isTaken, keyKind, makesFetch } from './configKeys.js';
import { formatConfig, parseConfigList, type ConfigEntry } from './configText.js';
import type { GitTrust } from './gitTrust.js';
import { FIND_REPOSITORY, RUN_GIT } from './scripts.js';

export interface GitOptions {
  readonly machine: Machine;
  readonly trust: Pick<GitTrust, 'has' | 'add'>;
}

const NO_REPOSITORY = 3;
const UNREADABLE = 4;
const PIPE = 5;
const NO_PLACE = 125;
const RUN_MS = 60_000;
/** Which configuration the person wants; everything else of git's in the environment is about another repository. */
const KEPT_VARIABLES = ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM', 'GIT_EXEC_PATH'];
/** Whatever the configurations say: a program that watches would outlive us, and paths have to stay absolute. */
const FIXED = [
  '--no-pager',
  ...['core.fsmonitor=false', 'submodule.recurse=false', 'worktree.useRelativePaths=false'].flatMap((set) => [
    '-c',
    set,
  ]),
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

  private constructor(found: Found, own: OwnGit | null, entries: readonly ConfigEntry[]) {
    this.root = found.root;
    this.own = own;
    this.#machine = found.machine;
    this.#git = found.git;
    this.#env = found.env;
    this.#gitFolder = found.gitFolder;
    this.#common = found.common;
    this.#config = formatConfig([...entries, { key: 'core.bare', value: 'false' }]);
  }

  /**
   * The repository that a folder is in; undefined when it is in none.
   * @param trusting the digest of what the person was shown and lets run; refused when it is something else by now
   */
  static async find(options: GitOptions, folder: string, trusting?: string): Promise<Repository | undefined> {
    const found = await find(options.machine, folder);
    if (found === undefined) return undefined;
    const taken = found.entries.filter(({ key }) => isTaken(key));
    const fetches = found.entries.some(({ key }) => makesFetch(key));
    const asked = found.entries.filter(({ key }) => isAskedAbout(key) || (fetches && isRemoteUrl(key)));
    const isFromPerson = ({ key, value }: ConfigEntry): boolean =>
      found.personal.some((entry) => entry.key === key && entry.value === value);
    const foreign = asked.filter((entry) => !isFromPerson(entry));
    if (foreign.length === 0) return new Repository(found, null, [...taken, ...asked]);
    const own = ownGit(found, foreign);
    if (trusting !== undefined) await trust(options, found, own, foreign, trusting);
    const isTrusted = await options.trust.has(own.digest);
    return isTrusted ? new Repository(found, null, [...taken, ...asked]) : new Repository(found, own, taken);
  }

  /** Resolves whatever the exit code. */
  async run(...args: readonly string[]): Promise<RunResult> {
    return await this.#run('', args);
  }

  /** `git worktree add` with these arguments, for a worktree in `path`. */
  async addWorktree(path: string, ...args: readonly string[]): Promise<RunResult> {
    return await this.#run(path, ['worktree', 'add', ...args]);
  }

  async #run(added: string, args: readonly string[]): Promise<RunResult> {
    const { home } = await this.#machine.place();
    const script = ['/bin/sh', '-c', RUN_GIT, 'sh', this.#git, join(home, 'git'), this.#common, added];
    const env = { ...this.#env, GIT_DIR: this.#gitFolder, GIT_WORK_TREE: this.root };
    const result = await this.#machine.run([...script, ...FIXED, ...args], {
      env,
      cwd: this.root,
      stdin: this.#config,
      timeoutMs: RUN_MS,
    });
    if (result.code !== NO_PLACE) return result;
    throw new CodeManagerError('unavailable', `git could not be run: ${lastLine(result.stderr)}`, {
      hint: `Make room in ${home}.`,
    });
  }
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
  if (git === undefined) throw new CodeManagerError('dependencyMissing', 'git was not found', { hint: 'Install git.' });
  const env = environment(login.env);
  const script = ['/bin/sh', '-c', FIND_REPOSITORY, 'sh', git];
  const { code, stdout, stderr } = await machine.run(script, { env, cwd: folder });
  if (code === NO_REPOSITORY) return undefined;
  if (code === UNREADABLE) {
    throw new CodeManagerError('invalid', `The git configuration of ${folder} cannot be read: ${lastLine(stderr)}`, {
      hint: 'Mend the file config in its .git folder.',
    });
  }
  if (code === PIPE) {
    throw new CodeManagerError('invalid', `${lastLine(stderr)} is no file: git would wait for it`, {
      hint: 'Remove it.',
    });
  }
  const [root = '', gitFolder = '', common = '', ...rest] = stdout.split('\0');
  if (code !== 0 || common === '') {
    throw new CodeManagerError('unavailable', `git could not be run in ${folder}: ${lastLine(stderr)}`);
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
  const entries = Object.entries(login).filter(([name]) => !name.startsWith('GIT_') || KEPT_VARIABLES.includes(name));
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

/** What people are shown, with the digest of all that would count; the same in another repository is another content. */
function ownGit({ machine, common, entries }: Found, asked: readonly ConfigEntry[]): OwnGit {
  const content = JSON.stringify([machine.id, common, asked.map(({ key, value }) => [key, value ?? null])]);
  return {
    digest: createHash('sha256').update(content).digest('hex').slice(0, 32),
    entries: asked.map(shown),
    never: entries
      .filter(
        ({ key }) =>
          !isAskedAbout(key) &&
          !asked.some((entry) => entry.key === key) &&
          !isTaken(key) &&
          keyKind(key) !== 'harmless',
      )
      .map(shown),
  };
}

function shown({ key, value }: ConfigEntry): OwnGit['entries'][number] {
  return { key, value: value ?? 'true' };
}

async function trust(
  { machine, trust: store }: GitOptions,
  { root }: Found,
  own: OwnGit,
  asked: readonly ConfigEntry[],
  digest: string,
): Promise<void> {
  if (own.digest !== digest) {
    throw new CodeManagerError('conflict', 'The git configuration of the repository has changed', {
      hint: 'Look at it again.',
    });
  }
  for (const word of new Set(asked.flatMap(({ value = '' }) => value.split(/[\s'"`=;&|()<>$]+/u)))) {
    // A program of the repository's own can be another one tomorrow.
    const path = word.startsWith('/') ? word : join(root, word);
    const isInside = word !== '' && (path === root || path.startsWith(`${root}/`));
    if (isInside && (await machine.stat(path)) !== undefined) {
      throw new CodeManagerError('conflict', `${word} is a file of the repository, which can change at any time`, {
        hint: 'Put it elsewhere, and the setting into your own git configuration.',
      });
    }
  }
  await store.add(digest);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
