import { spawn } from 'node:child_process';
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { Socket } from 'node:net';
import { Duplex, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { whyCut } from '../../common/whyFailed.js';
import { reasonOf } from '../../common/systemError.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { SshConnection } from './sshConnection.js';
import { ConnectionFailure } from '../connectionFailure.js';

const lookup = promisify(dnsLookup);
/** How long an address is tried alone before the next one is tried beside it. */
const STAGGER_MS = 300;
/** How long a proxy may still speak after its end. */
const LAST_WORDS_MS = 500;

/** The bytes to and from a host, before anything is known of ssh. */
export interface Wire {
  readonly stream: Duplex;
  readonly bytesRead: () => number;
  readonly bytesWritten: () => number;
  /** What the program that makes the stream said on its standard error, when there is one. */
  readonly said: () => string;
}

/** @throws ConnectionFailure `hostNotFound` */
export async function resolveHost(host: string, family: 0 | 4 | 6): Promise<LookupAddress[]> {
  try {
    return await lookup(host, { all: true, family });
  } catch (error) {
    const temporary = (error as NodeJS.ErrnoException).code === 'EAI_AGAIN';
    throw new ConnectionFailure(
      'hostNotFound',
      temporary ? `The name ${host} cannot be looked up now` : `There is no host with the name ${host}`,
      { hint: 'Check the spelling, the network and the VPN.', cause: error },
    );
  }
}

/**
 * Connects to the first address that answers; a slow one does not hold up the next.
 * @throws ConnectionFailure
 */
export function openTcp(
  addresses: readonly LookupAddress[],
  options: {
    readonly host: string;
    readonly port: number;
    readonly bindAddress?: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const waiting = [...addresses];
    const open = new Set<Socket>();
    let failure: unknown;
    let timer: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      for (const socket of open) socket.destroy();
    };
    const onAbort = (): void => {
      settle();
      reject(
        options.signal.reason instanceof ConnectionFailure
          ? options.signal.reason
          : new ConnectionFailure('cancelled', 'Cancelled'),
      );
    };
    const next = (): void => {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address === undefined) {
        if (open.size > 0) return;
        settle();
        return reject(tcpFailure(failure, options.host, options.port));
      }
      const socket = new Socket();
      open.add(socket);
      socket.once('error', (error) => {
        failure ??= error;
        open.delete(socket);
        next();
      });
      socket.once('connect', () => {
        open.delete(socket);
        settle();
        socket.removeAllListeners('error');
        // Until the library listens.
        socket.on('error', () => undefined);
        socket.setNoDelay(true);
        resolve({
          stream: socket,
          bytesRead: () => socket.bytesRead,
          bytesWritten: () => socket.bytesWritten,
          said: () => '',
        });
      });
      socket.connect({ host: address.address, port: options.port, localAddress: options.bindAddress });
      timer = setTimeout(next, STAGGER_MS);
    };
    if (options.signal.aborted) return onAbort();
    options.signal.addEventListener('abort', onAbort, { once: true });
    next();
  });
}

/** A stream to a host through another one. */
export async function openThrough(jump: SshConnection, host: string, port: number): Promise<Wire> {
  const stream = await jump.forwardTcp(host, port);
  return {
    stream,
    bytesRead: () => jump.bytesRead,
    bytesWritten: () => jump.bytesWritten,
    said: () => '',
  };
}

/** A stream made by a shell command of the person's own configuration. It ends with the stream. */
export function openProxy(command: string, env: NodeJS.ProcessEnv): Wire {
  const windows = process.platform === 'win32';
  const shell = env['SHELL'] || '/bin/sh';
  const child = spawn(windows ? command : shell, windows ? [] : ['-c', `exec ${command}`], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: windows,
    windowsHide: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  let read = 0;
  let written = 0;
  const stream = new Duplex({
    read: () => child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      written += chunk.length;
      // That it reads no more is told by its end, and its last words with it.
      child.stdin.write(chunk, () => done());
    },
    final: (done) => child.stdin.end(done),
    destroy: (error, done) => {
      child.kill('SIGHUP');
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (!stream.push(chunk)) child.stdout.pause();
  });
  let ending: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(ending);
    if (!stream.destroyed) stream.push(null);
    stream.destroy();
  };
  // Its last words are read before the stream is over, but what it left behind may hold them open.
  const endSoon = (): void => {
    ending ??= setTimeout(end, LAST_WORDS_MS);
  };
  child.stdout.on('end', endSoon);
  child.on('exit', endSoon);
  child.on('close', end);
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => {
    said = reasonOf(error);
    stream.destroy();
  });
  return {
    stream,
    bytesRead: () => read,
    bytesWritten: () => written,
    said: () => truncate(stripTerminal(said), 300),
  };
}

/** What a failed connection attempt means. */
export function tcpFailure(error: unknown, host: string, port: number): ConnectionFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ECONNREFUSED':
      return new ConnectionFailure('refused', `Nothing listens on port ${port} of ${host}`, {
        hint: 'Check that sshd runs there and that the port is right.',
        cause: error,
      });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
      return new ConnectionFailure('noRoute', `There is no route to ${host}`, {
        hint: 'Check the network and the VPN.',
        cause: error,
      });
    case 'ETIMEDOUT':
      return timedOut(host, port);
    default:
      return new ConnectionFailure('closed', `No connection to ${host} port ${port}: ${whyCut(error)}`, {
        cause: error,
      });
  }
}

/** Nobody answered at that port in time. */
export function timedOut(host: string, port: number): ConnectionFailure {
  return new ConnectionFailure('timedOut', `${host} port ${port} does not answer`, {
    hint: 'Check that the host is on, the network, the VPN and the firewall.',
  });
}

/**
 * Remembers the first bytes of a stream without consuming them, to tell what it is that does not speak ssh.
 * @param onSsh called once when it does
 */
export function recordHead(stream: Readable, onSsh: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  let isSsh = false;
  const listener = (chunk: Buffer): void => {
    chunks.push(chunk.subarray(0, 512));
    size += chunk.length;
    if (!isSsh && speaksSsh(Buffer.concat(chunks).toString('latin1'))) {
      isSsh = true;
      onSsh();
    }
    if (size >= 512) stream.off('data', listener);
  };
  stream.on('data', listener);
  return () => Buffer.concat(chunks).toString('latin1');
}

/** Whether the first bytes of a host are those of ssh; a host may say something else before. */
export function speaksSsh(head: string): boolean {
  return /^SSH-/m.test(head);
}
