import { CodeManagerError } from '../protocol/errors.js';
import type { Attaching } from '../protocol/sessionRequests.js';
import type { Terminal } from '../client/api.js';
import { alertSequence, Interjections, onNeedsInput } from './alerts.js';
import type { App } from './app.js';

/**
 * What a terminal client on the other side turned on and could not turn off when the link broke: other screen, hidden
 * cursor, mouse, pasting in brackets, keypad and cursor keys, colours.
 */
const RESET =
  '\x1b[?1049l\x1b[?25h\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>' +
  '\x1b(B\x1b[0m\r\n';
const SIGNALS = { SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Hands this terminal to a session over the connection to the agent server. Gives the exit code of the terminal there; a
 * cut link is `unavailable`.
 *
 * @param notify have this terminal tell when any session needs input
 */
export async function attachRemotely(app: App, ref: string, how: Attaching, notify: boolean): Promise<number> {
  const { client } = app;
  const session = await client.request('session/get', { session: ref });
  const machines = await client.request('machine/list', {});
  const host = machines.find(({ id }) => id === session.machineId)?.host ?? session.machine.host;
  const { stdout } = process;
  const size = (): { columns: number; rows: number } => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const terminal = await client.openTerminal(session.id, { ...size(), ...how });
  const { code, isComplete } = await handOver(app, terminal, size, notify);
  if (!isComplete) await app.output.bytes(Buffer.from(RESET));
  if (code !== null) return code;
  const where = client.state.kind === 'connected' ? host : 'the agent server';
  throw new CodeManagerError('unavailable', `The connection to ${where} was lost; ${session.name} goes on`, {
    hint: `Attach again: cm attach ${session.id}`,
  });
}

interface Ending {
  /** Null when the link broke. */
  readonly code: number | null;
  /** The other side has cleared up. */
  readonly isComplete: boolean;
}

async function handOver(
  app: App,
  terminal: Terminal,
  size: () => { columns: number; rows: number },
  notify: boolean,
): Promise<Ending> {
  const { stdin, stdout } = process;
  const shown = new Interjections((bytes) => app.output.bytes(bytes));
  if (notify) {
    const client = app.connect({ subscribe: true });
    onNeedsInput(
      client,
      () => true,
      (text) => void shown.say(alertSequence(text, app.env)),
    );
  }
  const onTyped = (bytes: Buffer): void => terminal.write(bytes);
  const onResize = (): void => {
    const { columns, rows } = size();
    terminal.resize(columns, rows);
  };
  const restore = (): void => void stdin.setRawMode(false);
  // In raw mode Ctrl-C is a letter for the agent; a signal with that name comes from elsewhere.
  process.removeAllListeners('SIGINT').on('SIGINT', () => {});
  process.once('exit', restore);
  stdin.setRawMode(true).on('data', onTyped).resume();
  stdout.on('resize', onResize);
  try {
    return await new Promise((resolve) => {
      // Before anything is drawn that would have to be put back.
      for (const [signal, code] of Object.entries(SIGNALS)) {
        process.once(signal, () => resolve({ code, isComplete: false }));
      }
      terminal.onData((bytes) => shown.pass(bytes));
      terminal.onExit((code) => resolve({ code, isComplete: code !== null }));
      // The window may have changed while it was opened.
      onResize();
    });
  } finally {
    terminal.dispose();
    stdin.off('data', onTyped).pause();
    stdout.off('resize', onResize);
    restore();
  }
}
