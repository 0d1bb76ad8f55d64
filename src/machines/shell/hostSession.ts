import type { Disposable } from '../../common/disposable.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { Channels } from './channels.js';
import { CommandShell, type ShellAnswer } from './commandShell.js';
import { FACTS_SCRIPT, parseFacts, type HostFacts } from './hostFacts.js';
import { HostFiles } from './hostFiles.js';
import { Program, type ProgramHost, type ProgramOptions } from './program.js';
import type { RoundTrips } from './roundTrips.js';
import type { ShellVariant } from './shellText.js';
import type { Channel, Connection, ExecOptions } from './connection.js';

export interface HostSessionOptions {
  /** One more connection by the same sign-in, for hosts that open few sessions on one. */
  readonly connectAgain?: () => Promise<Connection>;
  readonly roundTrips: RoundTrips;
  readonly shellStartMs?: number;
}

/** A host for as long as one connection to it lasts: its shell, what was read of it, its files and programs. */
export class HostSession implements ProgramHost, Disposable {
  readonly facts: HostFacts;
  readonly files: HostFiles;
  readonly #connection: Connection;
  readonly #channels: Channels;
  readonly #roundTrips: RoundTrips;
  #shell: CommandShell | Promise<CommandShell>;

  /** @throws CodeManagerError `unavailable` when the host runs no shell for us, or its facts cannot be read */
  static async open(connection: Connection, options: HostSessionOptions): Promise<HostSession> {
    const channels = new Channels(connection, options.connectAgain);
    try {
      const shell = await CommandShell.start((command) => channels.open(command), {
        roundTrips: options.roundTrips,
        ...(options.shellStartMs === undefined ? {} : { startMs: options.shellStartMs }),
      });
      const { output } = await shell.run(FACTS_SCRIPT);
      return new HostSession(connection, channels, shell, parseFacts(output), options.roundTrips);
    } catch (error) {
      channels.dispose();
      throw error;
    }
  }

  private constructor(
    connection: Connection,
    channels: Channels,
    shell: CommandShell,
    facts: HostFacts,
    roundTrips: RoundTrips,
  ) {
    this.#connection = connection;
    this.#channels = channels;
    this.#shell = shell;
    this.facts = facts;
    this.#roundTrips = roundTrips;
    this.files = new HostFiles({
      run: (script) => this.run(script),
      feed: (script, input) => this.feed(script, input),
      facts,
    });
    this.variant = shell.variant;
  }

  readonly variant: ShellVariant;

  get node(): string {
    return this.facts.host;
  }

  get bytesRead(): number {
    return this.#connection.bytesRead;
  }

  get bytesWritten(): number {
    return this.#connection.bytesWritten;
  }

  /** How many TCP connections there are to the host. */
  get connections(): number {
    return this.#channels.connections;
  }

  ping(): Promise<void> {
    return this.#connection.ping();
  }

  /** Who we are there, as its shell answers. */
  async look(): Promise<string> {
    await this.run(':');
    const { user, host, shell, system } = this.facts;
    return `${user} on ${host} (${system}), ${shell === '' ? 'sh' : shell}`;
  }

  onClose(listener: (error: CodeManagerError | undefined) => void): Disposable {
    return this.#connection.onClose(listener);
  }

  /** Runs a short script in the shell of the host; one that hangs is replaced for those that come after. */
  async run(script: string): Promise<ShellAnswer> {
    // Not awaited where there is one: calls made together are sent together and in their order.
    const shell = this.#shell;
    if (shell instanceof CommandShell && !shell.isClosed) return shell.run(script);
    return (await this.#openShell()).run(script);
  }

  async #openShell(): Promise<CommandShell> {
    const current = this.#shell;
    if (!(current instanceof CommandShell)) return current;
    const opening = CommandShell.start((command) => this.#channels.open(command), { roundTrips: this.#roundTrips });
    this.#shell = opening;
    try {
      const shell = await opening;
      this.#shell = shell;
      return shell;
    } catch (error) {
      // The closed one: the next call tries again.
      this.#shell = current;
      throw error;
    }
  }

  /** Runs a script on a channel of its own, where it may take long and get much input, which is its descriptor 3. */
  async feed(script: string, input?: Uint8Array, timeoutMs = 120_000): Promise<ShellAnswer> {
    const env = { PATH: this.facts.base['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
    const program = await Program.start(this, ['/bin/sh', '-c', `exec 3<&0\n${script}`], {
      env,
      ...(input === undefined ? { noInput: true } : {}),
    });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        program.kill();
        reject(new CodeManagerError('timeout', 'The host did not finish in time'));
      }, timeoutMs);
      const chunks: Buffer[] = [];
      program.onData((data) => chunks.push(Buffer.from(data)));
      program.onExit(({ code, error }) => {
        clearTimeout(timer);
        if (error !== undefined) reject(error);
        else resolve({ code: code ?? 1, output: Buffer.concat(chunks) });
      });
      program.resume();
      if (input !== undefined) void feedInput(program, input);
    });
  }

  start(command: readonly string[], options: ProgramOptions): Promise<Program> {
    return Program.start(this, command, options);
  }

  openChannel(command: string, options?: ExecOptions): Promise<Channel> {
    return this.#channels.open(command, options);
  }

  signalGroup(leader: number, signal: 'TERM' | 'KILL'): void {
    const later = signal === 'TERM' ? `; (sleep 1; kill -KILL -${leader}) >/dev/null 2>&1 &` : '';
    const shell = this.#shell;
    if (shell instanceof CommandShell && !shell.isClosed) {
      shell.run(`kill -${signal} -${leader}${later}`).catch(() => undefined);
    }
  }

  sent(): void {
    this.#roundTrips.sent();
  }

  received(): void {
    this.#roundTrips.received();
  }

  dispose(): void {
    const shell = this.#shell;
    if (shell instanceof CommandShell) shell.dispose();
    this.#channels.dispose();
  }
}

async function feedInput(program: Program, input: Uint8Array): Promise<void> {
  const CHUNK_BYTES = 64 * 1024;
  for (let at = 0; at < input.length; at += CHUNK_BYTES) await program.write(input.subarray(at, at + CHUNK_BYTES));
  program.end();
}
