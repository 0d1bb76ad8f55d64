import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { delay } from '../../src/common/async.js';
import { which } from '../../scripts/lib/processes.mjs';
import type { Machine } from '../../src/core/machine/machine.js';
import { launchFile, launchScript } from '../../src/core/tmux/scripts.js';
import { findProgram } from '../../src/core/tools/program.js';
import { LocalTerminal } from '../../src/machines/local/localTerminal.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { Tool } from '../../src/protocol/tool.js';
import { filesOf, type HabitInput } from './habits.js';

const ID = '0123456789ab';
const SIZE = { columns: 120, rows: 40 };
/** A shell that has told nothing by then has no agent. */
const PATIENCE_MS = 15_000;
const ARGUMENTS = ['one', "two three's", '--four'];

/** Tells all that may differ, and ends with a status of its own. */
const agent = (told: string): string => `#!/bin/sh
{ echo "$0"; for a do printf '<%s>\\n' "$a"; done; [ ! -t 0 ] || echo terminal; umask; pwd; } >'${told}.new'
for n in FROM_RC ACCOUNT CLAUDE_CONFIG_DIR HOOKED ENV BASH_ENV MY_TERM PATH; do eval "echo $n=\\$$n" >>'${told}.new'; done
mv '${told}.new' '${told}'
exit 7
`;

export interface Person {
  readonly home: string;
  readonly work: string;
  readonly shell: string;
  readonly told: string;
}

/** Writes a home in which somebody has this habit. */
export function makePerson(root: string, home: string, input: HabitInput): Person {
  const work = join(root, 'work');
  const told = join(root, 'told');
  mkdirSync(work);
  // As of somebody who has used fish before: else it reads all manuals in the background.
  mkdirSync(join(home, '.local/share/fish/generated_completions'), { recursive: true });
  for (const path of ['bin/agent', 'other/agent']) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), agent(told));
    chmodSync(join(home, path), 0o755);
  }
  for (const [path, text] of Object.entries(filesOf(input))) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  return { home, work, told, shell: shellPath(root, input.shell) };
}

/** Where a shell is; one of busybox gets its own name in `root`. */
export function shellPath(root: string, name: string): string {
  const found = which(name);
  if (found !== undefined) return found;
  const busybox = name === 'ash' ? which('busybox') : undefined;
  if (busybox === undefined) throw new Error(`${name} is not installed`);
  symlinkSync(busybox, join(root, name));
  return join(root, name);
}

/** What an interactive shell in a terminal does with the agent's name; undefined when it runs none. */
export async function askShellItself(
  { home, work, told, shell }: Person,
  { shell: name }: HabitInput,
): Promise<string | undefined> {
  const flags = name === 'elvish' ? [] : name === 'tcsh' ? ['-i'] : ['-l', '-i'];
  const env = { ...baseOf(home), SHELL: shell, TERM: 'screen-256color' };
  const terminal = new LocalTerminal([shell, ...flags], { ...SIZE, cwd: work, env });
  const end = { hasCome: false };
  terminal.onData(() => undefined);
  terminal.onExit(() => (end.hasCome = true));
  const words = ARGUMENTS.map((word) => `"${word}"`).join(' ');
  for (const line of [`cd ${work}`, `agent ${words}`, 'exit']) {
    await delay(700);
    if (!end.hasCome) terminal.write(Buffer.from(`${line}\r`));
  }
  try {
    return await tell(told, () => end.hasCome);
  } finally {
    terminal.dispose();
  }
}

/** What comes of it through Code Manager: what was started, and what is said about it. */
export async function askUs(
  machine: Machine,
  { work, told }: Person,
): Promise<{ readonly told: string | undefined; readonly said: string | null }> {
  const tool = Tool.parse({ id: 'agent', name: 'Agent', command: ['agent'], versionArgs: null });
  const options = { machine, placeholders: null, tool, host: 'here', home: join(work, '.cm'), folder: work };
  try {
    const found = await findProgram({ ...options, words: ['agent'], seat: {} }, {});
    const active = join(dirname(told), 'active');
    mkdirSync(active, { mode: 0o700 });
    writeFileSync(join(active, 'launch.sh'), launchScript(active));
    const launch = {
      argv: [...found.program, ...ARGUMENTS],
      env: { ...found.env, CM_SESSION: ID },
      cwd: work,
      umask: found.umask ?? 0o022,
      through: found.through,
    };
    writeFileSync(join(active, `${ID}.launch`), launchFile(launch), { mode: 0o600 });
    const env = { PATH: '/usr/bin:/bin', TERM: 'screen-256color', SHELL: '/bin/sh' };
    const terminal = await machine.openTerminal(['/bin/sh', join(active, 'launch.sh'), ID], { ...SIZE, env, cwd: '/' });
    let code: number | null | undefined;
    terminal.onData(() => undefined);
    terminal.onExit((status) => (code = status));
    try {
      const text = await tell(told, () => code !== undefined);
      for (let i = 0; i < 100 && code === undefined; i++) await delay(50);
      if (text !== undefined && code !== 7) return { told: `${text}\nended with ${String(code)}`, said: found.warning };
      return { told: text, said: found.warning };
    } finally {
      terminal.dispose();
    }
  } catch (error) {
    if (!(error instanceof CodeManagerError)) throw error;
    return { told: undefined, said: error.message };
  }
}

/** Of the same person's terminal. */
export function baseOf(home: string): Record<string, string> {
  return { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', USER: 'root', LOGNAME: 'root' };
}

async function tell(file: string, hasEnded: () => boolean): Promise<string | undefined> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!existsSync(file)) {
    if (performance.now() > deadline) return undefined;
    if (hasEnded()) {
      await delay(300);
      if (!existsSync(file)) return undefined;
    }
    await delay(20);
  }
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  return text;
}

/** `as the shell itself`, or what is different. */
export async function compare(machine: Machine, person: Person, input: HabitInput): Promise<string> {
  const shell = await askShellItself(person, input);
  const ours = await askUs(machine, person);
  if (shell === ours.told) return ours.said === null || ours.told === undefined ? AS_SHELL : `said ${ours.said}`;
  // What a person's shell would have done is not done: that may not go unsaid.
  return ours.said === null ? `shell: ${shell ?? 'nothing'}ours: ${ours.told ?? 'nothing'}` : AS_SHELL;
}

const AS_SHELL = 'as the shell itself';
