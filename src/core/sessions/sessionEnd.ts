import { constants } from 'node:os';
import { delay, KeyedMutex, Together } from '../../common/async.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { Pane } from '../tmux/pane.js';
import { formatExit, parseExit, type Exit } from '../tmux/scripts.js';
import type { Ending } from '../records/lifecycle.js';
import type { LogKeeper } from '../logs/logKeeper.js';
import { Emitter } from '../../common/emitter.js';
import type { SessionScope } from '../live/sessionScope.js';

/** tmux calls a pane dead when all its output is on the way to the log; that takes as long as the log grows. */
const DEAD_STALL_MS = 5_000;
const CLOSE_STALL_MS = 5_000;
const LOOK_MS = 20;
const LOOKS_PER_SIZE = 10;
/** Who ends so soon after a person pressed Ctrl+C ends by that. */
const BROKEN_OFF_MS = 10_000;
/** What a program prints after Ctrl+C until it has ended. */
const LAST_BYTES = 4096;
/** A pane can be dead before tmux has heard how its process ended; one that was killed has no code in old versions. */
const STATUS_LOOKS = 50;

// Of several names for one number (SIGABRT, SIGIOT) the first is the usual one.
const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals)
    .map(([name, number]) => [number, name] as const)
    .reverse(),
);

const isOver = (record: SessionRecord | undefined): boolean => record === undefined || hasEnded(record);

/** What ends of sessions are told by. */
export type EndScope = Pick<SessionScope, 'machine' | 'tmux' | 'table' | 'live' | 'files' | 'clock' | 'log'>;

/** Ends sessions, and records how they ended. */
export class SessionEnd {
  readonly #scope: EndScope;
  readonly #logs: Pick<LogKeeper, 'close'>;
  readonly #ended = new Emitter<{ readonly id: string; readonly root: number | null }>();
  readonly #finishing = new KeyedMutex();
  /** Who is noted at a time goes on together: then few looks at the processes are enough for all. */
  readonly #asked = new Together<{ readonly id: string; readonly how: 'stop' | 'kill' }, void>((asked) =>
    Promise.all(asked.map(({ id, how }) => this.#scope.table.apply(id, { type: 'endAsked', how }))),
  );
  /** Panes as they are now: one question to tmux for all that are asked for at a time. */
  readonly #panes = new Together<string, Pane | undefined>(async (panes) => {
    const { tmux } = this.#scope;
    const [only] = panes;
    if (only !== undefined && panes.length === 1) return [await tmux.pane(only)];
    const all = new Map((await tmux.panes()).map((pane) => [pane.pane, pane]));
    return panes.map((pane) => all.get(pane));
  });

  /** Fires when a session has ended by itself; `root`: the process of its pane. */
  readonly onDidEnd = this.#ended.event;

  constructor(scope: EndScope, logs: Pick<LogKeeper, 'close'>) {
    this.#scope = scope;
    this.#logs = logs;
  }

  /** Notes that a person ends it, before anything is done to it. */
  async asked(id: string, how: 'stop' | 'kill'): Promise<void> {
    await this.#asked.ask({ id, how });
  }

  /** Asks its processes to end, waits, then ends everything that it started. */
  async stop(id: string, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    const { live, machine, table } = this.#scope;
    const deadline = Date.now() + timeoutMs;
    // A launcher that has only just begun has no tool yet that could be asked, and after a cut its window is not known
    // at once.
    while (!isOver(table.get(id)) && Date.now() < deadline) {
      const pid = live.get(id)?.pane.pid;
      if (pid !== undefined && (await machine.signalGroup(pid, signal))) {
        // One that is suspended would not hear it.
        await machine.signalGroup(pid, 'SIGCONT');
        break;
      }
      await delay(LOOK_MS);
    }
    await table.until(id, isOver, Math.max(0, deadline - Date.now()));
    await this.kill(id);
  }

  /** Ends every process of a session at once and records the end. */
  async kill(id: string): Promise<void> {
    const { machine, live } = this.#scope;
    // A process id from the record alone may be another process's by today; the marker is not.
    await machine.killTree(live.get(id)?.pane.pid ?? null, id);
    // Also when it has ended by now: whoever records that may still be clearing up.
    await this.finish(id);
  }

  /** Records how a session ended, after its log has got its last byte, and clears up. */
  async finish(id: string): Promise<void> {
    await this.#finishing.run(id, async () => {
      const { table, files, clock } = this.#scope;
      const record = table.get(id);
      if (!record || hasEnded(record)) return;
      const pane = await this.#deadPane(id);
      const noted = await files.text(id, 'exit');
      const exit = parseExit(noted) ?? (await this.#exit(record, pane));
      const endedAt = (noted === '' ? undefined : (await files.stat(id, 'exit'))?.mtimeMs) ?? clock.now();
      const time = new Date(endedAt).toISOString();
      const isBrokenOff = record.ending === null && (await this.#isBrokenOff(id, exit, endedAt).catch(() => false));
      await this.#closeWindow(id, pane);
      if (pane?.piped === true || (pane === undefined && (await files.has(id, 'log')))) await this.#logClosed(id);
      await table.apply(id, { type: 'ended', ending: exit && toEnding(exit), isBrokenOff, time });
      await files.clear(id);
      this.#close(id);
      if (record.ending === null) this.#ended.fire({ id, root: pane?.pid ?? record.pid });
    });
  }

  /**
   * Records that nobody can know how it ended.
   *
   * @param isLeft what it started may run on, where nobody could see or answer it
   */
  async lost(id: string, reason: string, { isLeft }: { readonly isLeft: boolean }): Promise<void> {
    const { machine, table, files, clock, log } = this.#scope;
    log.warn(`session ${id} is lost: ${reason}`);
    await table.apply(id, { type: 'lost', reason, time: new Date(clock.now()).toISOString() });
    await this.#closeWindow(id, undefined);
    if (isLeft) await machine.killTree(null, id);
    await files.clear(id);
    this.#close(id);
  }

  /** With what somebody has opened beside it. */
  async #closeWindow(id: string, pane: Pane | undefined): Promise<void> {
    const { tmux, log } = this.#scope;
    await tmux
      .kill({ session: id, ...(pane === undefined ? {} : { window: pane.window }) })
      .catch((error: unknown) => log.warn(`window of ${id}: ${errorText(error)}`));
  }

  /** The record says how it ended and the log has its last byte. */
  #close(id: string): void {
    const { live } = this.#scope;
    live.get(id)?.hooks?.onEnded();
    live.delete(id);
    this.#logs.close(id);
  }

  /** The pane once it is dead; the launcher needs a moment after it wrote how the tool ended. */
  async #deadPane(id: string): Promise<Pane | undefined> {
    const { live } = this.#scope;
    let pane = live.get(id)?.pane;
    await this.#whileGrowing(id, DEAD_STALL_MS, async () => {
      if (pane?.dead === false) pane = await this.#panes.ask(pane.pane).catch(() => pane);
      return pane?.dead !== false;
    });
    return pane;
  }

  /**
   * How it ended when its launcher did not note it; null when nobody knows. What only tmux knows is written down, since its
   * window goes; of what a person has ended the record tells enough.
   */
  async #exit({ id, ending }: SessionRecord, pane: Pane | undefined): Promise<Exit | null> {
    const { files } = this.#scope;
    const exit = pane && (await this.#paneExit(pane));
    if (!exit) return null;
    // Only a crash within the next moments needs it.
    if (ending === null) await files.write(id, 'exit', formatExit(exit)).catch(() => undefined);
    return exit;
  }

  async #paneExit(found: Pane): Promise<Exit | undefined> {
    let pane = found;
    for (let look = 0; pane.dead && look < STATUS_LOOKS; look++) {
      const exit = exitOf(pane);
      if (exit !== undefined) return exit;
      await delay(LOOK_MS);
      pane = (await this.#panes.ask(pane.pane).catch(() => undefined)) ?? pane;
    }
    return undefined;
  }

  /** A person has ended it by Ctrl+C, from here or in a terminal that is attached. */
  async #isBrokenOff(id: string, exit: Exit | null, endedAt: number): Promise<boolean> {
    const { live, tmux, files } = this.#scope;
    const { brokenOff = -Infinity } = live.get(id) ?? {};
    if (performance.now() - brokenOff < BROKEN_OFF_MS) return true;
    const here = (await tmux.attached(id)).filter(
      ({ created, activity, readOnly }) => !readOnly && endedAt - Math.max(created, activity) * 1000 < BROKEN_OFF_MS,
    );
    if (here.length === 0) return false;
    if (isInterrupt(exit)) return true;
    // Many programs end in a way of their own then; that the key was pressed is what the terminal shows.
    const size = await files.logSize(id);
    return (await files.printedSince(id, Math.max(0, size - LAST_BYTES))).includes('^C');
  }

  async #logClosed(id: string): Promise<void> {
    const { files, log } = this.#scope;
    const closed = await this.#whileGrowing(id, CLOSE_STALL_MS, () => files.has(id, 'closed'));
    if (!closed) log.warn(`the log of ${id} was not closed in time`);
  }

  /** Looks until `done`; false when it never was, and the log has not grown for `stallMs`. */
  async #whileGrowing(id: string, stallMs: number, done: () => Promise<boolean>): Promise<boolean> {
    const { files } = this.#scope;
    let size = -1;
    let since = performance.now();
    for (let look = 0; !(await done()); look++) {
      await delay(LOOK_MS);
      if (look % LOOKS_PER_SIZE > 0) continue;
      const now = await files.logSize(id);
      if (now !== size) {
        size = now;
        since = performance.now();
      } else if (performance.now() - since > stallMs) {
        return false;
      }
    }
    return true;
  }
}

function exitOf({ signal, exitCode }: Pane): Exit | undefined {
  if (signal !== null) return { kind: 'signal', number: signal };
  return exitCode === null ? undefined : { kind: 'code', code: exitCode };
}

/** SIGINT, or as shells tell it. */
function isInterrupt(exit: Exit | null): boolean {
  return exit?.kind === 'signal' ? exit.number === constants.signals.SIGINT : exit?.code === 130;
}

function toEnding(exit: Exit): Ending {
  return exit.kind === 'code'
    ? { exitCode: exit.code, signal: null }
    : { exitCode: null, signal: SIGNAL_NAMES.get(exit.number) ?? `SIG${exit.number}` };
}
