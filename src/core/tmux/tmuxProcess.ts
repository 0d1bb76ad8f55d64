import { dirname, join } from 'node:path';
import { delay } from '../../common/async.js';
import type { Logger } from '../../common/logger.js';
import { copilotPlugin } from '../hooks/copilotHooks.js';
import { hookScript } from '../hooks/hookScript.js';
import { opencodePlugin } from '../hooks/opencodePlugin.js';
import type { Machine } from '../machine/machine.js';
import { HUB, MAKE_HUB } from './hiddenSession.js';
import { tmuxCommand } from '../../common/quote.js';
import { ATTACH_SCRIPT } from './attachScript.js';
import { readLoginFacts, scopeEnvironment, scopePrefix } from './scope.js';
import { launchScript, LIST_PROCESSES, pipeScript, tmuxConfig } from './scripts.js';
import { findTmux, type FoundTmux, type TmuxPlace } from './tmuxProgram.js';
import { TmuxRefusedError } from './tmuxErrors.js';
import { tmuxFeatures, type TmuxFeatures, type TmuxVersion } from './version.js';

export interface TmuxOptions {
  readonly machine: Machine;
  /** Private folder for the socket and our scripts; has no character that means something to tmux or a shell. */
  readonly runtimeDirectory: string;
  /** Where the logs go. */
  readonly sessionsDirectory: string;
  /** Where tmux is, asked whenever it is looked for. */
  readonly place: () => Promise<TmuxPlace>;
  /** The command by which the person changes something of the machine. */
  readonly editCommand?: (change: string) => string;
  readonly log: Logger;
}

const editAny = (change: string): string => `cm ctx edit NAME ${change}`;

/** What was looked at a moment ago needs no second look. */
const FILES_MS = 2_000;

/** The private tmux of one machine as a program, a socket, files and a process. */
export class TmuxProcess {
  readonly socket: string;
  readonly #options: TmuxOptions;
  #found: FoundTmux | undefined;
  #features: TmuxFeatures | undefined;
  #filesChecked = -Infinity;

  constructor(options: TmuxOptions) {
    this.#options = options;
    this.socket = join(options.runtimeDirectory, 'tmux.sock');
  }

  /**
   * Path and version of tmux; looks again while it is missing, or when it is asked for `anew`.
   * @throws CodeManagerError `dependencyMissing` with what to install
   */
  async program({ anew = false }: { readonly anew?: boolean } = {}): Promise<FoundTmux> {
    const { machine, place, editCommand = editAny } = this.#options;
    if (anew) {
      this.#found = undefined;
      await machine.loginEnvironment({ refresh: 'always' });
    }
    this.#found ??= await findTmux(machine, { place: await place(), editCommand });
    this.#features = tmuxFeatures(this.#found.version);
    return this.#found;
  }

  get version(): TmuxVersion | undefined {
    return this.#found?.version;
  }

  /** What it can do as far as that is known, also when it cannot be found any more. */
  get knownFeatures(): TmuxFeatures | undefined {
    return this.#features;
  }

  async features(): Promise<TmuxFeatures> {
    return tmuxFeatures((await this.program()).version);
  }

  /**
   * Folder, scripts and socket as they must be; each is made again when it vanished.
   *
   * @param pid process of the tmux that runs; undefined: none is known
   */
  async ensureFiles(pid: number | undefined): Promise<void> {
    const { machine, runtimeDirectory, sessionsDirectory } = this.#options;
    if (machine.capabilities.isFar && performance.now() - this.#filesChecked < FILES_MS) return;
    const { program } = await this.program();
    const hookTmux = { program, socket: this.socket };
    const files = {
      'launch.sh': launchScript(sessionsDirectory),
      'pipe.sh': pipeScript(sessionsDirectory),
      'hook.sh': hookScript(sessionsDirectory, hookTmux),
      'hook.js': opencodePlugin(sessionsDirectory, hookTmux),
      'attach.sh': ATTACH_SCRIPT,
      'tmux.conf': tmuxConfig(await this.features()),
      ...copilotPlugin(join(runtimeDirectory, 'hook.sh'), 'copilot'),
    };
    // All at once: on another host that is one round trip.
    await Promise.all([
      this.ensureSocket(pid),
      ...Object.entries(files).map(async ([name, text]) => {
        const path = join(runtimeDirectory, name);
        const known = await machine.stat(path);
        if (known?.size === Buffer.byteLength(text)) return;
        await machine.makeDirectory(runtimeDirectory);
        await machine.makeDirectory(dirname(path));
        await machine.writeFile(path, text);
      }),
    ]);
    this.#filesChecked = performance.now();
  }

  /** The configuration as it must be, and the command that has tmux read it. */
  async config(): Promise<{ readonly text: string; readonly read: string }> {
    const path = join(this.#options.runtimeDirectory, 'tmux.conf');
    return { text: tmuxConfig(await this.features()), read: tmuxCommand('source-file', path) };
  }

  /** A socket that vanished under a living tmux is made again. */
  async ensureSocket(pid: number | undefined): Promise<void> {
    if (pid === undefined) return;
    if ((await this.#options.machine.stat(this.socket)) === undefined) await this.remakeSocket(pid);
  }

  /** Asks the tmux that runs for a socket. */
  async remakeSocket(pid: number): Promise<void> {
    const { machine, log, runtimeDirectory } = this.#options;
    log.warn('the tmux socket vanished; asking tmux to make it again');
    await machine.makeDirectory(runtimeDirectory);
    await machine.run(['kill', '-USR1', String(pid)]);
    for (let tries = 0; tries < 100 && (await machine.stat(this.socket)) === undefined; tries++) await delay(20);
  }

  /** The process of our tmux when its socket does not lead to it. */
  async find(): Promise<number | undefined> {
    const { machine } = this.#options;
    const { stdout } = await machine.run(['/bin/sh', '-c', LIST_PROCESSES]);
    // It keeps the arguments that it was started with; clients have other ones.
    const line = stdout.split('\n').find((text) => text.includes(` -S ${this.socket} -f `));
    return line === undefined ? undefined : Number.parseInt(line, 10);
  }

  /** Starts it with its hidden session; fine when one is there already. @throws TmuxRefusedError */
  async start(): Promise<void> {
    const { machine, runtimeDirectory, log } = this.#options;
    const { program, version } = await this.program();
    await this.ensureFiles(undefined);
    const { env: login } = await machine.loginEnvironment();
    // Every pane inherits what tmux was started with, so it gets nothing that is not needed to run a shell.
    const env: Record<string, string> = {
      PATH: login['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      SHELL: '/bin/sh',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
    };
    for (const name of ['HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TMPDIR']) {
      const value = login[name];
      if (value !== undefined) env[name] = value;
    }
    const config = join(runtimeDirectory, 'tmux.conf');
    const command = [program, '-u', '-S', this.socket, '-f', config, ...MAKE_HUB];
    // Another machine's tmux is started from an ssh login there.
    const own = machine.capabilities.isOwnHost ? process.env : { SSH_CONNECTION: 'ssh', ...login };
    const scope = scopePrefix(await readLoginFacts(machine, own));
    let result = await machine.run([...scope, ...command], {
      env: { ...scopeEnvironment(scope, own), ...env },
      cwd: '/',
    });
    if (result.code !== 0 && scope.length > 0) {
      log.warn(`tmux gets no scope of its own: ${result.stderr.trim()}`);
      result = await machine.run(command, { env, cwd: '/' });
    }
    const { code, stderr } = result;
    if (code !== 0 && !stderr.includes('duplicate session')) {
      log.error(`tmux did not start: ${stderr.trim() || `exit ${String(code)}`}`);
      throw new TmuxRefusedError(stderr.trim(), 'tmux did not start');
    }
    log.info(`tmux ${version.text} started on ${this.socket}`);
  }

  /** Program and arguments of a control client. */
  async clientCommand(): Promise<readonly string[]> {
    const { program } = await this.program();
    const { quietClients } = await this.features();
    return quietClients ? this.#quietClient(program) : this.#oldClient(program);
  }

  // Without -N this would start a tmux of its own, with the user's configuration.
  #quietClient(program: string): readonly string[] {
    const target = ['attach-session', '-t', `=${HUB}`, '-f', 'ignore-size,no-output'];
    return [program, '-N', '-u', '-S', this.socket, '-C', ...target];
  }

  // An old tmux has no -N: it is asked whether it runs first. Its clients get the output of every window of their
  // session, so that has none but its own.
  #oldClient(program: string): readonly string[] {
    const script = `"$0" -u -S "$1" has-session -t "=$2" </dev/null && exec "$0" -u -S "$1" -C attach-session -t "=$2"`;
    return ['/bin/sh', '-c', script, program, this.socket, HUB];
  }
}
