import { readFileSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run, waitFor } from './processes.mjs';

/**
 * Ends everything that lives in a test's own home folder (`CM_HOME`): its tmux servers with their sessions and its
 * agent server. Agents outlive the editor by design, so a test that started some has to end them itself.
 * @param {string} home
 */
export async function endHome(home) {
  // The agent server first: it would start its tmux again.
  await endProcesses(home);
  for (const socket of await findSockets(home)) await run('tmux', ['-S', socket, 'kill-server']);
  await endProcesses(home);
}

/**
 * @param {string} home
 */
async function endProcesses(home) {
  for (const pid of processesOf(home)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  await waitFor('the processes of a test to end', () => processesOf(home).length === 0);
}

/**
 * @param {string} home
 * @returns {number[]} the processes that were given this home, empty where there is no /proc
 */
function processesOf(home) {
  if (process.platform !== 'linux') return [];
  const entry = `CM_HOME=${home}`;
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && environmentOf(pid).includes(entry));
}

/**
 * @param {number} pid
 * @returns {string[]}
 */
function environmentOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/**
 * @param {string} dir
 * @returns {Promise<string[]>} every unix socket below it
 */
async function findSockets(dir) {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isSocket()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
