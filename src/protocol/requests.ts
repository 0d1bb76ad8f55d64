import * as z from 'zod';
import { AuditEntry, Whence } from './audit.js';
import { Context, Machine, MachineSpec, Name, Tag, Timestamp } from './context.js';
import { Conversation } from './conversation.js';
import { ServerEvent } from './events.js';
import { Explanation } from './explanation.js';
import { ScreenJudgement } from './judgement.js';
import { LogSize } from './logSize.js';
import { OwnGit } from './ownGit.js';
import { Answer, AnswerResult } from './pendingRequest.js';
import { NO_POLICY, PolicyDraft, PolicyRule, PolicyState, PolicyVerdict, RuleAction } from './policy.js';
import { CreateSession, Environment, Session } from './session.js';
import { ToolId, ToolInfo } from './tool.js';

/** The versions of the wire that this code speaks, best first. */
export const PROTOCOL_VERSIONS = [1] as const;

/** Id, unique prefix of at least four letters, or name. */
const Ref = z.string().min(1);
const Empty = z.object({});
const SessionRef = z.object({ session: Ref });
/** Id or name of a machine, or a context on it. */
const MachineRef = z.object({ machine: Ref });
/** The client's own id of something long: its progress is told under it, and `operation/cancel` ends it. */
const Operation = z.string().min(1).max(100).optional();
const Size = z.object({ columns: z.number().int().min(1).max(2000), rows: z.number().int().min(1).max(1000) });

export const ServerInfo = z.object({
  version: z.string(),
  /** Hash of the server's own code: tells two builds of one version apart. */
  build: z.string(),
  pid: z.number().int(),
  host: z.string(),
  /** Made new at each start: sequence numbers count within one instance. */
  instance: z.string(),
  started: Timestamp,
});
export type ServerInfo = z.infer<typeof ServerInfo>;

/** All that a client shows; archived sessions are asked for with `session/list`. */
export const Snapshot = z.object({
  machines: z.array(Machine),
  contexts: z.array(Context),
  sessions: z.array(Session),
  policy: PolicyState.default(NO_POLICY),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** One step of a test or one finding of the doctor. */
export const Check = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warning', 'failed']),
  detail: z.string(),
  /** The command or action that mends it. */
  fix: z.string().nullable(),
  ms: z.number().nullable(),
  /** Of a failed step: the error whose exit code applies. */
  code: z.string().nullable().default(null),
});
export type Check = z.infer<typeof Check>;

/** How likely it is that a terminal is inside a tmux of the person with the same prefix as ours. */
export const Nesting = z.enum(['yes', 'perhaps']);
export type Nesting = z.infer<typeof Nesting>;

/** How a terminal is attached to a session. */
export const Attaching = z.object({ readOnly: z.boolean().default(false), nesting: Nesting.optional() });
export type Attaching = z.infer<typeof Attaching>;

export const AttachCommand = z.object({
  /** Program and arguments of a terminal client; run it without TMUX in its environment. */
  command: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
});
export type AttachCommand = z.infer<typeof AttachCommand>;

/** A token without its secret. */
export const TokenInfo = z.object({
  id: z.string(),
  name: z.string(),
  created: Timestamp,
  lastUsed: Timestamp.nullable(),
});
export type TokenInfo = z.infer<typeof TokenInfo>;

/** Where a log is read from: a byte offset, or so many bytes before its end. */
const LogPosition = z.union([z.number().int().min(0), z.object({ tail: z.number().int().min(0) })]);

const request = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R): { params: P; result: R } => ({
  params,
  result,
});

/** Every request of the wire: what it takes and what it answers. */
export const REQUESTS = {
  /** Must be the first. With `subscribe` the answer carries a snapshot, or the missed events after `resume`. */
  initialize: request(
    z.object({
      protocolVersions: z.array(z.number().int()).min(1),
      client: z.object({
        name: z.string(),
        version: z.string(),
        build: z.string().optional(),
        pid: z.number().int().optional(),
        /** CM_SESSION in its own environment: counts where nothing better tells whether it is inside a session. */
        session: z.string().min(1).max(100).optional(),
      }),
      subscribe: z.boolean().default(false),
      resume: z.object({ instance: z.string(), seq: z.number().int() }).optional(),
    }),
    z.object({
      protocolVersion: z.number().int(),
      server: ServerInfo,
      capabilities: z.array(z.string()),
      /** Sequence number of the last event that the snapshot or the events contain. */
      seq: z.number().int(),
      snapshot: Snapshot.optional(),
      events: z.array(ServerEvent).optional(),
    }),
  ),
  ping: request(Empty, Empty),

  'context/list': request(z.object({ tag: z.string().optional() }), z.array(Context)),
  'context/get': request(z.object({ context: Ref }), Context),
  'context/add': request(
    z.object({
      name: Name,
      path: z.string().min(1),
      machine: MachineSpec.default('local'),
      /** Of an agent server that is reached by a port or URL; kept in the credentials only. */
      token: z.string().min(1).optional(),
      tags: z.array(Tag).default([]),
    }),
    Context,
  ),
  /** The context that holds a folder; `create` makes one, named after the folder, when there is none. */
  'context/forPath': request(
    z.object({ path: z.string().min(1), create: z.boolean().default(false) }),
    Context.nullable(),
  ),
  'context/edit': request(
    z.object({
      context: Ref,
      name: Name.optional(),
      path: z.string().min(1).optional(),
      machine: MachineSpec.optional(),
      /** As with `context/add`. */
      token: z.string().min(1).optional(),
      tags: z.array(Tag).optional(),
    }),
    Context,
  ),
  /** Refused while sessions run in it unless forced; they then go on without it. */
  'context/remove': request(z.object({ context: Ref, force: z.boolean().default(false) }), Context),
  'context/test': request(
    z.object({ context: Ref, timeoutMs: z.number().int().min(1).default(30_000), operation: Operation }),
    z.array(Check),
  ),

  'machine/list': request(Empty, z.array(Machine)),
  /** Answers when it is connected. What it asks meanwhile comes as `question` to this client alone. */
  'machine/connect': request(MachineRef.extend({ operation: Operation }), Machine),
  /** Until somebody connects it again. */
  'machine/disconnect': request(MachineRef, Machine),
  'machine/test': request(
    MachineRef.extend({ timeoutMs: z.number().int().min(1).default(30_000), operation: Operation }),
    z.array(Check),
  ),
  /** Puts this version's agent server there and makes the contexts of the machine use it. */
  'machine/install': request(MachineRef.extend({ operation: Operation }), Machine),
  /** The folders in a folder of a machine, which need not be that of a context yet. `~` is the home there. */
  'machine/folders': request(
    z.object({
      machine: MachineSpec,
      path: z.string().min(1).default('~'),
      /** Of an agent server that no context reaches yet; used for this request only. */
      token: z.string().min(1).optional(),
      operation: Operation,
    }),
    z.object({ path: z.string(), folders: z.array(z.string()) }),
  ),
  /** Hosts that the person's ssh configuration names. */
  'machine/hosts': request(
    Empty,
    z.array(z.object({ alias: z.string(), hostName: z.string().nullable(), user: z.string().nullable() })),
  ),
  /** Null: not answered, and the sign-in ends. */
  'question/answer': request(z.object({ id: z.string(), answer: z.string().nullable() }), Empty),
  'operation/cancel': request(z.object({ operation: z.string() }), Empty),

  /** Without `versions` no tool is started to ask for its own. */
  'tool/list': request(
    z.object({
      refresh: z.boolean().default(false),
      versions: z.boolean().default(true),
      machine: Ref.default('local'),
    }),
    z.array(ToolInfo),
  ),

  /** Judges a saved screen as those of sessions are judged. */
  'screen/judge': request(z.object({ tool: ToolId, screen: z.string().max(1024 * 1024) }), ScreenJudgement),

  'session/create': request(CreateSession, Session),
  /** Newest first. */
  'session/list': request(
    z.object({
      archived: z.boolean().default(false),
      context: z.string().optional(),
      machine: z.string().optional(),
      tool: z.string().optional(),
      /** The word in any case and with or without spaces (`needs-input`), or a status or state. */
      state: z.string().optional(),
      tag: z.string().optional(),
    }),
    z.array(Session),
  ),
  'session/get': request(SessionRef, Session),
  'session/send': request(
    z.object({
      session: Ref,
      text: z.string().refine((text) => !text.includes('\0'), 'A text cannot contain NUL characters'),
      /** Submit it. */
      enter: z.boolean().default(true),
      /** Also while it needs input, a half-typed line stands in it, or a person types or reads in an attached terminal. */
      force: z.boolean().default(false),
    }),
    Empty,
  ),
  'session/key': request(
    z.object({
      session: Ref,
      keys: z.array(z.string().min(1)).min(1),
      /** Also while somebody reads further up in its terminal. */
      force: z.boolean().default(false),
    }),
    Empty,
  ),
  /**
   * Answers the pending request, once. `conflict` when another one is pending or none, when somebody types at this
   * moment, and when the dialog is still there afterwards.
   */
  'session/answer': request(
    z.object({
      session: Ref,
      /** Id of the request that is answered, as it was shown. */
      request: z.string().min(1),
      answer: Answer,
      /** Who answers, for the record; by default the client's name. */
      by: z.string().min(1).max(100).optional(),
      /** Set by the agent server; what a client gives here is not looked at. */
      from: Whence.optional(),
    }),
    AnswerResult,
  ),
  'session/interrupt': request(
    z.object({
      session: Ref,
      /** Also while somebody reads further up in its terminal. */
      force: z.boolean().default(false),
    }),
    Empty,
  ),
  /** Politely, after `timeoutMs` firmly. Answers when it has ended. */
  'session/stop': request(z.object({ session: Ref, timeoutMs: z.number().int().min(0).default(10_000) }), Session),
  'session/kill': request(SessionRef, Session),
  'session/rename': request(z.object({ session: Ref, name: Name }), Session),
  'session/update': request(
    z.object({ session: Ref, pinned: z.boolean().optional(), unread: z.boolean().optional() }),
    Session,
  ),
  /** Refuses running ones unless forced; they are killed then. */
  'session/archive': request(z.object({ session: Ref, force: z.boolean().default(false) }), Session),
  /** Deletes record and log. */
  'session/purge': request(z.object({ session: Ref, force: z.boolean().default(false) }), Session),
  /** Null for a session that is reached over a connection of the agent server: use `terminal/open`. */
  'session/attach': request(Attaching.extend({ session: Ref }), AttachCommand.nullable()),
  /** A terminal in a session over this connection: frames both ways with the answered id, then `terminal/exit`. */
  'terminal/open': request(Size.extend({ ...Attaching.shape, session: Ref }), z.object({ terminal: z.number().int() })),
  'terminal/resize': request(Size.extend({ terminal: z.number().int() }), Empty),
  'terminal/close': request(z.object({ terminal: z.number().int() }), Empty),
  /** What the tool itself recorded of the conversation; `notFound` when that is not known. */
  'session/transcript': request(SessionRef, Conversation),
  /** Takes the conversation of an ended session up again, in the same session. The same request id resumes once. */
  'session/resume': request(
    z.object({
      session: Ref,
      requestId: z.string().min(8).max(100),
      env: Environment.default({}),
      /** As for `session/create`. */
      seat: Environment.optional(),
    }),
    Session,
  ),
  'session/explain': request(SessionRef, Explanation),
  /** What git says about the session's folder; branch null when it is no repository. */
  'session/changes': request(
    SessionRef,
    z.object({
      root: z.string().nullable(),
      branch: z.string().nullable(),
      files: z.array(z.object({ path: z.string(), status: z.string() })),
      /** What was left out of the repository's own configuration, and the person is asked about. */
      own: OwnGit.nullable().default(null),
    }),
  ),
  /** Lets what was shown of the repository's own git configuration count; `conflict` when it is another one by now. */
  'session/trustGit': request(
    SessionRef.extend({ digest: z.string().min(1).max(100), use: z.boolean().default(true) }),
    Empty,
  ),

  /** Bytes then come as binary frames with the answered id, in order, and `log/end` after the last one. */
  'log/subscribe': request(
    z.object({ session: Ref, from: LogPosition.default(0) }),
    z.object({
      subscription: z.number().int(),
      /** First offset that is still on disk. */
      base: z.number().int(),
      /** Where this subscription begins. */
      offset: z.number().int(),
      /** Size at the moment of the answer. */
      size: z.number().int(),
      path: z.string(),
      /** The terminal's sizes from `offset` on; the first one tells the size there. `log/resized` tells of later ones. */
      sizes: z.array(LogSize).default([]),
    }),
  ),
  'log/unsubscribe': request(z.object({ subscription: z.number().int() }), Empty),
  'log/info': request(
    SessionRef,
    z.object({ base: z.number().int(), size: z.number().int(), closed: z.boolean(), path: z.string() }),
  ),

  /** What was answered, newest first; of connected agent servers too. */
  'audit/list': request(
    z.object({
      session: Ref.optional(),
      context: Ref.optional(),
      limit: z.number().int().min(1).max(10_000).default(100),
      since: Timestamp.optional(),
    }),
    z.array(AuditEntry),
  ),

  /** The rules of this server and of connected agent servers, each carried out by the server that keeps it. */
  'policy/list': request(Empty, PolicyState),
  /** Kept where the sessions of its session or context are answered, else here, for all sessions that are answered here. */
  'policy/add': request(
    z.object({
      rule: PolicyDraft.extend({
        /** Words, or a command line of one plain command. */
        command: z
          .union([z.string().min(1), z.array(z.string())])
          .nullable()
          .default(null),
        context: Ref.nullable().default(null),
        session: Ref.nullable().default(null),
      }),
    }),
    PolicyRule,
  ),
  'policy/remove': request(z.object({ rule: Ref }), PolicyRule),
  /** What the rules would say to a request in a session or context. Nothing is answered or counted. */
  'policy/test': request(
    z.object({
      session: Ref.optional(),
      context: Ref.optional(),
      tool: ToolId.optional(),
      action: RuleAction,
      command: z.string().optional(),
      path: z.string().optional(),
    }),
    PolicyVerdict,
  ),
  /** Off: no rule holds, here and on every agent server that is connected, until it is taken back. */
  'policy/off': request(z.object({ off: z.boolean() }), PolicyState),
  /** The narrowest rule that would allow a pending request. `invalid` when none could. */
  'policy/propose': request(SessionRef.extend({ request: z.string().min(1) }), PolicyDraft),

  'server/status': request(
    Empty,
    z.object({
      server: ServerInfo,
      uptimeMs: z.number(),
      sessions: z.number().int(),
      clients: z.number().int(),
      /** Resident memory in bytes. */
      memory: z.number(),
      home: z.string(),
      socket: z.string(),
      /** Where it listens on TCP. */
      url: z.string().nullable().default(null),
      tmux: z.string().nullable(),
    }),
  ),
  /** Refused while sessions run unless forced; they go on in any case. `replace`: a newer client takes over. */
  'server/stop': request(z.object({ force: z.boolean().default(false), replace: z.boolean().default(false) }), Empty),
  'doctor/run': request(Empty, z.array(Check)),
  /** Files that are not used and why, one sentence each, on every machine whose files this server reads. */
  'server/problems': request(Empty, z.array(z.string())),

  /** Those who may connect to the agent server over TCP. */
  'token/list': request(Empty, z.array(TokenInfo)),
  /** The only time that the token itself is told. */
  'token/new': request(z.object({ name: Name }), TokenInfo.extend({ token: z.string() })),
  /** Ends the connections that use it. */
  'token/revoke': request(z.object({ token: Ref }), TokenInfo),
} as const;

export type Method = keyof typeof REQUESTS;
/** What a caller gives (defaults may be left out). */
export type ParamsInput<M extends Method> = z.input<(typeof REQUESTS)[M]['params']>;
/** What a handler gets. */
export type Params<M extends Method> = z.output<(typeof REQUESTS)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof REQUESTS)[M]['result']>;
