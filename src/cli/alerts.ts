import { Throttler } from '../common/async.js';
import { TerminalParser, type TerminalSink } from '../common/terminalParser.js';
import { stripTerminal } from '../common/terminalText.js';
import { truncate } from '../common/text.js';
import type { Client } from '../client/api.js';
import { NoticeFinder } from '../protocol/notice.js';
import type { Session } from '../protocol/session.js';
import { sessionPlace } from '../view/machineText.js';

const GATHER_MS = 100;
const TEXT_LENGTH = 200;

/** Calls `tell` with one line for people whenever sessions begin to need input; not for those that do already. */
export function onNeedsInput(
  client: Client,
  isMeant: (session: Session) => boolean,
  tell: (text: string) => void,
): void {
  const finder = new NoticeFinder();
  const look = (): void => {
    const { sessions, machines } = client.snapshot;
    const placed = sessions
      .filter((session) => !session.archived && isMeant(session))
      .map((session) => ({ session, machineName: sessionPlace(session, machines).machineName }));
    const found = finder.look(placed).filter(({ kind }) => kind === 'needsInput');
    const [first] = found;
    if (first !== undefined) tell(found.length === 1 ? first.text : `${found.length} sessions need input`);
  };
  const gathered = new Throttler(GATHER_MS, look);
  client.onDidReset(look);
  client.onDidChange(({ change }) => {
    if (change.type !== 'notice') gathered.trigger();
  });
}

/**
 * What makes a terminal tell its person, through any number of ssh hops: OSC 9 with a text, and a bell for those that do
 * not know it. A tmux around it passes the text on when its `allow-passthrough` is on, and the bell always.
 */
export function alertSequence(text: string, env: NodeJS.ProcessEnv): string {
  // Text that begins with a number would be a progress bar to some terminals.
  const notification = `\x1b]9;Code Manager: ${truncate(stripTerminal(text), TEXT_LENGTH)}\x07`;
  const isInTmux = (env['TMUX'] ?? '') !== '';
  const sent = isInTmux ? `\x1bPtmux;${notification.replaceAll('\x1b', '\x1b\x1b')}\x1b\\` : notification;
  return `${sent}\x07`;
}

const NOTHING: TerminalSink = { text: () => {}, control: () => undefined, sequence: () => undefined };

/** A stream of a terminal, into which sequences of ours are put: between those of the stream, never inside one. */
export class Interjections {
  readonly #parser = new TerminalParser();
  readonly #decoder = new TextDecoder();
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #waiting = '';
  #isBetween = true;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** Passes on a piece of the stream. */
  async pass(bytes: Uint8Array): Promise<void> {
    this.#parser.push(this.#decoder.decode(bytes, { stream: true }), NOTHING);
    this.#isBetween = this.#parser.isIdle && !endsInsideLetter(bytes);
    await this.#write(bytes);
    await this.#flush();
  }

  /** Puts a sequence in as soon as the stream is between two of its own. */
  async say(sequence: string): Promise<void> {
    this.#waiting += sequence;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    if (!this.#isBetween || this.#waiting === '') return;
    const said = this.#waiting;
    this.#waiting = '';
    await this.#write(Buffer.from(said));
  }
}

/** Whether a letter of several bytes goes on in the next piece. */
function endsInsideLetter(bytes: Uint8Array): boolean {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return false;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back;
  }
  return false;
}
