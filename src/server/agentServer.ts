import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
import { WebSocketServer, type WebSocket } from 'ws';
import { delay, KeyedMutex } from '../common/async.js';
import { BUILD, VERSION } from '../common/build.js';
import { shortHostName } from '../common/home.js';
import type { Logger } from '../common/logger.js';
import { stripTerminal } from '../common/terminalText.js';
import { truncate } from '../common/text.js';
import { makeFolder } from '../core/store/makeFolder.js';
import { unixEnd, type SocketEnd } from '../machines/local/socketEnd.js';
import { SocketPeers } from '../machines/local/socketPeer.js';
import { CodeManagerError, errorText } from '../protocol/errors.js';
import {
  PROTOCOL_VERSIONS,
  type Method,
  type Params,
  type Result,
  type ServerInfo,
  type TokenInfo,
} from '../protocol/requests.js';
import { MAX_MESSAGE_BYTES } from '../protocol/wire.js';
import { ClientConnection, type RequestHandler } from './clientConnection.js';
import { EventLog } from './eventLog.js';
import { createHandlers, type Handlers } from './handlers.js';
import { Boundary, type Inside } from './inside/boundary.js';
import { Origins } from './inside/origins.js';
import type { Hub } from './hub/hub.js';
import { PID_HEADER } from './singleInstance.js';
import { socketPath } from './socketPath.js';
import { TcpListener, type TcpOptions } from './tcp/tcpListener.js';
import { tokenHandlers } from './tokenHandlers.js';
import type { TokenStore } from './tcp/tokenStore.js';

export interface AgentServerOptions {
  readonly hub: Hub;
  readonly runtimeDirectory: string;
  readonly log: Logger;
  /** Who may connect over TCP. */
  readonly tokens: TokenStore;
  /** Goes by itself when nobody has needed it for so long, in milliseconds; never when infinite. */
  readonly idleExitMs: number;
  /** The session of another home inside which this server was started. */
  readonly outer?: string | undefined;
  /** The server wants to end; the owner disposes it. */
  readonly onStop: (reason: string) => void;
}

const HEARTBEAT_MS = 30_000;
const QUIET_TIMEOUT_MS = 10_000;

/** The one process per user and machine that owns its sessions: clients on a unix socket, events, requests. */
export class AgentServer implements RequestHandler {
  readonly info: ServerInfo;
  readonly socket: string;
  readonly #options: AgentServerOptions;
  readonly #events = new EventLog();
  readonly #connections = new Set<ClientConnection>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  readonly #handlers: Handlers;
  readonly #origins: Origins;
  readonly #boundary: Boundary;
  readonly #listening = new KeyedMutex();
  #http: Server | undefined;
  #tcp: TcpListener | undefined;
  #busy = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: AgentServerOptions) {
    const { hub } = options;
    this.#options = options;
    this.socket = socketPath(options.runtimeDirectory);
    this.info = {
      version: VERSION,
      build: BUILD,
      pid: process.pid,
      host: shortHostName(hostname()),
      instance: this.#events.instance,
      started: new Date().toISOString(),
    };
    this.#origins = new Origins({
      peers: new SocketPeers(),
      sessions: () => hub.local.sessions(),
      find: (id) => hub.local.call('session/get', { session: id }),
      outer: options.outer,
      log: options.log,
    });
    this.#boundary = new Boundary({
      policies: hub.data.policies,
      audit: hub.data.audit,
      find: (ref) => hub.find(ref),
      host: () => this.info.host,
      log: options.log,
    });
    this.#handlers = {
      ...createHandlers(hub, this.#origins),
      ...tokenHandlers(options.tokens),
      initialize: (params, connection) => this.#initialize(params, connection),
      'server/status': () => this.#status(),
      'server/stop': (params) => this.#stop(params),
    };
    hub.onDidChange((change) => {
      const event = this.#events.append(change, new Date().toISOString());
      let text: string | undefined;
      for (const connection of this.#connections) {
        if (!connection.subscribed) continue;
        text ??= JSON.stringify({ jsonrpc: '2.0', method: 'event', params: event });
        connection.sendEvent(event, text);
      }
      this.#considerIdle();
    });
  }

  /** A client whose right to be here is known; over TCP by its token. */
  accept(socket: WebSocket, end: SocketEnd | undefined, token?: TokenInfo): ClientConnection {
    const connection = new ClientConnection(socket, this, this.#options.log, end, token);
    this.#connections.add(connection);
    let alive = true;
    const beat = setInterval(() => {
      if (!alive) socket.terminate();
      alive = false;
      socket.ping();
    }, HEARTBEAT_MS);
    beat.unref();
    socket.on('pong', () => {
      alive = true;
    });
    socket.on('close', () => {
      clearInterval(beat);
      this.#connections.delete(connection);
      this.#considerIdle();
    });
    this.#considerIdle();
    return connection;
  }

  /** Listens on a port too. @throws CodeManagerError as `TcpListener.open` does */
  async listenTcp(options: TcpOptions): Promise<TcpListener> {
    const clients = {
      accept: (socket: WebSocket, token: TokenInfo, end: SocketEnd | undefined) => {
        const connection = this.accept(socket, end, token);
        return () => connection.initialized;
      },
    };
    this.#tcp = await TcpListener.open(options, this.#options.tokens, clients, this.#options.log);
    return this.#tcp;
  }

  /** Opens the socket, also again when it vanished; clients that are connected stay. */
  listen(): Promise<void> {
    return this.#listening.run('', () => this.#listen());
  }

  async #listen(): Promise<void> {
    if (this.#stopping) return;
    const before = this.#http;
    await makeFolder(this.#options.runtimeDirectory);
    // What stood there is dead or ours: only the holder of the start lock and a server that runs come here.
    before?.close();
    await rm(this.socket, { force: true });
    const http = createServer((_request, response) => {
      // Whoever finds the socket without our file learns here whose it is.
      response.writeHead(426, { [PID_HEADER]: String(process.pid) }).end();
    });
    http.on('upgrade', (request, socket, head) => {
      const end = unixEnd(request.socket);
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.accept(webSocket, end));
    });
    // The process's umask keeps everybody else out, also when the folder's mode was changed by hand.
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject).listen(this.socket, resolve);
    });
    this.#http = http;
    this.#considerIdle();
  }

  async handle(method: Method, params: unknown, connection: ClientConnection): Promise<unknown> {
    if (this.#stopping) throw new CodeManagerError('unavailable', 'The agent server is going', { hint: 'Try again.' });
    this.#busy++;
    try {
      return await this.#dispatch(method, params, connection);
    } finally {
      this.#busy--;
      this.#considerIdle();
    }
  }

  async #dispatch<M extends Method>(method: M, params: unknown, connection: ClientConnection): Promise<Result<M>> {
    const handler: Handlers[M] = this.#handlers[method];
    // The connection has parsed the parameters with the method's own schema.
    const parsed = params as Params<M>;
    await this.#boundary.admit(method, parsed, connection);
    return handler(parsed, connection);
  }

  insideOf({ end, said, closed }: ClientConnection): Promise<Inside | undefined> {
    return this.#origins.inside({ end, said, closed });
  }

  #initialize(
    { protocolVersions, client, subscribe, resume }: Params<'initialize'>,
    connection: ClientConnection,
  ): Result<'initialize'> {
    const protocolVersion = PROTOCOL_VERSIONS.find((version) => protocolVersions.includes(version));
    if (protocolVersion === undefined) {
      const tooOld = Math.max(...protocolVersions) < Math.min(...PROTOCOL_VERSIONS);
      throw new CodeManagerError(
        tooOld ? 'tooOld' : 'conflict',
        `${client.name} ${client.version} and the agent server ${VERSION} do not understand each other`,
        {
          hint: tooOld ? `Update ${client.name}.` : 'Restart the agent server: cm server restart.',
        },
      );
    }
    connection.clientName = truncate(stripTerminal(client.name), 60);
    connection.name = `${client.name}${client.pid === undefined ? '' : ` (${client.pid})`}`;
    connection.said = { pid: client.pid, session: client.session };
    connection.initialized = true;
    connection.subscribed = subscribe;
    const answer = { protocolVersion, server: this.info, capabilities: [], seq: this.#events.seq };
    if (!subscribe) return answer;
    const events = resume && this.#events.since(resume.instance, resume.seq);
    return events ? { ...answer, events } : { ...answer, snapshot: this.#options.hub.snapshot() };
  }

  #status(): Result<'server/status'> {
    const { hub } = this.#options;
    return {
      server: this.info,
      uptimeMs: Date.now() - Date.parse(this.info.started),
      sessions: hub.busy,
      clients: this.#connections.size,
      memory: process.memoryUsage.rss(),
      home: hub.data.paths.root,
      socket: this.socket,
      url: this.#tcp?.url ?? null,
      tmux: hub.local.engine?.tmux.version?.text ?? null,
    };
  }

  /** Leaves once nothing is under way, unless it was started by hand. */
  makeRoom(reason: string): void {
    if (this.#tcp === undefined) void this.#whenQuiet().then(() => this.#options.onStop(reason));
  }

  #stop({ force, replace }: Params<'server/stop'>): Result<'server/stop'> {
    const { hub, onStop } = this.#options;
    const running = hub.busy;
    if (running > 0 && !force && !replace) {
      throw new CodeManagerError('conflict', `${running} ${running === 1 ? 'session is' : 'sessions are'} running`, {
        hint: 'They go on without the agent server, and the next command starts it again.',
        anyway: 'stops it all the same',
      });
    }
    if (replace && this.#tcp !== undefined) {
      throw new CodeManagerError('conflict', 'This agent server was started by hand to listen on a port', {
        hint: 'Stop it and start the new one with the same port.',
      });
    }
    void this.#whenQuiet().then(() => onStop(replace ? 'a newer client takes over' : 'asked to stop'));
    return {};
  }

  /** Nothing is under way but the request that asked. */
  async #whenQuiet(): Promise<void> {
    const deadline = Date.now() + QUIET_TIMEOUT_MS;
    await delay(1);
    while (this.#busy > 0 && Date.now() < deadline) await delay(10);
  }

  #considerIdle(): void {
    const { hub, idleExitMs, onStop, log } = this.#options;
    const idle = this.#connections.size === 0 && hub.busy === 0 && this.#busy === 0;
    if (!idle || !Number.isFinite(idleExitMs)) {
      clearTimeout(this.#idleTimer);
      this.#idleTimer = undefined;
      return;
    }
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = undefined;
      if (this.#connections.size > 0 || hub.busy > 0) return this.#considerIdle();
      log.info('nobody needs the agent server');
      onStop('unused');
    }, idleExitMs);
  }

  /** Takes no more requests and lets clients go. */
  async close(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#idleTimer);
    for (const connection of this.#connections) connection.close();
    this.#http?.close();
    this.#tcp?.close();
    this.#webSockets.close();
    await rm(this.socket, { force: true }).catch((error: unknown) => this.#options.log.warn(errorText(error)));
    await delay(20);
  }
}
