import { Duplex } from 'node:stream';
import { dialLine } from '../../protocol/dial.js';
import { ServerFile } from '../../protocol/files.js';
import { runScript, shCommand } from './hostScript.js';
import type { Channel } from '../shell/connection.js';
import type { SshConnection } from '../ssh/sshConnection.js';

const MAX_STDERR = 4 * 1024;

/** Where the data and the server's own files of this host are: `$h` and `$n` of the scripts below. */
const PLACES = [
  'h="${CM_HOME:-$HOME/.cm}"',
  'n="$(uname -n)"',
  'n="${n%%.*}"',
  'n="$(printf %s "$n" | tr -c A-Za-z0-9_- -)"',
].join('; ');

/** Joins its standard streams to the agent server of the host, by the program that ran it last or was installed. */
export function dialCommand(): string {
  // No hint: it would need the name by which the host is known here.
  const missing = { code: 'dependencyMissing' as const, message: 'No agent server is installed there' };
  const answer = dialLine({ error: missing }).trim().replaceAll('"', '\\"');
  const files = ['$h/servers/$n.sh', '$h/server/launch.sh'].map((file) => `if [ -f "${file}" ]; then . "${file}"; fi`);
  return shCommand(`${PLACES}; ${files.join('; ')}; echo; echo "${answer}"`, ['--dial-stdio']);
}

/** An ssh channel as a stream that both sides can hold back. What it writes to standard error is kept at its end. */
export class ChannelStream extends Duplex {
  readonly #channel: Channel;
  #stderr = '';

  constructor(channel: Channel) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    channel.onData((data) => {
      if (!this.push(Buffer.from(data))) channel.pause();
    });
    channel.onStderr((data) => {
      this.#stderr = (this.#stderr + Buffer.from(data).toString('utf8')).slice(-MAX_STDERR);
    });
    channel.onExit(({ error }) => {
      if (error === undefined) this.push(null);
      else this.destroy(error);
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const taken = this.#channel.write(chunk);
    if (taken === undefined) done();
    else taken.then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.dispose();
    done(error);
  }
}

/**
 * The agent server of the same user that runs on a host: its file, when the process that wrote it is alive. Undefined
 * when there is none, also when that cannot be told.
 */
export async function findAgentServer(connection: SshConnection, signal: AbortSignal): Promise<ServerFile | undefined> {
  const script = [
    PLACES,
    'f="$h/servers/$n.json"',
    '[ -f "$f" ] || exit 0',
    'p="$(sed -n "s/^ *.pid.: *//p" "$f" | tr -cd 0-9)"',
    '[ -n "$p" ] && kill -0 "$p" 2>/dev/null || exit 0',
    'b="$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"',
    'echo "$b"',
    'cat "$f"',
  ].join('; ');
  const { stdout } = await runScript(connection, script, { signal });
  const [bootId = '', ...lines] = stdout.split('\n');
  const json = lines.join('\n');
  try {
    const file = ServerFile.parse(JSON.parse(json));
    // After a reboot another process may have its number.
    return bootId === '' || bootId === file.bootId ? file : undefined;
  } catch {
    return undefined;
  }
}
