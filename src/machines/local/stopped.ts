import { MOST_WRAPPERS, parseProcessStates, stoppedAmong, type ProcessState } from '../stopped.js';
import { ps, readLine, readStat, statFields } from './processTable.js';

/** So many launchers are looked at before anybody else gets a turn. */
const AT_ONCE = 16;

/** Which launchers of sessions have a tool that a signal has stopped. */
export async function stopped(launchers: readonly number[]): Promise<ReadonlySet<number>> {
  if (launchers.length === 0) return new Set();
  if (process.platform !== 'linux' || childrenOf(process.pid) === undefined) {
    const list = await ps(['-ax', '-o', 'pid=,ppid=,pgid=,stat=']);
    return stoppedAmong(launchers, parseProcessStates(list));
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
  const text = readLine(`/proc/${pid}/task/${pid}/children`);
  return text?.split(' ').filter(Boolean).map(Number);
}

function stateOf(pid: number): ProcessState | undefined {
  const text = readStat(pid);
  if (text === undefined) return undefined;
  const [state = '', ppid, pgid] = statFields(text, 0, 1, 2);
  return { pid, ppid: Number(ppid), pgid: Number(pgid), state };
}
