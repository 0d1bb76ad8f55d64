import { isAbsolute } from 'node:path';
import * as z from 'zod';
import type { ScreenRequest } from '../../protocol/screen.js';
import type { OpenCall } from '../state/evidence.js';
import { means } from '../state/mergeAsked.js';
import { requestOf } from '../state/requestOf.js';
import { visible } from '../state/sameRequest.js';
import { parseJson } from './jsonLines.js';

// The calls in Gemini's debug log, as version 0.61 writes it: a call stands there with its exact arguments before its
// dialog is drawn. Nothing there says which dialog it belongs to or when it is over, and other lines have words of the
// model in them as they are, so that lines can be forged. So a call counts only where no other could be what is shown.

const LINE =
  /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] \[DEBUG\] \[PolicyEngine\.check\] toolCall\.name: ([^,]{1,200}), stringifiedArgs: (.*)$/su;
/** Between which its top-level fields stand. */
const MARK = '\0';

const ShellCall = z.strictObject({
  command: z.string(),
  description: z.string().optional(),
  dir_path: z.string().optional(),
  is_background: z.literal(false).optional(),
  delay_ms: z.number().optional(),
  wait_for_previous: z.boolean().optional(),
});
const FileCall = z.looseObject({ file_path: z.string() });

/** More calls, or more of their text, are not remembered of one turn. */
const MOST_CALLS = 5_000;
const MOST_LETTERS = 8 * 1024 * 1024;

const ODD = /[^\x20-\x7e\n]/u;

interface Call {
  readonly id: string;
  /** The same call has the same, to the byte. */
  readonly line: string;
  /** Everything of it that a dialog could show. */
  readonly text: string;
  /** A terminal may take some of its letters for something else than letters. */
  readonly isOdd: boolean;
  /** Null where it is not known exactly what it would do. */
  readonly request: ScreenRequest | null;
  /** Of the first request that it told. */
  takenBy: number | undefined;
}

/** Notes what Gemini calls in a turn, and finds the one that a dialog shows. */
export class GeminiCalls {
  readonly #folder: string;
  #calls: Call[] = [];
  #letters = 0;
  /** Something of this turn was not read: it could be what is shown. */
  #isBlind = false;

  /** @param folder of the session */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * A whole line of the log.
   *
   * @param id of its own
   */
  read(line: string, id: string): void {
    const [, name, args] = LINE.exec(line) ?? [];
    if (name === undefined || args === undefined || this.#isBlind) return;
    const fields = parseJson(args.replaceAll(MARK, ''));
    this.#letters += args.length;
    if (fields === undefined || this.#calls.length >= MOST_CALLS || this.#letters > MOST_LETTERS) return this.lose();
    const text = strings(fields).join('\n');
    this.#calls.push({
      id,
      line: name + args,
      text: visible(text),
      isOdd: ODD.test(text),
      request: this.#asked(name, fields),
      takenBy: undefined,
    });
  }

  /** A part of the log was not read. */
  lose(): void {
    this.over();
    this.#isBlind = true;
  }

  /** The turn is over: nothing that was called in it will be asked for. */
  over(): void {
    this.#isBlind = false;
    this.#calls = [];
    this.#letters = 0;
  }

  /**
   * The call that a dialog shows: all that could be it are the same to the byte, and have told no other request.
   *
   * @param request number of the request
   */
  told(shown: ScreenRequest, request: number): OpenCall | undefined {
    const text = visible(shown.command ?? shown.path ?? '');
    if (text === '') return undefined;
    const alike = this.#calls.filter((call) => isFree(call, request) && couldShow(call, text));
    const [first] = alike;
    if (first?.request == null || !means(first.request, shown)) return undefined;
    if (alike.some(({ line }) => line !== first.line)) return undefined;
    for (const call of alike) call.takenBy = request;
    return { id: first.id, request: first.request };
  }

  #asked(name: string, fields: unknown): ScreenRequest | null {
    switch (name) {
      case 'run_shell_command':
        return this.#shell(ShellCall.safeParse(fields).data);
      case 'write_file':
        return this.#file('create', FileCall.safeParse(fields).data);
      case 'replace':
        return this.#file('edit', FileCall.safeParse(fields).data);
      default:
        return null;
    }
  }

  #shell(call: z.infer<typeof ShellCall> | undefined): ScreenRequest | null {
    if (call === undefined) return null;
    const { command, dir_path: path = '' } = call;
    const folder = path === '' ? this.#folder : this.#absolute(path);
    return requestOf({ action: 'shell', command, exact: 'record', ...(folder === this.#folder ? {} : { folder }) });
  }

  #file(action: 'create' | 'edit', call: z.infer<typeof FileCall> | undefined): ScreenRequest | null {
    const path = call?.file_path;
    // It takes these for an address, for a reference and for codes of other signs.
    if (path === undefined || path === '' || /^@|^file:|[%\0\\]/iu.test(path)) return null;
    return requestOf({ action, path: this.#absolute(path), text: `${action} ${path}`, exact: 'record' });
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : `${this.#folder}/${path}`;
  }
}

function isFree({ takenBy }: Call, request: number): boolean {
  return takenBy === undefined || takenBy === request;
}

/** What a dialog shows of a call are letters of it, all in one place unless some of them are no letters. */
function couldShow({ text, isOdd }: Call, shown: string): boolean {
  if (!isOdd) return text.includes(shown);
  let found = 0;
  for (const letter of text) if (shown.startsWith(letter, found)) found += letter.length;
  return found >= shown.length;
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}
