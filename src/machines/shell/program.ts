import { Emitter } from '../../common/emitter.js';
import type { Disposable } from '../../common/disposable.js';
import { OnceEmitter } from '../../common/onceEmitter.js';
import type { RunOptions } from '../../core/machine/machine.js';
import { quotePosix } from '../../common/quote.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { greeting } from './commandShell.js';
import { newMark, onceCommand, requestText, type ShellVariant } from './shellText.js';
import type { Channel, ExecOptions } from './connection.js';

/** What programs need of their host. */
export interface ProgramHost {
  readonly variant: ShellVariant;
  openChannel(command: string, options?: ExecOptions): Promise<Channel>;
  /** Sends a signal to a process group there, as far as the host can be reached. */
  signalGroup(leader: number, signal: 'TERM' | 'KILL'): void;
  /** Something was sent to it, or came from it. */
  sent(): void;
  received(): void;
}

export interface ProgramExit {
  readonly code: number | null;
  /** `SIGTERM` and the like. */
  readonly signal: string | null;
  readonly stderr: string;
  /** Why it could not be started, or how the way to it ended. */
  readonly error: CodeManagerError | undefined;
}

export type ProgramOptions = Pick<RunOptions, 'cwd'> & {
  readonly env: Readonly<Record<string, string>>;
  /** The program reads nothing. */
  readonly noInput?: boolean;
};

const START_MS = 30_000;
const MAX_STDERR_BYTES = 64 * 1024;
/** Variables that a shell does not let be set, or that would change how it reads. */
const SHELL_OWN = new Set([
  'UID',
  'EUID',
  'PPID',
  'IFS',
  'SHELLOPTS',
  'BASHOPTS',
  'BASH_VERSINFO',
  'LINENO',
  'OPTIND',
  '_',
]);

/**
 * A program that runs on a host with its streams open, on a channel of its own. Its arguments and environment travel by
 * the channel and not in a command line that everybody there can read.
 */
export class Program implements Disposable {
  /** Process of the program, and the group that it and its children are in. */
  readonly pid: number;
  readonly #group: number;
  readonly #host: ProgramHost;
  readonly #channel: Channel;
  readonly #data = new Emitter<Uint8Array>();
  readonly #ended = new OnceEmitter<ProgramExit>();
  readonly #stderr: Buffer[] = [];
  #stderrBytes = 0;
  #disposed = false;

  /**
   * The program's output is paused until {@link resume}.
   * @throws CodeManagerError `unavailable` when there is no channel for it, `invalid` for a NUL
   */
  static async start(host: ProgramHost, command: readonly string[], options: ProgramOptions): Promise<Program> {
    const hello = newMark();
    const mark = newMark();
    const script = startScript(command, options, mark);
    host.sent();
    const channel = await host.openChannel(onceCommand(hello, host.variant));
    const early: Buffer[] = [];
    const errors = channel.onStderr((data) => early.push(Buffer.from(data)));
    try {
      const { pid, parent, rest } = await greeting(channel, hello, START_MS);
      host.received();
      const program = new Program(host, channel, {
        pid,
        group: host.variant === 'exec' ? pid : parent,
        hello,
        mark,
        command,
      });
      errors.dispose();
      for (const chunk of early) program.#takeStderr(chunk);
      host.sent();
      void channel.write(`${mark}\n${requestText(script, mark)}`);
      if (options.noInput === true) channel.end();
      // The program says nothing before it is started.
      if (rest.length > 0) program.#data.fire(rest);
      return program;
    } catch (error) {
      channel.dispose();
      throw error;
    }
  }

  private constructor(
    host: ProgramHost,
    channel: Channel,
    about: { pid: number; group: number; hello: string; mark: string; command: readonly string[] },
  ) {
    this.#host = host;
    this.#channel = channel;
    this.pid = about.pid;
    this.#group = about.group;
    channel.onData((data) => {
      host.received();
      this.#data.fire(data);
    });
    channel.onStderr((data) => this.#takeStderr(Buffer.from(data)));
    channel.onExit(({ code, signal, error }) => {
      const all = Buffer.concat(this.#stderr).toString();
      const hello = all.indexOf(`\n${about.hello}\n`);
      const stderr = hello < 0 ? all : all.slice(hello + about.hello.length + 2);
      this.#ended.fire({
        code,
        signal: signal === null ? null : `SIG${signal.replace(/^SIG/, '')}`,
        stderr,
        error: error ?? startError(stderr, code, about),
      });
    });
  }

  readonly onData = this.#data.event;

  /** Called once, also for one who asks later. */
  readonly onExit = this.#ended.event;

  write(data: string | Uint8Array): Promise<void> | undefined {
    if (this.#ended.hasFired || this.#disposed) return undefined;
    this.#host.sent();
    return this.#channel.write(data);
  }

  end(): void {
    this.#channel.end();
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  /** Kills it with all of its group. */
  kill(): void {
    this.#close('KILL');
  }

  /** Closes its input and asks all of its group to end. */
  dispose(): void {
    this.#close('TERM');
  }

  #close(signal: 'TERM' | 'KILL'): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#ended.hasFired) this.#host.signalGroup(this.#group, signal);
    this.#channel.dispose();
  }

  #takeStderr(chunk: Buffer): void {
    this.#stderr.push(chunk);
    this.#stderrBytes += chunk.length;
    while (this.#stderrBytes > MAX_STDERR_BYTES && this.#stderr.length > 1) {
      this.#stderrBytes -= this.#stderr.shift()?.length ?? 0;
    }
  }
}

function startScript(command: readonly string[], { cwd, env, noInput }: ProgramOptions, mark: string): string {
  const [program, ...args] = command;
  if (program === undefined) throw new CodeManagerError('invalid', 'A command needs a program');
  if (command.some((word) => word.includes('\0'))) {
    throw new CodeManagerError('invalid', 'A command cannot contain NUL characters');
  }
  const refuse = (what: string): string => `{ printf '%s %s\\n' ${mark} ${what} >&2; exit 127; }`;
  const file = quotePosix(program);
  return [
    'unset SHLVL OLDPWD',
    ...exportLines(env),
    cwd === undefined ? ':' : `cd ${quotePosix(cwd)} 2>/dev/null || ${refuse('folder')}`,
    ...(program.includes('/')
      ? [`[ -f ${file} ] || ${refuse('missing')}`, `[ -x ${file} ] || ${refuse('denied')}`]
      : [`command -v ${file} >/dev/null || ${refuse('missing')}`]),
    ...(noInput === true ? ['exec </dev/null'] : []),
    `exec ${[program, ...args].map(quotePosix).join(' ')}`,
  ].join('\n');
}

/** Lines that export variables; what no shell can carry is left out. */
export function exportLines(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env)
    .filter(([name, value]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !SHELL_OWN.has(name) && !value.includes('\0'))
    .map(([name, value]) => `export ${name}=${quotePosix(value)}`);
}

function startError(
  stderr: string,
  code: number | null,
  { mark, command }: { readonly mark: string; readonly command: readonly string[] },
): CodeManagerError | undefined {
  const program = command[0] ?? 'the command';
  if (stderr.includes(`${mark} folder`))
    return new CodeManagerError('notFound', 'The folder to run it in does not exist');
  if (stderr.includes(`${mark} missing`)) return new CodeManagerError('dependencyMissing', `${program} was not found`);
  if (stderr.includes(`${mark} denied`)) {
    return new CodeManagerError('unavailable', `${program} may not be run`, {
      hint: 'Check that the file and the folder are accessible.',
    });
  }
  if (code !== null && code > 125 && /argument list too long/i.test(stderr)) {
    return new CodeManagerError('invalid', `The arguments of ${program} are too long`);
  }
  return undefined;
}
