import { promises as fs } from 'node:fs';
import type { BaseAgent, ParsedKey } from 'ssh2';
import type { EffectiveConfig } from './sshConfig.js';
import type { Ssh2 } from './loadSsh2.js';
import { shownCommand } from '../../common/shownCommand.js';

/** A key that may be offered: in the agent, or in a file that may need a passphrase. */
export interface Identity {
  /** As people know it: the path, or the comment in the agent. */
  readonly label: string;
  readonly source: 'agent' | 'file';
  /** Undefined for an old encrypted file: only its passphrase tells. */
  readonly publicKey: ParsedKey | undefined;
  /** Of a file: its content. */
  readonly file?: { readonly path: string; readonly content: Buffer; readonly encrypted: boolean };
}

/** Gets one sentence for each file that cannot be used, and the command that mends it, where there is one. */
export type Warn = (sentence: string, command?: string) => void;

interface KeyFile {
  readonly path: string;
  readonly publicKey: ParsedKey | undefined;
  readonly content: Buffer | undefined;
  readonly encrypted: boolean;
}

/**
 * The keys to offer, in ssh's order: first the file that was asked for, then those of the agent that are configured, the
 * others of the agent unless only configured ones are wanted, then files.
 */
export async function findIdentities(
  ssh2: Ssh2,
  config: EffectiveConfig,
  agent: BaseAgent | undefined,
  options: { readonly explicit: string | undefined; readonly warn: Warn },
): Promise<Identity[]> {
  const files: KeyFile[] = [];
  for (const path of config.identityFiles) {
    const file = await readKeyFile(ssh2, path, options.warn);
    if (file !== undefined) files.push(file);
  }
  const inAgent = agent === undefined ? [] : await agentKeys(ssh2, agent, options.warn);
  const agentIdentity = (publicKey: ParsedKey): Identity => ({
    label: publicKey.comment || publicKey.type,
    source: 'agent',
    publicKey,
  });
  const find = (file: KeyFile): ParsedKey | undefined =>
    inAgent.find((key) => file.publicKey !== undefined && same(key, file.publicKey));
  const ofFile = (file: KeyFile): Identity[] => {
    const key = find(file);
    if (key !== undefined) return [{ ...agentIdentity(key), label: file.path }];
    if (file.content === undefined) return [];
    const { path, content, encrypted, publicKey } = file;
    return [{ label: path, source: 'file', publicKey, file: { path, content, encrypted } }];
  };
  const isExplicit = (file: KeyFile): boolean => file.path === options.explicit;
  const candidates = [
    ...files.filter(isExplicit).flatMap(ofFile),
    ...files.filter((file) => find(file) !== undefined).flatMap(ofFile),
    ...(config.identitiesOnly ? [] : inAgent.map(agentIdentity)),
    ...files.flatMap(ofFile),
  ];
  return candidates.filter((identity, index) => candidates.findIndex((other) => isSame(other, identity)) === index);
}

/** Whether a file holds a private key that needs a passphrase, and its public half, as far as that can be read. */
async function readKeyFile(ssh2: Ssh2, path: string, warn: Warn): Promise<KeyFile | undefined> {
  const content = await readPrivate(path, warn).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') warn(`${path} cannot be read (${code ?? String(error)})`);
    return undefined;
  });
  const beside = await fs.readFile(`${path}.pub`).catch(() => undefined);
  const published = beside === undefined ? undefined : parse(ssh2, beside);
  if (content === undefined) {
    return published === undefined ? undefined : { path, publicKey: published, content: undefined, encrypted: false };
  }
  const parsed = ssh2.utils.parseKey(content);
  if (!(parsed instanceof Error)) {
    const key = first(parsed);
    return { path, publicKey: key, content: key?.isPrivateKey() === true ? content : undefined, encrypted: false };
  }
  if (!/passphrase|encrypted/i.test(parsed.message)) {
    warn(`${path} is not a key that can be used: ${parsed.message}`);
    return undefined;
  }
  return { path, publicKey: publicHalf(ssh2, content) ?? published, content, encrypted: true };
}

/** A key file, unless others can read it: then it is no secret, and ssh does not use it either. */
async function readPrivate(path: string, warn: Warn): Promise<Buffer | undefined> {
  const file = await fs.open(path);
  try {
    const { mode, uid } = await file.stat();
    const content = await file.readFile();
    const isOwn = process.getuid !== undefined && process.getuid() === uid;
    if (!isOwn || (mode & 0o077) === 0 || !/PRIVATE KEY-----/.test(content.toString('latin1'))) return content;
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    warn(`${path} is not used, because others can read it (mode ${shown})`, shownCommand('chmod', '600', path));
    return undefined;
  } finally {
    await file.close();
  }
}

/** The public half of an encrypted key in OpenSSH's own format, where it stands in the clear. */
function publicHalf(ssh2: Ssh2, content: Buffer): ParsedKey | undefined {
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(content.toString('latin1'));
  if (match?.[1] === undefined) return undefined;
  const data = Buffer.from(match[1], 'base64');
  const magic = 'openssh-key-v1\0';
  if (data.toString('latin1', 0, magic.length) !== magic) return undefined;
  let at = magic.length;
  const field = (): Buffer => {
    const length = data.readUInt32BE(at);
    const value = data.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  try {
    field(); // cipher
    field(); // key derivation
    field(); // its options
    at += 4; // number of keys
    const blob = field();
    const type = blob.toString('latin1', 4, 4 + blob.readUInt32BE(0));
    return parse(ssh2, Buffer.from(`${type} ${blob.toString('base64')}`));
  } catch {
    return undefined;
  }
}

function agentKeys(ssh2: Ssh2, agent: BaseAgent, warn: Warn): Promise<ParsedKey[]> {
  return new Promise((resolve) => {
    agent.getIdentities((error, keys) => {
      if (error) warn(`The ssh agent does not answer: ${error.message}`);
      const list = (keys ?? []) as readonly (ParsedKey | Buffer | string)[];
      resolve(
        list.flatMap((key) => {
          const parsed = ssh2.utils.parseKey(key);
          return parsed instanceof Error ? [] : (first(parsed) ?? []);
        }),
      );
    });
  });
}

function parse(ssh2: Ssh2, data: Buffer): ParsedKey | undefined {
  const parsed = ssh2.utils.parseKey(data);
  return parsed instanceof Error ? undefined : first(parsed);
}

/** The library gives a list for some formats. */
function first(parsed: ParsedKey | ParsedKey[]): ParsedKey | undefined {
  return Array.isArray(parsed) ? parsed[0] : parsed;
}

function isSame(a: Identity, b: Identity): boolean {
  if (a.publicKey === undefined || b.publicKey === undefined) return a.file?.path === b.file?.path;
  return same(a.publicKey, b.publicKey);
}

function same(a: ParsedKey, b: ParsedKey): boolean {
  return a.getPublicSSH().equals(b.getPublicSSH());
}
