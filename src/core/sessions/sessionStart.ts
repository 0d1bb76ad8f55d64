import type { Clock } from '../../common/async.js';
import { crashPoint } from '../../common/crashPoint.js';
import type { Logger } from '../../common/logger.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Tool } from '../../protocol/tool.js';
import type { Machine } from '../machine/machine.js';
import type { Pane } from '../tmux/pane.js';
import { launchFile, type Launch } from '../tmux/scripts.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import type { LiveSessions } from '../live/liveSession.js';
import type { LogKeeper } from '../logs/logKeeper.js';
import type { SessionEnd } from './sessionEnd.js';
import type { SessionFiles } from '../records/sessionFiles.js';
import type { SessionStates } from '../live/sessionStates.js';
import type { SessionTable } from '../records/sessionTable.js';

export interface SessionStartOptions {
  readonly machine: Machine;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  readonly live: LiveSessions;
  readonly files: SessionFiles;
  readonly logs: Pick<LogKeeper, 'begin' | 'onResized'>;
  readonly states: Pick<SessionStates, 'watch'>;
  readonly ends: Pick<SessionEnd, 'finish'>;
  /** A tool's data as it is known today; undefined when its file has gone. */
  readonly tool: (id: string) => Tool | undefined;
  /** A window is about to be made: what happens to it has to be heard. */
  readonly onBegin: () => void;
  /** A window is there. */
  readonly onWindow: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starts sessions: their launch files, their windows, and the record of their launch. */
export class SessionStart {
  readonly #options: SessionStartOptions;
  /** Those whose window is being made. */
  readonly #starting = new Set<string>();

  constructor(options: SessionStartOptions) {
    this.#options = options;
  }

  /** Its window is being made at this moment. */
  isStarting(id: string): boolean {
    return this.#starting.has(id);
  }

  /**
   * Writes the launch file that {@link run} needs. The record must be saved after it, so that a crash between leaves
   * nothing half.
   *
   * @param calls variable by which the tool hears where to write down what it calls
   * @param runFrom size of the log: tells this run from those before
   */
  async prepare(id: string, launch: Launch, calls: string | undefined, runFrom = 0): Promise<void> {
    const { files } = this.#options;
    const env = { ...launch.env, CM_SESSION: id, CM_RUN: String(runFrom) };
    const file = calls === undefined ? undefined : { variable: calls, path: files.path(id, 'calls') };
    await files.write(id, 'launch', launchFile({ ...launch, env, file }));
  }

  /** Undoes {@link prepare} of a session that is not to be. */
  async forget(id: string): Promise<void> {
    await this.#options.files.remove(id, 'launch');
  }

  /** Makes the window. A session that has one already is taken over instead of started again. */
  async run(record: SessionRecord): Promise<void> {
    const { machine, live, files, logs, ends, onBegin, onWindow, log } = this.#options;
    const { id } = record;
    onBegin();
    this.#starting.add(id);
    try {
      logs.begin(id);
      const pane = await this.#window(record);
      live.track(pane);
      logs.onResized(pane);
      onWindow();
      const launched = this.launched(record, pane);
      // From another host nobody waits for its record to be written: memory has it, and what is not saved is saved again.
      if (!machine.capabilities.isFar) await launched;
    } finally {
      this.#starting.delete(id);
    }
    // It may have ended before anybody listened.
    const ended = async (): Promise<void> => {
      if (await files.hasExit(id)) await ends.finish(id);
    };
    if (!machine.capabilities.isFar) await ended();
    else ended().catch((error: unknown) => log.error(`end of ${id}: ${errorText(error)}`));
  }

  async #window({ id, tool, path }: SessionRecord): Promise<Pane> {
    const { tmux } = this.#options;
    try {
      const { reportsState, newlineByEscape = false } = this.#options.tool(tool) ?? {};
      const asksForReports = reportsState === 'asks';
      const pane = await tmux.create(id, { folder: path, asksForReports, newlineByEscape });
      crashPoint('after-window');
      return pane;
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'conflict') throw error;
      const known = (await tmux.panes()).find(({ session }) => session === id);
      if (!known) throw error;
      return known;
    }
  }

  /** Records that its window is there, and watches from now on what it does. */
  async launched(record: SessionRecord, pane: Pane): Promise<void> {
    const { table, tool, states, clock } = this.#options;
    const startup = tool(record.tool)?.startup;
    const waits = startup !== undefined && (startup.ready.length > 0 || startup.dialogs.length > 0);
    // A task that has to be typed waits for its session to be ready, also when nothing tells: then for a quiet moment.
    await table.apply(record.id, {
      type: 'launched',
      pid: pane.pid,
      waits: waits || record.delivery === 'pending',
      time: new Date(clock.now()).toISOString(),
    });
    const current = table.get(record.id);
    if (current) states.watch(current);
  }
}
