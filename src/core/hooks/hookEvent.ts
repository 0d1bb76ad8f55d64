import { createHash } from 'node:crypto';
import * as z from 'zod';

const Payload = z.looseObject({
  hook_event_name: z.string().optional(),
  session_id: z.string().optional(),
  cwd: z.string().optional(),
  /** As Copilot CLI names them for some events. */
  hookName: z.string().optional(),
  sessionId: z.string().optional(),
  /** Of a subagent. */
  agent_id: z.string().nullish(),
});

/** An event of a tool's hooks. */
export interface HookEvent {
  readonly name: string;
  /** The tool's own id of the conversation. */
  readonly conversation: string | null;
  readonly cwd: string | null;
  /** Under which it waits for an answer; null when it does not. */
  readonly ticket: string | null;
  /** Tells its whole content from any other. */
  readonly digest: string;
  /** Everything that the tool said; undefined when it was too long to be written down. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
}

/** The run of the tool, and the ticket, which becomes part of the names of files. */
const HEAD = /^(\d+)(?:\/([A-Za-z0-9][\w.-]{0,99}))?$/u;

/**
 * Reads a line that the hook program wrote.
 *
 * @param run the run of the tool that is listened to; what another one wrote is undefined, and so is what is no event
 */
export function parseHookLine(line: string, run: number): HookEvent | undefined {
  const space = line.indexOf(' ');
  const [, of, ticket = null] = HEAD.exec(line.slice(0, Math.max(0, space))) ?? [];
  if (of !== String(run)) return undefined;
  const text = line.slice(space + 1);
  const digest = createHash('sha256').update(text).digest('hex');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return cutEvent(text, { ticket, digest });
  }
  const { data } = Payload.safeParse(json);
  if (!data) return undefined;
  const { hook_event_name: name = data.hookName, session_id: id = data.sessionId, cwd = null } = data;
  if (name === undefined) return undefined;
  // Where a subagent has a conversation of its own, what it does belongs to the one that it was started in.
  const conversation = id === undefined || id === data.agent_id ? null : id;
  return { name, conversation, cwd, ticket, digest, payload: data };
}

/** What stands before the place where an event was cut off. Only the first of a name is the event's own. */
function cutEvent(text: string, head: Pick<HookEvent, 'ticket' | 'digest'>): HookEvent | undefined {
  const field = (name: string): string | null => new RegExp(`"${name}": ?"([^"\\\\]*)"`, 'u').exec(text)?.[1] ?? null;
  const name = field('hook_event_name');
  if (name === null) return undefined;
  return { ...head, name, conversation: field('session_id'), cwd: field('cwd'), payload: undefined };
}
