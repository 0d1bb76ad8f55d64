import { execFile } from 'node:child_process';
import { close, closeSync, open, openSync, promises as fs, read, readdirSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { Together, Turns } from '../../common/async.js';
import { errorCode } from '../../common/systemError.js';
import { MARKER } from '../../core/machine/machine.js';

/** One process as the system knows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  /** Process group. */
  readonly pgid: number;
  /** Session, where the system tells it. */
  readonly sid: number | undefined;
  /** Start of the process; with the pid it names one process for ever. */
  readonly start: string;
  readonly isZombie: boolean;
}

/** All that ran on this machine at one moment. */
export class Look {
  readonly entries: readonly ProcessEntry[];
  readonly byPid: ReadonlyMap<number, ProcessEntry>;
  readonly #marked: ReadonlyMap<string, ReadonlySet<number>>;
  readonly #followers = new Map<number, ProcessEntry[]>();

  /** @param marked pids by the value of {@link MARKER} in their environment, as far as we may read it */
  constructor(entries: readonly ProcessEntry[], marked: ReadonlyMap<string, ReadonlySet<number>>) {
    this.entries = entries;
    this.byPid = new Map(entries.map((entry) => [entry.pid, entry]));
    this.#marked = marked;
    for (const entry of entries) {
      for (const leader of new Set([entry.ppid, entry.pgid, entry.sid])) {
        if (leader === undefined || leader === entry.pid) continue;
        const followers = this.#followers.get(leader);
        if (followers === undefined) this.#followers.set(leader, [entry]);
        else followers.push(entry);
      }
    }
  }

  /** Pids that carry a marker. */
  marked(marker: string): ReadonlySet<number> {
    return this.#marked.get(marker) ?? NOBODY;
  }

  /** All markers that somebody carries. */
  get markers(): Iterable<string> {
    return this.#marked.keys();
  }

  /** Children of a process and those in a group or session that it leads. */
  followers(pid: number): readonly ProcessEntry[] {
    return this.#followers.get(pid) ?? [];
  }
}

const NOBODY: ReadonlySet<number> = new Set();

/** Reads what runs on this machine. */
export interface ProcessTable {
  /** Begins after it was asked for. Whoever asks at the same time gets the same. */
  look(): Promise<Look>;
  /** Whether it seems to run, told at once; where the system does not tell, also for a moment after its end. */
  seemsToRun(entry: ProcessEntry): boolean;
  /** One process, undefined when it is gone. */
  get(pid: number): Promise<ProcessEntry | undefined>;
  /** A variable with which a process was started; undefined without it, and where we may not read it. */
  variable(pid: number, name: string): Promise<string | undefined>;
  /** Terminals that are its standard input, output or error; none where the system does not tell. */
  terminals(pid: number): Promise<readonly string[]>;
}

let table: ProcessTable | undefined;

/** The table of this system, by what it offers. */
export function systemProcessTable(): ProcessTable {
  table ??= process.platform === 'linux' ? new ProcTable() : new PsTable();
  return table;
}

/** Reads of /proc at a time: enough to be quick, few enough to leave the thread pool to others. */
const READERS = 8;
const ENVIRONMENT_CHUNK = 16 * 1024;

/** What is known of the environment with which a process was started. */
interface Environment {
  readonly pid: number;
  readonly start: string;
  /** Where it lies in the memory of the process: elsewhere when that has become another program. Undefined: unknown. */
  readonly place: string | undefined;
  /** Values of {@link MARKER}. */
  markers: readonly string[];
}

class ProcTable implements ProcessTable {
  /** As the last look found them, since reading them is most of the work. */
  #environments: ReadonlyMap<number, Environment> = new Map();
  readonly #looks = new Together<undefined, Look>(async (asked) => {
    const look = await this.#look();
    return asked.map(() => look);
  });

  look(): Promise<Look> {
    return this.#looks.ask(undefined);
  }

  async #look(): Promise<Look> {
    const turns = new Turns();
    const entries: ProcessEntry[] = [];
    const known = this.#environments;
    const environments = new Map<number, Environment>();
    const unread: Environment[] = [];
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      // The system makes this file up at once, so that a thread for it would only cost.
      const text = readStat(name);
      const entry = text === undefined ? undefined : parseProcStat(text);
      if (text === undefined || entry === undefined) continue;
      entries.push(entry);
      const place = environmentPlace(text);
      const before = known.get(entry.pid);
      const environment =
        before?.start === entry.start && before.place !== undefined && before.place === place
          ? before
          : { pid: entry.pid, start: entry.start, place, markers: [] };
      environments.set(entry.pid, environment);
      // Of one that has ended there is none left to read.
      if (environment !== before && !entry.isZombie) unread.push(environment);
      await turns.pass();
    }
    await readAll(unread);
    this.#environments = environments;
    const marked = new Map<string, Set<number>>();
    for (const { pid, markers } of environments.values()) for (const marker of markers) addTo(marked, marker, pid);
    return new Look(entries, marked);
  }

  seemsToRun({ pid, start }: ProcessEntry): boolean {
    const text = readStat(pid);
    const entry = text === undefined ? undefined : parseProcStat(text);
    return entry?.start === start && !entry.isZombie;
  }

  async get(pid: number): Promise<ProcessEntry | undefined> {
    const text = await fs.readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    return text === undefined ? undefined : parseProcStat(text);
  }

  async variable(pid: number, name: string): Promise<string | undefined> {
    const environment = await fs.readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    return environment
      .split('\0')
      .find((each) => each.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  }

  async terminals(pid: number): Promise<readonly string[]> {
    const links = await Promise.all([0, 1, 2].map((fd) => fs.readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    return links.filter((link) => link.startsWith('/dev/pts/'));
  }
}

/** More than a line has that is read. */
const LINE = Buffer.allocUnsafe(4096);

/** The line of /proc/<pid>/stat; undefined when the process has gone. */
export function readStat(pid: string | number): string | undefined {
  return readLine(`/proc/${pid}/stat`);
}

/** The one line of a file of /proc, or as much as fits; undefined when there is none. */
export function readLine(path: string): string | undefined {
  try {
    // By hand, since a look at a thousand processes is little else than this.
    const file = openSync(path, 'r');
    try {
      return LINE.toString('latin1', 0, readSync(file, LINE));
    } finally {
      closeSync(file);
    }
  } catch {
    // It has gone.
    return undefined;
  }
}

/** Fills in the markers. */
async function readAll(environments: readonly Environment[]): Promise<void> {
  let next = 0;
  const read = async (): Promise<void> => {
    const chunk = Buffer.allocUnsafe(ENVIRONMENT_CHUNK);
    for (let one = environments[next++]; one !== undefined; one = environments[next++]) {
      one.markers = markersIn(await readEnvironment(one.pid, chunk));
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
}

const openFile = promisify(open);
const readFile = promisify(read);
const closeFile = promisify(close);

/**
 * Empty of a process of somebody else, and of one that has gone. Never on the main thread: the system may have to wait for
 * the memory of that process.
 */
async function readEnvironment(pid: number, chunk: Buffer): Promise<Buffer> {
  try {
    const file = await openFile(`/proc/${pid}/environ`, 'r');
    try {
      const parts: Buffer[] = [];
      for (;;) {
        const { bytesRead } = await readFile(file, chunk, 0, chunk.length, null);
        const part = chunk.subarray(0, bytesRead);
        if (bytesRead < chunk.length) return parts.length === 0 ? part : Buffer.concat([...parts, part]);
        parts.push(Buffer.from(part));
      }
    } finally {
      await closeFile(file);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

const WANTED = Buffer.from(`${MARKER}=`);

/** The values of the marker in an environment as the system keeps it; a name may stand there more than once. */
function markersIn(environment: Buffer): string[] {
  const found: string[] = [];
  for (let at = environment.indexOf(WANTED); at >= 0; at = environment.indexOf(WANTED, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    found.push(environment.toString('utf8', at + WANTED.length, end < 0 ? environment.length : end));
  }
  return found;
}

function addTo(marked: Map<string, Set<number>>, marker: string, pid: number): void {
  if (marker === '') return;
  const pids = marked.get(marker);
  if (pids === undefined) marked.set(marker, new Set([pid]));
  else pids.add(pid);
}

/**
 * Fields of the line of /proc/<pid>/stat by their numbers, in order, counted from the state on; undefined for those that are
 * not there. The name in parentheses before them may hold anything, also `) R 1`.
 */
export function statFields(text: string, ...numbers: readonly number[]): (string | undefined)[] {
  let from = text.lastIndexOf(')') + 2;
  let number = 0;
  // Not split: of a thousand processes that would be fifty thousand words.
  return numbers.map((wanted) => {
    for (; number < wanted && from > 0; number++) from = text.indexOf(' ', from) + 1;
    if (from <= 0) return undefined;
    const end = text.indexOf(' ', from);
    return end < 0 ? text.slice(from).trimEnd() : text.slice(from, end);
  });
}

/** A process as the line of /proc/<pid>/stat tells of it; undefined for any other text. */
export function parseProcStat(text: string): ProcessEntry | undefined {
  const pid = Number.parseInt(text, 10);
  const [state, ppid, pgid, sid, start] = statFields(text, 0, 1, 2, 3, 19);
  if (!Number.isInteger(pid) || state === undefined || start === undefined) return undefined;
  return {
    pid,
    ppid: Number(ppid),
    pgid: Number(pgid),
    sid: Number(sid),
    start,
    isZombie: state === 'Z' || state === 'X' || state === 'x',
  };
}

/** Where its environment lies in its memory, as the line of /proc/<pid>/stat tells; undefined where that is not told. */
function environmentPlace(text: string): string | undefined {
  const [from, to] = statFields(text, 47, 48);
  return from === undefined || to === undefined || from === '0' || to === '0' ? undefined : `${from}-${to}`;
}

/** Systems without /proc. */
class PsTable implements ProcessTable {
  readonly #looks = new Together<undefined, Look>(async (asked) => {
    const [list, bare, full] = await Promise.all([
      ps(['-ax', '-o', 'pid=,ppid=,pgid=,stat=,lstart=']),
      ps(['-axww', '-o', 'pid=,command=']),
      ps(['-axEww', '-o', 'pid=,command=']),
    ]);
    const look = new Look(parsePs(list), markersInPs(bare, full));
    return asked.map(() => look);
  });

  look(): Promise<Look> {
    return this.#looks.ask(undefined);
  }

  seemsToRun({ pid }: ProcessEntry): boolean {
    return canSignal(pid);
  }

  async get(pid: number): Promise<ProcessEntry | undefined> {
    const text = await ps(['-o', 'pid=,ppid=,pgid=,stat=,lstart=', '-p', String(pid)]).catch(() => '');
    return parsePs(text)[0];
  }

  async variable(pid: number, name: string): Promise<string | undefined> {
    const text = await ps(['-Eww', '-o', 'command=', '-p', String(pid)]).catch(() => '');
    // The environment stands behind the arguments.
    return text
      .trim()
      .split(/\s+/)
      .findLast((word) => word.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  }

  terminals(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}

/** Lines of `ps -o pid=,ppid=,pgid=,stat=,lstart=`. */
export function parsePs(text: string): ProcessEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
    if (match === null) return [];
    const [, pid, ppid, pgid, state, start] = match;
    if (start === undefined) return [];
    return [
      {
        pid: Number(pid),
        ppid: Number(ppid),
        pgid: Number(pgid),
        sid: undefined,
        start: start.replace(/\s+/g, ' '),
        isZombie: state?.startsWith('Z') === true,
      },
    ];
  });
}

/** `ps -E` prints the environment behind the arguments; what the listing without it has is arguments. */
export function markersInPs(bare: string, full: string): Map<string, Set<number>> {
  const lines = (text: string): Map<number, string> =>
    new Map(
      text.split('\n').flatMap((line) => {
        const match = /^\s*(\d+) (.*)$/.exec(line);
        return match === null ? [] : [[Number(match[1]), match[2] ?? ''] as const];
      }),
    );
  const args = lines(bare);
  const marked = new Map<string, Set<number>>();
  for (const [pid, line] of lines(full)) {
    const own = args.get(pid) ?? '';
    const environment = line.startsWith(own) ? line.slice(own.length) : line;
    for (const word of environment.split(' ')) {
      if (word.startsWith(`${MARKER}=`)) addTo(marked, word.slice(MARKER.length + 1), pid);
    }
  }
  return marked;
}

/** Whether there is a process by this number, also one of somebody else. */
export function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

export async function ps(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('/bin/ps', args, {
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout;
}
