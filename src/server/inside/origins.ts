import type { Logger } from '../../common/logger.js';
import type { EngineService } from '../../core/engine/engineService.js';
import { installCommand } from '../../core/tools/installCommand.js';
import { sessionOf } from '../../machines/local/belonging.js';
import type { SocketEnd } from '../../machines/local/socketEnd.js';
import type { SocketPeers } from '../../machines/local/socketPeer.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';
import { hasEnded, type Session } from '../../protocol/session.js';
import type { Inside } from './boundary.js';

/** What is known of a client, and what it says of itself. */
export interface Origin {
  /** Our end of its connection; undefined where this system has none to look at. */
  readonly end: SocketEnd | undefined;
  readonly said: { readonly pid?: number | undefined; readonly session?: string | undefined };
  /** Aborted when it has gone. */
  readonly closed: AbortSignal;
}

export interface OriginsOptions {
  readonly peers: Pick<SocketPeers, 'holders' | 'program'>;
  /** Sessions of this host that are not archived. */
  readonly sessions: () => readonly Session[];
  /** An archived one too. @throws CodeManagerError `notFound` */
  readonly find: (id: string) => Promise<Session>;
  /** The session of another home inside which this server was started: its processes are no others than the server. */
  readonly outer: string | undefined;
  readonly log: Logger;
}

const UNKNOWN = { kind: 'unknown' } as const;

/** Tells inside which session a client is. */
export class Origins {
  readonly #options: OriginsOptions;

  constructor(options: OriginsOptions) {
    this.#options = options;
  }

  /** @throws CodeManagerError `unavailable` when the client has gone: nobody can tell any more */
  async inside({ end, said, closed }: Origin): Promise<Inside | undefined> {
    const { peers, sessions, log } = this.#options;
    const holders = end === undefined ? UNKNOWN : await peers.holders(end, said.pid);
    if (closed.aborted || (holders.kind === 'gone' && end?.kind === 'unix')) {
      throw new CodeManagerError('unavailable', 'The client went away before it was known who it is');
    }
    // Of a far end of TCP nothing runs here.
    if (holders.kind === 'gone') return undefined;
    if (holders.kind === 'unknown') {
      log.debug('it cannot be told which process a client is: what it says of itself counts');
      return this.#session(said.session);
    }
    const running = sessions().filter((session) => !hasEnded(session) && session.pid !== null);
    const panes = new Map(running.flatMap(({ pid, id }) => (pid === null ? [] : [[pid, id] as const])));
    for (const pid of holders.pids) {
      const found = await this.#session(await sessionOf(pid, { panes }));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A marker that no session of ours has is a session all the same: of another home or one that was deleted. */
  async #session(id: string | undefined): Promise<Inside | undefined> {
    if (id === undefined) return undefined;
    const { sessions, find, outer } = this.#options;
    const known = sessions().find((session) => session.id === id) ?? (await find(id).catch(() => undefined));
    if (known !== undefined) return known;
    return id === outer ? undefined : { id, name: id, contextId: '', contextName: '', tool: '' };
  }

  /** Whether it can be told here, for the doctor. */
  async check({ engine }: Pick<EngineService, 'engine'>): Promise<Check> {
    const started = performance.now();
    const program = await this.#options.peers.program();
    const common = { name: 'inside', ms: performance.now() - started, code: null };
    if (program !== undefined) {
      return { ...common, status: 'ok', detail: `${program} tells which clients are inside a session`, fix: null };
    }
    const detail = 'ss was not found: whether a client is inside a session is what the client says itself';
    const fix = engine === undefined ? null : await installCommand(engine.machine, 'iproute2');
    return { ...common, status: 'warning', detail, fix };
  }
}
