import { delay, Together } from '../../common/async.js';
import { errorCode } from '../../common/systemError.js';
import type { ProcessId, ProcessTree } from '../../core/machine/machine.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { canSignal, systemProcessTable, type ProcessEntry, type ProcessTable } from './processTable.js';
import { TreeSearch } from './treeSearch.js';

/** A process that is still there so long after SIGKILL hangs in the kernel. */
const GIVE_UP_MS = 10_000;
const PAUSE_MS = 10;
/** Who is killed has gone within this time as a rule; then all processes are looked at again. */
const GONE_MS = 200;
const MAX_STOP_ROUNDS = 20;
/** Something starts others as fast as they are ended. */
const MAX_ROUNDS = 1_000;

/**
 * When a process started, as the system tells it: with the pid it names one process for ever. Undefined when there is
 * none.
 */
export async function processStart(
  pid: number,
  table: ProcessTable = systemProcessTable(),
): Promise<string | undefined> {
  if (!isPid(pid)) return undefined;
  const entry = await table.get(pid);
  return entry === undefined || entry.isZombie ? undefined : entry.start;
}

/** Whether the process that had this pid and start is still running. Without `start`: any process of this pid. */
export async function isAlive(
  pid: number,
  start?: string,
  table: ProcessTable = systemProcessTable(),
): Promise<boolean> {
  if (!isPid(pid)) return false;
  const entry = await table.get(pid);
  // The table may hide the processes of others (hidepid); a signal still tells that they are there.
  if (entry === undefined) return canSignal(pid);
  return !entry.isZombie && (start === undefined || entry.start === start);
}

/**
 * Sends a signal to every process of a group except its leader, and to those of the groups that its children lead in its
 * terminal: a shell that runs the tool is one. False when there is none.
 */
export async function signalGroup(
  leader: number,
  signalName: NodeJS.Signals,
  table: ProcessTable = systemProcessTable(),
): Promise<boolean> {
  if (!isPid(leader) || leader === 1) return false;
  const { entries: all } = await table.look();
  const own = new Set(all.filter(({ pgid }) => pgid === leader).map(({ pid }) => pid));
  const groups = all.filter(
    ({ pid, pgid, ppid, sid }) => pid === pgid && own.has(ppid) && (sid === undefined || sid === leader),
  );
  const ids = new Set([leader, ...groups.map(({ pid }) => pid)]);
  const members = all.filter(({ pgid, pid, isZombie }) => ids.has(pgid) && pid !== leader && !isZombie);
  return members.filter(({ pid }) => signal(pid, signalName)).length > 0;
}

/** The processes of each tree that run, by one look. */
export async function processesOf(
  trees: readonly ProcessTree[],
  table: ProcessTable = systemProcessTable(),
): Promise<readonly (readonly ProcessId[])[]> {
  const look = await table.look();
  return trees.map((tree) => new TreeSearch(tree).find(look).map(({ pid, start }) => ({ pid, start })));
}

/**
 * Waits until those have gone whom somebody kills at this time: all who wait then need one look to see that nothing is
 * left, and a look at a machine full of processes costs more than to ask for a few.
 */
const deaths = new Together<() => boolean, void>(async (anyRuns) => {
  const end = performance.now() + GONE_MS;
  do await delay(PAUSE_MS);
  while (performance.now() < end && anyRuns.some((runs) => runs()));
  return anyRuns.map(() => undefined);
});

/**
 * Ends every process that descends from `root`, shares a group or session that one of them leads, or carries the
 * marker, also when it is started meanwhile. They are stopped first, so that none can fork while it is looked for.
 *
 * One that is there so long after it was killed cannot be ended. How long looking takes does not count: on a busy machine
 * that may be longer.
 * @param root must be known to be the process that is meant; null when it is gone.
 * @param known what was found to belong to it before
 * @returns how many there were.
 * @throws CodeManagerError `timeout` when some cannot be ended.
 */
export async function killTree(
  root: number | null,
  marker: string,
  known: readonly ProcessId[] = [],
  {
    table = systemProcessTable(),
    giveUpMs = GIVE_UP_MS,
  }: { table?: Pick<ProcessTable, 'look' | 'seemsToRun'>; giveUpMs?: number } = {},
): Promise<number> {
  const search = new TreeSearch({ root, marker, known });
  const victims = new Set<string>();
  /** When each was killed first. */
  const killed = new Map<string, number>();
  for (let round = 1; ; round++) {
    const lookedAt = performance.now();
    const found = search.find(await table.look());
    if (found.length === 0) return victims.size;
    const fresh = found.filter((entry) => !victims.has(key(entry)));
    for (const entry of fresh) victims.add(key(entry));
    // Somebody may let them go on as fast as they are stopped.
    if (fresh.length > 0 && round < MAX_STOP_ROUNDS) {
      for (const entry of fresh) signal(entry.pid, 'SIGSTOP');
      continue;
    }
    const stays = (entry: ProcessEntry): boolean => lookedAt - (killed.get(key(entry)) ?? Infinity) > giveUpMs;
    const ended = found.filter((entry) => signal(entry.pid, 'SIGKILL'));
    if (ended.length === 0 || found.every(stays) || round > MAX_ROUNDS) {
      const pids = found.map(({ pid }) => pid).join(', ');
      throw new CodeManagerError('timeout', `These processes cannot be ended: ${pids}`, {
        hint: 'They belong to another user or hang in the system.',
      });
    }
    for (const entry of ended) if (!killed.has(key(entry))) killed.set(key(entry), performance.now());
    let left = ended;
    await deaths.ask(() => (left = left.filter((entry) => table.seemsToRun(entry))).length > 0);
  }
}

function key(entry: ProcessEntry): string {
  return `${entry.pid} ${entry.start}`;
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    // Gone already is as good.
    return errorCode(error) === 'ESRCH';
  }
}

function isPid(pid: number): boolean {
  return Number.isInteger(pid) && pid > 0;
}
