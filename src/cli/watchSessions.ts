import { systemClock, Throttler } from '../common/async.js';
import { stripTerminal } from '../common/terminalText.js';
import type { Client } from '../client/api.js';
import type { Machine } from '../protocol/context.js';
import type { Snapshot } from '../protocol/collections.js';
import type { ParamsInput } from '../protocol/requests.js';
import type { Session } from '../protocol/session.js';
import { describe, type Word } from '../protocol/word.js';
import { CodeManagerError } from '../protocol/errors.js';
import { alertSequence, onNeedsInput } from './alerts.js';
import type { App } from './app.js';
import { forever } from './forever.js';
import { isCalled, machineOfSession } from '../view/machineText.js';
import { sessionColumns, sessionRow, sessionTable } from './sessionView.js';
import { formatTable } from './table.js';

type Filter = ParamsInput<'session/list'>;

const REDRAW_MS = 50;
const AGES_MS = 60_000;

/** Shows the list of sessions and its changes until the process is ended. */
export async function watchSessions(
  app: App,
  filter: Filter,
  { quiet, notify }: { readonly quiet: boolean; readonly notify: boolean },
): Promise<void> {
  if (notify && !app.output.canAlert) {
    throw new CodeManagerError('invalid', 'The flag --notify needs a terminal', {
      hint: 'A program hears all by `cm events`.',
    });
  }
  // What no list takes is refused: it would be waited for in vain.
  const asking = app.connect();
  await asking.request('session/list', filter).finally(() => asking.dispose());
  const client = app.connect({ subscribe: true });
  const { output } = app;
  const inPlace = output.isTerminal && !output.json && !quiet;
  await forever(client, (fail) => {
    // Whatever state is shown: who needs input may have left it by that.
    const { state: _state, ...others } = filter;
    const isMeant = (session: Session): boolean => matches(session, others, client.snapshot, Date.now());
    if (notify) onNeedsInput(client, isMeant, (text) => app.output.alert(alertSequence(text, app.env)));
    const show = inPlace ? inTerminal(app, client, filter) : asLines(app, client, filter, quiet);
    client.onDidReset(() => void show.reset().catch(fail));
    client.onDidChange(({ change }) => {
      if (change.type === 'session/changed') show.changed(change.session).catch(fail);
      else if (change.type === 'session/removed') show.removed(change.id, change.name).catch(fail);
      else if (change.type === 'machine/changed') show.machine(change.machine).catch(fail);
      else if (change.type !== 'notice') show.others().catch(fail);
    });
  });
}

interface View {
  reset(): Promise<void>;
  changed(session: Session): Promise<void>;
  removed(id: string, name: string): Promise<void>;
  machine(machine: Machine): Promise<void>;
  others(): Promise<void>;
}

function inTerminal({ output }: App, client: Client, filter: Filter): View {
  let drawn = 0;
  const draw = (): void => {
    const now = Date.now();
    const { sessions, machines } = client.snapshot;
    const shown = sessions
      .filter((session) => matches(session, filter, client.snapshot, now))
      .sort((a, b) => (a.id < b.id ? 1 : -1));
    const lines = shown.length === 0 ? ['No sessions.'] : sessionTable(output, shown, now, machines);
    const room = Math.max(2, output.rows - 1);
    const visible = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more`];
    void output.redraw(drawn, visible);
    drawn = visible.length;
  };
  const throttler = new Throttler(REDRAW_MS, draw);
  const minutely = (): void => {
    systemClock.after(AGES_MS, () => {
      draw();
      minutely();
    });
  };
  minutely();
  output.onResize(() => throttler.trigger());
  const redraw = async (): Promise<void> => throttler.trigger();
  return { reset: async () => draw(), changed: redraw, removed: redraw, machine: redraw, others: redraw };
}

/** One line, or one object, for each session at the start and for each change of one. */
function asLines({ output }: App, client: Client, filter: Filter, quiet: boolean): View {
  const known = new Map<string, { readonly name: string; readonly word: Word }>();
  const isShown = (session: Session): boolean => matches(session, filter, client.snapshot, Date.now());
  const wordOf = (session: Session): Word =>
    describe(session, Date.now(), machineOfSession(session, client.snapshot.machines)).word;
  const line = async (session: Session): Promise<void> => {
    known.set(session.id, { name: session.name, word: wordOf(session) });
    if (output.json) return output.record(session);
    if (quiet) return output.lines([session.id]);
    const row = sessionRow(session, Date.now(), client.snapshot.machines);
    await output.lines(formatTable(sessionColumns(output), [row], { header: false }));
  };
  const gone = async (id: string, name: string): Promise<void> => {
    if (!known.delete(id)) return;
    if (output.json) await output.record({ id, name, removed: true });
    else if (!quiet) await output.lines([`${id}  ${stripTerminal(name)}  removed`]);
  };
  return {
    async reset() {
      const ids = new Set(client.snapshot.sessions.map(({ id }) => id));
      for (const [id, { name }] of [...known]) if (!ids.has(id)) await gone(id, name);
      for (const session of client.snapshot.sessions) if (isShown(session)) await line(session);
    },
    async changed(session) {
      // One that leaves the filter is told as well, else a reader would believe in its last line.
      if (isShown(session) || known.has(session.id)) await line(session);
      if (session.archived) known.delete(session.id);
    },
    removed: gone,
    async machine(machine) {
      // A session's record says nothing of its machine, so readers of records are told of the machine itself.
      if (output.json) return output.record({ machine });
      for (const session of client.snapshot.sessions.filter(({ machineId }) => machineId === machine.id)) {
        const before = known.get(session.id)?.word;
        if (before === undefined ? isShown(session) : before !== wordOf(session)) await line(session);
      }
    },
    async others() {},
  };
}

const plain = (text: string): string => text.toLowerCase().replace(/[\s_-]/g, '');

/** Whether the agent server's list would have it too. */
export function matches(session: Session, filter: Filter, { contexts, machines }: Snapshot, now: number): boolean {
  const { archived = false, context, machine, tool, state, tag } = filter;
  if (session.archived && !archived) return false;
  if (tool !== undefined && session.tool !== tool) return false;
  if (context !== undefined && session.contextId !== context && session.contextName !== context) return false;
  const own = machineOfSession(session, machines);
  if (machine !== undefined && session.machine.host !== machine && !(own && isCalled(own, machine))) return false;
  if (tag !== undefined && !contexts.some(({ id, tags }) => id === session.contextId && tags.includes(tag)))
    return false;
  if (state === undefined) return true;
  const { word } = describe(session, now, own);
  return [word, session.status, session.state ?? ''].some((name) => plain(name) === plain(state));
}
