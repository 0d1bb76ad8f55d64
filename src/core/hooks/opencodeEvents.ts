import * as z from 'zod';
import type { Phase } from '../../protocol/screen.js';
import { commandPhase } from '../state/commandPhase.js';
import type { Asked } from '../state/evidence.js';
import { turnErrorText } from '../state/turnError.js';
import type { HookEvent } from './hookEvent.js';
import { askedAddress, askedOf, askedPath, type HookAnswer, type HookMeaning } from './hookModel.js';

const Payload = z.looseObject({
  /** Of a subagent. */
  child: z.boolean().optional(),
  status: z.string().optional(),
  reply: z.string().optional(),
  id: z.string().optional(),
  permission: z.string().optional(),
  command: z.string().optional(),
  /** Absolute, where a command runs. */
  folder: z.string().optional(),
  path: z.string().optional(),
  url: z.string().optional(),
  pattern: z.string().optional(),
  question: z.string().optional(),
  tool: z.string().optional(),
  error: z.string().optional(),
});
type Payload = z.infer<typeof Payload>;

/** What the plugin for OpenCode replies to a request. */
export function opencodeAnswer({ decision, reason }: HookAnswer): string {
  const message = reason === null ? {} : { message: reason };
  return JSON.stringify(decision === 'allow' ? { reply: 'once' } : { reply: 'reject', ...message });
}

/** What an event means that the plugin for OpenCode wrote down. */
export function opencodeMeaning({ name, cwd, payload }: HookEvent): HookMeaning | undefined {
  const data = Payload.safeParse(payload).data;
  if (!data) return undefined;
  const { child = false, id: key = '' } = data;
  switch (name) {
    case 'conversation':
      return { type: 'begins', isNew: false };
    case 'session.status':
      if (child) return undefined;
      // That it was broken off looks the same.
      if (data.status === 'idle') return { type: 'stops', isEnd: null, background: 0 };
      return data.status === 'busy' || data.status === 'retry' ? { type: 'works', phase: null } : undefined;
    case 'session.error':
      return child ? undefined : { type: 'stops', isEnd: true, background: 0, error: turnErrorText(data.error ?? '') };
    case 'tool':
      return child ? undefined : { type: 'works', phase: phaseOf(data) };
    case 'permission.asked':
      return { type: 'asks', key, asked: opencodeAsked(data, cwd), takesAnswer: !child };
    case 'question.asked': {
      const { question } = data;
      return {
        type: 'asks',
        key,
        asked: askedOf({ kind: 'question', question }),
        takesAnswer: false,
      };
    }
    case 'permission.replied':
    case 'question.replied':
      return { type: 'goesOn', key, isDenied: data.reply === 'reject' };
    case 'question.rejected':
      return { type: 'goesOn', key, isDenied: true };
    default:
      return undefined;
  }
}

function phaseOf({ tool = '', command = '' }: Payload): Phase | null {
  switch (tool) {
    case 'bash':
      return commandPhase(command);
    case 'edit':
    case 'write':
    case 'patch':
    case 'apply_patch':
      return 'editing';
    case 'read':
    case 'glob':
    case 'grep':
    case 'list':
    case 'task':
    case 'webfetch':
    case 'websearch':
    case 'todowrite':
      return 'planning';
    default:
      return null;
  }
}

function opencodeAsked({ permission = '', command, folder, path, url, pattern }: Payload, cwd: string | null): Asked {
  switch (permission) {
    case 'bash':
      return folder === undefined ? notExact(command) : askedOf({ action: 'shell', command, folder });
    case 'edit':
      return askedPath('edit', path ?? pattern, cwd);
    case 'read':
    case 'glob':
    case 'grep':
    case 'list':
      return askedPath('read', path ?? pattern, cwd);
    case 'webfetch':
      return askedAddress(url ?? pattern);
    // What it looks for is no host that it reaches.
    case 'websearch':
      return askedOf({ action: 'network', text: `search ${pattern ?? ''}` });
    default:
      return askedOf({ action: 'other', text: `${permission} ${pattern ?? ''}`.trim() });
  }
}

/** A command that runs nobody knows where. */
function notExact(command: string | undefined): Asked {
  const asked = askedOf({ action: 'shell', command });
  return { ...asked, request: asked.request && { ...asked.request, exact: null } };
}
