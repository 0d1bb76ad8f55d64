import { followText } from '../../client/followText.js';
import type { Client } from '../../client/api.js';
import { systemClock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { errorText } from '../../protocol/errors.js';
import { hasEnded, type Session } from '../../protocol/session.js';
import { createChannel, type Channel } from '../editor/outputs.js';
import { BatchWriter, cutLine, joinLines, logFooter, logHeader } from '../../view/logText.js';
import { oneLine } from '../../view/plainText.js';

const FLUSH_MS = 60;
const PIECE_LENGTH = 256 * 1024;
/** The editor keeps a channel in a file that starts over at 30 MiB, and in a text model: stay well below. */
const MAX_LENGTH = 8 * 1024 * 1024;

export interface SessionLogOptions {
  readonly toolName: string;
  /** Name of its machine when that is another one than this window's. */
  readonly machine: string | undefined;
  readonly tailBytes: number;
  /** The newest record, undefined when it is gone. */
  readonly current: () => Session | undefined;
}

/** The name of a session's channel. */
export function channelName({ name }: Session): string {
  return `Code Manager: ${oneLine(name, 60)}`;
}

/** The output channel of one session, which follows its log. */
export class SessionLog implements Disposable {
  readonly #client: Client;
  readonly #options: SessionLogOptions;
  readonly #channel: Channel;
  /** The name that was wanted for its channel. */
  readonly title: string;
  readonly #writer: BatchWriter;
  #session: Session;
  #follower: Disposable | undefined;
  #length = 0;
  /** Where the log ended when its session did. */
  #end = 0;
  #hasEnded = false;
  #isComplete = false;
  /** The log is not followed any more, though the session may go on. */
  #hasFailed = false;

  constructor(client: Client, session: Session, options: SessionLogOptions) {
    this.#client = client;
    this.#session = session;
    this.#options = options;
    this.title = channelName(session);
    this.#channel = createChannel(this.title);
    this.#writer = new BatchWriter(
      { append: (text) => this.#channel.append(text) },
      (run) => systemClock.after(FLUSH_MS, run),
      PIECE_LENGTH,
    );
    this.#follow();
  }

  get name(): string {
    return this.#channel.name;
  }

  /** Shows it without taking the focus. */
  show(): void {
    this.#channel.show();
  }

  /** The record has changed; an end is noted below the last line of the log. */
  update(session: Session): void {
    this.#session = session;
    if (this.#hasEnded && !hasEnded(session)) this.#goOn();
    else this.#finish();
  }

  /**
   * The session's machine is back.
   *
   * @param text what there is to say about it, possibly nothing
   */
  reconnected(text: string): void {
    if (this.#hasEnded) return;
    // What could not be followed is read anew: half a screen makes no readable lines.
    if (this.#hasFailed) this.#startOver();
    if (text !== '') this.#write(`${text}\n`);
  }

  /** The session was resumed: what comes now follows in the same log. */
  #goOn(): void {
    this.#hasEnded = false;
    this.#isComplete = false;
    this.#follow(this.#end);
  }

  dispose(): void {
    this.#follower?.dispose();
    this.#writer.discard();
    this.#channel.dispose();
  }

  #follow(from: number | { readonly tail: number } = { tail: this.#options.tailBytes }): void {
    this.#follower?.dispose();
    this.#hasFailed = false;
    this.#write(`${logHeader(this.#session, this.#options.toolName, this.#options.machine)}\n`);
    this.#follower = followText(this.#client, this.#session.id, {
      from,
      onStart: ({ offset }) => {
        const cut = offset === from ? undefined : cutLine(offset);
        if (cut !== undefined) this.#write(`${cut}\n`);
      },
      onLines: (lines) => {
        this.#write(joinLines(lines));
        if (this.#length > MAX_LENGTH) this.#startOver();
        // A burst waits in the log's file instead of in the editor.
        return this.#writer.isFull ? this.#writer.drained() : undefined;
      },
      onEnd: (offset) => {
        this.#end = offset;
        this.#isComplete = true;
        this.#finish();
      },
      onError: (error) => {
        this.#hasFailed = true;
        this.#write(`— ${errorText(error)} —\n`);
      },
    });
  }

  #startOver(): void {
    this.#writer.discard();
    this.#channel.clear();
    this.#length = 0;
    this.#follow();
  }

  #finish(): void {
    if (!this.#isComplete || this.#hasEnded) return;
    const footer = logFooter(this.#options.current() ?? this.#session);
    if (footer === undefined) return;
    this.#hasEnded = true;
    this.#write(`${footer}\n`);
  }

  #write(text: string): void {
    this.#length += text.length;
    this.#writer.write(text);
  }
}
