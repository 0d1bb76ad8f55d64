import { isAbsolute } from 'node:path';
import * as z from 'zod';
import type { ScreenRequest } from '../../protocol/screen.js';
import type { OpenCall } from '../state/evidence.js';
import { requestOf } from '../state/requestOf.js';
import { jsonLines, parseJson } from './jsonLines.js';

// The calls in a rollout, as versions 0.169 and 0.171 write it: a call stands there before its dialog is drawn, and its
// output once it has run or was denied.

const Line = z.object({ type: z.string(), payload: z.looseObject({ type: z.string() }) });
const Call = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: z.string() }),
  z.looseObject({ type: z.literal('custom_tool_call'), call_id: z.string(), name: z.string(), input: z.string() }),
  z.looseObject({ type: z.literal('local_shell_call'), call_id: z.string() }),
]);
const Output = z.looseObject({
  type: z.enum(['function_call_output', 'custom_tool_call_output']),
  call_id: z.string(),
});

/** With anything else in it more would happen than its words say. */
const Common = {
  workdir: z.string().nullish(),
  login: z.boolean().nullish(),
  tty: z.boolean().nullish(),
  yield_time_ms: z.number().nullish(),
  timeout_ms: z.number().nullish(),
  max_output_tokens: z.number().nullish(),
  sandbox_permissions: z.enum(['use_default', 'require_escalated']).nullish(),
  justification: z.string().nullish(),
  prefix_rule: z.array(z.string()).nullish(),
};
const SHELLS = z.enum(['bash', 'sh', 'zsh', '/bin/bash', '/bin/sh', '/bin/zsh', '/usr/bin/bash', '/usr/bin/zsh']);
const ShellCall = z.union([
  z.strictObject({ cmd: z.string(), ...Common }),
  z.strictObject({ command: z.string(), ...Common }),
  z.strictObject({ command: z.tuple([SHELLS, z.enum(['-c', '-lc']), z.string()]), ...Common }),
]);

/** Notes which calls of a rollout have no output yet. */
export class CodexCalls {
  readonly #folder: string;
  readonly #open = new Map<string, OpenCall>();

  /** @param folder of the session */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get open(): readonly OpenCall[] {
    return [...this.#open.values()];
  }

  /** Whole lines of the rollout, in order. */
  read(text: string): void {
    for (const record of jsonLines(text)) {
      const line = Line.safeParse(record).data;
      if (line?.type === 'event_msg' && line.payload.type === 'turn_aborted') this.#open.clear();
      if (line?.type !== 'response_item') continue;
      const call = Call.safeParse(line.payload).data;
      if (call) this.#open.set(call.call_id, { id: call.call_id, request: this.#asked(call) });
      const output = Output.safeParse(line.payload).data;
      if (output) this.#open.delete(output.call_id);
    }
  }

  #asked(call: z.infer<typeof Call>): ScreenRequest | null {
    if (call.type === 'local_shell_call') return null;
    if (call.name === 'apply_patch') return call.type === 'custom_tool_call' ? this.#patched(call.input) : null;
    if (call.type === 'custom_tool_call') return null;
    const shell = ShellCall.safeParse(parseJson(call.arguments)).data;
    if (shell === undefined) return null;
    const words = 'cmd' in shell ? shell.cmd : shell.command;
    const command = typeof words === 'string' ? words : words[2];
    const { workdir } = shell;
    const folder = workdir == null || workdir === '' ? undefined : this.#absolute(workdir);
    return requestOf({ action: 'shell', command, exact: 'record', ...(folder === this.#folder ? {} : { folder }) });
  }

  /** Of a patch of exactly one file, which is made or changed where it is. */
  #patched(patch: string): ScreenRequest | null {
    const marks = patch.split('\n').filter((line) => line.trim().startsWith('***'));
    const [first, file = '', ...more] = marks;
    if (first !== '*** Begin Patch' || more.some((line, index) => !isEnd(line, index === more.length - 1))) return null;
    const [, verb, path] = /^\*\*\* (Add|Update) File: (\S(?:.*\S)?)$/u.exec(file) ?? [];
    if (path === undefined) return null;
    const action = verb === 'Add' ? 'create' : 'edit';
    return requestOf({ action, path: this.#absolute(path), text: `${action} ${path}`, exact: 'record' });
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : `${this.#folder}/${path}`;
  }
}

function isEnd(line: string, isLast: boolean): boolean {
  return line === '*** End of File' || (isLast && line === '*** End Patch');
}
