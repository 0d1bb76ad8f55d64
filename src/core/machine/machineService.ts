import type { Disposable } from '../../common/disposable.js';
import type { Event } from '../../common/emitter.js';
import type { AuditEntry } from '../../protocol/audit.js';
import type { Machine as MachineInfo } from '../../protocol/context.js';
import type { Change } from '../../protocol/events.js';
import type { LogSize } from '../../protocol/logSize.js';
import type { AboutSession, Check, Params, Result } from '../../protocol/requests.js';
import type { Attaching } from '../../protocol/sessionRequests.js';
import type { PolicyDraft, PolicyRule, PolicyState } from '../../protocol/policy.js';
import type { Session } from '../../protocol/session.js';
import type { Terminal, TerminalSize } from './machine.js';
import type { Operation } from './operation.js';

export type { Terminal, TerminalSize } from './machine.js';
export type { Asker, Operation } from './operation.js';

/** Requests that are about the sessions of one machine. */
export type SessionMethod = AboutSession | 'session/create' | 'session/list' | 'tool/list' | 'policy/test';

/** The rules that another agent server keeps and carries out, with the ids of our contexts. */
export interface ForeignPolicies {
  /** As it was told last; undefined while it is not connected. */
  readonly state: PolicyState | undefined;
  add(draft: PolicyDraft): Promise<PolicyRule>;
  remove(rule: string): Promise<PolicyRule>;
  setOff(off: boolean): Promise<void>;
}

/** Where log bytes go. `write` resolves when the receiver can take more: a slow one lags in the file, not in memory. */
export interface LogSink {
  /** `bytes` are only valid during the call. */
  write(offset: number, bytes: Uint8Array): Promise<void> | undefined;
  /** Said before any byte of that size. */
  resized(size: LogSize): void;
  /** All bytes of an ended session were written. */
  end(offset: number): void;
  fail(error: unknown): void;
}

/** Where a log is read from: a byte offset, or so many bytes before its end. */
export type LogPosition = Params<'log/subscribe'>['from'];
/** What `log/subscribe` answers, but for the id of the subscription. */
export type LogStart = Omit<Result<'log/subscribe'>, 'subscription'>;

/** A log that is being followed. Nothing is written before {@link start}. */
export interface LogSubscription extends LogStart {
  readonly feed: Disposable;
  start(): void;
}

/** The sessions of one machine, wherever it is and however it is reached. */
export interface MachineService extends Disposable {
  /** `local`, or as `machineId` gives it. */
  readonly id: string;
  readonly info: MachineInfo;
  /** `session/*`, `machine/changed` and `notice`, of this machine alone. */
  readonly onDidChange: Event<Change>;
  /** The sessions that are not archived; the last known ones while the machine cannot be reached. */
  sessions(): readonly Session[];
  /** Files with records there that are not used and why, one sentence each. */
  readonly problems?: readonly string[];
  /** Sessions that have not ended. */
  readonly busy: number;
  /** Whether a session is out of reach although the machine is connected: on another node of it. */
  isAway?(session: string): boolean;
  /** Resolves when it is connected, at once when it is. @throws CodeManagerError `unauthorized`, `unavailable`, `dependencyMissing` … */
  connect(operation?: Operation): Promise<void>;
  /** Until somebody connects it again. */
  disconnect(): Promise<void>;
  call<M extends SessionMethod>(method: M, params: Params<M>): Promise<Result<M>>;
  subscribeLog(session: string, from: LogPosition, sink: LogSink): Promise<LogSubscription>;
  openTerminal(session: string, size: TerminalSize, how: Attaching): Promise<Terminal>;
  /** Walks the real path to a session in a folder, step by step; stops at the first step that fails, without rejecting. */
  test(folder: string, operation: Operation, onCheck: (check: Check) => void): Promise<void>;
  /** The folders in a folder there; `~` is the home there. */
  folders(path: string): Promise<Result<'machine/folders'>>;
  /** The rules of a server of its own there; undefined for a machine whose sessions are answered by this one. */
  readonly policies?: ForeignPolicies | undefined;
  /** What was answered by a server of its own there; undefined for one whose sessions are answered by this one. */
  audit?(params: Params<'audit/list'>): Promise<readonly AuditEntry[]>;
  /** Resolves when what must outlive the server is on disk. */
  flush?(): Promise<void>;
  /** Absolute, `~` expanded. @throws CodeManagerError `invalid` when there is no such folder */
  resolveFolder(path: string): Promise<string>;
}
