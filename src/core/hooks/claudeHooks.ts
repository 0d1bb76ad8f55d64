import * as z from 'zod';
import type { Phase } from '../../protocol/screen.js';
import { commandPhase } from '../state/commandPhase.js';
import type { Asked } from '../state/evidence.js';
import { turnErrorText } from '../state/turnError.js';
import type { HookEvent } from './hookEvent.js';
import { askedAddress, askedOf, askedPath, type HookAnswer, type HookMeaning } from './hookModel.js';

/** The events that say what it does; each costs a process. */
const EVENTS = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PermissionRequest',
  'PostToolUse',
  'PostToolUseFailure',
  'Stop',
  'StopFailure',
  'SessionEnd',
] as const;

/** Seconds; the hook program needs milliseconds. */
const TIMEOUT_S = 10;
/**
 * Seconds for which a request can be answered by its hook. The dialog does not wait for the hook: who answers first, in the
 * terminal or by it, decides. After an answer in the terminal the hook runs on and what it says is ignored; Esc ends it.
 * Of several calls at once each gets its dialog, and its hook, when the one before was answered. A denial with a message
 * is the result of the call and the turn goes on; one that interrupts ends the turn.
 */
const ASK_TIMEOUT_S = 24 * 3600;

/**
 * Settings for one start of Claude Code: added to those of the person, and nowhere written down.
 *
 * @param command takes every event; `asking` a request, which it may answer
 */
export function claudeSettings(command: string, asking: string): string {
  const told = [{ hooks: [{ type: 'command', command, timeout: TIMEOUT_S }] }];
  const asked = [{ hooks: [{ type: 'command', command: asking, timeout: ASK_TIMEOUT_S }] }];
  const hook = (event: string): unknown => (event === 'PermissionRequest' ? asked : told);
  return JSON.stringify({ hooks: Object.fromEntries(EVENTS.map((event) => [event, hook(event)])) });
}

/** What a hook of Claude Code prints to answer its request: the dialog goes, as if a person had chosen. */
export function claudeAnswer({ decision, reason }: HookAnswer): string {
  const said =
    decision === 'allow'
      ? { behavior: 'allow' }
      : reason === null
        ? // As when a person denies: it stops and waits for them.
          { behavior: 'deny', message: 'The user denied this.', interrupt: true }
        : { behavior: 'deny', message: reason };
  return JSON.stringify({ hookSpecificOutput: { hookEventName: 'PermissionRequest', decision: said } });
}

const Payload = z.looseObject({
  /** Of a subagent; the conversation itself has none. */
  agent_id: z.string().nullish(),
  permission_mode: z.string().optional(),
  tool_name: z.string().optional(),
  tool_input: z.looseObject({}).optional(),
  source: z.string().optional(),
  /** Of a turn that failed: `rate_limit`, `authentication_failed`, … */
  error: z.string().optional(),
  last_assistant_message: z.string().optional(),
  background_tasks: z.array(z.unknown()).optional(),
});

/** Calls whose input comes back with what the person answered. */
const ANSWERED: ReadonlySet<string> = new Set(['AskUserQuestion', 'ExitPlanMode', 'EnterPlanMode']);

/** What an event of Claude Code's hooks means. */
export function claudeMeaning({ name, cwd, payload }: HookEvent): HookMeaning | undefined {
  const data = Payload.safeParse(payload ?? {}).data ?? {};
  const { tool_name: tool = '', tool_input: input = {}, permission_mode: mode } = data;
  // What a subagent does goes on beside the conversation; what it asks has to be answered all the same.
  const isBeside = data.agent_id != null;
  const key = payload === undefined ? null : JSON.stringify([tool, ANSWERED.has(tool) ? null : input]);
  switch (name) {
    case 'SessionStart':
      return { type: 'begins', isNew: data.source === 'startup' || data.source === 'fork' };
    case 'UserPromptSubmit':
      return { type: 'goesOn', key: null };
    case 'PreToolUse':
      return isBeside ? undefined : { type: 'works', phase: mode === 'plan' ? 'planning' : phaseOf(tool, input) };
    case 'PermissionRequest':
      // A question or a plan is not simply allowed, and what a subagent asks has a dialog of another kind.
      return {
        type: 'asks',
        key: key ?? '',
        asked: claudeAsked(tool, input, cwd),
        takesAnswer: !isBeside && key !== null && !ANSWERED.has(tool),
      };
    case 'PostToolUse':
    case 'PostToolUseFailure':
      return { type: 'goesOn', key };
    case 'Stop':
      return { type: 'stops', isEnd: true, background: data.background_tasks?.length ?? 0, error: null };
    case 'StopFailure':
      return {
        type: 'stops',
        isEnd: true,
        background: 0,
        error: turnErrorText(data.last_assistant_message ?? (data.error ?? '').replace(/_/gu, ' ')),
      };
    case 'SessionEnd':
      return { type: 'ends' };
    default:
      return undefined;
  }
}

type Input = Readonly<Record<string, unknown>>;

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function pathOf(input: Input): string | undefined {
  return text(input['file_path']) ?? text(input['notebook_path']) ?? text(input['path']);
}

function phaseOf(tool: string, input: Input): Phase | null {
  switch (tool) {
    case 'Bash':
    case 'PowerShell':
      return commandPhase(text(input['command']) ?? '');
    case 'Write':
    case 'Edit':
    case 'MultiEdit':
    case 'NotebookEdit':
      return 'editing';
    case 'Read':
    case 'Glob':
    case 'Grep':
    case 'Task':
    case 'Agent':
    case 'WebFetch':
    case 'WebSearch':
    case 'TodoWrite':
    case 'EnterPlanMode':
    case 'ExitPlanMode':
      return 'planning';
    default:
      return null;
  }
}

const Questions = z.looseObject({ questions: z.array(z.looseObject({ question: z.string() })).min(1) });

/** Whether a pattern of names may find files elsewhere than in the folder in which it looks for them. */
function leadsOut(pattern: string | undefined): boolean {
  return pattern !== undefined && /^[/~\\]|\.\.|^!?[A-Za-z]:|\{[^{}]*[/~]/u.test(pattern);
}

function claudeAsked(tool: string, input: Input, cwd: string | null): Asked {
  switch (tool) {
    case 'Bash':
    case 'PowerShell': {
      const command = text(input['command']);
      // Rules read what a POSIX shell reads; words mean something else to another one.
      const action = tool === 'Bash' ? 'shell' : 'other';
      // What a command has changed to stays the folder of the next one.
      const folder = cwd ?? undefined;
      return askedOf({ action, command, folder, ...(command === undefined ? { text: tool } : {}) });
    }
    case 'Write':
      return askedPath('create', pathOf(input), cwd);
    case 'Edit':
    case 'MultiEdit':
    case 'NotebookEdit':
      return askedPath('edit', pathOf(input), cwd);
    case 'Read':
      return askedPath('read', pathOf(input), cwd);
    case 'Glob':
    case 'Grep':
      return leadsOut(text(input[tool === 'Glob' ? 'pattern' : 'glob']))
        ? askedOf({ action: 'read', text: `read ${text(input['pattern']) ?? ''}` })
        : askedPath('read', pathOf(input), cwd);
    case 'WebFetch':
      return askedAddress(text(input['url']));
    // What it looks for is no host that it reaches.
    case 'WebSearch':
      return askedOf({ action: 'network', text: `search ${text(input['query']) ?? ''}` });
    case 'ExitPlanMode':
      return askedOf({ kind: 'plan', text: 'plan to review' });
    case 'EnterPlanMode':
      return askedOf({ action: 'mode', question: 'Enter plan mode?' });
    case 'AskUserQuestion': {
      const { question } = Questions.safeParse(input).data?.questions[0] ?? {};
      return askedOf({ kind: 'question', ...(question === undefined ? {} : { question }) });
    }
    default:
      return askedOf({ action: tool.startsWith('mcp__') ? 'mcp' : 'other', text: tool });
  }
}
