import * as z from 'zod';
import { person, READ, type Access } from './access.js';
import { AuditEntry } from './audit.js';
import { Context, Machine, Name, Tag, Timestamp } from './context.js';
import { MachineSpec } from './machineKinds.js';
import { Snapshot } from './collections.js';
import { ServerEvent } from './events.js';
import { ScreenJudgement } from './judgement.js';
import { PolicyDraft, PolicyRule, PolicyState, PolicyVerdict, RuleAction } from './policy.js';
import { Empty, MachineRef, Operation, Ref, SessionRef, request, type RequestRules } from './request.js';
import { SESSION_REQUESTS } from './sessionRequests.js';
import { ToolId, ToolInfo } from './tool.js';

/** The versions of the wire that this code speaks, best first. */
export const PROTOCOL_VERSIONS = [1] as const;

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

/** A token without its secret. */
export const TokenInfo = z.object({
  id: z.string(),
  name: z.string(),
  created: Timestamp,
  lastUsed: Timestamp.nullable(),
});
export type TokenInfo = z.infer<typeof TokenInfo>;

const CONTEXTS = person('change contexts');
const MACHINES = person('reach machines');
const RULES = person('change rules');
const TOKENS = person('change tokens');

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
    { access: READ, repeat: false },
  ),
  ping: request(Empty, Empty, { access: READ }),

  'context/list': request(z.object({ tag: z.string().optional() }), z.array(Context), { access: READ }),
  'context/get': request(z.object({ context: Ref }), Context, { access: READ }),
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
    { access: CONTEXTS },
  ),
  /** The context that holds a folder; `create` makes one, named after the folder, when there is none. */
  'context/forPath': request(
    z.object({ path: z.string().min(1), create: z.boolean().default(false) }),
    Context.nullable(),
    { access: ({ create }) => (create ? CONTEXTS : READ), repeat: true },
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
    { access: CONTEXTS, repeat: true },
  ),
  /** Refused while sessions run in it unless forced; they then go on without it. */
  'context/remove': request(z.object({ context: Ref, force: z.boolean().default(false) }), Context, {
    access: CONTEXTS,
  }),
  'context/test': request(
    z.object({ context: Ref, timeoutMs: z.number().int().min(1).default(30_000), operation: Operation }),
    z.array(Check),
    { access: MACHINES, repeat: true },
  ),

  'machine/list': request(Empty, z.array(Machine), { access: READ }),
  /** Answers when it is connected. What it asks meanwhile comes as `question` to this client alone. */
  'machine/connect': request(MachineRef.extend({ operation: Operation }), Machine, { access: MACHINES, repeat: true }),
  /** Until somebody connects it again. */
  'machine/disconnect': request(MachineRef, Machine, { access: MACHINES, repeat: true }),
  'machine/test': request(
    MachineRef.extend({ timeoutMs: z.number().int().min(1).default(30_000), operation: Operation }),
    z.array(Check),
    { access: MACHINES, repeat: true },
  ),
  /** Puts this version's agent server there and makes the contexts of the machine use it. */
  'machine/install': request(MachineRef.extend({ operation: Operation }), Machine, { access: MACHINES }),
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
    { access: MACHINES, repeat: true },
  ),
  /** Hosts that the person's ssh configuration names. */
  'machine/hosts': request(
    Empty,
    z.array(z.object({ alias: z.string(), hostName: z.string().nullable(), user: z.string().nullable() })),
    { access: READ },
  ),
  /** Null: not answered, and the sign-in ends. */
  'question/answer': request(z.object({ id: z.string(), answer: z.string().nullable() }), Empty, {
    access: person('answer questions'),
  }),
  'operation/cancel': request(z.object({ operation: z.string() }), Empty, { access: READ }),

  /** Without `versions` no tool is started to ask for its own. */
  'tool/list': request(
    z.object({
      refresh: z.boolean().default(false),
      versions: z.boolean().default(true),
      machine: Ref.default('local'),
    }),
    z.array(ToolInfo),
    { access: READ },
  ),

  /** Judges a saved screen as those of sessions are judged. */
  'screen/judge': request(z.object({ tool: ToolId, screen: z.string().max(1024 * 1024) }), ScreenJudgement, {
    access: READ,
  }),

  ...SESSION_REQUESTS,

  /** What was answered, newest first; of connected agent servers too. */
  'audit/list': request(
    z.object({
      session: Ref.optional(),
      context: Ref.optional(),
      limit: z.number().int().min(1).max(10_000).default(100),
      since: Timestamp.optional(),
    }),
    z.array(AuditEntry),
    { access: READ },
  ),

  /** The rules of this server and of connected agent servers, each carried out by the server that keeps it. */
  'policy/list': request(Empty, PolicyState, { access: READ }),
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
    { access: RULES },
  ),
  'policy/remove': request(z.object({ rule: Ref }), PolicyRule, { access: RULES }),
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
    { access: READ },
  ),
  /** Off: no rule holds, here and on every agent server that is connected, until it is taken back. */
  'policy/off': request(z.object({ off: z.boolean() }), PolicyState, { access: RULES, repeat: true }),
  /** The narrowest rule that would allow a pending request. `invalid` when none could. */
  'policy/propose': request(SessionRef.extend({ request: z.string().min(1) }), PolicyDraft, {
    about: 'session',
    access: READ,
  }),

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
    { access: READ },
  ),
  /** Refused while sessions run unless forced; they go on in any case. `replace`: a newer client takes over. */
  'server/stop': request(z.object({ force: z.boolean().default(false), replace: z.boolean().default(false) }), Empty, {
    access: person('stop the agent server'),
  }),
  'doctor/run': request(Empty, z.array(Check), { access: READ }),
  /** Files that are not used and why, one sentence each, on every machine whose files this server reads. */
  'server/problems': request(Empty, z.array(z.string()), { access: READ }),

  /** The clients that may connect to the agent server over TCP. */
  'token/list': request(Empty, z.array(TokenInfo), { access: READ }),
  /** The only time that the token itself is told. */
  'token/new': request(z.object({ name: Name }), TokenInfo.extend({ token: z.string() }), { access: TOKENS }),
  /** Ends the connections that use it. */
  'token/revoke': request(z.object({ token: Ref }), TokenInfo, { access: TOKENS }),
} as const;

export type Method = keyof typeof REQUESTS;
/** What a caller gives (defaults may be left out). */
export type ParamsInput<M extends Method> = z.input<(typeof REQUESTS)[M]['params']>;
/** What a handler gets. */
export type Params<M extends Method> = z.output<(typeof REQUESTS)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof REQUESTS)[M]['result']>;
/** Requests that the machine of the session that they name answers. */
export type AboutSession = {
  [M in Method]: (typeof REQUESTS)[M]['rules'] extends { readonly about: 'session' } ? M : never;
}[Method];
export const ABOUT_SESSIONS = (Object.keys(REQUESTS) as Method[]).filter(
  (method): method is AboutSession => 'about' in REQUESTS[method].rules,
);

/** What a request with these parameters does. */
export function accessOf<M extends Method>(method: M, params: Params<M>): Access {
  const { access } = REQUESTS[method].rules as RequestRules<z.ZodType>;
  return typeof access === 'function' ? access(params) : access;
}

/** A request may be sent again when its answer did not come. */
export function isRepeatable(method: Method): boolean {
  const { access, repeat } = REQUESTS[method].rules as RequestRules<z.ZodType>;
  return repeat ?? access === READ;
}
