import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';
import { openToAppend, readText } from '../../common/files.js';

/** What the known_hosts files say about a key of a host. */
export type HostKeyVerdict =
  | { readonly kind: 'known'; readonly file: string; readonly line: number }
  /** `otherTypes`: the host is known by keys of these types. `authority`: only by a certificate authority. */
  | { readonly kind: 'unknown'; readonly otherTypes: readonly string[]; readonly authority: boolean }
  | { readonly kind: 'changed'; readonly file: string; readonly line: number; readonly type: string }
  | { readonly kind: 'revoked'; readonly file: string; readonly line: number };

export interface KnownHostLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
}

/** The name of a host in known_hosts: with its port unless that is 22. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Reads the lines of several files, in order; files that are not there have none. Lines that mean nothing are left out. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHostLine[]> {
  const lines: KnownHostLine[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = await readText(file);
    } catch {
      continue;
    }
    lines.push(...parseKnownHosts(text, file));
  }
  return lines;
}

/** The lines of a file; those that cannot be read are left out. */
export function parseKnownHosts(text: string, file: string): KnownHostLine[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.trim().split(/\s+/);
    if (words[0] === '' || words[0]?.startsWith('#') === true) return [];
    const marker = words[0]?.startsWith('@') === true ? words.shift()?.slice(1) : undefined;
    const [hosts, type, encoded] = words;
    // A marker that is not known may forbid as well as allow.
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return [];
    if (hosts === undefined || type === undefined || encoded === undefined) return [];
    const key = Buffer.from(encoded, 'base64');
    return keyType(key) === type ? [{ file, line: index + 1, marker, hosts, type, key }] : [];
  });
}

/** Whether the host part of a line means this name: hashed, or patterns with `*`, `?` and `!`. */
export function matchesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  let matched = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/**
 * Compares a key with what is known. The first name is that of the host; the others count only where nothing speaks
 * against the key under the first one.
 */
export function judgeHostKey(lines: readonly KnownHostLine[], names: readonly string[], key: Buffer): HostKeyVerdict {
  const type = keyType(key);
  const [own = [], ...others] = names.map((name) => lines.filter((line) => matchesHost(line.hosts, name)));
  const isKey = (line: KnownHostLine): boolean => line.marker === undefined && line.key.equals(key);
  const place = ({ file, line }: KnownHostLine): { file: string; line: number } => ({ file, line });
  const revoked = [own, ...others].flat().find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked !== undefined) return { kind: 'revoked', ...place(revoked) };
  const known = own.find(isKey);
  if (known !== undefined) return { kind: 'known', ...place(known) };
  const plain = own.filter((line) => line.marker === undefined);
  const changed = plain.find((line) => line.type === type);
  if (changed !== undefined) return { kind: 'changed', ...place(changed), type };
  const elsewhere = others.flat().find(isKey);
  if (elsewhere !== undefined) return { kind: 'known', ...place(elsewhere) };
  return {
    kind: 'unknown',
    otherTypes: [...new Set(plain.map((line) => line.type))],
    authority: own.some((line) => line.marker === 'cert-authority'),
  };
}

/** Types of the keys by which a host is known, in the order of the files. */
export function knownTypes(lines: readonly KnownHostLine[], names: readonly string[]): string[] {
  const own = lines.filter((line) => line.marker === undefined && names.some((name) => matchesHost(line.hosts, name)));
  return [...new Set(own.map((line) => line.type))];
}

/** Adds a key to a file, which is made when it is missing. */
export async function addKnownHost(
  file: string,
  name: string,
  key: Buffer,
  options: { readonly hash: boolean },
): Promise<void> {
  await fs.mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await openToAppend(file, { followOwn: true });
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    // A file that was edited by hand may end without a line break.
    const broken = size > 0 && (await handle.read(last, 0, 1, size - 1)).bytesRead === 1 && last[0] !== 0x0a;
    const line = `${options.hash ? hashName(name) : name} ${keyType(key)} ${key.toString('base64')}\n`;
    await handle.appendFile(`${broken ? '\n' : ''}${line}`);
  } finally {
    await handle.close();
  }
}

/** `SHA256:…`, as ssh shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key names in its first field; empty when it is not a key. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : '';
}

function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

/** `*` and `?` only: brackets stand for themselves, around a host with a port. */
function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let from = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      from = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
