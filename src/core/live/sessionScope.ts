import type { Clock } from '../../common/async.js';
import type { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import type { MachineIdentity } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import type { Machine, MachinePlace } from '../machine/machine.js';
import type { SessionFiles } from '../records/sessionFiles.js';
import type { SessionTable } from '../records/sessionTable.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import type { Leadership } from './leadership.js';
import type { LiveSessions } from './liveSession.js';

/** What everything that cares for the sessions of one machine is built with, as long as it is the same machine. */
export interface SessionScope {
  readonly machine: Machine;
  readonly identity: MachineIdentity;
  readonly place: MachinePlace;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  readonly live: LiveSessions;
  readonly files: SessionFiles;
  readonly leadership: Leadership;
  /** A tool's data as it is known today; undefined when its file has gone. */
  readonly tool: (id: string) => Tool | undefined;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly log: Logger;
}
