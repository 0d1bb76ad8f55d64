import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { quotePosix } from '../../common/quote.js';
import type { FileStat, FreeSpace } from '../../core/machine/machine.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { ShellAnswer } from './commandShell.js';
import { HostFileError, toHostDiskError } from './hostErrors.js';
import type { HostFacts } from './hostFacts.js';
import { printCommands } from './shellText.js';

export interface HostFilesOptions {
  /** Runs a script in the shell of the host. */
  readonly run: (script: string) => Promise<ShellAnswer>;
  /** Runs a script on a channel of its own, with input, and resolves with its status and what it printed. */
  readonly feed: (script: string, input: Uint8Array) => Promise<ShellAnswer>;
  readonly facts: Pick<HostFacts, 'stat' | 'host' | 'system' | 'uid'>;
}

/** More than that gets a channel of its own: the shell reads its scripts byte by byte. */
const INLINE_BYTES = 32 * 1024;
/** A piece of a file that is read at a time. */
const READ_BYTES = 8 * 1024 * 1024;

/**
 * The files of a host, by the programs that every POSIX system has. Paths are absolute. Calls made together cost one
 * round trip, and happen in the order in which they were made.
 */
export class HostFiles {
  readonly #options: HostFilesOptions;

  constructor(options: HostFilesOptions) {
    this.#options = options;
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const file = word(path);
    const { stat } = this.#options.facts;
    const ask = {
      gnu: `stat -L -c '%f %s %Y %i' ${file} 2>&1`,
      bsd: `stat -L -f '%p %z %m %i' ${file} 2>&1`,
      ls: `TZ=UTC0 ls -ldLn ${file} 2>&1; date -u '+%Y %m'`,
    }[stat];
    const { output } = await this.#options.run(ask);
    const text = output.toString();
    const known = stat === 'ls' ? parseLs(text) : parseStat(text, stat === 'gnu' ? 16 : 8);
    if (known !== undefined) return known;
    const error = new HostFileError(stat === 'ls' ? (text.split('\n')[0] ?? '') : text, path);
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }

  async readFile(path: string, from = 0, length?: number): Promise<Uint8Array> {
    if (from === 0 && length === undefined) {
      const whole = await this.#readWhole(path);
      if (whole !== undefined) return whole;
    }
    const pieces: Uint8Array[] = [];
    let left = length ?? Infinity;
    for (let at = from; left > 0;) {
      const wanted = Math.min(left, READ_BYTES);
      const piece = await this.#readPiece(path, at, wanted);
      pieces.push(piece);
      at += piece.length;
      left -= piece.length;
      if (piece.length < wanted) break;
    }
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  }

  /** Undefined for one that is to be read in pieces. */
  async #readWhole(path: string): Promise<Uint8Array | undefined> {
    const file = word(path);
    const { code, output } = await this.#options.run(
      `if [ -f ${file} ] && [ -r ${file} ]; then [ "$(wc -c <${file})" -le ${READ_BYTES} ] || exit 4; cat ${file}; else ${whyUnreadable(file)}; exit 1; fi`,
    );
    if (code === 4) return undefined;
    if (code !== 0) throw new HostFileError(output.toString(), path);
    return output;
  }

  async #readPiece(path: string, from: number, length: number): Promise<Uint8Array> {
    const file = word(path);
    // dd jumps to where it begins; a tail that counts from the start may read all that lies before.
    const block = length <= 8192 ? 512 : 65_536;
    const first = Math.floor(from / block);
    const count = Math.ceil((from + length) / block) - first;
    const { code, output } = await this.#options.run(
      `if [ -f ${file} ] && [ -r ${file} ]; then dd if=${file} bs=${block} skip=${first} count=${count}; else ${whyUnreadable(file)}; exit 1; fi`,
    );
    if (code !== 0) {
      // One that is shorter than what is jumped over is at its end.
      if (first > 0 && ((await this.stat(path))?.size ?? 0) <= from) return new Uint8Array();
      throw new HostFileError(output.toString(), path);
    }
    const start = from - first * block;
    return output.subarray(Math.min(start, output.length), start + length);
  }

  /** 0600, whole or not at all. A symbolic link stays one: its target is replaced. */
  async writeFile(path: string, data: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(data);
    const { host, uid } = this.#options.facts;
    const name = posix.basename(path);
    const short = Buffer.byteLength(name) <= 120 ? name : name.slice(0, 40);
    const suffix = randomBytes(6).toString('hex');
    const isInline = bytes.length <= INLINE_BYTES;
    const script = (content: string): string =>
      [
        'umask 077',
        `t=${word(path)}`,
        // Only a link of this user or of root is followed, and only to a file of theirs.
        'i=0; while [ -L "$t" ] && [ "$i" -lt 9 ]; do l=$(readlink "$t") || break',
        `case $(ls -ldn "$t" | awk '{ print $3 }') in ${uid} | 0) ;; *) echo Operation not permitted; exit 1;; esac`,
        'case $l in /*) t=$l;; *) t=${t%/*}/$l;; esac; i=$((i + 1)); done',
        'if [ "$i" -gt 0 ] && [ -e "$t" ] && [ ! -O "$t" ]; then echo Operation not permitted; exit 1; fi',
        'if [ -d "$t" ]; then echo Is a directory; exit 1; fi',
        'd=${t%/*}; if [ -e "$d/" ] || [ ! -e "$d" ]; then :; elif [ "$d" ]; then echo Not a directory; exit 1; fi',
        `p="\${t%/*}"/.${quotePosix(short)}.${host.slice(0, 60)}-$$-${suffix}.cm-tmp`,
        // The shell itself may say no more of a full disk than that something failed.
        `e=$({ { ${content}`,
        `} >"$p" && [ "$(wc -c <"$p")" -eq ${bytes.length} ] && mv -f "$p" "$t"; } 2>&1) || {`,
        'rm -f "$p"; printf %s "$e"; exit 1; }',
        // Whoever watches the folder from elsewhere hears of it by its file of changes.
        'case $t in *.json) c=${t%/*}/changes; [ ! -f "$c" ] || printf . >>"$c";; esac',
        'exit 0',
      ].join('\n');
    const answer = isInline
      ? await this.#options.run(script(`{\n${printCommands(bytes)}\n} | cat`))
      : await this.#options.feed(script('cat <&3'), bytes);
    if (answer.code !== 0) throw toHostDiskError(answer.output.toString(), path);
  }

  async append(path: string, data: string): Promise<void> {
    const bytes = Buffer.from(data);
    const script = (content: string): string =>
      `umask 077\n${refuseOther(word(path))}\ne=$({ { ${content}\n} >>${word(path)}; } 2>&1) || { printf %s "$e"; exit 1; }`;
    const answer =
      bytes.length <= INLINE_BYTES
        ? await this.#options.run(script(`{\n${printCommands(bytes)}\n} | cat`))
        : await this.#options.feed(script('cat <&3'), bytes);
    if (answer.code !== 0) throw toHostDiskError(answer.output.toString(), path);
  }

  async rename(from: string, to: string): Promise<boolean> {
    const [source, target] = [word(from), word(to)];
    const { code, output } = await this.#options.run(
      `[ -e ${source} ] || [ -L ${source} ] || exit 3; if [ -d ${target} ]; then echo Is a directory; exit 1; fi; mv -f ${source} ${target} 2>&1 || { [ -e ${source} ] || [ -L ${source} ] || exit 3; exit 1; }`,
    );
    if (code === 3) return false;
    if (code !== 0) throw toHostDiskError(output.toString(), to);
    return true;
  }

  async makeDirectory(path: string): Promise<void> {
    const { code, output } = await this.#options.run(`umask 077; mkdir -p ${word(path)} 2>&1`);
    if (code !== 0) throw toHostDiskError(output.toString(), path);
  }

  async list(directory: string): Promise<readonly string[]> {
    const folder = word(directory);
    const { code, output } = await this.#options.run(
      `[ -d ${folder} ] || exit 3; cd ${folder} 2>/dev/null || { cd ${folder} 2>&1; exit 1; }; ls -1a 2>&1`,
    );
    if (code === 3) return [];
    if (code !== 0) throw new HostFileError(output.toString(), directory);
    return output
      .toString()
      .split('\n')
      .filter((name) => name !== '' && name !== '.' && name !== '..');
  }

  async remove(path: string): Promise<void> {
    const file = word(path);
    // Only an empty folder goes: nothing of what is in one may be lost by a wrong path.
    const { code, output } = await this.#options.run(
      `if [ -d ${file} ] && [ ! -L ${file} ]; then rmdir ${file} 2>&1; else rm -f ${file} 2>&1; fi`,
    );
    if (code === 0) return;
    const error = new HostFileError(output.toString(), path);
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  }

  async freeSpace(folder: string): Promise<FreeSpace> {
    const ROW = /\s(\d+)\s+(-?\d+)\s+(-?\d+)\s+\d+%\s[^\n]*\n?$/;
    const [blocks, inodes] = await Promise.all([
      this.#options.run(`df -Pk ${word(folder)} 2>&1`),
      // Not every df counts files, and not every disk has a limit of them.
      this.#options.run(`df -Pi ${word(folder)} 2>/dev/null`),
    ]);
    const text = blocks.output.toString();
    const match = ROW.exec(text);
    if (match === null) throw new HostFileError(text, folder);
    const files = inodes.code === 0 ? ROW.exec(inodes.output.toString()) : null;
    const hasLimit = files !== null && Number(files[1]) > 0;
    return { bytes: Math.max(0, Number(match[3]) * 1024), files: hasLimit ? Number(files[3]) : null };
  }

  /** Frees the disk under the bytes before `offset`; false where the system cannot. */
  async releaseHead(path: string, offset: number): Promise<boolean> {
    const length = Math.floor(offset / 4096) * 4096;
    if (length <= 0) return true;
    if (this.#options.facts.system !== 'Linux') return false;
    const { code } = await this.#options.run(`fallocate --punch-hole --offset 0 --length ${length} ${word(path)}`);
    return code === 0;
  }

  /** Absolute path of a program in folders, undefined when it is in none. */
  async findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
    if (folders.length === 0) return undefined;
    const candidates = folders.map((folder) => word(posix.join(folder, name)));
    const { output } = await this.#options.run(
      `for p in ${candidates.join(' ')}; do if [ -f "$p" ] && [ -x "$p" ]; then printf %s "$p"; break; fi; done`,
    );
    return output.length === 0 ? undefined : output.toString();
  }
}

/** Says why a file cannot be read: one that is none would be waited for. */
function whyUnreadable(file: string): string {
  return `if [ -e ${file} ] && [ ! -f ${file} ] && [ ! -d ${file} ]; then echo Not a regular file; else cat ${file} 2>&1 >/dev/null; fi`;
}

/** Ends before anything is written through a link or into what is no file. */
function refuseOther(file: string): string {
  return [
    `if [ -L ${file} ]; then echo Too many levels of symbolic links; exit 1; fi`,
    `if [ -e ${file} ] && [ ! -f ${file} ] && [ ! -d ${file} ]; then echo Not a regular file; exit 1; fi`,
    `if [ -e ${file} ] && [ ! -O ${file} ]; then echo Operation not permitted; exit 1; fi`,
  ].join('\n');
}

function word(path: string): string {
  if (!path.startsWith('/')) throw new CodeManagerError('invalid', `${path} is not an absolute path`);
  return quotePosix(path);
}

/** `<mode> <size> <seconds> <inode>`, the mode in hexadecimal or octal. */
function parseStat(text: string, radix: number): FileStat | undefined {
  const match = /^([0-9a-f]+) (\d+) (\d+) (\d+)\n?$/.exec(text);
  if (match === null) return undefined;
  const type = Number.parseInt(match[1] ?? '', radix) & 0o170000;
  return {
    size: Number(match[2]),
    isDirectory: type === 0o040000,
    mtimeMs: Number(match[3]) * 1000,
    inode: match[4],
  };
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** `-rw------- 1 0 0 12 Nov 22 16:00 path` and then the year and month of now; times are those of UTC, to the minute. */
export function parseLs(text: string): FileStat | undefined {
  const match =
    /^([-a-z])\S+\s+\d+\s+\d+\s+\d+\s+(?:\d+,\s*)?(\d+)\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(?:(\d{1,2}):(\d{2})|(\d{4}))\s[^]*\n(\d{4}) (\d{2})\n?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, type, size, monthName = '', day, hour, minute, givenYear, nowYear, nowMonth] = match;
  const month = MONTHS.indexOf(monthName) / 3;
  // Without a year it is the last such day: that of a later month was last year's.
  const year = givenYear === undefined ? Number(nowYear) - (month + 1 > Number(nowMonth) ? 1 : 0) : Number(givenYear);
  return {
    size: Number(size),
    isDirectory: type === 'd',
    mtimeMs: Date.UTC(year, month, Number(day), Number(hour ?? 0), Number(minute ?? 0)),
  };
}
