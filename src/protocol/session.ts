import * as z from 'zod';
import { Name, Timestamp } from './context.js';
import { PendingRequest } from './pendingRequest.js';
import { Phase, WaitingKind } from './screen.js';
import { ToolId } from './tool.js';

/** Life cycle. Ended ones: completed (exit 0), failed (exit ≠ 0 or an unasked signal), stopped (by a person), lost. */
export const SessionStatus = z.enum(['starting', 'running', 'completed', 'failed', 'stopped', 'lost']);
export type SessionStatus = z.infer<typeof SessionStatus>;

/** What a session that has not ended is doing. */
export const SessionState = z.enum(['working', 'waiting', 'limited', 'idle', 'unknown']);
export type SessionState = z.infer<typeof SessionState>;

/** What a waiting session waits for. */
export const Waiting = z.object({
  kind: WaitingKind,
  /** One line for people, neutralised: `npm publish`, `Which colour?`, `trust this folder?`. */
  text: z.string(),
});
export type Waiting = z.infer<typeof Waiting>;

/** Identity of a machine: after a reboot or on another node of the same alias it differs. */
export const MachineIdentity = z.object({ host: z.string(), bootId: z.string() });
export type MachineIdentity = z.infer<typeof MachineIdentity>;

/** One process for ever: a pid is given away again, never with the same start. */
export const ProcessId = z.object({
  pid: z.number().int().positive(),
  /** As its system tells it. */
  start: z.string(),
});
export type ProcessId = z.infer<typeof ProcessId>;

/** One run of a tool in a context on a task. All times are ISO 8601 UTC; null where nothing is known. */
export const Session = z.looseObject({
  id: z.string().min(1),
  name: z.string().min(1),
  contextId: z.string(),
  /** Name of the context when the session was made; its folder may be renamed or removed later. */
  contextName: z.string(),
  /** The folder in which the tool runs. */
  path: z.string(),
  machine: MachineIdentity,
  /** Id of the machine by which clients are told of its connection. */
  machineId: z.string().default('local'),
  tool: ToolId,
  task: z.string(),
  mode: z.string().nullable().default(null),
  model: z.string().nullable().default(null),
  /** Extra arguments of the tool. */
  args: z.array(z.string()).default([]),
  status: SessionStatus,
  state: SessionState.nullable().default(null),
  phase: Phase.nullable().default(null),
  waiting: Waiting.nullable().default(null),
  /** What exactly it waits for, as far as that can be answered from here. */
  request: PendingRequest.nullable().default(null),
  /** Shells and agents that go on beside the conversation. */
  background: z.number().int().min(0).default(0),
  limitedUntil: Timestamp.nullable().default(null),
  /** How its last turn went wrong, in few words, neutralised: `401 Unauthorized`; empty when that is all that is known. */
  error: z.string().nullable().default(null),
  /** By what it was suspended, for people: `Ctrl+Z`, `SIGSTOP`. Its state is then what it was before. */
  suspended: z.string().nullable().default(null),
  /** Since when `status`, `state` and what is waited for are what they are. */
  changed: Timestamp,
  unread: z.boolean().default(false),
  pinned: z.boolean().default(false),
  archived: z.boolean().default(false),
  created: Timestamp,
  started: Timestamp.nullable().default(null),
  completed: Timestamp.nullable().default(null),
  lastOutput: Timestamp.nullable().default(null),
  exitCode: z.number().int().nullable().default(null),
  /** `SIGKILL` and the like. */
  signal: z.string().nullable().default(null),
  /** Why it failed or was lost, or what a person should know, one sentence. */
  reason: z.string().nullable().default(null),
  /** The tool's own id of the conversation, where it tells it. */
  conversationId: z.string().nullable().default(null),
  /** Folder and branch of the git worktree made for the session. */
  worktree: z.object({ path: z.string(), branch: z.string() }).nullable().default(null),
  /** Title that the tool gave its terminal, neutralised. */
  title: z.string().nullable().default(null),
  /** Process of the pane. */
  pid: z.number().int().nullable().default(null),
  toolVersion: z.string().nullable().default(null),
  /** Processes that it has left running when it ended. */
  left: z.array(ProcessId).default([]),
});
export type Session = z.infer<typeof Session>;

const ENDED_STATUSES: ReadonlySet<SessionStatus> = new Set(['completed', 'failed', 'stopped', 'lost']);

/** Whether a session ran, and does not any more. */
export function hasEnded(session: Pick<Session, 'status'>): boolean {
  return ENDED_STATUSES.has(session.status);
}

/** The largest task that is taken, in UTF-8 bytes. */
export const MAX_TASK_BYTES = 4 * 1024 * 1024;

/** Variables for a tool. */
export const Environment = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a variable name'), z.string());

/**
 * What leads to the login session that a person is in at present: their keys, their screen, their bus. It changes with
 * each login, so it comes from the client that starts something and not from the agent server, which lives for weeks.
 */
export const SEAT_VARIABLES: readonly string[] = [
  'SSH_AUTH_SOCK',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'DBUS_SESSION_BUS_ADDRESS',
];

/** The part of a client's environment that leads to the login session of its person. */
export function seatOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    SEAT_VARIABLES.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

export const CreateSession = z.object({
  /** The client's own id of this request: asked again after a cut, it answers with the same session. */
  requestId: z.string().min(8).max(100),
  tool: ToolId,
  task: z
    .string()
    .refine((task) => !task.includes('\0'), 'A task cannot contain NUL characters')
    .refine((task) => new TextEncoder().encode(task).length <= MAX_TASK_BYTES, 'A task has at most 4 MB')
    .default(''),
  /** Name, id or unique prefix of a context. Without it `path` decides. */
  context: z.string().optional(),
  /**
   * The folder in which it works, on this host. Its context is the deepest one that holds the folder, else a new one that is
   * made for it.
   */
  path: z.string().optional(),
  name: Name.optional(),
  mode: z.string().optional(),
  model: z.string().optional(),
  args: z.array(z.string()).default([]),
  env: Environment.default({}),
  /** {@link seatOf} of the client, for sessions of its own host. */
  seat: Environment.optional(),
  /** Digest of what the repository has of its own for git and may run in that worktree; `no` leaves it out. */
  trustGit: z.string().min(1).max(100).optional(),
  /** A git worktree for the session: true, or the name of its branch. */
  worktree: z.union([z.boolean(), z.string().min(1)]).default(false),
});
export type CreateSession = z.infer<typeof CreateSession>;
export type CreateSessionInput = z.input<typeof CreateSession>;
