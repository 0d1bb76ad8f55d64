import type { LoginEnvironment } from '../../core/machine.js';
import { formatDuration } from '../../common/text.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { cleanEnvironment, DEFAULT_LIMITS, type LoginLimits } from '../local/loginEnvironment.js';
import { parseAliases } from '../local/shellAliases.js';
import { GUARD_VARIABLES, parseProbe, probeScript } from '../local/shellProbe.js';
import { PROBE_VARIABLE, shellCommand, shellKind, type Shell } from '../local/shells.js';
import type { HostFacts } from './hostFacts.js';
import { Program, type ProgramHost } from './program.js';
import { newMark } from './shellText.js';

/** More than any environment has; an rc file that prints without end must not fill the memory. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

export interface HostLoginOptions {
  readonly host: ProgramHost;
  readonly facts: HostFacts;
  /** The person's own command, run by their shell after its files: `module load tmux`. */
  readonly setup: string | undefined;
  readonly limits?: LoginLimits;
}

/**
 * The environment and aliases of the login shell on a host, as for the machine of the agent server: interactive first,
 * then without, then what the sign-in itself gave.
 * @throws CodeManagerError `unavailable` only when the host went away meanwhile
 */
export async function readHostLogin({ host, facts, setup, limits }: HostLoginOptions): Promise<LoginEnvironment> {
  const { interactiveMs, totalMs } = limits ?? DEFAULT_LIMITS;
  const started = performance.now();
  const path = facts.shell.startsWith('/') ? facts.shell : '/bin/sh';
  const shell: Shell = { path, kind: shellKind(path) };
  const warnings: string[] = [];
  for (const interactive of [true, false]) {
    const leftMs = Math.floor(totalMs - (performance.now() - started));
    const timeoutMs = interactive ? Math.min(interactiveMs, leftMs) : leftMs;
    if (timeoutMs < 100) break;
    const result = await probe({ host, facts, setup, shell, interactive, timeoutMs });
    if (typeof result !== 'string') {
      const env = cleanEnvironment(result.env, facts.base, shell);
      if (!interactive) warnings.push('The environment was read without the files of an interactive shell');
      return { env, aliases: parseAliases(shell.kind, result.aliases, env), warnings };
    }
    warnings.push(result);
  }
  return { env: { ...facts.base, SHELL: shell.path }, aliases: {}, warnings };
}

interface Probe {
  readonly host: ProgramHost;
  readonly facts: HostFacts;
  readonly setup: string | undefined;
  readonly shell: Shell;
  readonly interactive: boolean;
  readonly timeoutMs: number;
}

/** What it read, or a sentence about why it could not. */
async function probe(options: Probe): Promise<NonNullable<ReturnType<typeof parseProbe>> | string> {
  const { host, facts, shell, interactive, timeoutMs } = options;
  const mark = newMark();
  const env = {
    ...facts.base,
    SHELL: shell.path,
    ...GUARD_VARIABLES,
    [PROBE_VARIABLE]: probeScript(mark),
    CM_SESSION: mark,
  };
  const deadline = performance.now() + timeoutMs;
  const program = await Program.start(host, probeCommand(options), {
    env,
    cwd: facts.homeDirectory,
    noInput: true,
  }).catch((error: unknown) => {
    if (error instanceof CodeManagerError && error.code === 'timeout') return undefined;
    throw error;
  });
  const files = FILES[shell.kind].map((name) => `~/${name}`).join(', ');
  const late = `${files} did not finish within ${formatDuration(timeoutMs)}`;
  if (program === undefined) return late;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let tail = '';
    const endMark = `\n${mark} end\n`;
    const settle = (result: NonNullable<ReturnType<typeof parseProbe>> | string, kill: boolean): void => {
      clearTimeout(timer);
      // What the files left running, an ssh-agent say, is the person's.
      if (kill) program.kill();
      resolve(result);
    };
    const timer = setTimeout(() => settle(late, true), Math.max(0, deadline - performance.now()));
    program.onData((data) => {
      bytes += data.length;
      if (bytes > MAX_OUTPUT_BYTES) return settle(`${files} print without end`, true);
      chunks.push(Buffer.from(data));
      tail = (tail + Buffer.from(data).toString('latin1')).slice(-endMark.length);
      if (tail !== endMark) return;
      const parsed = parseProbe(Buffer.concat(chunks).toString(), mark);
      if (parsed !== undefined) settle(parsed, false);
    });
    program.onExit(({ error }) => {
      if (error !== undefined && error.code === 'unavailable') {
        clearTimeout(timer);
        reject(error);
        return;
      }
      const what = interactive ? 'ended or replaced' : 'ended';
      settle(
        parseProbe(Buffer.concat(chunks).toString(), mark) ??
          (error === undefined ? `${files} ${what} ${shell.path} before it was ready` : error.message),
        false,
      );
    });
    program.resume();
  });
}

/** The command that makes the shell read its files, run the person's own setup and then the probe. */
function probeCommand({ shell, interactive, setup }: Probe): readonly string[] {
  // Nothing gives a program the argv[0] by which csh knows that it is a login shell.
  const login = shell.kind === 'csh' ? ['if ( -r ~/.login ) source ~/.login'] : [];
  const before = [...login, ...(setup === undefined ? [] : [setup])];
  return shellCommand(shell, { interactive, setup: before.length === 0 ? undefined : before.join('\n') }).command;
}

/** The files of a shell that a person has most likely written. */
const FILES: Readonly<Record<Shell['kind'], readonly string[]>> = {
  bash: ['.bash_profile', '.profile', '.bashrc'],
  zsh: ['.zshenv', '.zprofile', '.zshrc'],
  fish: ['.config/fish/config.fish'],
  sh: ['.profile'],
  csh: ['.tcshrc', '.cshrc', '.login'],
  other: ['.profile'],
};
