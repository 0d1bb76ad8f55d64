import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as system, setPriority } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [inherit] Show the output as it comes instead of collecting it.
 * @property {boolean} [isLast] It gets the processor when nobody else wants it.
 * @property {number} [timeoutMs] After this the whole group is killed and the run rejects.
 */

/**
 * @typedef {object} RunResult
 * @property {number | null} code
 * @property {string} output stdout and stderr as they came, empty with `inherit`
 */

/**
 * Runs a program to its end, without a shell.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>} also for a failing program; rejects when it cannot be started or takes too long
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawnGroup(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: options.inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    // Whatever it starts in turn inherits that.
    if (options.isLast && child.pid !== undefined) setPriority(child.pid, system.priority.PRIORITY_LOW);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            reject(new Error(`${command} took longer than ${options.timeoutMs} ms\n${output.slice(-4000)}`));
            void stopGroup(child);
          }, options.timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/**
 * As {@link run}, but a failure rejects with the end of what the program printed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} the output
 */
export async function runOrThrow(command, args, options = {}) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) {
    throw new Error(`${[command, ...args].join(' ')} ended with ${code ?? 'a signal'}\n${output.slice(-4000)}`.trim());
  }
  return output;
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const groups = new Set();
let areExitHandlersInstalled = false;

/**
 * Starts a program as the leader of its own process group; the group ends with this process, however that ends
 * (short of SIGKILL).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {import('node:child_process').ChildProcess}
 */
export function spawnGroup(command, args, options) {
  installExitHandlers();
  const child = spawn(command, [...args], { ...options, detached: process.platform !== 'win32' });
  groups.add(child);
  // The group may outlive its leader, so it stays on the list until its last member is gone.
  child.once('exit', () => {
    if (!isGroupAlive(child)) groups.delete(child);
  });
  child.once('error', () => groups.delete(child));
  return child;
}

/**
 * Ends a group: politely, then firmly.
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} [graceMs]
 * @returns {Promise<void>} when no member is left
 */
export async function stopGroup(child, graceMs = 5_000) {
  signalGroup(child, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (isGroupAlive(child) && Date.now() < deadline) await delay(25);
  signalGroup(child, 'SIGKILL');
  while (isGroupAlive(child) && Date.now() < deadline + 5_000) await delay(25);
  groups.delete(child);
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined} the absolute path of a program on PATH
 */
export function which(name, env = process.env) {
  const extensions = process.platform === 'win32' ? ['.cmd', '.exe', '.bat'] : [''];
  for (const dir of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    for (const extension of extensions) {
      const path = join(dir, name + extension);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

/**
 * @param {string} path
 * @returns {boolean}
 */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The environment for an editor that we start: what npm, another editor or a terminal multiplexer put into ours
 * would reach every agent that is started from there.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function editorEnvironment(env = process.env) {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(npm_|VSCODE_|ELECTRON_|NODE_TEST_|TMUX|INIT_CWD$|NODE_OPTIONS$)/.test(name),
    ),
  );
}

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
export function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks until the answer is neither undefined nor false.
 * @template T
 * @param {string} what for the error: "the tree to have a row"
 * @param {() => T | undefined | false | Promise<T | undefined | false>} ask
 * @param {{timeoutMs?: number, intervalMs?: number}} [options]
 * @returns {Promise<T>} rejects after `timeoutMs` (30 s)
 */
export async function waitFor(what, ask, { timeoutMs = 30_000, intervalMs = 100 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}`);
    await delay(intervalMs);
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {boolean}
 */
function isGroupAlive(child) {
  if (child.pid === undefined) return false;
  if (process.platform === 'win32') return child.exitCode === null && child.signalCode === null;
  try {
    process.kill(-child.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody is left to signal.
  }
}

function installExitHandlers() {
  if (areExitHandlersInstalled) return;
  areExitHandlersInstalled = true;
  process.once('exit', () => {
    for (const child of groups) signalGroup(child, 'SIGKILL');
  });
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])) {
    process.once(signal, () => {
      // Somebody who listens too ends the process in their own way.
      if (process.listenerCount(signal) === 0) process.exit(code);
    });
  }
}
