import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parseProcessStates, stoppedAmong, type ProcessState } from '../stopped.js';

/** So many launchers are looked at before anybody else gets a turn. */
const AT_ONCE = 16;
const MOST_WRAPPERS = 6;

/** Which launchers of sessions have a tool that a signal has stopped. */
export async function stopped(launchers: readonly number[]): Promise<ReadonlySet<number>> {
  if (launchers.length === 0) return new Set();
  if (process.platform !== 'linux' || childrenOf(process.pid) === undefined) {
    const { stdout } = await promisify(execFile)(
      'ps',
      ['-ax', '-o', 'pid=', '-o', 'ppid=', '-o', 'pgid=', '-o', 'stat='],
      {
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return stoppedAmong(launchers, parseProcessStates(stdout));
  }
  const processes: ProcessState[] = [];
  for (const [index, launcher] of launchers.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
    processes.push(...startedBy(launcher));
  }
  return stoppedAmong(launchers, processes);
}

/** What a launcher has started, as far as {@link stoppedAmong} looks. Files of /proc are read faster than waited for. */
function startedBy(launcher: number): ProcessState[] {
  const found: ProcessState[] = [];
  let parents = [launcher];
  for (let depth = 0; parents.length > 0 && depth < MOST_WRAPPERS; depth++) {
    const children = parents.flatMap((parent) => childrenOf(parent) ?? []).flatMap((pid) => stateOf(pid) ?? []);
    found.push(...children);
    parents = children.length === 1 ? children.map(({ pid }) => pid) : [];
    if (children.length > 1) {
      // Of several those count that are in the group of the one that started them.
      const group = found.find(({ pid }) => pid === children[0]?.ppid)?.pgid;
      parents = children.filter(({ pgid }) => pgid === group).map(({ pid }) => pid);
      if (parents.length > 1) parents = [];
    }
  }
  return found;
}

function childrenOf(pid: number): number[] | undefined {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  return text?.split(' ').filter(Boolean).map(Number);
}

function stateOf(pid: number): ProcessState | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name in parentheses may hold anything.
  const [state = '', ppid, pgid] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, ppid: Number(ppid), pgid: Number(pgid), state };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
