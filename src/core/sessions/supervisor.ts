import { constants } from 'node:os';
import { join } from 'node:path';
import { delay, KeyedMutex, type Clock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Logger } from '../../common/logger.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import type { Machine } from '../machine.js';
import { launchFile, parseExit, type Launch } from '../tmux/scripts.js';
import type { Pane, TmuxServer } from '../tmux/tmuxServer.js';
import type { Ending } from './lifecycle.js';
import { ReportFollower } from './reportFollower.js';
import type { SessionTable } from './sessionTable.js';
import { StartupWatch } from './startupWatch.js';
import { reportEvent, type StateReport } from './stateReports.js';
import { pasteable, pasteTaken } from './textInput.js';

export interface SupervisorOptions {
  readonly machine: Machine;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  /** Folder of the active sessions' records, logs and marks. */
  readonly directory: string;
  /** A tool's data as it is known today; undefined when its file has gone. */
  readonly tool: (id: string) => Tool | undefined;
  readonly logCapBytes: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is known of a session beyond its record, while its window lives. */
interface Live {
  pane: Pane;
  /** Grows with each piece of output. */
  outputs: number;
  startup: StartupWatch | undefined;
  reports: ReportFollower | undefined;
  /** When the log was last opened again, in milliseconds since the epoch. */
  reopened: number;
}

/** A look at tmux by itself, should a push have been missed. */
const WATCHDOG_MS = 15_000;
const LAST_OUTPUT_MS = 5_000;

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/**
 * Keeps the records of one machine's sessions and its tmux in agreement: starts windows, hears what happens to them,
 * and takes over what runs when the server starts. The tmux window's own id decides which session it is, never a name.
 */
export class Supervisor implements Disposable {
  readonly #options: SupervisorOptions;
  readonly #live = new Map<string, Live>();
  readonly #finishing = new KeyedMutex();
  readonly #disposables = new DisposableStore();
  readonly #logChanged = new Emitter<string>();
  readonly #logClosed = new Emitter<string>();
  readonly #outputSeen = new Map<string, number>();
  readonly #capChecked = new Map<string, number>();
  #watching: Disposable | undefined;
  #watchdog: { cancel(): void } | undefined;

  /** Id of a session whose log may have grown. */
  readonly onLogChanged = this.#logChanged.event;
  /** Id of a session whose log has got its last byte. */
  readonly onLogClosed = this.#logClosed.event;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#disposables.add(options.tmux.onPaneChanged((pane) => this.#onPane(pane)));
    this.#disposables.add(options.tmux.onGone((reason) => void this.#onTmuxGone(reason)));
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  #file(id: string, kind: 'log' | 'exit' | 'closed' | 'launch' | 'launched' | 'note'): string {
    return join(this.#options.directory, `${id}.${kind}`);
  }

  /** Takes over what runs, ends what has ended, starts what was cut off before its start. */
  async adopt(): Promise<void> {
    this.#watch();
    const { table, tmux, log } = this.#options;
    const open = table.all().filter((record) => !hasEnded(record));
    const panes = new Map<string, Pane>();
    if (open.length > 0) {
      try {
        for (const pane of await tmux.panes()) panes.set(pane.session, pane);
      } catch (error) {
        // Without tmux nothing can be said about them: they keep their last word until it is there again.
        log.error(`sessions cannot be taken over: ${errorText(error)}`);
        this.#scheduleWatchdog();
        return;
      }
    }
    await Promise.all(
      open.map((record) =>
        this.#adoptOne(record, panes.get(record.id)).catch((error: unknown) =>
          log.error(`taking over ${record.id}: ${errorText(error)}`),
        ),
      ),
    );
    // A server that was killed between recording an end and clearing up left a window behind.
    for (const pane of panes.values()) {
      const record = table.get(pane.session);
      if (record !== undefined && hasEnded(record)) await tmux.kill(pane.session);
    }
    this.#scheduleWatchdog();
  }

  async #adoptOne(record: SessionRecord, pane: Pane | undefined): Promise<void> {
    const { machine, table } = this.#options;
    const { id } = record;
    const log = await machine.stat(this.#file(id, 'log'));
    if (log) table.touch(id, { lastOutput: new Date(log.mtimeMs).toISOString() });
    if (pane) {
      this.#track(pane);
      if (record.pid === null || record.started === null) await this.#launched(record, pane);
      else this.#resumeWatching(record);
      if (pane.dead || (await machine.stat(this.#file(id, 'exit'))) !== undefined) await this.#finish(id);
      else if ((await machine.stat(this.#file(id, 'closed'))) !== undefined) await this.#reopenLog(id);
      return;
    }
    if ((await machine.stat(this.#file(id, 'exit'))) !== undefined) return this.#finish(id);
    const { bootId } = await machine.identity();
    if (record.machine.bootId === bootId && (await machine.stat(this.#file(id, 'launch'))) !== undefined) {
      this.#options.log.info(`session ${id} was recorded and not started; starting it`);
      await this.start(record);
      return;
    }
    await this.#lost(record, bootId);
  }

  async #lost(record: SessionRecord, bootId: string): Promise<void> {
    const { table, machine, log } = this.#options;
    const rebooted = record.machine.bootId !== bootId;
    log.warn(`session ${record.id} is lost: ${rebooted ? 'the host restarted' : 'its tmux has gone'}`);
    await table.apply(record.id, {
      type: 'lost',
      reason: rebooted ? 'host restarted' : 'its tmux has gone',
      time: this.#now(),
    });
    await machine.remove(this.#file(record.id, 'launch'));
    this.#close(record.id);
  }

  /** Writes the launch file that {@link start} needs. The record must be saved after it, so that a crash between leaves nothing half. */
  async prepare(id: string, launch: Launch): Promise<void> {
    await this.#options.machine.writeFile(
      this.#file(id, 'launch'),
      launchFile({ ...launch, env: { ...launch.env, CM_SESSION: id } }),
    );
  }

  /** Undoes {@link prepare} of a session that is not to be. */
  async forget(id: string): Promise<void> {
    await this.#options.machine.remove(this.#file(id, 'launch'));
  }

  /** Makes the window. A session that has one already is taken over instead of started again. */
  async start(record: SessionRecord): Promise<void> {
    const { tmux } = this.#options;
    this.#watch();
    let pane: Pane | undefined;
    try {
      pane = await tmux.create(record.id);
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'conflict') throw error;
      pane = (await tmux.panes()).find(({ session }) => session === record.id);
      if (!pane) throw error;
    }
    this.#track(pane);
    this.#scheduleWatchdog();
    await this.#launched(record, pane);
  }

  async #launched(record: SessionRecord, pane: Pane): Promise<void> {
    const { table, tool } = this.#options;
    const startup = tool(record.tool)?.startup;
    const waits = startup !== undefined && (startup.ready.length > 0 || startup.dialogs.length > 0);
    // A task that has to be typed waits for its session to be ready, also when nothing tells: then for a quiet moment.
    await table.apply(record.id, {
      type: 'launched',
      pid: pane.pid,
      waits: waits || record.delivery === 'pending',
      time: this.#now(),
    });
    const current = table.get(record.id);
    if (current) this.#resumeWatching(current);
  }

  #resumeWatching(record: SessionRecord): void {
    const { tool: find, table, tmux, clock, log } = this.#options;
    const live = this.#live.get(record.id);
    const tool = find(record.tool);
    if (!live || !tool) return;
    const { id } = record;
    if (tool.reportsState) {
      live.reports ??= new ReportFollower({
        machine: this.#options.machine,
        path: this.#file(id, 'log'),
        onReport: (report) => this.#onReport(id, report),
        onError: (error) => log.debug(`state reports of ${id}: ${errorText(error)}`),
      });
    }
    if (record.status !== 'starting' || live.startup) return;
    live.startup = new StartupWatch({
      tool,
      clock,
      screen: () => tmux.screen(live.pane.pane),
      onDialog: ({ kind, text }) =>
        void table.apply(id, { type: 'startupDialog', waiting: { kind, text }, time: this.#now() }),
      onDialogGone: () => void table.apply(id, { type: 'startupDialogGone', time: this.#now() }),
      onReady: () => void this.#ready(id).catch((error: unknown) => log.error(`${id}: ${errorText(error)}`)),
      onError: (error) => log.debug(`screen of ${id}: ${errorText(error)}`),
    });
  }

  async #ready(id: string): Promise<void> {
    const { table } = this.#options;
    await table.apply(id, { type: 'ready', time: this.#now() });
    const record = table.get(id);
    if (record?.delivery !== 'pending') return;
    // Recorded first: a server killed while it types must not type the task a second time.
    await table.patch(id, { delivery: 'typing' });
    await this.send(id, record.task, true);
    await table.patch(id, { delivery: 'done' });
  }

  #track(pane: Pane): Live {
    const live: Live = { pane, outputs: 0, startup: undefined, reports: undefined, reopened: 0 };
    const known = this.#live.get(pane.session);
    if (known) {
      known.pane = pane;
      return known;
    }
    this.#live.set(pane.session, live);
    return live;
  }

  #liveOrThrow(id: string): Live {
    const live = this.#live.get(id);
    if (live) return live;
    throw new CodeManagerError('unavailable', 'The session cannot be reached', {
      hint: 'Its tmux does not answer; see cm doctor.',
    });
  }

  /** Types text as a paste and submits it once the program has taken it. */
  async send(id: string, text: string, enter: boolean): Promise<void> {
    const { tmux } = this.#options;
    const live = this.#liveOrThrow(id);
    const clean = pasteable(text);
    if (clean !== '') {
      const before = live.outputs;
      await tmux.paste(live.pane.pane, clean);
      if (enter) await pasteTaken(() => live.outputs, before);
    }
    if (enter) await tmux.keys(live.pane.pane, ['Enter']);
  }

  async keys(id: string, keys: readonly string[], gapMs = 0): Promise<void> {
    const { pane } = this.#liveOrThrow(id).pane;
    if (gapMs === 0) return this.#options.tmux.keys(pane, keys);
    for (const [index, key] of keys.entries()) {
      if (index > 0) await delay(gapMs);
      await this.#options.tmux.keys(pane, [key]);
    }
  }

  /** Asks its process group to end, waits, then ends everything that it started. */
  async stop(id: string, signal: string, timeoutMs: number): Promise<void> {
    const live = this.#live.get(id);
    if (live && timeoutMs > 0) {
      await this.#options.machine.signalGroup(live.pane.pid, signal);
      await this.#untilEnded(id, timeoutMs);
    }
    await this.kill(id);
  }

  /** Ends every process of a session at once and records the end. */
  async kill(id: string): Promise<void> {
    const { machine, table } = this.#options;
    // A process id from the record alone may be another process's by today; the marker is not.
    await machine.killTree(this.#live.get(id)?.pane.pid ?? null, id);
    const record = table.get(id);
    if (record && !hasEnded(record)) await this.#finish(id);
  }

  #untilEnded(id: string, timeoutMs: number): Promise<void> {
    const { table } = this.#options;
    const ended = (): boolean => {
      const record = table.get(id);
      return record === undefined || hasEnded(record);
    };
    return new Promise((resolve) => {
      if (ended()) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        subscription.dispose();
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const subscription = table.onDidChange(() => {
        if (ended()) done();
      });
    });
  }

  /** A person types in an attached terminal at this moment. */
  async isTyping(id: string, withinMs: number): Promise<boolean> {
    const newest = Math.max(
      0,
      ...(await this.#options.tmux.attached(id)).filter(({ readOnly }) => !readOnly).map(({ activity }) => activity),
    );
    return newest > 0 && this.#options.clock.now() - newest * 1000 < withinMs;
  }

  #watch(): void {
    if (this.#watching) return;
    const { machine, directory, log } = this.#options;
    this.#watching = machine.watch(
      directory,
      (name) => this.#onFile(name),
      (error) => {
        log.warn(`the folder of sessions cannot be watched: ${error.message}`);
        this.#watching?.dispose();
        this.#watching = undefined;
        // The watchdog looks at everything again and watches again.
        this.#scheduleWatchdog(1000);
      },
    );
  }

  #onFile(name: string): void {
    const dot = name.indexOf('.');
    const id = name.slice(0, dot);
    switch (name.slice(dot + 1)) {
      case 'log':
        this.#onOutput(id);
        return;
      case 'exit':
        void this.#finish(id).catch((error: unknown) => this.#options.log.error(`end of ${id}: ${errorText(error)}`));
        return;
      case 'closed':
        void this.#onLogWriterGone(id).catch((error: unknown) =>
          this.#options.log.error(`log of ${id}: ${errorText(error)}`),
        );
        return;
    }
  }

  #onOutput(id: string): void {
    const { clock, table } = this.#options;
    const live = this.#live.get(id);
    if (live) {
      live.outputs++;
      live.startup?.onOutput();
      live.reports?.onOutput();
    }
    this.#logChanged.fire(id);
    const now = clock.now();
    if (now - (this.#outputSeen.get(id) ?? 0) < LAST_OUTPUT_MS) return;
    this.#outputSeen.set(id, now);
    if (table.get(id)) table.touch(id, { lastOutput: new Date(now).toISOString() });
    void this.#keepCap(id).catch((error: unknown) => this.#options.log.warn(`log of ${id}: ${errorText(error)}`));
  }

  /** Frees the oldest part of a log that is over its cap; offsets stay what they are. */
  async #keepCap(id: string): Promise<void> {
    const { machine, table, logCapBytes } = this.#options;
    const record = table.get(id);
    const size = (await machine.stat(this.#file(id, 'log')))?.size ?? 0;
    const cap = logCapBytes();
    if (!record || size - record.logBase <= cap || (this.#capChecked.get(id) ?? 0) > size) return;
    // A quarter at a time, on a block of the disk.
    const base = Math.floor((size - cap * 0.75) / 4096) * 4096;
    await table.patch(id, { logBase: base });
    if (await machine.releaseHead(this.#file(id, 'log'), base)) return;
    await table.patch(id, { logBase: record.logBase });
    this.#capChecked.set(id, size + cap);
    this.#options.log.warn(`the log of ${id} is over its cap, and this system cannot free its head`);
  }

  async #onReport(id: string, report: StateReport): Promise<void> {
    const event = reportEvent(report, this.#now());
    if (!event) return;
    // The tool's own word ends the start: it is past its dialogs, or names one itself.
    if (this.#options.table.get(id)?.status === 'starting' && report.state !== 'blocked') {
      this.#live.get(id)?.startup?.dispose();
      await this.#ready(id);
    }
    await this.#options.table.apply(id, event);
  }

  #onPane(pane: Pane): void {
    const { table } = this.#options;
    const live = this.#live.get(pane.session);
    if (!live || live.pane.pane !== pane.pane) return;
    live.pane = pane;
    const record = table.get(pane.session);
    if (!record || hasEnded(record)) return;
    const title = truncate(stripTerminal(pane.title).trim(), 200);
    if (title !== '' && title !== record.title) table.touch(pane.session, { title });
    if (pane.dead)
      void this.#finish(pane.session).catch((error: unknown) =>
        this.#options.log.error(`end of ${pane.session}: ${errorText(error)}`),
      );
    else if (!pane.piped)
      void this.#reopenLog(pane.session).catch((error: unknown) =>
        this.#options.log.error(`log of ${pane.session}: ${errorText(error)}`),
      );
  }

  /** The log's writer ended: with its pane as it should, or killed, or because the disk is full. */
  async #onLogWriterGone(id: string): Promise<void> {
    const { table, machine, tmux } = this.#options;
    const record = table.get(id);
    if (!record || hasEnded(record) || (await machine.stat(this.#file(id, 'exit'))) !== undefined) return;
    const live = this.#live.get(id);
    const pane = live && (await tmux.pane(live.pane.pane));
    if (pane?.dead === false) await this.#reopenLog(id);
  }

  async #reopenLog(id: string): Promise<void> {
    const { tmux, log, clock, table, machine } = this.#options;
    const live = this.#live.get(id);
    // A disk that stays full must not make this a loop: the watchdog tries again later.
    if (!live || clock.now() - live.reopened < 5000) return;
    live.reopened = clock.now();
    log.warn(`the log of ${id} was not being written; opening it again`);
    await machine.remove(this.#file(id, 'closed'));
    await tmux.reopenLog(live.pane);
    await table.patch(id, { reason: 'its log has a gap: the log could not be written for a while' });
  }

  /** Records how a session ended, after its log has got its last byte, and clears up. */
  async #finish(id: string): Promise<void> {
    await this.#finishing.run(id, async () => {
      const { table, tmux, machine } = this.#options;
      const record = table.get(id);
      if (!record || hasEnded(record)) return;
      const pane = await this.#deadPane(id);
      const ending = await this.#ending(id, pane);
      await tmux.kill(id);
      if (pane) await this.#logClosedOnDisk(id);
      const size = await machine.stat(this.#file(id, 'exit'));
      const time = size ? new Date(size.mtimeMs).toISOString() : this.#now();
      await table.apply(id, { type: 'ended', ending, time });
      for (const kind of ['exit', 'closed', 'launch', 'launched', 'note'] as const)
        await machine.remove(this.#file(id, kind));
      this.#close(id);
    });
  }

  /** The pane once it is dead; the launcher needs a moment after it wrote how the tool ended. */
  async #deadPane(id: string): Promise<Pane | undefined> {
    const live = this.#live.get(id);
    if (!live) return undefined;
    let pane: Pane | undefined = live.pane;
    for (let tries = 0; tries < 80 && pane?.dead === false; tries++) {
      if (tries > 0) await delay(25);
      pane = await this.#options.tmux.pane(live.pane.pane).catch(() => undefined);
    }
    return pane;
  }

  async #ending(id: string, pane: Pane | undefined): Promise<Ending | null> {
    const text = await this.#options.machine.readFile(this.#file(id, 'exit')).catch(() => new Uint8Array());
    const exit = parseExit(Buffer.from(text).toString('utf8'));
    if (exit)
      return exit.kind === 'code'
        ? { exitCode: exit.code, signal: null }
        : { exitCode: null, signal: signalName(exit.number) };
    // The launcher itself was ended, so tmux saw it.
    if (pane?.dead && pane.signal !== null) return { exitCode: null, signal: signalName(pane.signal) };
    if (pane?.dead && pane.exitCode !== null) return { exitCode: pane.exitCode, signal: null };
    return null;
  }

  async #logClosedOnDisk(id: string): Promise<void> {
    const path = this.#file(id, 'closed');
    for (let tries = 0; tries < 200; tries++) {
      if ((await this.#options.machine.stat(path)) !== undefined) return;
      await delay(10);
    }
    this.#options.log.warn(`the log of ${id} was not closed in time`);
  }

  #close(id: string): void {
    const live = this.#live.get(id);
    live?.startup?.dispose();
    this.#live.delete(id);
    this.#outputSeen.delete(id);
    this.#logChanged.fire(id);
    this.#logClosed.fire(id);
  }

  async #onTmuxGone(reason: string): Promise<void> {
    this.#options.log.warn(`the tmux client ended: ${reason}`);
    await this.check().catch((error: unknown) => this.#options.log.error(errorText(error)));
  }

  /** Looks at every window once: after tmux was lost, and as a watchdog. */
  async check(): Promise<void> {
    this.#watch();
    const { table, tmux, machine } = this.#options;
    const open = table.all().filter((record) => !hasEnded(record));
    if (open.length === 0) return;
    const panes = new Map((await tmux.panes()).map((pane) => [pane.session, pane]));
    const { bootId } = await machine.identity();
    await tmux.ensureSocket();
    for (const record of open) {
      const pane = panes.get(record.id);
      if (pane) {
        const known = this.#live.has(record.id);
        this.#track(pane);
        if (!known) await this.#adoptOne(record, pane);
        else this.#onPane(pane);
        if ((await machine.stat(this.#file(record.id, 'exit'))) !== undefined) await this.#finish(record.id);
      } else if (this.#live.has(record.id) || record.started !== null) {
        // Gone from tmux: it wrote how it ended, or nobody knows.
        if ((await machine.stat(this.#file(record.id, 'exit'))) !== undefined) await this.#finish(record.id);
        else if (!hasEnded(table.get(record.id) ?? record)) await this.#lost(record, bootId);
      }
    }
  }

  #scheduleWatchdog(ms = WATCHDOG_MS): void {
    if (this.#watchdog) return;
    this.#watchdog = this.#options.clock.after(ms, () => {
      this.#watchdog = undefined;
      const running = this.#options.table.all().some((record) => !hasEnded(record));
      this.check()
        .catch((error: unknown) => this.#options.log.warn(`watchdog: ${errorText(error)}`))
        .finally(() => {
          if (running) this.#scheduleWatchdog();
        });
    });
  }

  dispose(): void {
    this.#watchdog?.cancel();
    this.#watching?.dispose();
    for (const live of this.#live.values()) live.startup?.dispose();
    this.#live.clear();
    this.#disposables.dispose();
    this.#logChanged.dispose();
    this.#logClosed.dispose();
  }
}

function signalName(number: number): string {
  return SIGNAL_NAMES.get(number) ?? `SIG${number}`;
}
