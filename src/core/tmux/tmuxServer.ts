import { join } from 'node:path';
import { delay, KeyedMutex } from '../../common/async.js';
import { type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Logger } from '../../common/logger.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Machine } from '../machine.js';
import { ControlClient } from './controlClient.js';
import { quotePosix, tmuxCommand } from './quote.js';
import { launchScript, pipeScript, TMUX_CONFIG } from './scripts.js';
import { isSupported, OLDEST_TMUX, parseTmuxVersion, type TmuxVersion } from './version.js';

/** A pane of ours as tmux sees it. `session` is the id that the pane itself carries. */
export interface Pane {
  readonly session: string;
  readonly window: string;
  readonly pane: string;
  readonly pid: number;
  readonly dead: boolean;
  /** Exit code or signal of the pane's process, where tmux knows it. */
  readonly exitCode: number | null;
  readonly signal: number | null;
  /** The log is being written. */
  readonly piped: boolean;
  /** As the program set it; not neutralised. */
  readonly title: string;
}

export interface TmuxOptions {
  readonly machine: Machine;
  /** Private folder for the socket and our scripts; has no character that means something to tmux or a shell. */
  readonly runtimeDirectory: string;
  /** Where the logs go. */
  readonly sessionsDirectory: string;
  /** Path of tmux when it is not the one in PATH. */
  readonly program: string | undefined;
  readonly log: Logger;
}

// The hidden session that holds a link to every window, so that one client hears of all of them.
const HUB = '_cm';
const SESSION_OPTION = '@cm_session';
// The title comes last, since it may hold anything.
const PANE_FORMAT = `#{${SESSION_OPTION}} #{window_id} #{pane_id} #{pane_pid} #{pane_dead} _#{pane_dead_status} _#{pane_dead_signal} #{pane_pipe} #{pane_title}`;

function parsePane(line: string): Pane | undefined {
  const match = /^(\S+) (@\d+) (%\d+) (\d+) ([01]) _(\d*) _(\d*) ([01]) ?(.*)$/s.exec(line);
  if (!match) return undefined;
  const [, session = '', window = '', pane = '', pid, dead, exitCode, signal, piped, title = ''] = match;
  const number = (text: string | undefined): number | null => (text === undefined || text === '' ? null : Number(text));
  return {
    session,
    window,
    pane,
    pid: Number(pid),
    dead: dead === '1',
    exitCode: number(exitCode),
    signal: number(signal),
    piped: piped === '1',
    title,
  };
}

/**
 * The private tmux of one machine: one window per session and one control client for all of them. It is started when
 * it is needed and never touches the user's own tmux.
 */
export class TmuxServer implements Disposable {
  readonly socket: string;
  readonly #options: TmuxOptions;
  readonly #starting = new KeyedMutex();
  readonly #paneChanged = new Emitter<Pane>();
  readonly #gone = new Emitter<string>();
  #control: ControlClient | undefined;
  #serverPid: number | undefined;
  #found: { readonly program: string; readonly version: TmuxVersion } | undefined;
  #buffer = 0;
  #disposed = false;

  /** Title, death, exit status or pipe of a pane changed. tmux looks once a second. */
  readonly onPaneChanged = this.#paneChanged.event;
  /** The control client lost its server. Panes may or may not live on; {@link connect} tells. */
  readonly onGone = this.#gone.event;

  constructor(options: TmuxOptions) {
    this.#options = options;
    this.socket = join(options.runtimeDirectory, 'tmux.sock');
  }

  /** Path and version of tmux; looks again while it is missing. Throws `dependencyMissing` with what to install. */
  async program(): Promise<{ readonly program: string; readonly version: TmuxVersion }> {
    if (this.#found) return this.#found;
    const { machine } = this.#options;
    const { host } = await machine.identity();
    const path = this.#options.program ?? (await this.#find());
    if (path === undefined) {
      throw new CodeManagerError('dependencyMissing', `Agents run in tmux, which was not found on ${host}`, {
        hint: 'Install it, or set its path in config.json.',
      });
    }
    const { code, stdout, stderr } = await machine.run([path, '-V']).catch((error: unknown) => {
      throw new CodeManagerError('dependencyMissing', `${path} cannot be started on ${host}`, {
        cause: error,
        hint: 'Set the path of tmux in config.json.',
      });
    });
    const version = parseTmuxVersion(stdout);
    if (code !== 0 || !version) {
      throw new CodeManagerError(
        'dependencyMissing',
        `${path} does not say which tmux it is: ${(stderr || stdout).trim().slice(0, 200)}`,
      );
    }
    if (!isSupported(version)) {
      throw new CodeManagerError(
        'dependencyMissing',
        `tmux ${version.text} on ${host} is too old; ${OLDEST_TMUX} or newer is needed`,
        {
          hint: 'Install a newer one, or set its path in config.json.',
        },
      );
    }
    this.#found = { program: path, version };
    return this.#found;
  }

  /** The login shell is asked only when the usual places have none: it may be slow. */
  async #find(): Promise<string | undefined> {
    const { machine } = this.#options;
    const usual = '/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/opt/local/bin';
    return (
      (await machine.findProgram('tmux', usual)) ??
      machine.findProgram('tmux', (await machine.loginEnvironment()).env['PATH'] ?? '')
    );
  }

  get version(): TmuxVersion | undefined {
    return this.#found?.version;
  }

  /** Attaches to a tmux that runs already. False when there is none. */
  async connect(): Promise<boolean> {
    return this.#starting.run('start', async () => {
      if (this.#control && !this.#control.isClosed) return true;
      const { program } = await this.program();
      if ((await this.#options.machine.stat(this.socket)) === undefined) return false;
      return this.#attach(program);
    });
  }

  /** Attaches, starting tmux when none runs. */
  async #connected(): Promise<ControlClient> {
    if (this.#control && !this.#control.isClosed) {
      await this.#ensureFiles();
      return this.#control;
    }
    return this.#starting.run('start', async () => {
      if (this.#control && !this.#control.isClosed) return this.#control;
      const { program } = await this.program();
      await this.#ensureFiles();
      if (!(await this.#attach(program))) {
        await this.#start(program);
        if (!(await this.#attach(program)))
          throw new CodeManagerError('unavailable', 'tmux was started but cannot be reached');
      }
      if (!this.#control) throw new CodeManagerError('unavailable', 'tmux has gone');
      return this.#control;
    });
  }

  /** Folder, scripts and socket as they must be; each is made again when it vanished. */
  async #ensureFiles(): Promise<void> {
    const { machine, runtimeDirectory, sessionsDirectory } = this.#options;
    const files = {
      'launch.sh': launchScript(sessionsDirectory),
      'pipe.sh': pipeScript(sessionsDirectory),
      'tmux.conf': TMUX_CONFIG,
    };
    for (const [name, text] of Object.entries(files)) {
      const path = join(runtimeDirectory, name);
      const known = await machine.stat(path);
      if (known?.size === Buffer.byteLength(text)) continue;
      await machine.makeDirectory(runtimeDirectory);
      await machine.writeFile(path, text);
    }
    if (this.#control && !this.#control.isClosed) await this.ensureSocket();
  }

  /** A socket that vanished under a living tmux is made again by tmux itself. */
  async ensureSocket(): Promise<void> {
    const { machine, log, runtimeDirectory } = this.#options;
    if (this.#serverPid === undefined || (await machine.stat(this.socket)) !== undefined) return;
    log.warn('the tmux socket vanished; asking tmux to make it again');
    await machine.makeDirectory(runtimeDirectory);
    await machine.run(['kill', '-USR1', String(this.#serverPid)]);
    for (let tries = 0; tries < 100 && (await machine.stat(this.socket)) === undefined; tries++) await delay(20);
  }

  async #start(program: string): Promise<void> {
    const { machine, runtimeDirectory, log } = this.#options;
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
    const start = [
      program,
      '-u',
      '-S',
      this.socket,
      '-f',
      join(runtimeDirectory, 'tmux.conf'),
      'new-session',
      '-d',
      '-s',
      HUB,
      'exec sleep 2147483647',
    ];
    const { code, stderr } = await machine.run(start, { env, cwd: '/' });
    if (code !== 0 && !stderr.includes('duplicate session')) {
      throw new CodeManagerError('unavailable', `tmux did not start: ${stderr.trim() || `exit ${String(code)}`}`);
    }
    log.info(`tmux ${this.version?.text ?? ''} started on ${this.socket}`);
  }

  async #attach(program: string): Promise<boolean> {
    if (this.#disposed) return false;
    const stream = this.#options.machine.open(
      [program, '-u', '-S', this.socket, '-C', 'attach-session', '-t', `=${HUB}`, '-f', 'ignore-size,no-output'],
      {
        env: { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
        cwd: '/',
      },
    );
    const control = new ControlClient(stream);
    try {
      const [[pid] = []] = await control.run("display-message -p '#{pid}'");
      this.#serverPid = Number(pid);
      control.onNotification(({ name, rest }) => {
        if (name === 'subscription-changed') this.#onSubscription(rest);
      });
      control.onExit((reason) => {
        if (this.#control !== control) return;
        this.#control = undefined;
        this.#gone.fire(reason);
      });
      await control.run(tmuxCommand('refresh-client', '-B', `panes:%*:${PANE_FORMAT}`));
      this.#control = control;
      return true;
    } catch (error) {
      control.dispose();
      this.#options.log.debug(`no tmux on ${this.socket}: ${String(error)}`);
      return false;
    }
  }

  /** `panes $0 @1 1 %1 : <format>` */
  #onSubscription(rest: string): void {
    const colon = rest.indexOf(' : ');
    if (!rest.startsWith('panes ') || colon < 0) return;
    const pane = parsePane(rest.slice(colon + 3));
    if (pane) this.#paneChanged.fire(pane);
  }

  /** Every pane of ours. Empty when no tmux runs. */
  async panes(): Promise<readonly Pane[]> {
    if (!(await this.connect()) || !this.#control) return [];
    const [lines = []] = await this.#control.run(tmuxCommand('list-panes', '-s', '-t', `=${HUB}:`, '-F', PANE_FORMAT));
    return lines.map(parsePane).filter((pane) => pane !== undefined);
  }

  /**
   * Makes the window of a session and starts what its launch file says. The log is open before the first byte.
   *
   * @throws CodeManagerError `conflict` when tmux has a window for this session already
   */
  async create(session: string): Promise<Pane> {
    const control = await this.#connected();
    const { runtimeDirectory } = this.#options;
    const target = `=${session}:`;
    const launch = join(runtimeDirectory, 'launch.sh');
    try {
      const replies = await control.run(
        tmuxCommand('new-session', '-d', '-s', session, '-x', '120', '-y', '40', 'sh', launch, session),
        tmuxCommand('pipe-pane', '-O', '-t', target, this.#pipe(session)),
        tmuxCommand('set-option', '-p', '-t', target, SESSION_OPTION, session),
        tmuxCommand('link-window', '-d', '-s', target, '-t', `=${HUB}:`),
        tmuxCommand('list-panes', '-t', target, '-F', PANE_FORMAT),
      );
      const pane = parsePane(replies[4]?.[0] ?? '');
      if (!pane) throw new CodeManagerError('internal', 'tmux did not say which window it made');
      return pane;
    } catch (error) {
      if (error instanceof CodeManagerError && error.message.includes('duplicate session')) {
        throw new CodeManagerError('conflict', `session ${session} has a window already`, { cause: error });
      }
      throw error;
    }
  }

  #pipe(session: string, gap = false): string {
    return `exec sh ${quotePosix(join(this.#options.runtimeDirectory, 'pipe.sh'))} ${session}${gap ? ' gap' : ''}`;
  }

  /** Writes the log again after its writer had gone. */
  async reopenLog(pane: Pane): Promise<void> {
    const control = await this.#connected();
    await control.run(
      tmuxCommand('pipe-pane', '-t', pane.pane),
      tmuxCommand('pipe-pane', '-O', '-t', pane.pane, this.#pipe(pane.session, true)),
    );
  }

  /** What tmux knows of one pane now; undefined when it has gone. */
  async pane(pane: string): Promise<Pane | undefined> {
    const control = await this.#connected();
    try {
      const [lines] = await control.run(tmuxCommand('display-message', '-p', '-t', pane, PANE_FORMAT));
      const found = parsePane(lines?.[0] ?? '');
      return found?.pane === pane ? found : undefined;
    } catch (error) {
      if (error instanceof CodeManagerError && error.code === 'internal') return undefined;
      throw error;
    }
  }

  /** The visible screen as text, wrapped lines joined. */
  async screen(pane: string): Promise<string> {
    const control = await this.#connected();
    const [lines = []] = await control.run(tmuxCommand('capture-pane', '-p', '-J', '-t', pane));
    return lines.join('\n');
  }

  /**
   * Puts text into the pane as a terminal would paste it: bracketed where the program asked for that.
   *
   * @param text without control characters other than tab and line feed
   */
  async paste(pane: string, text: string): Promise<void> {
    const control = await this.#connected();
    const { machine, runtimeDirectory } = this.#options;
    const name = `cm${++this.#buffer}`;
    const file = join(runtimeDirectory, `${name}.paste`);
    await machine.writeFile(file, text);
    try {
      await control.run(
        tmuxCommand('load-buffer', '-b', name, file),
        tmuxCommand('paste-buffer', '-p', '-d', '-b', name, '-t', pane),
      );
    } finally {
      await machine.remove(file);
    }
  }

  /** Presses keys by their tmux names; a name that tmux does not know is `invalid`. */
  async keys(pane: string, keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      if (!isKeyName(key)) {
        throw new CodeManagerError('invalid', `“${key}” is not a key`, {
          hint: 'Use tmux names such as Enter, Escape, Up, C-c, M-x, F1, or one letter; text goes by send.',
        });
      }
    }
    const control = await this.#connected();
    // A single letter after -l is itself; a semicolon would end the command.
    await control.run(
      ...keys.map((key) =>
        key.length === 1 ? `send-keys -t ${pane} -l ${quoteKey(key)}` : tmuxCommand('send-keys', '-t', pane, key),
      ),
    );
  }

  /** Terminals attached to a session, with the time of their last key in seconds since the epoch. */
  async attached(session: string): Promise<readonly { readonly activity: number; readonly readOnly: boolean }[]> {
    if (!this.#control || this.#control.isClosed) return [];
    const [lines = []] = await this.#control.run(
      tmuxCommand('list-clients', '-F', '#{session_name} #{client_activity} #{client_readonly} #{client_created}'),
    );
    return lines.flatMap((line) => {
      const [name, activity = '0', readOnly, created = '0'] = line.split(' ');
      // Attaching counts as activity for tmux, and is no typing.
      return name === session
        ? [{ activity: activity === created ? 0 : Number(activity), readOnly: readOnly === '1' }]
        : [];
    });
  }

  /** Ends the window with what is left in it. Fine when it has gone. */
  async kill(session: string): Promise<void> {
    if (!this.#control || this.#control.isClosed) return;
    const [windows = []] = await this.#control.run(
      tmuxCommand('list-windows', '-t', `=${HUB}:`, '-F', `#{window_id} #{${SESSION_OPTION}}`),
    );
    const window = windows.find((line) => line.endsWith(` ${session}`))?.split(' ')[0];
    // kill-window takes it out of both sessions; the emptied one goes by itself.
    if (window !== undefined) await this.#control.run(tmuxCommand('kill-window', '-t', window)).catch(() => undefined);
  }

  /** Program and arguments of a terminal client for a session. */
  async attachCommand(session: string, readOnly: boolean): Promise<readonly string[]> {
    await this.#connected();
    const { program } = await this.program();
    return [program, '-u', '-S', this.socket, 'attach-session', ...(readOnly ? ['-r'] : []), '-t', `=${session}`];
  }

  /** Ends tmux itself; only when no session runs. */
  async shutDown(): Promise<void> {
    if (!this.#control || this.#control.isClosed) return;
    await this.#control.run('kill-server').catch(() => undefined);
  }

  dispose(): void {
    this.#disposed = true;
    const control = this.#control;
    this.#control = undefined;
    control?.dispose();
  }
}

const NAMED_KEYS =
  /^(?:(?:[CMS]-)*(?:Enter|Escape|Tab|BTab|Space|BSpace|Up|Down|Left|Right|Home|End|PageUp|PageDown|PPage|NPage|PgUp|PgDn|DC|Delete|IC|Insert|F(?:[1-9]|1[0-2]))|(?:[CMS]-)+[!-~])$/;

/** True for a tmux key name or a single visible letter. */
export function isKeyName(key: string): boolean {
  return NAMED_KEYS.test(key) || (/^\P{C}$/u.test(key) && key !== ' ');
}

function quoteKey(key: string): string {
  return key === ';' ? "'\\;'" : `'${key.replaceAll("'", `'"'"'`)}'`;
}
