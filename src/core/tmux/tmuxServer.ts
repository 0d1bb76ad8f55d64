import { join } from 'node:path';
import { KeyedMutex } from '../../common/async.js';
import { type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import { HookAnswers } from '../hooks/hookAnswers.js';
import type { HookFiles } from '../hooks/hookFormats.js';
import { hookChannel } from '../hooks/hookScript.js';
import { ControlClient } from './controlClient.js';
import { HUB, linkAll } from './hub.js';
import { keyCommands } from './keys.js';
import { ASK_LEAD, claimLead, LEADER } from './lead.js';
import { PANE_FORMAT, parseLayout, parsePane, SESSION_OPTION, type Pane, type PaneSize } from './pane.js';
import { quotePosix, tmuxCommand } from './quote.js';
import { PanePoll } from './panePoll.js';
import { TmuxProcess, type TmuxOptions } from './tmuxProcess.js';
import type { FoundTmux } from './tmuxProgram.js';
import { tmuxLimits, type TmuxVersion } from './version.js';

/** The pane option that tells how far a typed task got. */
const TASK_OPTION = '@cm_task';
/** What tmux says when nothing runs behind a socket; anything else that goes wrong says nothing about its panes. */
const NO_SERVER = /no server running|error connecting|no sessions|server exited|lost server/;
const NO_HUB = /can't find session/;

/** How far a task that is typed got, kept by tmux itself so that no crash can type it twice. */
export type TaskMark = '' | 'pasted' | 'sent';

/**
 * The private tmux of one machine: one window per session and one control client for all of them. It is started when
 * it is needed and never touches the user's own tmux.
 */
export class TmuxServer implements Disposable {
  readonly #options: TmuxOptions;
  readonly #process: TmuxProcess;
  /** For the hooks of tools that wait for one. */
  readonly hookAnswers: HookAnswers;
  readonly #starting = new KeyedMutex();
  readonly #paneChanged = new Emitter<Pane>();
  readonly #resized = new Emitter<PaneSize>();
  readonly #gone = new Emitter<string>();
  readonly #windowClosed = new Emitter<void>();
  readonly #leadChanged = new Emitter<void>();
  #control: ControlClient | undefined;
  #serverPid: number | undefined;
  /** Names of our control clients whose end tmux may not have noticed. */
  readonly #former = new Set<string>();
  #poll: PanePoll | undefined;
  #buffer = 0;
  /** Who leads, as tmux told last. */
  #leader: string | undefined;
  #disposed = false;

  /** Title, death, exit status or pipe of a pane changed. tmux looks once a second. */
  readonly onPaneChanged = this.#paneChanged.event;
  /** A pane has another size; comes at once. */
  readonly onResized = this.#resized.event;
  /** A window has gone, by whomever. */
  readonly onWindowClosed = this.#windowClosed.event;
  /** Another server of ours may act on this tmux now, or none. */
  readonly onLeadChanged = this.#leadChanged.event;
  /** The control client lost its server. Panes may or may not live on; {@link panes} tells. */
  readonly onGone = this.#gone.event;

  constructor(options: TmuxOptions) {
    this.#options = options;
    this.#process = new TmuxProcess(options);
    this.hookAnswers = new HookAnswers({
      machine: options.machine,
      directory: options.runtimeDirectory,
      wake: async (ticket) => {
        // One that comes before the hook waits is kept for it.
        await (await this.#connected()).run(tmuxCommand('wait-for', '-S', hookChannel(ticket)));
      },
    });
  }

  get socket(): string {
    return this.#process.socket;
  }

  /**
   * Path and version of tmux; looks again while it is missing, or when it is asked for `anew`.
   * @throws CodeManagerError `dependencyMissing` with what to install
   */
  program(options: { readonly anew?: boolean } = {}): Promise<FoundTmux> {
    return this.#process.program(options);
  }

  /** What is there for the hooks of tools. */
  get hookFiles(): HookFiles {
    const { runtimeDirectory } = this.#options;
    return { script: join(runtimeDirectory, 'hook.sh'), plugin: join(runtimeDirectory, 'hook.js') };
  }

  /** What this tmux is too old for, one sentence; undefined when nothing is missing. */
  get limits(): string | undefined {
    return this.version && tmuxLimits(this.version);
  }

  get version(): TmuxVersion | undefined {
    return this.#process.version;
  }

  /**
   * Attaches to a tmux that runs already, also to one whose socket vanished. False when there is none.
   *
   * @throws CodeManagerError `unavailable` when one runs and does not answer: nothing can be said about its panes
   */
  async connect(): Promise<boolean> {
    if (this.#live) return true;
    return this.#starting.run('start', async () => this.#live !== undefined || this.#attachToRunning());
  }

  get #live(): ControlClient | undefined {
    return this.#control?.isClosed === false ? this.#control : undefined;
  }

  /** Attaches, starting tmux when none runs. */
  async #connected(): Promise<ControlClient> {
    if (!this.#live) {
      await this.#starting.run('start', async () => {
        if (this.#live || (await this.#attachToRunning())) return;
        await this.#process.start();
        await this.#attach();
      });
    }
    await this.#process.ensureFiles(this.#pid);
    if (!this.#live) throw new CodeManagerError('unavailable', 'tmux was started but cannot be reached');
    return this.#live;
  }

  async #attachToRunning(): Promise<boolean> {
    await this.program();
    const state = await this.#attach();
    if (state === 'attached') return true;
    if (state === 'noHub') {
      // Somebody ended the hidden session: the windows are still there.
      await this.#process.start();
    } else {
      const pid = await this.#process.find();
      if (pid === undefined) return false;
      await this.#process.remakeSocket(pid);
    }
    if ((await this.#attach()) === 'attached') return true;
    throw new CodeManagerError('unavailable', 'tmux runs and cannot be reached', {
      hint: `See whether ${this.#options.runtimeDirectory} can be written.`,
    });
  }

  /** Sees to it that {@link create} can start at once: called while something else is waited for. */
  async prepare(): Promise<void> {
    await this.#connected();
  }

  /** A socket that vanished under a living tmux is made again. */
  ensureSocket(): Promise<void> {
    return this.#process.ensureSocket(this.#pid);
  }

  /** Process of the tmux that we are attached to. */
  get #pid(): number | undefined {
    return this.#live && this.#serverPid;
  }

  /** @throws CodeManagerError `unavailable` when something is there that does not answer */
  async #attach(): Promise<'attached' | 'none' | 'noHub'> {
    if (this.#disposed) return 'none';
    const { quietClients } = await this.#process.features();
    const stream = this.#options.machine.open(await this.#process.clientCommand(), {
      env: { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      cwd: '/',
    });
    const control = new ControlClient(stream);
    try {
      const [[facts = ''] = [], clients = []] = await control.run(
        "display-message -p '#{pid} #{client_name}'",
        "list-clients -F '#{client_name} #{client_pid}'",
      );
      const [pid, name = ''] = facts.split(' ');
      this.#serverPid = Number(pid);
      this.#endFormer(name, clients);
      if (quietClients) {
        await linkAll(control, (error) => this.#options.log.warn(`a window cannot be linked: ${errorText(error)}`));
      }
      control.onNotification(({ name, rest }) => {
        if (name === 'subscription-changed') this.#onSubscription(rest);
        else if (name === 'client-detached') this.#leadChanged.fire();
        else if (/window-close$/.test(name)) this.#windowClosed.fire();
        else if (name === 'layout-change') for (const size of parseLayout(rest)) this.#resized.fire(size);
      });
      control.onExit((reason) => {
        if (this.#control !== control) return;
        this.#control = undefined;
        this.#gone.fire(reason);
      });
      if (quietClients) {
        // One for all: tmux 3.3 ends when a client with several of them goes while it is stopped.
        await control.run(tmuxCommand('refresh-client', '-B', `panes:%*:_${LEADER} ${PANE_FORMAT}`));
      }
      this.#control = control;
      if (!quietClients) this.#startPoll(control);
      return 'attached';
    } catch (error) {
      control.dispose();
      const reason = errorText(error);
      this.#options.log.debug(`no tmux on ${this.socket}: ${reason}`);
      if (NO_HUB.test(reason)) return 'noHub';
      if (NO_SERVER.test(reason)) return 'none';
      throw error;
    }
  }

  /** A client whose connection was cut with words on the way to it would stay for good: tmux waits until they are read. */
  #endFormer(name: string, clients: readonly string[]): void {
    const { machine, log } = this.#options;
    const there = clients.map((client) => client.split(' '));
    const left = there.filter(([client = '']) => client !== name && this.#former.has(client));
    this.#former.clear();
    for (const [client = '', pid = ''] of left) {
      this.#former.add(client);
      machine
        .run(['kill', '-KILL', pid])
        .catch((error: unknown) => log.debug(`the former tmux client ${pid} stays: ${errorText(error)}`));
    }
    if (name !== '') this.#former.add(name);
  }

  #startPoll(control: ControlClient): void {
    this.#poll?.dispose();
    let leader: string | undefined;
    const poll = new PanePoll({
      lines: async () => {
        const [lines = [], ...lead] = await control.run(
          tmuxCommand('list-panes', '-a', '-F', PANE_FORMAT),
          ...ASK_LEAD,
        );
        const now = lead.flat().join('\n');
        if (leader !== now) this.#leadChanged.fire();
        leader = now;
        return lines;
      },
      onPane: (pane, before) => {
        if (before?.columns !== pane.columns || before.rows !== pane.rows) this.#resized.fire(pane);
        this.#paneChanged.fire(pane);
      },
      onClosed: () => this.#windowClosed.fire(),
    });
    this.#poll = poll;
    poll.start();
  }

  /** `panes $0 @1 1 %1 : _<leader> <format>` */
  #onSubscription(rest: string): void {
    const match = /^panes .*? : _(\S*) (.*)$/s.exec(rest);
    if (!match) return;
    const [, leader, text = ''] = match;
    if (leader !== this.#leader) this.#leadChanged.fire();
    this.#leader = leader;
    const pane = parsePane(text);
    if (pane) this.#paneChanged.fire(pane);
  }

  /** Every pane of ours. Empty when no tmux runs; throws `unavailable` when that cannot be told. */
  async panes(): Promise<readonly Pane[]> {
    if (!(await this.connect()) || !this.#live) return [];
    const which = this.#process.knownFeatures?.quietClients === true ? ['-s', '-t', `=${HUB}:`] : ['-a'];
    const [lines = []] = await this.#live.run(tmuxCommand('list-panes', ...which, '-F', PANE_FORMAT));
    return lines.map(parsePane).filter((pane) => pane !== undefined);
  }

  /**
   * Makes the window of a session and starts what its launch file says. The log is open before the first byte.
   *
   * @param asksForReports the tool is told that its reports are read
   * @throws CodeManagerError `conflict` when tmux has a window for this session already
   */
  async create(session: string, { asksForReports = false }: { asksForReports?: boolean } = {}): Promise<Pane> {
    const control = await this.#connected();
    const { runtimeDirectory } = this.#options;
    const target = `=${session}:`;
    const launch = join(runtimeDirectory, 'launch.sh');
    const { quietClients, sizesByCreator, windowSize } = await this.#process.features();
    const sizes = (by: string): string[] =>
      sizesByCreator ? [tmuxCommand('set-option', '-gw', 'window-size', by)] : [];
    const byHand = sizes('manual');
    const byClients = sizes(windowSize ?? '');
    try {
      const replies = await control.run(
        ...byHand,
        tmuxCommand('new-session', '-d', '-s', session, '-x', '120', '-y', '40', 'sh', launch, session),
        ...byClients,
        this.#openPipe(target, this.#pipe(session, asksForReports ? 'answer' : undefined), asksForReports),
        this.#setOption(target, SESSION_OPTION, session),
        ...(quietClients ? [tmuxCommand('link-window', '-d', '-s', target, '-t', `=${HUB}:`)] : []),
        tmuxCommand('list-panes', '-t', target, '-F', PANE_FORMAT),
      );
      this.#poll?.start();
      const pane = parsePane(replies.at(-1)?.[0] ?? '');
      if (!pane) throw new CodeManagerError('internal', 'tmux did not say which window it made');
      return pane;
    } catch (error) {
      // The list of commands ended where it failed.
      if (byClients.length > 0) await control.run(...byClients).catch(() => undefined);
      if (error instanceof CodeManagerError && error.message.includes('duplicate session')) {
        throw new CodeManagerError('conflict', `session ${session} has a window already`, { cause: error });
      }
      throw error;
    }
  }

  /** @param both also from the command to the pane */
  #openPipe(target: string, command: string, both = false): string {
    const direction = this.#process.knownFeatures?.pipeDirection === false ? [] : [both ? '-IO' : '-O'];
    return tmuxCommand('pipe-pane', ...direction, '-t', target, command);
  }

  /** Of the pane, or where those have no options of their window, which has no other pane. */
  #setOption(target: string, name: string, value: string): string {
    return tmuxCommand(
      'set-option',
      this.#process.knownFeatures?.paneOptions === false ? '-w' : '-p',
      '-t',
      target,
      name,
      value,
    );
  }

  #pipe(session: string, how?: 'gap' | 'answer'): string {
    const words = [quotePosix(join(this.#options.runtimeDirectory, 'pipe.sh')), session];
    return `exec sh ${[...words, ...(how === undefined ? [] : [how])].join(' ')}`;
  }

  /** Writes the log again after its writer had gone. */
  async reopenLog(pane: Pane): Promise<void> {
    const control = await this.#connected();
    await control.run(
      tmuxCommand('pipe-pane', '-t', pane.pane),
      this.#openPipe(pane.pane, this.#pipe(pane.session, 'gap')),
    );
  }

  /**
   * Whether this server acts on the sessions: the first that came, or the last that was asked to.
   *
   * @param take also when another one does
   */
  async lead(take: boolean): Promise<boolean> {
    return this.#live === undefined || claimLead(this.#live, this.#former, take);
  }

  /** What tmux knows of one pane now; undefined when it has gone. */
  async pane(pane: string): Promise<Pane | undefined> {
    const found = parsePane((await this.#ask(pane, PANE_FORMAT)) ?? '');
    return found?.pane === pane ? found : undefined;
  }

  /** Folder in which the program in a pane is. */
  async currentPath(pane: string): Promise<string | undefined> {
    return this.#ask(pane, '#{pane_current_path}');
  }

  /** One line of what tmux knows of a pane; undefined when it has gone. */
  async #ask(pane: string, format: string): Promise<string | undefined> {
    if (!(await this.connect()) || !this.#live) return undefined;
    try {
      const [lines] = await this.#live.run(tmuxCommand('display-message', '-p', '-t', pane, format));
      return lines?.[0];
    } catch (error) {
      if (error instanceof CodeManagerError && error.code === 'internal') return undefined;
      throw error;
    }
  }

  /** The visible screen as text, wrapped lines joined. */
  async screen(pane: string, { styled = false }: { readonly styled?: boolean } = {}): Promise<string> {
    const control = await this.#connected();
    const flags = styled ? ['-e'] : [];
    const [lines = []] = await control.run(tmuxCommand('capture-pane', '-p', '-J', ...flags, '-t', pane));
    return lines.join('\n');
  }

  /**
   * Puts text into the pane as a terminal would paste it: bracketed where the program asked for that.
   *
   * @param text without control characters other than tab and line feed
   * @param mark recorded by tmux together with the paste
   */
  async paste(pane: string, text: string, mark?: TaskMark): Promise<void> {
    const control = await this.#connected();
    const { machine, runtimeDirectory } = this.#options;
    const name = `cm${++this.#buffer}`;
    const file = join(runtimeDirectory, `${name}.paste`);
    await machine.writeFile(file, text);
    try {
      await control.run(
        tmuxCommand('load-buffer', '-b', name, file),
        tmuxCommand('paste-buffer', '-p', '-d', '-b', name, '-t', pane),
        ...this.#marks(pane, mark),
      );
    } finally {
      await machine.remove(file);
    }
  }

  /** Presses keys by their tmux names; a name that tmux does not know is `invalid`, and then none is pressed. */
  async keys(pane: string, keys: readonly string[], mark?: TaskMark): Promise<void> {
    const commands = keyCommands(pane, keys);
    const control = await this.#connected();
    await control.run(...commands, ...this.#marks(pane, mark));
  }

  #marks(pane: string, mark: TaskMark | undefined): readonly string[] {
    return mark === undefined ? [] : [this.#setOption(pane, TASK_OPTION, mark)];
  }

  /** What was recorded with the last marked paste or key of a pane. */
  async mark(pane: string): Promise<TaskMark> {
    const mark = await this.#ask(pane, `#{${TASK_OPTION}}`);
    return mark === 'pasted' || mark === 'sent' ? mark : '';
  }

  /** Terminals attached to a session, with the time of their last key in seconds since the epoch. */
  async attached(session: string): Promise<readonly { readonly activity: number; readonly readOnly: boolean }[]> {
    if (!this.#live) return [];
    const [lines = []] = await this.#live.run(
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
  async kill({ window }: Pick<Pane, 'window'>): Promise<void> {
    if (!(await this.connect()) || !this.#live) return;
    // It goes out of both sessions; the emptied one goes by itself.
    await this.#live.run(tmuxCommand('kill-window', '-t', window)).catch((error: unknown) => {
      if (!(error instanceof CodeManagerError) || error.code !== 'internal') throw error;
    });
  }

  /** Program and arguments of a terminal client for a session. */
  async attachCommand(session: string, readOnly: boolean): Promise<readonly string[]> {
    await this.#connected();
    const { program } = await this.program();
    const { quietClients } = await this.#process.features();
    return [
      program,
      ...(quietClients ? ['-N'] : []),
      '-u',
      '-S',
      this.socket,
      'attach-session',
      ...(readOnly ? ['-r'] : []),
      '-t',
      `=${session}`,
    ];
  }

  /** Ends tmux itself; only when no session runs. */
  async shutDown(): Promise<void> {
    await this.#live?.run('kill-server').catch(() => undefined);
  }

  dispose(): void {
    this.#disposed = true;
    const control = this.#control;
    this.#control = undefined;
    this.#poll?.dispose();
    control?.dispose();
  }
}
