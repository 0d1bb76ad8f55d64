import { resolve } from 'node:path';
import type { Session } from '../../src/protocol/session.js';
import type { ToolCall } from '../model/script.js';

/** One request for permission: what the agent asked, and everything that was shown as asked. */
export interface AskedAndShown {
  /** The command, or the file from its folder. */
  readonly asked: string;
  /** In order; `exact` null: shown as not known exactly. */
  readonly shown: readonly { readonly text: string; readonly exact: string | null }[];
}

type Input = Readonly<Record<string, unknown>>;

const COMMANDS = ['command', 'cmd'];
const FILES = ['file_path', 'filePath', 'path'];
const PATCHED = /^\*\*\* (?:Add|Update|Delete) File: (.+)$/mu;

/** What a call of the model is about; undefined where that is neither a command nor a file. */
function subjectOf({ input }: ToolCall, folder: string): string | undefined {
  const patch = typeof input === 'string' ? input : undefined;
  const named = (names: readonly string[]): unknown => names.map((name) => (input as Input)[name]).find(isText);
  const file = patch === undefined ? named(FILES) : PATCHED.exec(patch)?.[1];
  if (isText(file)) return resolve(folder, file);
  const command = patch === undefined ? named(COMMANDS) : undefined;
  return isText(command) ? command : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

interface Entry {
  readonly asked: string;
  readonly shown: { readonly text: string; readonly exact: string | null }[];
}

/** Collects what is asked and shown, from one call of the model to the next. */
export class AskedLog {
  readonly #folder: string;
  #entries: Entry[] = [];
  #current: Entry | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The model called a tool; `asks`: a person has to allow it. */
  onCall(call: ToolCall, asks: boolean): void {
    const asked = asks ? subjectOf(call, this.#folder) : undefined;
    this.#current = asked === undefined ? undefined : { asked, shown: [] };
    if (this.#current) this.#entries.push(this.#current);
  }

  onShown({ request }: Pick<Session, 'request'>): void {
    if (request?.kind !== 'permission' || this.#current === undefined) return;
    const text = request.command ?? (request.path === null ? request.text : resolve(this.#folder, request.path));
    const last = this.#current.shown.at(-1);
    if (last?.text !== text || last.exact !== request.exact) this.#current.shown.push({ text, exact: request.exact });
  }

  /** What has come since it was taken last. */
  take(): readonly AskedAndShown[] {
    const taken = this.#entries;
    this.#entries = [];
    this.#current = undefined;
    return taken;
  }
}

/** Nothing else was ever shown as exact. */
export function isShownRight({ asked, shown }: AskedAndShown): boolean {
  return shown.every(({ text, exact }) => exact === null || text === asked);
}

/** It was known exactly in the end. */
export function isExact({ shown }: AskedAndShown): boolean {
  return (shown.at(-1)?.exact ?? null) !== null;
}
