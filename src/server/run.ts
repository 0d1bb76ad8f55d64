import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, systemClock } from '../common/async.js';
import { BUILD, VERSION } from '../common/build.js';
import { serverFilePath } from '../common/home.js';
import { stripTerminal } from '../common/terminalText.js';
import { dataHome } from '../client/dataHome.js';
import { isDeveloping, onBuiltAnew } from '../client/development.js';
import { ServerProcess } from '../client/serverProcess.js';
import { readConfig } from '../core/store/configFile.js';
import { openHome } from '../core/store/home.js';
import { writeFileAtomic } from '../core/store/atomicFile.js';
import { machineIdentity } from '../machines/identity.js';
import { processStart } from '../machines/local/processTree.js';
import { LocalMachine } from '../machines/local/localMachine.js';
import { chooseRuntimeDirectory } from '../machines/runtimeDirectory.js';
import { CodeManagerError, errorText, EXIT_CODES, toCodeManagerError } from '../protocol/errors.js';
import type { ServerFile } from '../protocol/files.js';
import { AgentServer } from './agentServer.js';
import { isStopped, ServerStoppedError, type FoundServer } from '../client/stoppedServer.js';
import { dialStdio } from './dialStdio.js';
import { FileLogger } from './fileLogger.js';
import type { Hub } from './hub/hub.js';
import type { MachineServices } from './machineKinds.js';
import { openHub } from './openHub.js';
import { writeLauncher } from './launcher.js';
import { notifyCommand, NotifyProgram } from './notifyProgram.js';
import { readOptions, type ServerOptions } from './options.js';
import { runningServer, wake, withStartLock } from './singleInstance.js';
import { socketPath } from './socketPath.js';
import { TokenStore } from './tcp/tokenStore.js';

/** What runs as an agent server. */
export interface Program {
  /** The bundle that runs: who starts the server again runs it. */
  readonly path: string;
  /** How machines besides this host are reached, by kind. */
  readonly services: MachineServices;
}

/** A client that comes within this time finds the server still there. */
const IDLE_EXIT_MS = 60_000;
/** Why a server leaves that another one follows at once. */
const BUILT_ANEW = 'its program was built anew';
/** Clients wait for sessions to be taken over, but not for a tmux that does not answer. */
const ADOPT_WAIT_MS = 2_000;

/** The folder of all data, once it is known to belong to this user: nothing is written there before. */
let ownHome: string | undefined;

/** The whole life of the process. Resolves with its exit code. */
async function run(options: ServerOptions, program: Program): Promise<number> {
  const { foreground } = options;
  const umask = process.umask(0o077);
  const home = dataHome();
  await openHome(home);
  ownHome = home;
  const runtimeDirectory = await chooseRuntimeDirectory(home);
  const log = new FileLogger(join(home, 'server.log'), { echo: foreground, debug: process.env['CM_DEBUG'] === '1' });
  for (const warning of options.warnings) log.warn(warning);
  const file = serverFilePath(home);

  const started = await withStartLock(`${file}.lock`, async () => {
    const pid = await findOther(file, socketPath(runtimeDirectory));
    if (pid === undefined) return start({ home, runtimeDirectory, file, umask, log, options, program });
    if (!foreground) return undefined;
    throw new CodeManagerError('conflict', `An agent server runs already (process ${pid})`, {
      hint: 'End it with cm server stop.',
    });
  });
  if (!started) return 0;
  const { server, hub, notify, stopped } = started;
  const development = isDeveloping() ? onBuiltAnew(program.path, () => server.makeRoom(BUILT_ANEW)) : undefined;
  const reason = await stopped;
  development?.dispose();
  log.info(`agent server stops: ${reason}`);
  notify.dispose();
  await server.close();
  const { local } = hub;
  await hub.flush().catch((error: unknown) => log.error(errorText(error)));
  if (local.busy === 0) await local.engine?.tmux.connection.shutDown();
  hub.dispose();
  await rm(file, { force: true });
  if (reason === BUILT_ANEW) new ServerProcess(program.path, home).release();
  return 0;
}

/** A server that runs already and can be reached; one that is about to end is waited for. */
async function findOther(file: string, socket: string): Promise<number | undefined> {
  for (;;) {
    const running = await runningServer(file, socket);
    if (running === undefined) return undefined;
    const { pid, isFiled } = running;
    const stopped = (): Promise<boolean> => isStopped({ pid, processStart: '' });
    const state = (await stopped()) ? 'silent' : await wake(pid, file, socket);
    if (state === 'awake') return pid;
    if (state === 'gone') continue;
    if (await stopped()) {
      // When it goes on it writes its file again.
      if (!isFiled) process.kill(pid, 'SIGHUP');
      throw new ServerStoppedError(pid);
    }
    throw new CodeManagerError('unavailable', `The agent server (process ${pid}) does not answer`, {
      hint: `End it with kill -9 ${pid} and try again; agents go on.`,
    });
  }
}

interface StartOptions {
  readonly home: string;
  readonly runtimeDirectory: string;
  /** Where it says who it is. */
  readonly file: string;
  /** The mask with which sessions make files; our own is stricter. */
  readonly umask: number;
  readonly log: FileLogger;
  readonly options: ServerOptions;
  readonly program: Program;
}

async function start({
  home,
  runtimeDirectory,
  file,
  umask,
  log,
  options,
  program,
}: StartOptions): Promise<{ server: AgentServer; hub: Hub; notify: NotifyProgram; stopped: Promise<string> }> {
  const machine = new LocalMachine({ umask, setup: async () => (await readConfig(home)).config.setup });
  const hub = await openHub({ home, machine, services: program.services, log });
  const notify = new NotifyProgram({
    sessions: () => hub.placedSessions(),
    onDidChange: hub.onDidChange,
    command: async () => notifyCommand((await readConfig(home)).config.notify),
    machine,
    clock: systemClock,
    log,
  });
  let stop: (reason: string) => void = () => undefined;
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  const tokens = new TokenStore(home);
  if (options.token !== undefined) tokens.give(options.token.token, options.token.name);
  const { tcp } = options;
  const server = new AgentServer({
    hub,
    runtimeDirectory,
    log,
    tokens,
    // Nobody elsewhere could start it again.
    idleExitMs: tcp === undefined ? Number(process.env['CM_IDLE_EXIT_MS'] ?? IDLE_EXIT_MS) : Infinity,
    outer: options.outer,
    onStop: (reason) => stop(reason),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  await Promise.race([hub.local.arrive(), delay(ADOPT_WAIT_MS)]).catch((error: unknown) => log.error(errorText(error)));
  const listener = tcp === undefined ? undefined : await server.listenTcp(tcp);

  const record: ServerFile = {
    pid: process.pid,
    processStart: (await processStart(process.pid)) ?? '',
    bootId: (await machineIdentity()).bootId,
    version: VERSION,
    build: BUILD,
    socket: server.socket,
    started: server.info.started,
    url: listener?.url ?? null,
  };
  const introduce = async (): Promise<void> => {
    await writeLauncher(home, program.path);
    await writeFileAtomic(file, JSON.stringify(record, null, 2) + '\n');
  };
  // Somebody looked for us and did not find us: what leads to us has vanished.
  process.on('SIGHUP', () => {
    openHome(home)
      .then(() => chooseRuntimeDirectory(home))
      .then(() => Promise.all([server.listen(), introduce(), hub.local.engine?.tmux.connection.ensureSocket()]))
      .catch((error: unknown) => log.error(`the socket could not be made again: ${errorText(error)}`));
  });
  // Whoever comes first finds what is known of the other machines.
  hub.start();
  await server.listen();
  await introduce();
  log.info(`agent server ${VERSION} (${BUILD}) listens on ${server.socket}`);
  if (listener !== undefined) {
    log.info(`clients with a token are let in at ${listener.url}`);
    if ((await tokens.list()).length === 0) log.warn('There is no token yet: cm server token new NAME');
  }
  // Read ahead, so that the first start does not wait for the login shell.
  void machine.loginEnvironment().then(({ warnings }) => {
    for (const warning of warnings) log.warn(warning);
  });
  return { server, hub, notify, stopped };
}

/**
 * The client that started us reads the last line of stderr; a person who did reads a sentence. Agents go on; the next
 * client starts a server.
 */
function fail(error: unknown): never {
  const failure = toCodeManagerError(error);
  const isForPeople = process.argv.includes('--foreground');
  process.stderr.write(`${isForPeople ? stripTerminal(errorText(failure)) : JSON.stringify(failure.toWire())}\n`);
  if (ownHome !== undefined) {
    new FileLogger(join(ownHome, 'server.log')).error(
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
  process.exit(isForPeople ? EXIT_CODES[failure.code] : EXIT_CODES.internal);
}

/** Prints which server runs on this host, if one does, also one that has lost its file and socket or was stopped. */
async function find(): Promise<number> {
  const home = dataHome();
  const running = await runningServer(serverFilePath(home), socketPath(await chooseRuntimeDirectory(home)));
  if (running === undefined) return 0;
  const isProcessStopped = await isStopped({ pid: running.pid, processStart: '' });
  process.stdout.write(`${JSON.stringify({ ...running, isStopped: isProcessStopped } satisfies FoundServer)}\n`);
  return 0;
}

/** Does what the command line of this process asks for, and ends the process with it. */
export function main(program: Program): void {
  process.on('uncaughtException', (error) => fail(error));
  process.on('unhandledRejection', (error) => fail(error));
  act(program).then((code) => process.exit(code), fail);
}

async function act(program: Program): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.find) return find();
  return options.dialStdio ? dialStdio(dataHome(), program.path, options.replace) : run(options, program);
}
