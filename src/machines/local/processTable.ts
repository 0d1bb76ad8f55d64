import { execFile } from 'node:child_process';
import { promises as fs } from 'node:fs';
import { promisify } from 'node:util';
import { Limiter } from '../../common/async.js';

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

/** Reads what runs on this machine. */
export interface ProcessTable {
  list(): Promise<ProcessEntry[]>;
  /** Pids out of `entries` that carry `variable` (`NAME=value`) in their environment, as far as we may read it. */
  withVariable(entries: readonly ProcessEntry[], variable: string): Promise<Set<number>>;
  /** One process, undefined when it is gone. */
  get(pid: number): Promise<ProcessEntry | undefined>;
  /** A variable with which a process was started; undefined without it, and where we may not read it. */
  variable(pid: number, name: string): Promise<string | undefined>;
  /** Terminals that are its standard input, output or error; none where the system does not tell. */
  terminals(pid: number): Promise<readonly string[]>;
}

/** The table of this system, by what it offers. */
export function systemProcessTable(): ProcessTable {
  return process.platform === 'linux' ? new ProcTable() : new PsTable();
}

/** Reads of /proc at a time: enough to be quick, few enough to leave the thread pool to others. */
const READERS = 8;

class ProcTable implements ProcessTable {
  async list(): Promise<ProcessEntry[]> {
    const limiter = new Limiter(READERS);
    const names = await fs.readdir('/proc');
    const entries = await Promise.all(
      names.filter((name) => /^\d+$/.test(name)).map((name) => limiter.run(() => this.get(Number(name)))),
    );
    return entries.filter((entry) => entry !== undefined);
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

  async withVariable(entries: readonly ProcessEntry[], variable: string): Promise<Set<number>> {
    const limiter = new Limiter(READERS);
    const wanted = Buffer.from(`\0${variable}\0`);
    const found = new Set<number>();
    await Promise.all(
      entries.map(({ pid }) =>
        limiter.run(async () => {
          const environment = await fs.readFile(`/proc/${pid}/environ`).catch(() => undefined);
          if (environment === undefined || environment.length === 0) return;
          if (Buffer.concat([Buffer.of(0), environment, Buffer.of(0)]).includes(wanted)) found.add(pid);
        }),
      ),
    );
    return found;
  }
}

/** The line of /proc/<pid>/stat. The name in parentheses may hold anything, also `) R 1`. */
export function parseProcStat(text: string): ProcessEntry | undefined {
  const pid = Number.parseInt(text, 10);
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  const [state, ppid, pgid, sid] = fields;
  const start = fields[19];
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

/** Systems without /proc. */
class PsTable implements ProcessTable {
  async list(): Promise<ProcessEntry[]> {
    return parsePs(await ps(['-ax', '-o', 'pid=,ppid=,pgid=,stat=,lstart=']));
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

  async withVariable(entries: readonly ProcessEntry[], variable: string): Promise<Set<number>> {
    const [bare, full] = await Promise.all([
      ps(['-axww', '-o', 'pid=,command=']),
      ps(['-axEww', '-o', 'pid=,command=']),
    ]);
    const carrying = findInPsEnvironment(bare, full, variable);
    return new Set(entries.map(({ pid }) => pid).filter((pid) => carrying.has(pid)));
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
export function findInPsEnvironment(bare: string, full: string, variable: string): Set<number> {
  const lines = (text: string): Map<number, string> =>
    new Map(
      text.split('\n').flatMap((line) => {
        const match = /^\s*(\d+) (.*)$/.exec(line);
        return match === null ? [] : [[Number(match[1]), match[2] ?? ''] as const];
      }),
    );
  const args = lines(bare);
  const found = new Set<number>();
  for (const [pid, line] of lines(full)) {
    const own = args.get(pid) ?? '';
    const environment = line.startsWith(own) ? line.slice(own.length) : line;
    if (` ${environment} `.includes(` ${variable} `)) found.add(pid);
  }
  return found;
}

async function ps(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('/bin/ps', args, {
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout;
}
