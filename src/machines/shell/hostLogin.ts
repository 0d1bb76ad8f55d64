import { formatDuration } from '../../common/text.js';
import type { LoginEnvironment } from '../../core/machine/machine.js';
import { shellKind, type Shell } from '../../core/shell/shellKind.js';
import { quotePosix } from '../../common/quote.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { readLogin, type About, type Failure, type LoginLimits, type Reply } from '../loginShell.js';
import { MAX_ANSWER_BYTES, type Question } from '../shellQuestion.js';
import type { HostFacts } from './hostFacts.js';
import { Program, type ProgramHost } from './program.js';

export interface HostLoginOptions {
  readonly host: ProgramHost & { run(script: string): Promise<{ readonly output: Buffer }> };
  readonly facts: HostFacts;
  readonly folder: string;
  readonly words: readonly string[];
  /** The person's own command, run by their shell after its files: `module load tmux`. */
  readonly setup: string | undefined;
  readonly limits?: LoginLimits;
}

/**
 * What the login shell on a host has at its first prompt in a folder, as on the machine of the agent server.
 * @throws CodeManagerError `unavailable` only when the host went away meanwhile
 */
export async function readHostLogin({ host, facts, ...options }: HostLoginOptions): Promise<LoginEnvironment> {
  const path = facts.shell.startsWith('/') ? facts.shell : '/bin/sh';
  const asker = {
    ask: (question: Question, how: Parameters<typeof askHost>[2]) => askHost(host, question, how),
    explain: (failure: Failure, about: About) => explain(host, failure, about),
  };
  return readLogin(asker, { ...options, shell: { path, kind: shellKind(path) }, base: facts.base });
}

async function askHost(
  host: ProgramHost,
  { command, mark }: Question,
  how: { readonly env: Readonly<Record<string, string>>; readonly folder: string; readonly timeoutMs: number },
): Promise<Reply> {
  const { env, folder, timeoutMs } = how;
  const deadline = performance.now() + timeoutMs;
  const late: Failure = { kind: 'late', running: [], openFiles: [] };
  const options = { env: { ...env, CM_SESSION: mark }, cwd: folder, noInput: true };
  const program = await Program.start(host, command, options).catch((error: unknown) => {
    if (error instanceof CodeManagerError && error.code === 'timeout') return undefined;
    throw error;
  });
  if (program === undefined) return { output: '', failure: late };
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let tail = '';
    const endMark = `\n${mark} end\n`;
    const settle = (failure: Failure | undefined, kill: boolean): void => {
      clearTimeout(timer);
      // What the files left running, an ssh-agent say, is the person's.
      if (kill) program.kill();
      resolve({ output: Buffer.concat(chunks).toString(), failure });
    };
    const timer = setTimeout(() => settle(late, true), Math.max(0, deadline - performance.now()));
    program.onData((data) => {
      bytes += data.length;
      if (bytes > MAX_ANSWER_BYTES) return settle({ kind: 'flooded' }, true);
      chunks.push(Buffer.from(data));
      tail = (tail + Buffer.from(data).toString('latin1')).slice(-endMark.length);
      if (tail === endMark) settle(undefined, false);
    });
    program.onExit(({ error }) => {
      if (error !== undefined && error.code === 'unavailable') {
        clearTimeout(timer);
        reject(error);
        return;
      }
      const isWhole = Buffer.concat(chunks).includes(endMark);
      const failure: Failure = error === undefined ? { kind: 'ended' } : { kind: 'broken', reason: error.message };
      settle(isWhole ? undefined : failure, false);
    });
    program.resume();
  });
}

async function explain(
  host: HostLoginOptions['host'],
  failure: Failure,
  { shell, interactive, timeoutMs }: About,
): Promise<string> {
  if (failure.kind === 'broken') return failure.reason;
  const found = await filesOf(host, shell.kind).catch(() => []);
  const [only, ...more] = found.map((name) => `~/${name}`);
  // What the system gives a shell to read counts, too.
  const files =
    only === undefined
      ? `The start of ${shell.path}`
      : more.length === 0
        ? only
        : `One of ${[only, ...more].join(', ')}`;
  switch (failure.kind) {
    case 'late':
      return `${files} did not finish within ${formatDuration(timeoutMs)}`;
    case 'flooded':
      return `${files} prints without end`;
    case 'ended':
      return `${files} ${interactive ? 'ended or replaced' : 'ended'} ${shell.path} before it was ready`;
  }
}

/** The files that are there and that a login shell reads: bash the first of its profiles, and `.bashrc` when that reads it. */
async function filesOf(host: HostLoginOptions['host'], kind: Shell['kind']): Promise<readonly string[]> {
  const list = FILES[kind].map(quotePosix).join(' ');
  const script =
    kind === 'bash'
      ? `cd && for f in .bash_profile .bash_login .profile; do
  [ -f "$f" ] || continue
  echo "$f"
  [ -f .bashrc ] && grep -qF /.bashrc "$f" /etc/profile 2>/dev/null && echo .bashrc
  break
done`
      : `cd && for f in ${list}; do [ -f "$f" ] && echo "$f"; done`;
  const { output } = await host.run(script);
  return output
    .toString()
    .split('\n')
    .filter((name) => name !== '');
}

/** The files of a shell that a person has most likely written. */
const FILES: Readonly<Record<Shell['kind'], readonly string[]>> = {
  bash: ['.bash_profile', '.bash_login', '.profile', '.bashrc'],
  zsh: ['.zshenv', '.zprofile', '.zshrc'],
  fish: ['.config/fish/config.fish'],
  sh: ['.profile'],
  csh: ['.tcshrc', '.cshrc', '.login'],
  elvish: ['.config/elvish/rc.elv'],
  other: ['.profile'],
};
