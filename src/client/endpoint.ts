import { delay, withTimeout } from '../common/async.js';
import { BUILD, VERSION } from '../common/build.js';
import { readText } from '../common/files.js';
import { serverFilePath } from '../common/home.js';
import { compareVersions } from '../common/versions.js';
import { CodeManagerError } from '../protocol/errors.js';
import { ServerFile } from '../protocol/files.js';
import { PROTOCOL_VERSIONS, REQUESTS, type ParamsInput, type Result, type ServerInfo } from '../protocol/requests.js';
import { Connection } from './connection.js';
import { buildBeside } from './development.js';
import { ServerProcess } from './serverProcess.js';
import { isStopped, isThere, ServerStoppedError } from './stoppedServer.js';
import { NoAnswerError, type Transport } from './transport.js';

const START_DEADLINE_MS = 10_000;
const RETRY_MS = 20;
/** How often it is looked whether a server that was asked was stopped meanwhile. */
const LOOK_MS = 500;
const MAX_SERVER_FILE_BYTES = 64 * 1024;
const INITIALIZE_TIMEOUT_MS = 30_000;
/** A server that ended because it found another one is started again when that other one is still not there. */
const RESTART_AFTER_MS = 500;

export interface EndpointOptions {
  readonly name: string;
  /** Undefined: the server of this host. */
  readonly transport: Transport | undefined;
  readonly home: string;
  /** Undefined: never start a server. */
  readonly serverPath: string | undefined;
  readonly replaceOtherBuild: boolean;
  readonly subscribe: boolean;
  readonly log: (message: string) => void;
}

export interface Opened {
  readonly connection: Connection;
  readonly initialized: Result<'initialize'>;
}

/** Who the agent server of this host says it is; undefined when there is none or its file is damaged. */
export async function readServerFile(home: string): Promise<ServerFile | undefined> {
  try {
    return ServerFile.parse(JSON.parse(await readText(serverFilePath(home), MAX_SERVER_FILE_BYTES)));
  } catch {
    return undefined;
  }
}

/**
 * Connects to a server elsewhere, or finds the agent server of this host, starts it when there is none and replaces it
 * when it is older than this client; makes both known to each other. Rejects with what the server said when it does not start, with `unavailable` when it
 * does not answer within 10 s, with `tooOld` when this client is, and with what the transport says.
 */
export async function openServer(
  options: EndpointOptions,
  resume: { instance: string; seq: number } | undefined,
  signal: AbortSignal,
): Promise<Opened> {
  const { home, serverPath, log, transport } = options;
  // A server elsewhere is its own host's business: it is neither started nor replaced from here.
  if (transport !== undefined) return initialize(transport, options, resume, signal);
  const deadline = Date.now() + START_DEADLINE_MS;
  let child: ServerProcess | undefined;
  let startAgainAt = 0;
  let mayReplace = serverPath !== undefined;
  let lastError: unknown;
  try {
    for (;;) {
      signal.throwIfAborted();
      const file = await readServerFile(home);
      if (file !== undefined) {
        // It would take the connection and say nothing; a second server must not be beside it.
        if (await isStopped(file)) throw new ServerStoppedError(file.pid);
        const stopped = new AbortController();
        const watch = setInterval(() => {
          void isStopped(file).then((is) => is && stopped.abort(new ServerStoppedError(file.pid)));
        }, LOOK_MS);
        try {
          const either = AbortSignal.any([signal, stopped.signal]);
          const opened = await initialize({ kind: 'socket', path: file.socket }, options, resume, either);
          if (!mayReplace || !(await isReplaceable(opened.initialized.server, options))) return opened;
          mayReplace = false;
          if (!(await replaceServer(opened, options))) return opened;
        } catch (error) {
          stopped.signal.throwIfAborted();
          if (!(error instanceof CodeManagerError) || error.code !== 'unavailable') throw error;
          if (await isStopped(file)) throw new ServerStoppedError(file.pid);
          lastError = error;
        } finally {
          clearInterval(watch);
        }
      }
      if (serverPath === undefined) {
        if (lastError instanceof NoAnswerError && file !== undefined && isThere(file.pid))
          throw silentServer(file.pid, lastError);
        throw new CodeManagerError('unavailable', 'The agent server is not running', { cause: lastError });
      }
      if (child?.failure !== undefined) throw child.failure;
      if (child?.hasEnded === true && Date.now() >= startAgainAt) child = undefined;
      if (child === undefined) {
        log(`Starting the agent server (${serverPath})`);
        child = new ServerProcess(serverPath, home);
        startAgainAt = Date.now() + RESTART_AFTER_MS;
      }
      if (Date.now() > deadline) {
        if (file !== undefined && isThere(file.pid)) throw silentServer(file.pid, lastError);
        const said = child.output === '' ? '' : `: ${child.output.split('\n').at(-1) ?? ''}`;
        throw new CodeManagerError('unavailable', `The agent server did not answer within 10 s${said}`, {
          hint: 'Run `cm doctor` to see why.',
          cause: lastError,
        });
      }
      await delay(RETRY_MS, signal);
    }
  } finally {
    child?.release();
  }
}

function silentServer(pid: number, cause: unknown): CodeManagerError {
  return new CodeManagerError('unavailable', `The agent server (process ${pid}) does not answer`, {
    hint: `Look at its log, or end it with kill -9 ${pid}; agents go on.`,
    cause,
  });
}

async function initialize(
  transport: Transport,
  options: EndpointOptions,
  resume: { instance: string; seq: number } | undefined,
  signal: AbortSignal,
): Promise<Opened> {
  const connection = await Connection.open(transport, signal);
  try {
    const params: ParamsInput<'initialize'> = {
      protocolVersions: [...PROTOCOL_VERSIONS],
      client: {
        name: options.name,
        version: VERSION,
        build: BUILD,
        pid: process.pid,
        session: process.env['CM_SESSION']?.slice(0, 100) || undefined,
      },
      subscribe: options.subscribe,
      ...(resume === undefined ? {} : { resume }),
    };
    const result = await withTimeout(
      connection.request('initialize', params, { signal }),
      INITIALIZE_TIMEOUT_MS,
      () => new NoAnswerError(),
    );
    return {
      connection,
      initialized: checkResult('initialize', result, options.transport === undefined ? buildOf(result) : ''),
    };
  } catch (error) {
    connection.dispose();
    if (error instanceof CodeManagerError && error.code === 'tooOld') {
      throw new CodeManagerError('tooOld', error.message, {
        hint: error.hint ?? 'Update Code Manager, then try again.',
        cause: error,
      });
    }
    throw error;
  }
}

async function isReplaceable(server: ServerInfo, options: EndpointOptions): Promise<boolean> {
  const { serverPath, replaceOtherBuild } = options;
  const order = compareVersions(server.version, VERSION);
  if (order !== 0 || !replaceOtherBuild || serverPath === undefined) return order < 0;
  // Not that of this client, which may be an older one: two clients would replace each other's server for ever.
  return server.build !== (await buildBeside(serverPath));
}

/** Asks a server to make room and waits until it has. False when it refuses, because it is in the middle of something. */
async function replaceServer({ connection, initialized }: Opened, options: EndpointOptions): Promise<boolean> {
  const { version, build, pid } = initialized.server;
  try {
    await connection.request('server/stop', { replace: true });
  } catch (error) {
    if (!connection.isClosed) {
      options.log(`The agent server ${version} stays: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }
  await Promise.race([connection.closed, delay(START_DEADLINE_MS / 2)]);
  connection.dispose();
  options.log(`Replaced the agent server ${version} (build ${build}, pid ${pid}) by ${VERSION} (build ${BUILD})`);
  return true;
}

function buildOf(result: unknown): string {
  if (typeof result !== 'object' || result === null || !('server' in result)) return '';
  const { server } = result;
  if (typeof server !== 'object' || server === null || !('build' in server)) return '';
  return typeof server.build === 'string' ? server.build : '';
}

/** Whether a server was built from the very sources of this client. */
export function isSameBuild(build: string): boolean {
  return build === BUILD && BUILD !== 'dev';
}

/**
 * A result as the protocol describes it. A server of the same build holds that by its own types, and a thousand records
 * take longer to check than to fetch, so only the answers of other builds are checked.
 */
export function checkResult<M extends keyof typeof REQUESTS>(method: M, result: unknown, build: string): Result<M> {
  if (isSameBuild(build)) return result as Result<M>;
  const parsed = REQUESTS[method].result.safeParse(result);
  if (parsed.success) return parsed.data as Result<M>;
  throw new CodeManagerError('internal', `The agent server gave an answer to ${method} that makes no sense here`, {
    hint: 'Update Code Manager on both sides, then try again.',
    cause: parsed.error,
  });
}
