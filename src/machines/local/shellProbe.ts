import { randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { closeAfterExit, spawnDetached } from './runProcess.js';
import { killTree } from './processTree.js';
import { PROBE_VARIABLE, shellCommand, type Shell } from './shells.js';

/** More than any environment has; an rc file that prints without end must not fill the memory. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

export type ProbeResult =
  | { readonly kind: 'read'; readonly env: Readonly<Record<string, string>>; readonly aliases: string }
  /** `running`: command lines of what the shell had started. `openFiles`: what it was reading. */
  | { readonly kind: 'late'; readonly running: readonly string[]; readonly openFiles: readonly string[] }
  | { readonly kind: 'flooded' }
  | { readonly kind: 'ended'; readonly code: number | null }
  | { readonly kind: 'broken'; readonly reason: string };

export interface ProbeOptions {
  readonly interactive: boolean;
  readonly timeoutMs: number;
  /** Where it runs. */
  readonly home: string;
  /** The person's own command, run after the files. */
  readonly setup: string | undefined;
}

/** Asks for the variables that rc files test before they do what only makes sense in front of a person. */
export const GUARD_VARIABLES: Readonly<Record<string, string>> = {
  TERM: 'dumb',
  // A tmux that is started in spite of it finds no server there and cannot start one either.
  TMUX: '/dev/null/none,0,0',
  TMUX_PANE: '%0',
  STY: '0.none',
  ZELLIJ: '0',
  VSCODE_RESOLVING_ENVIRONMENT: '1',
  ZSH_TMUX_AUTOSTARTED: 'true',
  DISABLE_AUTO_UPDATE: 'true',
  POWERLEVEL9K_DISABLE_CONFIGURATION_WIZARD: 'true',
};

/**
 * Runs a login shell once and reads what it made of its environment. It has no terminal and no input, so that nothing in
 * its files can wait for a person; what does not end in time is killed with all that it started.
 */
export async function probeShell(
  shell: Shell,
  env: Readonly<Record<string, string>>,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const mark = `cm-probe-${randomBytes(9).toString('hex')}`;
  try {
    return await run(shell, mark, env, options);
  } catch (error) {
    return { kind: 'broken', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Prints lines that its own text does not hold, since an rc file may print all variables. */
export function probeScript(mark: string): string {
  return [
    'case $1 in',
    `begin) printf '\\n%s begin\\n' '${mark}' ;;`,
    `end) printf '\\n%s env\\n' '${mark}'`,
    `/usr/bin/env -0 2>/dev/null || /usr/bin/awk 'BEGIN { for (n in ENVIRON) printf "%s=%s%c", n, ENVIRON[n], 0 }'`,
    `printf '\\n%s end\\n' '${mark}' ;;`,
    'esac',
  ].join('\n');
}

function run(
  shell: Shell,
  mark: string,
  env: Readonly<Record<string, string>>,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const { command, argv0 } = shellCommand(shell, options);
  const spawnOptions = {
    cwd: options.home,
    // The marker finds what the files start and leave behind when it has to be ended.
    env: { ...env, ...GUARD_VARIABLES, [PROBE_VARIABLE]: probeScript(mark), CM_SESSION: mark },
    ...(argv0 === undefined ? {} : { argv0 }),
  };
  const child = spawnDetached(command, spawnOptions, ['ignore', 'pipe', 'ignore']);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let tail = '';
    let settled = false;
    const endMark = `\n${mark} end\n`;
    const settle = (result: ProbeResult | Promise<ProbeResult>): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve(result);
    };
    const giveUp = (result: ProbeResult): ProbeResult => {
      child.stdout?.removeAllListeners('data').destroy();
      // The answer does not wait for the last of them.
      void killTree(child.pid ?? null, mark).catch(() => undefined);
      return result;
    };
    const timer = setTimeout(() => {
      settle(whatRuns(child.pid).then((seen) => giveUp({ kind: 'late', ...seen })));
    }, options.timeoutMs);
    child.once('error', (error) => settle({ kind: 'broken', reason: error.message }));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (settled) return;
      chunks.push(chunk);
      bytes += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-endMark.length);
      if (bytes > MAX_OUTPUT_BYTES) settle(giveUp({ kind: 'flooded' }));
      if (tail !== endMark) return;
      // What the files left running in the background, an ssh-agent say, may hold the stream open: it is the person's.
      const parsed = parseProbe(Buffer.concat(chunks).toString(), mark);
      settle(parsed ?? { kind: 'ended', code: null });
      child.stdout?.destroy();
      child.unref();
    });
    closeAfterExit(child);
    child.once('close', (code) => {
      settle(parseProbe(Buffer.concat(chunks).toString(), mark) ?? { kind: 'ended', code });
    });
  });
}

/** Reads what {@link probeScript} printed; undefined when that is not complete. */
export function parseProbe(
  output: string,
  mark: string,
): { readonly kind: 'read'; readonly env: Readonly<Record<string, string>>; readonly aliases: string } | undefined {
  const begin = output.indexOf(`\n${mark} begin\n`);
  const middle = output.indexOf(`\n${mark} env\n`);
  const end = output.indexOf(`\n${mark} end\n`);
  if (middle < 0 || end < middle) return undefined;
  const env: Record<string, string> = {};
  for (const entry of output.slice(middle + `\n${mark} env\n`.length, end).split('\0')) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    // Exported functions and the like cannot be handed on by every shell.
    if (equals > 0 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) env[name] = entry.slice(equals + 1);
  }
  const aliases = begin < 0 || begin > middle ? '' : output.slice(begin + `\n${mark} begin\n`.length, middle);
  return { kind: 'read', env, aliases };
}

/** What a shell that does not end is doing, where the system tells it. */
async function whatRuns(
  pid: number | undefined,
): Promise<{ readonly running: readonly string[]; readonly openFiles: readonly string[] }> {
  if (pid === undefined || process.platform !== 'linux') return { running: [], openFiles: [] };
  const running = await commandLines(pid, 0);
  const names = await fs.readdir(`/proc/${pid}/fd`).catch(() => []);
  const openFiles = await Promise.all(
    names
      .map(Number)
      .sort((a, b) => b - a)
      .map((fd) => fs.readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  return { running, openFiles: openFiles.filter((path) => path.startsWith('/') && !path.startsWith('/dev/')) };
}

/** Command lines of a process and its children, the innermost first: an outer one waits for it. */
async function commandLines(pid: number, depth: number): Promise<string[]> {
  if (depth > 8) return [];
  const children = await fs.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const inner: string[] = [];
  for (const child of children
    .split(' ')
    .filter((text) => text !== '')
    .slice(0, 32)) {
    inner.push(...(await commandLines(Number(child), depth + 1)));
  }
  const own = await fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const command = own.replace(/\0+$/, '').replaceAll('\0', ' ');
  return command === '' ? inner : [...inner, command];
}
