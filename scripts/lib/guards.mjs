import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from './paths.mjs';
import { run } from './processes.mjs';

/**
 * @typedef {object} Guard a piece of code that keeps a wrong answer from an agent
 * @property {string} name
 * @property {string} file from the top of the checkout
 * @property {string} code stands in the file exactly once
 * @property {string} by what is put in its place to remove the guard
 * @property {readonly string[]} tests files, at least one of which has a test that must fail then
 */

/** @typedef {{ok: true, caughtBy: readonly string[]} | {ok: false, problem: string}} Result */

/** Of the tests of one guard; one that hangs proves nothing. */
const TIMEOUT_MS = 180_000;
/** What the test runner needs of the checkout. */
const COPIED = ['src', 'test', 'scripts', 'package.json', 'tsconfig.json'];

/** @returns {Promise<Guard[]>} */
export async function readGuards() {
  return JSON.parse(await readFile(join(repoRoot, 'test', 'approvals', 'guards.json'), 'utf8'));
}

/**
 * The file of a guard without it.
 * @param {Guard} guard
 * @param {string} text of the file
 * @returns {string}
 */
export function withoutGuard({ name, file, code, by }, text) {
  const count = text.split(code).length - 1;
  if (count !== 1) throw new Error(`The code of "${name}" stands ${count} times in ${file}, not once: ${code}`);
  return text.split(code).join(by);
}

/** A copy of the checkout in which guards are removed; the checkout itself is never touched. */
export class GuardScene {
  #folder;

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
  }

  /** It is gone when this process ends, however that ends. */
  static async create() {
    const folder = await mkdtemp(join(tmpdir(), 'cm-guards-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    for (const name of COPIED) await cp(join(repoRoot, name), join(folder, name), { recursive: true });
    await symlink(join(repoRoot, 'node_modules'), join(folder, 'node_modules'));
    return new GuardScene(folder);
  }

  /**
   * Runs the tests with everything in its place.
   * @param {readonly string[]} tests
   * @returns {Promise<string | undefined>} what failed
   */
  async problem(tests) {
    const { code, output } = await this.#run(tests);
    return code === 0 ? undefined : output;
  }

  /**
   * @param {Guard} guard
   * @returns {Promise<Result>}
   */
  async remove(guard) {
    const path = join(this.#folder, guard.file);
    const text = await readFile(path, 'utf8');
    try {
      await writeFile(path, withoutGuard(guard, text));
      const { output } = await this.#run(guard.tests);
      const caughtBy = [...output.matchAll(/^FAILED (.*)$/gm)].map(([, name = '']) => name);
      if (/^\d+ passed, [1-9]\d* failed$/m.test(output)) return { ok: true, caughtBy };
      const isPassed = /^\d+ passed, 0 failed$/m.test(output);
      return { ok: false, problem: isPassed ? 'no test fails without it' : `the tests did not run:\n${output}` };
    } catch (error) {
      return { ok: false, problem: error instanceof Error ? error.message : String(error) };
    } finally {
      await writeFile(path, text);
    }
  }

  /** @param {readonly string[]} tests */
  #run(tests) {
    return run(process.execPath, ['scripts/unit.mjs', ...tests], { cwd: this.#folder, timeoutMs: TIMEOUT_MS });
  }
}
