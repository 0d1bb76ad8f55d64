import { execFile } from 'node:child_process';
import { promises as fs } from 'node:fs';
import { isIPv4 } from 'node:net';
import { promisify } from 'node:util';
import { Limiter } from '../../common/async.js';
import { peerInLsof } from './lsofPeer.js';
import type { Holders, SocketEnd } from './socketEnd.js';

/** Fixed places: the PATH of whoever started us decides nothing. */
const SS = ['/usr/bin/ss', '/bin/ss', '/usr/sbin/ss', '/sbin/ss', '/run/current-system/sw/bin/ss'];
const LSOF = ['/usr/sbin/lsof', '/usr/bin/lsof'];
const TIMEOUT_MS = 5_000;
const READERS = 8;

/** Tells which processes hold the other end of a connection on this host. */
export class SocketPeers {
  readonly #ss: readonly string[];
  /** The list of unix sockets that is asked for next, for all who want to know by then. */
  #next: Promise<string | undefined> | undefined;
  #running: Promise<unknown> = Promise.resolve();

  /** @param ss where the program may be */
  constructor(ss: readonly string[] = SS) {
    this.#ss = ss;
  }

  /** How the other ends of unix sockets are told here; undefined: they are not. */
  async program(): Promise<string | undefined> {
    if (process.platform === 'darwin') return first(LSOF);
    return process.platform === 'linux' ? first(this.#ss) : undefined;
  }

  /** @param likely the process that says it is the one: looked at first */
  async holders(end: SocketEnd, likely?: number): Promise<Holders> {
    if (process.platform === 'darwin') return this.#byLsof(end);
    if (process.platform !== 'linux') return { kind: 'unknown' };
    const inode = end.kind === 'unix' ? await this.#unixPeer(end.fd) : await tcpPeer(end);
    if (inode === undefined) return { kind: 'unknown' };
    if (inode === 0) return { kind: 'gone' };
    const link = `socket:[${inode}]`;
    if (likely !== undefined && (await holds(likely, link))) return { kind: 'held', pids: [likely] };
    const names = await fs.readdir('/proc');
    const limiter = new Limiter(READERS);
    const found = await Promise.all(
      names
        .filter((name) => /^\d+$/.test(name))
        .map((name) => limiter.run(async () => ((await holds(Number(name), link)) ? [Number(name)] : []))),
    );
    const pids = found.flat();
    return pids.length === 0 ? { kind: 'unknown' } : { kind: 'held', pids };
  }

  /** Inode of the other end; 0 when it has gone, undefined when nobody tells. */
  async #unixPeer(fd: number): Promise<number | undefined> {
    const own = /^socket:\[(\d+)\]$/.exec(await fs.readlink(`/proc/self/fd/${fd}`).catch(() => ''))?.[1];
    if (own === undefined) return 0;
    const list = await this.#list();
    return list === undefined ? undefined : (peerInSs(list, own) ?? 0);
  }

  /** One run of the program at a time, for all who ask before it begins. */
  #list(): Promise<string | undefined> {
    this.#next ??= this.#running.then(async () => {
      this.#next = undefined;
      const ss = await this.program();
      const list = ss === undefined ? Promise.resolve(undefined) : run(ss, ['-xH']);
      this.#running = list;
      return list;
    });
    return this.#next;
  }

  async #byLsof(end: SocketEnd): Promise<Holders> {
    const lsof = await this.program();
    const args = end.kind === 'unix' ? ['-nPU'] : ['-nP', `-iTCP:${end.remotePort}`];
    const list = lsof === undefined ? undefined : await run(lsof, [...args, '-Fpfdn']);
    return list === undefined ? { kind: 'unknown' } : peerInLsof(list, end, process.pid);
  }
}

/** The other end of the unix socket with this inode, in what `ss -xH` prints. */
export function peerInSs(list: string, inode: string): number | undefined {
  // Paths stand before the inodes and may hold anything but line breaks.
  const line = new RegExp(`^u_str +ESTAB +\\d+ +\\d+ +\\S.* ${inode} +\\S.* (\\d+) *$`, 'mu').exec(list);
  return line?.[1] === undefined ? undefined : Number(line[1]);
}

/** Inode of the other end when it is on this host; 0 when it is not. */
async function tcpPeer(end: SocketEnd & { readonly kind: 'tcp' }): Promise<number | undefined> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => fs.readFile(`/proc/net/${name}`, 'latin1').catch(() => '')),
  );
  if (tables.every((table) => table === '')) return undefined;
  return tables.map((table) => peerInTable(table, end)).find((inode) => inode !== undefined) ?? 0;
}

/** The other end of a connection in /proc/net/tcp or tcp6: what is remote to us is local to it. */
export function peerInTable(table: string, end: SocketEnd & { readonly kind: 'tcp' }): number | undefined {
  const local = `${hexAddress(end.remoteAddress)}:${end.remotePort}`;
  const remote = `${hexAddress(end.localAddress)}:${end.localPort}`;
  for (const line of table.split('\n').slice(1)) {
    const [, from = '', to = '', , , , , , , inode] = line.trim().split(/ +/);
    if (inode !== undefined && readPlace(from) === local && readPlace(to) === remote) return Number(inode);
  }
  return undefined;
}

const MAPPED = '00000000000000000000ffff';

/** `0100007F:1F90`: words of four bytes, each in the order of this machine. */
function readPlace(text: string): string {
  const [words = '', port = ''] = text.split(':');
  const address = words.replace(/../g, (byte) => byte.toLowerCase()).replace(/(..)(..)(..)(..)/g, '$4$3$2$1');
  return `${address.length === 32 && address.startsWith(MAPPED) ? address.slice(24) : address}:${parseInt(port, 16)}`;
}

/** An address as hexadecimal digits; an IPv4 one that is written as IPv6 counts as IPv4. */
function hexAddress(address: string): string {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(plain))
    return plain
      .split('.')
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .join('');
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...new Array<string>(Math.max(0, missing)).fill('0'), ...after];
  return all.map((group) => group.padStart(4, '0').toLowerCase()).join('');
}

async function holds(pid: number, link: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await fs.readdir(folder).catch(() => []);
  for (const name of names) {
    if ((await fs.readlink(`${folder}/${name}`).catch(() => '')) === link) return true;
  }
  return false;
}

async function first(places: readonly string[]): Promise<string | undefined> {
  for (const place of places) {
    if (
      await fs.access(place, fs.constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return place;
  }
  return undefined;
}

async function run(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
    const { stdout } = await promisify(execFile)(program, args, { env, timeout: TIMEOUT_MS, maxBuffer: 64 << 20 });
    return stdout;
  } catch {
    return undefined;
  }
}
