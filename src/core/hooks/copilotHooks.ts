import { isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import type { Phase } from '../../protocol/screen.js';
import { commandPhase } from '../state/commandPhase.js';
import type { HookEvent } from './hookEvent.js';
import { askedOf, askedPath, type HookMeaning } from './hookModel.js';
import { quotePosix } from '../../common/quote.js';

/** Named as VS Code names them: with those names their events say which they are. */
const EVENTS = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PermissionRequest',
  'Notification',
  'PostToolUse',
  'PostToolUseFailure',
  'Stop',
  'SessionEnd',
] as const;

/** The events that say what the agent asks, or may ask: they have tickets. */
const ASKING: ReadonlySet<string> = new Set(['PreToolUse', 'PermissionRequest', 'Notification']);

/** Seconds; the hook program needs milliseconds. */
const TIMEOUT_S = 10;

/**
 * The files of the plugin that Copilot CLI loads for one start (`--plugin-dir`): added to what the person has, and
 * nowhere written down. It waits for its hooks before it shows a dialog, so they only tell.
 *
 * @param script the hook program
 * @param folder where they lie
 */
export function copilotPlugin(script: string, folder: string): Readonly<Record<string, string>> {
  // The script goes with the folder of sockets, which a system may clear away.
  const hook = (event: string): unknown => {
    const how = ASKING.has(event) ? ' tell' : '';
    const bash = `sh ${quotePosix(script)} "$CM_SESSION"${how} 2>/dev/null || cat >/dev/null`;
    return [{ type: 'command', bash, timeoutSec: TIMEOUT_S }];
  };
  const hooks = Object.fromEntries(EVENTS.map((event) => [event, hook(event)]));
  return {
    [`${folder}/plugin.json`]: JSON.stringify({
      name: 'code-manager',
      description: 'Tells Code Manager what this session does.',
      version: '1.0.0',
      hooks: 'hooks.json',
    }),
    [`${folder}/hooks.json`]: JSON.stringify({ version: 1, hooks }),
  };
}

const Input = z.looseObject({
  command: z.string().optional(),
  path: z.string().optional(),
  file_path: z.string().optional(),
  diff: z.string().optional(),
  url: z.string().optional(),
  /** Of a question. */
  message: z.string().optional(),
});
type Input = z.infer<typeof Input>;

const Payload = z.looseObject({
  /** Of a subagent; the conversation itself has none. */
  agent_id: z.string().nullish(),
  tool_name: z.string().optional(),
  tool_input: z.unknown().optional(),
  /** Of a request for a permission, whatever name it is asked for by. */
  toolName: z.string().optional(),
  toolInput: z.unknown().optional(),
  source: z.string().optional(),
  notification_type: z.string().optional(),
  message: z.string().optional(),
});

/** How it says that its form with questions is there. */
const QUESTION = 'Information requested';

/**
 * What an event of Copilot CLI's hooks means. A permission is told twice: exactly before its rules are looked at, which
 * may allow it without anybody, and in words once a person is asked.
 */
export function copilotMeaning({ name, cwd, payload }: HookEvent): HookMeaning | undefined {
  const data: Partial<z.infer<typeof Payload>> = Payload.safeParse(payload ?? {}).data ?? {};
  const isBeside = data.agent_id != null;
  const tool = data.tool_name ?? data.toolName ?? '';
  const input = Input.safeParse(data.tool_input ?? data.toolInput ?? {}).data ?? {};
  switch (name) {
    case 'SessionStart':
      return { type: 'begins', isNew: data.source === 'new' };
    case 'UserPromptSubmit':
      return isBeside ? undefined : { type: 'goesOn', key: null };
    case 'PreToolUse':
      if (tool === 'AskUserQuestion') return question(input);
      return isBeside ? undefined : { type: 'works', phase: phaseOf(tool, input) };
    case 'permissionRequest':
      return permission(tool, input, cwd);
    case 'Notification':
      return notified(data.notification_type, data.message ?? '');
    case 'PostToolUse':
    case 'PostToolUseFailure':
      return { type: 'goesOn', key: tool === 'AskUserQuestion' ? QUESTION : keyOf(input, cwd) };
    case 'Stop':
      return isBeside ? undefined : { type: 'stops', isEnd: true, background: 0, error: null };
    case 'SessionEnd':
      return isBeside ? undefined : { type: 'ends' };
    default:
      return undefined;
  }
}

/** What it is about tells a call from others: they have no ids. */
function keyOf({ command, path, file_path: file, url }: Input, cwd: string | null): string {
  const place = file ?? path;
  const whole = place === undefined || isAbsolute(place) || cwd === null ? place : resolve(cwd, place);
  return command ?? whole ?? url ?? '';
}

function question({ message }: Input): HookMeaning {
  const asked = askedOf({ kind: 'question', ...(message === undefined ? {} : { question: message }) });
  return { type: 'mayAsk', key: QUESTION, said: QUESTION, asked };
}

function permission(tool: string, input: Input, cwd: string | null): HookMeaning | undefined {
  const { command, file_path: path, diff = '' } = input;
  if (tool === 'bash' && command !== undefined) {
    const asked = askedOf({ action: 'shell', command });
    return { type: 'mayAsk', key: command, said: `Run command: ${command}`, asked };
  }
  if (tool === 'edit' && path !== undefined) {
    const action = /^create file mode /mu.test(diff) ? 'create' : 'edit';
    return { type: 'mayAsk', key: path, said: `Edit file: ${path}`, asked: askedPath(action, path, cwd) };
  }
  return undefined;
}

/** A person is asked. What exactly stands in the request that was told before, else on the screen only. */
function notified(type: string | undefined, message: string): HookMeaning | undefined {
  if (type !== 'permission_prompt' && type !== 'elicitation_dialog') return undefined;
  const kind = type === 'permission_prompt' ? 'permission' : 'question';
  const key = message.slice(message.indexOf(': ') + 1).trim();
  return { type: 'asksIt', said: message, otherwise: { key, asked: { kind, text: '', request: null, options: [] } } };
}

function phaseOf(tool: string, { command }: Input): Phase | null {
  switch (tool) {
    case 'Bash':
      return commandPhase(command ?? '');
    case 'Write':
    case 'Edit':
    case 'MultiEdit':
      return 'editing';
    case 'Read':
    case 'Glob':
    case 'Grep':
    case 'Agent':
    case 'WebFetch':
    case 'WebSearch':
      return 'planning';
    default:
      return null;
  }
}
