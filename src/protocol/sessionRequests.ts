import * as z from 'zod';
import { manage, person, READ } from './access.js';
import { Whence } from './audit.js';
import { Name } from './context.js';
import { Conversation } from './conversation.js';
import { Explanation } from './explanation.js';
import { LogSize } from './logSize.js';
import { OwnGit } from './ownGit.js';
import { Answer, AnswerResult } from './pendingRequest.js';
import { Empty, Ref, SessionRef, request } from './request.js';
import { CreateSession, Environment, Session } from './session.js';

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

/** Where a log is read from: a byte offset, or so many bytes before its end. */
const LogPosition = z.union([z.number().int().min(0), z.object({ tail: z.number().int().min(0) })]);

const Size = z.object({ columns: z.number().int().min(1).max(2000), rows: z.number().int().min(1).max(1000) });
const ATTACH = person('type into sessions');

/** Requests about sessions, their terminals and their logs. */
export const SESSION_REQUESTS = {
  'session/create': request(CreateSession, Session, { access: manage('start', 'start sessions'), repeat: true }),
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
    { access: READ },
  ),
  'session/get': request(SessionRef, Session, { about: 'session', access: READ }),
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
    {
      about: 'session',
      // By force it goes into a dialog.
      access: ({ force }) => (force ? person('answer requests') : manage('send', 'send text to sessions')),
    },
  ),
  'session/key': request(
    z.object({
      session: Ref,
      keys: z.array(z.string().min(1)).min(1),
      /** Also while somebody reads further up in its terminal. */
      force: z.boolean().default(false),
    }),
    Empty,
    { about: 'session', access: person('press keys in sessions') },
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
    { about: 'session', access: person('answer requests') },
  ),
  'session/interrupt': request(
    z.object({
      session: Ref,
      /** Also while somebody reads further up in its terminal. */
      force: z.boolean().default(false),
    }),
    Empty,
    { about: 'session', access: manage('stop', 'stop sessions') },
  ),
  /** Politely, after `timeoutMs` firmly. Answers when it has ended. */
  'session/stop': request(z.object({ session: Ref, timeoutMs: z.number().int().min(0).default(10_000) }), Session, {
    about: 'session',
    access: manage('stop', 'stop sessions'),
    repeat: true,
  }),
  'session/kill': request(SessionRef, Session, {
    about: 'session',
    access: manage('stop', 'stop sessions'),
    repeat: true,
  }),
  'session/rename': request(z.object({ session: Ref, name: Name }), Session, {
    about: 'session',
    access: { kind: 'own', words: 'rename other sessions' },
    repeat: true,
  }),
  'session/update': request(
    z.object({ session: Ref, pinned: z.boolean().optional(), unread: z.boolean().optional() }),
    Session,
    { about: 'session', access: person('mark sessions'), repeat: true },
  ),
  /** Refuses running ones unless forced; they are killed then. */
  'session/archive': request(z.object({ session: Ref, force: z.boolean().default(false) }), Session, {
    about: 'session',
    access: person('archive sessions'),
  }),
  /** Deletes record and log. */
  'session/purge': request(z.object({ session: Ref, force: z.boolean().default(false) }), Session, {
    about: 'session',
    access: person('delete sessions'),
  }),
  /** Null for a session that is reached over a connection of the agent server: use `terminal/open`. */
  'session/attach': request(Attaching.extend({ session: Ref }), AttachCommand.nullable(), {
    about: 'session',
    access: ({ readOnly }) => (readOnly ? READ : ATTACH),
    repeat: true,
  }),
  /** A terminal in a session over this connection: frames both ways with the answered id, then `terminal/exit`. */
  'terminal/open': request(
    Size.extend({ ...Attaching.shape, session: Ref }),
    z.object({ terminal: z.number().int() }),
    { access: ({ readOnly }) => (readOnly ? READ : ATTACH) },
  ),
  'terminal/resize': request(Size.extend({ terminal: z.number().int() }), Empty, { access: READ, repeat: false }),
  'terminal/close': request(z.object({ terminal: z.number().int() }), Empty, { access: READ, repeat: false }),
  /** What the tool itself recorded of the conversation; `notFound` when that is not known. */
  'session/transcript': request(SessionRef, Conversation, { about: 'session', access: READ }),
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
    { about: 'session', access: manage('start', 'start sessions'), repeat: true },
  ),
  'session/explain': request(SessionRef, Explanation, { about: 'session', access: READ }),
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
    { about: 'session', access: READ },
  ),
  /** Lets what was shown of the repository's own git configuration count; `conflict` when it is another one by now. */
  'session/trustGit': request(
    SessionRef.extend({ digest: z.string().min(1).max(100), use: z.boolean().default(true) }),
    Empty,
    { about: 'session', access: person('trust repositories'), repeat: true },
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
    { access: READ, repeat: false },
  ),
  'log/unsubscribe': request(z.object({ subscription: z.number().int() }), Empty, { access: READ, repeat: false }),
  'log/info': request(
    SessionRef,
    z.object({ base: z.number().int(), size: z.number().int(), closed: z.boolean(), path: z.string() }),
    { about: 'session', access: READ },
  ),
} as const;
