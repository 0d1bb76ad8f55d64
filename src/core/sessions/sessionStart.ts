import { crashPoint } from '../../common/crashPoint.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Pane } from '../tmux/pane.js';
import { launchFile, type Launch } from '../tmux/scripts.js';
import type { LogKeeper } from '../logs/logKeeper.js';
import type { SessionEnd } from './sessionEnd.js';
import type { SessionStates } from '../live/sessionStates.js';
import { Emitter } from '../../common/emitter.js';
import type { SessionScope } from '../live/sessionScope.js';

export interface SessionStartOptions {
  readonly logs: Pick<LogKeeper, 'begin' | 'onResized'>;
  readonly states: Pick<SessionStates, 'watch'>;
  readonly ends: Pick<SessionEnd, 'finish'>;
}

/** Starts sessions: their launch files, their windows, and the record of their launch. */
export class SessionStart {
  readonly #scope: SessionScope;
  readonly #options: SessionStartOptions;
  readonly #willOpen = new Emitter<void>();
  readonly #didOpen = new Emitter<void>();
  /** The sessions whose window is being made. */
  readonly #starting = new Set<string>();

  /** Fires when a window is about to be made: what happens to it has to be heard. */
  readonly onWillOpen = this.#willOpen.event;
  /** Fires when a window is there. */
  readonly onDidOpen = this.#didOpen.event;

  constructor(scope: SessionScope, options: SessionStartOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  /** Whether a session's window is being made at this moment. */
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
    const { files } = this.#scope;
    const env = { ...launch.env, CM_SESSION: id, CM_RUN: String(runFrom) };
    const file = calls === undefined ? undefined : { variable: calls, path: files.path(id, 'calls') };
    await files.write(id, 'launch', launchFile({ ...launch, env, file }));
  }

  /** Undoes {@link prepare} of a session that is not to be. */
  async forget(id: string): Promise<void> {
    await this.#scope.files.remove(id, 'launch');
  }

  /** Makes the window. A session that has one already is taken over instead of started again. */
  async run(record: SessionRecord): Promise<void> {
    const { machine, live, files, log } = this.#scope;
    const { logs, ends } = this.#options;
    const { id } = record;
    this.#willOpen.fire();
    this.#starting.add(id);
    try {
      logs.begin(id);
      const pane = await this.#window(record);
      live.track(pane);
      logs.onResized(pane);
      this.#didOpen.fire();
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
    const { tmux } = this.#scope;
    try {
      const { reportsState, newlineByEscape = false } = this.#scope.tool(tool) ?? {};
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
    const { table, tool, clock } = this.#scope;
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
    if (current) this.#options.states.watch(current);
  }
}
