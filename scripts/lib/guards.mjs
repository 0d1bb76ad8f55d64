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

/** @typedef {{ok: true, caughtBy: string} | {ok: false, problem: string}} Result */

/** Of one test file with every guard in its place. */
const TIMEOUT_MS = 600_000;
/** Of the tests of a guard without it, beside three times what they take with it; one that hangs proves nothing. */
const GRACE_MS = 60_000;
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
  /** @type {Map<string, Promise<number>>} what each test file took with every guard in its place */
  #times = new Map();

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
   * Removes a guard whose tests pass with it: one that fails anyway would catch everything.
   * @param {Guard} guard
   * @returns {Promise<Result>}
   */
  async remove(guard) {
    const path = join(this.#folder, guard.file);
    const text = await readFile(path, 'utf8');
    try {
      const without = withoutGuard(guard, text);
      let ms = 0;
      for (const file of guard.tests) ms += await this.#passes(file);
      await writeFile(path, without);
      const { output } = await this.#run(['--bail', ...guard.tests], GRACE_MS + 3 * ms);
      const caughtBy = /^FAILED (.*)$/m.exec(output)?.[1];
      if (caughtBy !== undefined && /^\d+ passed, [1-9]\d* failed$/m.test(output)) return { ok: true, caughtBy };
      const isPassed = /^\d+ passed, 0 failed$/m.test(output);
      return { ok: false, problem: isPassed ? 'no test fails without it' : `the tests did not run:\n${output}` };
    } catch (error) {
      return { ok: false, problem: error instanceof Error ? error.message : String(error) };
    } finally {
      await writeFile(path, text);
    }
  }

  /**
   * Runs a test file with every guard in its place, once.
   * @param {string} file
   * @returns {Promise<number>} the milliseconds that it took; rejects when it fails
   */
  #passes(file) {
    const known = this.#times.get(file) ?? this.#timeOf(file);
    this.#times.set(file, known);
    return known;
  }

  /** @param {string} file */
  async #timeOf(file) {
    const start = performance.now();
    const { code, output } = await this.#run([file], TIMEOUT_MS);
    if (code !== 0) throw new Error(`${file} fails already:\n${output}`);
    return performance.now() - start;
  }

  /**
   * @param {readonly string[]} args
   * @param {number} timeoutMs
   */
  #run(args, timeoutMs) {
    return run(process.execPath, ['scripts/unit.mjs', ...args], { cwd: this.#folder, timeoutMs });
  }
}
