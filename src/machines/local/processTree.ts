import { delay } from '../../common/async.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { systemProcessTable, type ProcessEntry, type ProcessTable } from './processTable.js';

/** The variable that every process of a session carries. */
const MARKER = 'CM_SESSION';
/** A process that is still there so long after SIGKILL hangs in the kernel. */
const GIVE_UP_MS = 10_000;
const PAUSE_MS = 10;
const MAX_STOP_ROUNDS = 20;

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
  const all = await table.list();
  const own = new Set(all.filter(({ pgid }) => pgid === leader).map(({ pid }) => pid));
  const groups = all.filter(
    ({ pid, pgid, ppid, sid }) => pid === pgid && own.has(ppid) && (sid === undefined || sid === leader),
  );
  const ids = new Set([leader, ...groups.map(({ pid }) => pid)]);
  const members = all.filter(({ pgid, pid, isZombie }) => ids.has(pgid) && pid !== leader && !isZombie);
  return members.filter(({ pid }) => signal(pid, signalName)).length > 0;
}

/**
 * Ends every process that descends from `root`, shares a group or session that one of them leads, or carries the
 * marker, also when it is started meanwhile. They are stopped first, so that none can fork while it is looked for.
 * @param root must be known to be the process that is meant; null when it is gone.
 * @returns how many there were.
 * @throws CodeManagerError `timeout` when some cannot be ended.
 */
export async function killTree(
  root: number | null,
  marker: string,
  table: ProcessTable = systemProcessTable(),
): Promise<number> {
  const search = new Search(root, marker, table);
  const victims = new Map<string, ProcessEntry>();
  const deadline = Date.now() + GIVE_UP_MS;
  for (let round = 1; ; round++) {
    const found = await search.find();
    if (found.length === 0) return victims.size;
    const fresh = found.filter((entry) => !victims.has(key(entry)));
    for (const entry of fresh) victims.set(key(entry), entry);
    // Somebody may let them go on as fast as they are stopped.
    if (fresh.length > 0 && round < MAX_STOP_ROUNDS) {
      for (const entry of fresh) signal(entry.pid, 'SIGSTOP');
      continue;
    }
    const killed = found.filter((entry) => signal(entry.pid, 'SIGKILL'));
    if (killed.length === 0 || Date.now() > deadline) {
      const pids = found.map(({ pid }) => pid).join(', ');
      throw new CodeManagerError('timeout', `these processes cannot be ended: ${pids}`, {
        hint: 'They belong to another user or hang in the system.',
      });
    }
    await delay(PAUSE_MS);
  }
}

/** Finds the processes of a session, and remembers what it has seen of them for when their parents are gone. */
class Search {
  readonly #root: number | null;
  readonly #marker: string;
  readonly #table: ProcessTable;
  /** Start of every process that belongs to it, by pid. */
  readonly #known = new Map<number, string>();
  #rootStart: string | undefined;

  constructor(root: number | null, marker: string, table: ProcessTable) {
    this.#root = root !== null && isPid(root) && root !== 1 && root !== process.pid ? root : null;
    this.#marker = marker;
    this.#table = table;
  }

  /** Those that run; not ourselves and what only we have started. */
  async find(): Promise<ProcessEntry[]> {
    const entries = await this.#table.list();
    const byPid = new Map(entries.map((entry) => [entry.pid, entry]));
    const marked =
      this.#marker === '' ? new Set<number>() : await this.#table.withVariable(entries, `${MARKER}=${this.#marker}`);
    const members = new Set<number>();
    for (const entry of entries) if (marked.has(entry.pid) || this.#isKnown(entry)) members.add(entry.pid);
    const root = this.#root === null ? undefined : byPid.get(this.#root);
    this.#rootStart ??= root?.start;
    if (root !== undefined && root.start === this.#rootStart) members.add(root.pid);
    // A pid is not given away while a group or session still has it: what follows it is what it has left behind.
    if (this.#root !== null && root === undefined) this.#known.set(this.#root, '');
    this.#spread(entries, members);
    const found = [...members].flatMap((pid) => byPid.get(pid) ?? []);
    for (const entry of found) this.#known.set(entry.pid, entry.start);
    return found.filter((entry) => !entry.isZombie);
  }

  /** Adds children and followers until there are no more. */
  #spread(entries: readonly ProcessEntry[], members: Set<number>): void {
    const isOff = (pid: number): boolean => pid <= 1 || pid === process.pid;
    for (const pid of [...members]) if (isOff(pid)) members.delete(pid);
    for (let grown = true; grown;) {
      grown = false;
      for (const { pid, ppid, pgid, sid } of entries) {
        if (members.has(pid) || isOff(pid)) continue;
        const follows = (leader: number): boolean => members.has(leader) || this.#known.has(leader);
        if (!members.has(ppid) && !follows(pgid) && !(sid !== undefined && follows(sid))) continue;
        members.add(pid);
        grown = true;
      }
    }
  }

  #isKnown(entry: ProcessEntry): boolean {
    return this.#known.get(entry.pid) === entry.start;
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
    return hasCode(error, 'ESRCH');
  }
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function isPid(pid: number): boolean {
  return Number.isInteger(pid) && pid > 0;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
