import { KeyedMutex } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Logger } from '../../common/logger.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { Machine } from '../machine/machine.js';
import { ControlClient } from './controlClient.js';
import { HUB, linkAll } from './hiddenSession.js';
import { ASK_LEAD, claimLead, LEADER } from './lead.js';
import { PANE_FORMAT, parseLayout, parsePane, type Pane, type PaneSize } from './pane.js';
import { PanePoll } from './panePoll.js';
import { tmuxCommand } from '../../common/quote.js';
import { CONFIG_OPTION } from './scripts.js';
import { TmuxGoneError, TmuxRefusedError } from './tmuxErrors.js';
import type { TmuxProcess } from './tmuxProcess.js';
import { restoreSizes } from './windowSize.js';

export interface TmuxConnectionOptions {
  readonly machine: Pick<Machine, 'open' | 'run'>;
  readonly process: TmuxProcess;
  /** Folder of the socket. */
  readonly runtimeDirectory: string;
  readonly log: Logger;
}

/** What tmux says when nothing runs behind a socket; anything else that goes wrong says nothing about its panes. */
const NO_SERVER = /no server running|error connecting|no sessions|server exited|lost server/;
const NO_HUB = /can't find session/;

/** The one control client on the private tmux of a machine, made anew when it is needed, and what tmux tells by it. */
export class TmuxConnection implements Disposable {
  readonly #options: TmuxConnectionOptions;
  readonly #starting = new KeyedMutex();
  readonly #paneChanged = new Emitter<Pane>();
  readonly #resized = new Emitter<PaneSize>();
  readonly #gone = new Emitter<string>();
  readonly #windowClosed = new Emitter<void>();
  readonly #leadChanged = new Emitter<void>();
  #control: ControlClient | undefined;
  #serverPid: number | undefined;
  /** Which configuration the tmux at the other end has read; undefined once it needs not be looked at any more. */
  #config: string | undefined;
  /** Names of our control clients whose end tmux may not have noticed. */
  readonly #former = new Set<string>();
  #poll: PanePoll | undefined;
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
  /** The control client lost its server. Panes may or may not live on. */
  readonly onGone = this.#gone.event;

  constructor(options: TmuxConnectionOptions) {
    this.#options = options;
  }

  /** The client that is attached at this moment. */
  get live(): ControlClient | undefined {
    return this.#control?.isClosed === false ? this.#control : undefined;
  }

  /**
   * Attaches to a tmux that runs already, also to one whose socket vanished. Undefined when there is none.
   *
   * @throws CodeManagerError `unavailable` when one runs and does not answer: nothing can be said about its panes
   */
  async attached(): Promise<ControlClient | undefined> {
    if (!this.live) await this.#starting.run('start', async () => this.live !== undefined || this.#attachToRunning());
    return this.live;
  }

  /** Attaches, starting tmux when none runs. */
  async started(): Promise<ControlClient> {
    const { process } = this.#options;
    if (!this.live) {
      await this.#starting.run('start', async () => {
        if (this.live || (await this.#attachToRunning())) return;
        await process.start();
        await this.#attach();
      });
    }
    await process.ensureFiles(this.#pid);
    await this.#configure();
    if (!this.live) throw new CodeManagerError('unavailable', 'tmux was started but cannot be reached');
    return this.live;
  }

  /** A tmux that an earlier version of ours has started has other keys and options. */
  async #configure(): Promise<void> {
    const control = this.live;
    const known = this.#config;
    if (control === undefined || known === undefined) return;
    this.#config = undefined;
    const { text, read } = await this.#options.process.config();
    if (known !== '' && text.endsWith(` ${known}\n`)) return;
    await control.run(read).catch((error: unknown) => this.#options.log.warn(`configuration: ${errorText(error)}`));
  }

  /** A socket that vanished under a living tmux is made again. */
  ensureSocket(): Promise<void> {
    return this.#options.process.ensureSocket(this.#pid);
  }

  /**
   * Whether this server acts on the sessions: the first that came, or the last that was asked to.
   *
   * @param take also when another one does
   */
  async lead(take: boolean): Promise<boolean> {
    return this.live === undefined || claimLead(this.live, this.#former, take);
  }

  /** A window was made: a tmux that does not tell what happens to its windows is asked from now on. */
  onWindowMade(): void {
    this.#poll?.start();
  }

  /** Process of the tmux that we are attached to. */
  get #pid(): number | undefined {
    return this.live && this.#serverPid;
  }

  async #attachToRunning(): Promise<boolean> {
    const { process, runtimeDirectory } = this.#options;
    await process.program();
    const state = await this.#attach();
    if (state === 'attached') return true;
    if (state === 'noHub') {
      // Somebody ended the hidden session: the windows are still there.
      await process.start();
    } else {
      const pid = await process.find();
      if (pid === undefined) return false;
      await process.remakeSocket(pid);
    }
    if ((await this.#attach()) === 'attached') return true;
    throw new CodeManagerError('unavailable', 'tmux runs and cannot be reached', {
      hint: `See whether ${runtimeDirectory} can be written.`,
    });
  }

  /** @throws CodeManagerError `unavailable` when something is there that does not answer */
  async #attach(): Promise<'attached' | 'none' | 'noHub'> {
    if (this.#disposed) return 'none';
    const { machine, process, log } = this.#options;
    const { quietClients, newWindowSize } = await process.features();
    const stream = machine.open(await process.clientCommand(), {
      env: { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      cwd: '/',
    });
    const control = new ControlClient(stream);
    try {
      const [[facts = ''] = [], clients = []] = await control.run(
        `display-message -p '#{pid} #{client_name} _#{${CONFIG_OPTION}}'`,
        "list-clients -F '#{client_name} #{client_pid}'",
      );
      const [pid, name = '', config = '_'] = facts.split(' ');
      this.#config = config.slice(1);
      this.#serverPid = Number(pid);
      this.#endFormer(name, clients);
      if (quietClients) {
        await linkAll(control, (error) => log.warn(`a window cannot be linked: ${errorText(error)}`));
      }
      const restore = (): void => {
        if (newWindowSize !== 'attached') return;
        const onError = (error: unknown): void => log.debug(`a window keeps its size: ${errorText(error)}`);
        restoreSizes(control, onError).catch(onError);
      };
      restore();
      control.onNotification(({ name, rest }) => {
        if (name === 'subscription-changed') this.#onSubscription(rest);
        else if (name === 'client-detached') {
          this.#leadChanged.fire();
          restore();
        } else if (/window-close$/.test(name)) this.#windowClosed.fire();
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
      const reason =
        error instanceof TmuxGoneError || error instanceof TmuxRefusedError ? error.said : errorText(error);
      log.debug(`no tmux on ${process.socket}: ${reason}`);
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

  /** Ends tmux itself, unless there is a window in it, whether known here or not. */
  async shutDown(): Promise<void> {
    const isEmpty = '#{&&:#{==:#{S:x},x},#{==:#{session_windows},1}}';
    await this.live
      ?.run(tmuxCommand('if-shell', '-F', '-t', `=${HUB}:`, isEmpty, 'kill-server'))
      .catch(() => undefined);
  }

  dispose(): void {
    this.#disposed = true;
    const control = this.#control;
    this.#control = undefined;
    this.#poll?.dispose();
    control?.dispose();
  }
}
