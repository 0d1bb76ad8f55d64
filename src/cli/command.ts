import type { App } from './app.js';

/** What the shell offers while a value is typed. */
export type Completes = 'session' | 'context' | 'machine' | 'sshHost' | 'tool' | 'file' | 'folder' | readonly string[];

export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** Name of its value in the help. Without one it is a switch. */
  readonly value?: string;
  /** The value may be left out; it is then given as `--flag=VALUE` only. */
  readonly isValueOptional?: boolean;
  /** May be given several times. */
  readonly isRepeatable?: boolean;
  readonly description: string;
  readonly completes?: Completes;
}

export interface Argument {
  /** As the help shows it: `ID`, `TEXT`. */
  readonly name: string;
  readonly isOptional?: boolean;
  /** Takes all that follow. */
  readonly isRepeated?: boolean;
  readonly completes?: Completes;
}

/** What a person asked for, checked against the command's own table entry. */
export interface Invocation {
  readonly command: Command;
  /** Positional arguments, as many as the command takes. */
  readonly args: readonly string[];
  /** What stands after `--`, for commands that pass it on. */
  readonly rest: readonly string[];
  /** True when the switch or the flag was given, whatever its value. */
  has(flag: string): boolean;
  /** The value of a flag, the last one when it was given several times. */
  value(flag: string): string | undefined;
  values(flag: string): readonly string[];
}

/** Carries out a command. Gives the exit code, 0 when nothing is given. */
export type Run =
  ((app: App, invocation: Invocation) => Promise<number>) | ((app: App, invocation: Invocation) => Promise<void>);

/** One command as data: parsing, help and completion are made from it. */
export interface Command {
  /** Words after `cm`: `['ctx', 'add']`. */
  readonly path: readonly string[];
  readonly aliases?: readonly (readonly string[])[];
  /** One line for the list of commands. */
  readonly summary: string;
  /** More for its own help. */
  readonly details?: string;
  readonly args: readonly Argument[];
  readonly flags: readonly Flag[];
  /** Name of what may stand after `--`. */
  readonly rest?: string;
  readonly examples?: readonly string[];
  /** Loads its code, which no other command has to wait for. */
  readonly load: () => Promise<Run>;
}

export const JSON_FLAG: Flag = {
  name: 'json',
  description: 'Print JSON: one record or one array, streams one a line.',
};
export const HELP_FLAG: Flag = { name: 'help', short: 'h', description: 'Show this help.' };
