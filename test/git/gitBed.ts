import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { GitTrust } from '../../src/core/git/gitTrust.js';
import type { GitOptions } from '../../src/core/git/repository.js';
import type { Machine } from '../../src/core/machine/machine.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import type { WorktreeOptions } from '../../src/core/git/worktree.js';

/** A repository with a commit, a person with a configuration of their own, and programs that leave a mark. */
export class GitBed {
  readonly folder: string;
  readonly cm: string;
  readonly git: GitOptions;
  /** Beside the repository, with the file `precious`: nobody may change anything in it. */
  readonly outside: string;
  readonly home: string;
  readonly #marks: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param far another machine, on the same disk */
  constructor(t: TestContext, far?: { readonly machine: Machine; readonly home: string; readonly cm: string }) {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'cm-git-')));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    this.folder = join(root, 'repository');
    this.cm = far?.cm ?? join(root, 'cm');
    this.home = far?.home ?? join(root, 'home');
    this.#marks = join(root, 'marks');
    this.outside = join(root, 'outside');
    for (const folder of [join(this.folder, 'sub'), this.cm, this.home, this.#marks, this.outside]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    this.#env = { PATH: process.env['PATH'], HOME: this.home, CM_HOME: this.cm };
    const machine = far?.machine ?? new LocalMachine({ env: this.#env, home: this.home, shell: '/bin/sh' });
    this.git = { machine, trust: new GitTrust(this.cm) };
    writeFileSync(join(this.outside, 'precious'), 'as it was\n');
    this.run(this.folder, 'init', '-q', '-b', 'main');
    this.personal('user.name', 'A Person');
    this.personal('user.email', 'person@example.org');
    this.write('kept', 'one\n');
    this.write('sub/kept', 'one\n');
    this.commit();
  }

  /** git as anybody runs it. */
  run(folder: string, ...args: readonly string[]): string {
    return execFileSync('git', args, {
      cwd: folder,
      env: this.#env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** In the configuration of the repository. */
  own(key: string, value: string): void {
    this.run(this.folder, 'config', '--file', join(this.folder, '.git', 'config'), key, value);
  }

  personal(key: string, value: string): void {
    this.run(this.home, 'config', '--global', key, value);
  }

  write(name: string, text: string, folder = this.folder): void {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }

  /** A file that can be run; seen from the repository. */
  program(name: string, text: string): void {
    const path = resolve(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o700);
  }

  commit(): void {
    this.run(this.folder, 'add', '-A');
    this.run(this.folder, 'commit', '-q', '--no-verify', '-m', 'A commit');
  }

  /** A command that leaves a mark, and goes on as a filter would, or ends. */
  mark(name: string, end: 'filters' | 'ends' = 'filters'): string {
    const program = join(this.#marks, '..', `mark-${name}`);
    writeFileSync(program, `#!/bin/sh\n: > '${join(this.#marks, name)}'\n${end === 'filters' ? 'cat' : ''}\n`);
    chmodSync(program, 0o700);
    return program;
  }

  marks(): string[] {
    return readdirSync(this.#marks);
  }

  /** Whether what is outside of the repository is as it was. */
  get isOutsideWhole(): boolean {
    const [name, ...more] = readdirSync(this.outside);
    return more.length === 0 && name === 'precious' && readFileSync(join(this.outside, name), 'utf8') === 'as it was\n';
  }

  unmark(): void {
    for (const name of this.marks()) rmSync(join(this.#marks, name));
  }

  /** Whether what git itself does here leaves a mark. */
  firesByItself(): boolean {
    const path = join(this.folder, '..', 'by-itself');
    for (const args of [
      ['status', '--porcelain'],
      ['worktree', 'add', '-q', '-b', 'by-itself', path],
    ]) {
      try {
        this.run(this.folder, ...args);
      } catch {
        // A program that is no good one makes git fail, after it ran.
      }
    }
    const fires = this.marks().length > 0;
    if (existsSync(path)) rmSync(path, { recursive: true });
    return fires;
  }

  worktree(id: string, repository = this.folder): WorktreeOptions {
    return { repository, branch: null, name: id, directory: join(this.cm, 'worktrees'), id };
  }
}

/** The word with which something is refused. */
export async function refusal(promise: Promise<unknown>): Promise<CodeManagerError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof CodeManagerError && error.code !== 'internal', String(error));
    return error;
  }
  throw new Error('it was not refused');
}
