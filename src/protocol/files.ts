import * as z from 'zod';
import { truncate } from '../common/text.js';
import { AnswerOutcome, AuditEntry } from './audit.js';
import { Timestamp } from './context.js';
import { FarSpec } from './machineKinds.js';
import { NO_HISTORY, SessionHistory } from './history.js';
import { Session } from './session.js';

/** `sessions/{active,archive}/<id>.json`: the session as clients see it and what only its server needs. */
export const SessionRecord = Session.extend({
  version: z.literal(1).default(1),
  /** The request that made it; a repeated one gets this session. */
  requestId: z.string().default(''),
  /** Who asked for its end. What a person stopped stays stopped. */
  ending: z.enum(['stop', 'kill']).nullable().default(null),
  /** Names of the variables that were given at its start; their values are never stored. */
  envNames: z.array(z.string()).default([]),
  /** A task that has to be typed: not yet, being typed (never repeated after a crash), done. */
  delivery: z.enum(['none', 'pending', 'typing', 'done']).default('none'),
  /** Where the tool keeps its conversations, and the id that it was given for a new one. */
  conversation: z.object({ home: z.string(), given: z.string().nullable() }).nullable().default(null),
  /** The request that resumed it last; a repeated one resumes nothing. */
  resumeId: z.string().default(''),
  /** Byte offset of the log at which its last run began. */
  runFrom: z.number().int().min(0).default(0),
  /** The answer that was given last, noted before it is sent: it is never given twice. */
  answered: z
    .object({
      request: z.string(),
      /** For people: `VS Code`, `cm`, `rule git-status`. */
      by: z.string(),
      /** What came of it; null while it is under way, and when the agent server ended meanwhile. */
      outcome: AnswerOutcome.nullable(),
      /** While it is under way: what will be recorded of it. */
      entry: AuditEntry.optional(),
    })
    .nullable()
    .default(null),
  /** Reasons for denials that wait for a free input box, each with what is recorded of it in the end. */
  unsaid: z
    .array(z.object({ reason: z.string(), entry: AuditEntry }))
    .default([])
    .catch([]),
  /** What it does since when, and sums of what it did before. One that cannot be read costs no session. */
  history: SessionHistory.default(NO_HISTORY).catch(NO_HISTORY),
  /** First byte offset of the log that is still on disk. */
  logBase: z.number().int().min(0).default(0),
});
export type SessionRecord = z.infer<typeof SessionRecord>;

/** How much of a task clients are told with every change of a session; `session/get` has all of it. */
const TASK_LETTERS = 4_000;

/** The part of a record that clients see. A long task is cut, since it would travel with every event. */
export function toSession(record: SessionRecord): Session {
  return { ...toWholeSession(record), task: truncate(record.task, TASK_LETTERS) };
}

const SHOWN = Session.keyof().options;

/** The same with the whole task. What a record has besides a session stays with its server. */
export function toWholeSession(record: SessionRecord): Session {
  return Object.fromEntries(SHOWN.map((key) => [key, record[key]])) as Session;
}

/** `~/.cm/config.json`, written by people, and by an installation that knows more than the file. */
export const ConfigFile = z.looseObject({
  /** Program that gets every notification as JSON on stdin. */
  notify: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** Path of tmux, when it is not in PATH. */
  tmux: z.string().optional(),
  /** The person's own command that the login shell runs before tmux and agents are looked for: `module load tmux`. */
  setup: z.string().min(1).optional(),
  /** How much of a session's log is kept, in MiB. */
  logCapMiB: z.number().positive().default(256),
  /** Ended sessions are archived after so many days; 0 keeps them. */
  retentionDays: z.number().min(0).default(30),
});
export type ConfigFile = z.infer<typeof ConfigFile>;

/** `~/.cm/trusted.json`: programs of git configurations that the person let run, by digest. */
export const TrustedFile = z.looseObject({
  version: z.literal(1),
  git: z.record(z.string(), z.looseObject({ since: Timestamp, use: z.boolean().default(true) })).default({}),
});
export type TrustedFile = z.infer<typeof TrustedFile>;

/** `~/.cm/servers/<host>.json`: the agent server of one host, written by itself. */
export const ServerFile = z.object({
  pid: z.number().int().positive(),
  /** Start of the process as the system tells it; with the pid it names one process for ever. */
  processStart: z.string(),
  bootId: z.string(),
  version: z.string(),
  build: z.string(),
  socket: z.string(),
  started: z.string(),
  /** Where it listens on TCP. */
  url: z.string().nullable().default(null),
});
export type ServerFile = z.infer<typeof ServerFile>;

/** What was marked on a session whose machine could not be reached. */
export const KeptUpdate = z.object({
  pinned: z.boolean().optional(),
  unread: z.boolean().optional(),
  /** When the session had changed last as the person saw it. */
  changed: Timestamp,
  /** When it was marked. */
  kept: Timestamp,
});
export type KeptUpdate = z.infer<typeof KeptUpdate>;

/** `~/.cm/machines/updates.json`, by session. */
export const KeptUpdatesFile = z.object({ version: z.literal(1), sessions: z.record(z.string(), KeptUpdate) });
export type KeptUpdatesFile = z.infer<typeof KeptUpdatesFile>;

/** `~/.cm/machines/<hash>.json`: what was known last of a machine whose sessions are on its own disk. */
export const MachineCacheFile = z.object({
  version: z.literal(1),
  /** Id of the machine. */
  id: z.string(),
  spec: FarSpec,
  node: z.string().nullable(),
  lastSeen: Timestamp.nullable(),
  /** Records, checked one by one. */
  sessions: z.array(z.unknown()),
});
export type MachineCacheFile = z.infer<typeof MachineCacheFile>;
