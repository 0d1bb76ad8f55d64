import { readdirSync, readFileSync } from 'node:fs';

// What Linux tells about processes. Of one that has gone everything is 0.

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Time on a processor so far, in milliseconds, all threads, to the nanosecond where the kernel counts so. */
export function cpuMs(pid: number): number {
  const ns = list(`/proc/${pid}/task`).map((thread) =>
    Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]),
  );
  return ns.reduce((sum, value) => sum + value, 0) / 1e6;
}

/** Resident memory in MB (10^6 bytes). `peak` is the highest since {@link resetPeak}. */
export function memoryMb(pid: number, kind: 'now' | 'peak' = 'now'): number {
  const name = kind === 'now' ? 'VmRSS' : 'VmHWM';
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`))?.[1];
  return (Number(kib ?? 0) * 1024) / 1e6;
}

/** Memory with what is shared counted in parts, in MB: for many processes of one program. */
export function shareMb(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return (kib.reduce((sum, value) => sum + value, 0) * 1024) / 1e6;
}

/** Numbers of `/proc/PID/stat` from the third on, as proc(5) counts them from 1. */
function statField(pid: number | 'self', field: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3] ?? 0);
}

/**
 * Page faults of all children that a process has waited for. Every program that starts has some, so this number stands
 * still exactly when no child has come and gone.
 */
export function faultsOfEndedChildren(pid: number): number {
  return statField(pid, 11);
}

/** Time on a processor of all ended children of this process, in milliseconds, to a hundredth of a second. */
export function cpuOfEndedChildrenMs(): number {
  return (statField('self', 16) + statField('self', 17)) * 10;
}

/** Process ids of all descendants. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const child = Number(name);
    if (!Number.isInteger(child)) continue;
    const parent = statField(child, 4);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of children.get(next) ?? []) {
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}

/** Processes whose command line names this text, without this process. */
export function processesNaming(text: string): number[] {
  return list('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && read(`/proc/${pid}/cmdline`).includes(text));
}

/** Ends processes at once. */
export function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}
