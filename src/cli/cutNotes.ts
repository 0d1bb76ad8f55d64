import { toDisposable, type Disposable } from '../common/disposable.js';
import type { Machine } from '../protocol/context.js';
import { connectionText } from '../view/machineText.js';
import type { Session } from '../protocol/session.js';
import type { App } from './app.js';

/** What a reader of a log is told of the way to its machine: when it breaks, and when it is there again. */
export class CutNotes {
  #since: string | undefined;

  /** A line to show, when there is something new. */
  next(machine: Machine, now: number): string | undefined {
    const { host, connection, since, lastSeen } = machine;
    if (connection === 'connecting') return undefined;
    const before = this.#since;
    if (connection === 'connected') {
      this.#since = undefined;
      return before === undefined
        ? undefined
        : `— ${host} offline ${clock(before)}, reconnected ${clock(since)}, nothing lost —`;
    }
    if (before !== undefined) return undefined;
    this.#since = lastSeen ?? since;
    if (connection === 'offline') return `— ${host} offline ${clock(this.#since)} —`;
    return `— ${host}: ${connectionText(machine, now)}; cm machine connect ${host} —`;
  }
}

/** Tells on the standard error how the machine of a session that is being read comes and goes. */
export function tellCuts(app: App, { machineId }: Session): Disposable {
  if (machineId === 'local') return toDisposable(() => {});
  const client = app.connect({ subscribe: true });
  const notes = new CutNotes();
  const look = (machine: Machine | undefined): void => {
    const note = machine?.id === machineId ? notes.next(machine, Date.now()) : undefined;
    if (note !== undefined) app.output.note(note);
  };
  client.onDidReset(({ machines }) => look(machines.find(({ id }) => id === machineId)));
  client.onDidChange(({ change }) => {
    if (change.type === 'machine/changed') look(change.machine);
  });
  return client;
}

function clock(iso: string): string {
  const date = new Date(iso);
  return [date.getHours(), date.getMinutes()].map((n) => String(n).padStart(2, '0')).join(':');
}
