import { randomBytes } from 'node:crypto';
import { shellKind, type Shell, type ShellKind } from '../core/shell/shellKind.js';
import type { LoginEnvironment } from '../core/machine/machine.js';
import { stripTerminal } from '../common/terminalText.js';
import { truncate } from '../common/text.js';
import { parseAliases } from './shellAliases.js';
import { cleanEnvironment, foreignVariables } from './shellEnvironment.js';
import {
  questionVariables,
  readAnswer,
  shellQuestion,
  whoQuestion,
  type Question,
  type QuestionOptions,
  type ShellAnswer,
} from './shellQuestion.js';

export interface LoginLimits {
  /** How long the interactive login shell has, in milliseconds. */
  readonly interactiveMs: number;
  /** How long everything has. */
  readonly totalMs: number;
}

export const DEFAULT_LIMITS: LoginLimits = { interactiveMs: 6000, totalMs: 8500 };

/** Of a command of the person's, in a warning. */
const MAX_SHOWN = 80;

/** Too little to ask another time. */
const MIN_MS = 100;

/** Why a shell has not told what it was asked. */
export type Failure =
  /** `running`: command lines of what the shell had started. `openFiles`: what it was reading. */
  | { readonly kind: 'late'; readonly running: readonly string[]; readonly openFiles: readonly string[] }
  | { readonly kind: 'flooded' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'broken'; readonly reason: string };

/** What came of a question: all that the shell printed until it had told its environment, or why it has not. */
export interface Reply {
  readonly output: string;
  readonly failure: Failure | undefined;
}

export interface About {
  readonly shell: Shell;
  readonly interactive: boolean;
  readonly timeoutMs: number;
}

/** How a shell of one machine is asked. */
export interface ShellAsker {
  /** Without a terminal, so that nothing can wait for a person; what does not end in time is ended with all it started. */
  ask(
    question: Question,
    how: { readonly env: Readonly<Record<string, string>>; readonly folder: string; readonly timeoutMs: number },
  ): Promise<Reply>;
  /** One sentence about what went wrong, with the file to look at. */
  explain(failure: Failure, about: About): string | Promise<string>;
}

export interface ReadLoginOptions {
  readonly shell: Shell;
  /** What the shell starts with. */
  readonly base: Readonly<Record<string, string>>;
  /** Where it starts; there when it is asked. */
  readonly folder: string;
  /** The person's own command, run by the shell after its files: `module load tmux`. */
  readonly setup: string | undefined;
  readonly words: readonly string[];
  readonly limits?: LoginLimits | undefined;
}

/**
 * What the person's interactive login shell has at its first prompt in a folder. When its files put another shell in
 * its place, that one is asked; when no interactive one gets ready, what the others have, then `base`, with a warning.
 * Never takes longer than the limits.
 */
export async function readLogin(asker: ShellAsker, options: ReadLoginOptions): Promise<LoginEnvironment> {
  const { shell, limits = DEFAULT_LIMITS } = options;
  const base = { ...options.base, SHELL: shell.path };
  const reading = new Reading(asker, { ...options, base }, limits);
  const login = { shell, login: true, env: base };
  const first = await reading.ask({ ...login, interactive: true });
  const isOther = first.answer?.who !== undefined && kindOf(first.answer.who) !== shell.kind;
  if (first.answer !== undefined && !isOther) return reading.result(first.answer, shell, base);
  if (first.hasEnded || isOther) {
    const other = await reading.replacedBy(login);
    if (other !== undefined) {
      const second = await reading.ask({ ...other, interactive: true });
      if (second.answer !== undefined) return reading.result(second.answer, other.shell, other.env);
    }
  }
  if (options.setup !== undefined && first.answer === undefined) {
    const without = await reading.ask({ ...login, interactive: true, leavesSetup: true });
    if (without.answer !== undefined) {
      const shown = truncate(stripTerminal(options.setup), MAX_SHOWN);
      reading.warnings.push(`The setup command \`${shown}\` kept ${shell.path} from getting ready and is left out`);
      return { ...reading.result(without.answer, shell, base), isWhole: false };
    }
  }
  reading.warn();
  const plain = await reading.ask({ ...login, interactive: false });
  if (plain.answer !== undefined) {
    reading.warnings.push('The environment was read without the files of an interactive shell');
    return { ...reading.result(plain.answer, shell, base), isWhole: false };
  }
  reading.warn();
  reading.warnings.push('Agents start with a plain environment, without what your shell sets');
  return {
    env: base,
    aliases: {},
    functions: new Set(),
    shell,
    base,
    umask: null,
    warnings: reading.warnings,
    isWhole: false,
  };
}

interface Asked {
  readonly shell: Shell;
  readonly login: boolean;
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** The person's own command is not run. */
  readonly leavesSetup?: boolean;
}

/** One reading, with its time and what went wrong in it. */
class Reading {
  readonly warnings: string[] = [];
  readonly #asker: ShellAsker;
  readonly #options: ReadLoginOptions;
  readonly #limits: LoginLimits;
  readonly #started = performance.now();
  readonly #failures: string[] = [];

  constructor(asker: ShellAsker, options: ReadLoginOptions, limits: LoginLimits) {
    this.#asker = asker;
    this.#options = options;
    this.#limits = limits;
  }

  async ask(asked: Asked): Promise<{ readonly answer: ShellAnswer | undefined; readonly hasEnded: boolean }> {
    const { words } = this.#options;
    const setup = asked.leavesSetup === true ? undefined : this.#options.setup;
    const mark = newMark();
    const options: QuestionOptions = { ...asked, setup, words, mark };
    const { reply, timeoutMs } = await this.#put(shellQuestion(asked.shell, options), asked);
    const answer = readAnswer(reply.output, mark);
    const { failure } = reply;
    if (failure !== undefined) {
      const why = await this.#asker.explain(failure, { ...asked, timeoutMs });
      if (answer === undefined) this.#failures.push(why);
      else this.warnings.push(`What ${asked.shell.path} runs at its prompt did not end well: ${lower(why)}`);
    }
    return { answer, hasEnded: failure?.kind === 'ended' };
  }

  /** The shell that its files have put in the place of one that ended, as that would have been asked. */
  async replacedBy(asked: Omit<Asked, 'interactive'>): Promise<Omit<Asked, 'interactive'> | undefined> {
    const mark = newMark();
    const { reply } = await this.#put(whoQuestion(asked.shell, { ...asked, mark }), { ...asked, interactive: true });
    const answer = readAnswer(reply.output, mark);
    if (answer?.who === undefined) return undefined;
    const path = pathOf(answer.who);
    const { name } = answer.who;
    if (!path.startsWith('/') || isSameFile(path, asked.shell.path)) return undefined;
    const login = name.startsWith('-');
    return { shell: { path, kind: shellKind(path), isLogin: login }, login, env: withoutOurs(answer.env) };
  }

  async #put(question: Question, asked: Asked): Promise<{ readonly reply: Reply; readonly timeoutMs: number }> {
    const leftMs = Math.floor(this.#limits.totalMs - (performance.now() - this.#started));
    // The next question needs time, too.
    const mostMs = asked.leavesSetup === true ? Math.floor(leftMs / 2) : leftMs;
    const timeoutMs = asked.interactive ? Math.min(this.#limits.interactiveMs, mostMs) : leftMs;
    if (timeoutMs < MIN_MS) return { reply: { output: '', failure: undefined }, timeoutMs };
    const { folder } = this.#options;
    const env = { ...asked.env, ...questionVariables(question, folder) };
    return { reply: await this.#asker.ask(question, { env, folder, timeoutMs }), timeoutMs };
  }

  /** What went wrong becomes what the person is told. Both ways usually fail for the same reason. */
  warn(): void {
    for (const failure of this.#failures.splice(0)) if (!this.warnings.includes(failure)) this.warnings.push(failure);
  }

  result(answer: ShellAnswer, shell: Shell, base: Readonly<Record<string, string>>): LoginEnvironment {
    const env = cleanEnvironment(answer.env, base, shell);
    const { functions, umask } = answer;
    const aliases = parseAliases(shell.kind, answer.aliases, env, functions);
    return { env, aliases, functions, shell, base, umask, warnings: this.warnings, isWhole: true };
  }
}

type Who = NonNullable<ShellAnswer['who']>;

/** What is called by another name than its program's may be that: `ash` of busybox. */
function pathOf({ program, name }: Who): string {
  const called = name.replace(/^-/, '');
  return shellKind(program) === 'other' && called.startsWith('/') ? called : program;
}

/** `/bin` is a link to `/usr/bin` on many systems. */
function isSameFile(one: string, other: string): boolean {
  return one.replace(/^\/usr\//, '/') === other.replace(/^\/usr\//, '/');
}

function kindOf(who: Who): ShellKind {
  const kind = shellKind(pathOf(who));
  return kind === 'other' ? shellKind(who.name.replace(/^-/, '')) : kind;
}

function withoutOurs(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const ours = foreignVariables(env);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name)));
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function newMark(): string {
  return `cm-probe-${randomBytes(9).toString('hex')}`;
}
