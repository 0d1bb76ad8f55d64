import { join } from 'node:path';
import { Together } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { stripTerminal } from '../../common/terminalText.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Attaching } from '../../protocol/sessionRequests.js';
import { HookAnswers } from '../hooks/hookAnswers.js';
import type { HookFiles } from '../hooks/hookFormats.js';
import { hookChannel } from '../hooks/hookScript.js';
import { NESTING_HINTS } from './attachScript.js';
import { HUB } from './hiddenSession.js';
import { keyCommands } from './keys.js';
import {
  FOLDER_OPTION,
  GUEST_FORMAT,
  NEWLINE_OPTION,
  ownPanes,
  PANE_FORMAT,
  parseGuests,
  parsePane,
  SESSION_OPTION,
  type Guest,
  type Pane,
} from './pane.js';
import { quotePosix, tmuxCommand } from '../../common/quote.js';
import { TmuxConnection } from './tmuxConnection.js';
import { TmuxRefusedError } from './tmuxErrors.js';
import { TmuxProcess, type TmuxOptions } from './tmuxProcess.js';
import type { FoundTmux } from './tmuxProgram.js';
import { tmuxLimits, type TmuxVersion } from './version.js';
import { ownSize, SIZE_ARGUMENTS } from './windowSize.js';

/** The pane option that tells how far a typed task got. */
const TASK_OPTION = '@cm_task';

/** How far a task that is typed got, kept by tmux itself so that no crash can type it twice. */
export type TaskMark = '' | 'pasted' | 'sent';

/** A terminal that is attached to a session. Times are seconds since the epoch. */
export interface AttachedTerminal {
  readonly created: number;
  /** The client's last key; 0 for none that can be told from its being attached. */
  readonly activity: number;
  readonly readOnly: boolean;
}

/** What is typed reaches the program also where a person has scrolled up: tmux would take it for its own keys. */
function leaveMode(pane: string): string {
  return tmuxCommand('copy-mode', '-q', '-t', pane);
}

/**
 * The private tmux of one machine, with one window per session: what is done with them. It is started when it is needed
 * and never touches the user's own tmux.
 */
export class TmuxServer implements Disposable {
  readonly #options: TmuxOptions;
  readonly #process: TmuxProcess;
  /** How it is reached, and what it tells. */
  readonly connection: TmuxConnection;
  /** For the hooks of tools that wait for one. */
  readonly hookAnswers: HookAnswers;
  #buffer = 0;
  /** The processes of a session: one look for all that end at a time. */
  readonly #guests = new Together<string, readonly Guest[]>(async (sessions) => {
    const guests = await this.guests();
    return sessions.map((session) => guests.filter((guest) => guest.session === session));
  });

  constructor(options: TmuxOptions) {
    this.#options = options;
    this.#process = new TmuxProcess(options);
    this.connection = new TmuxConnection({ ...options, process: this.#process });
    this.hookAnswers = new HookAnswers({
      machine: options.machine,
      directory: options.runtimeDirectory,
      wake: async (ticket) => {
        // One that comes before the hook waits is kept for it.
        await (await this.connection.started()).run(tmuxCommand('wait-for', '-S', hookChannel(ticket)));
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
    const file = (name: string): string => join(runtimeDirectory, name);
    return { script: file('hook.sh'), plugin: file('hook.js'), copilot: file('copilot') };
  }

  /** What this tmux is too old for, one sentence; undefined when nothing is missing. */
  get limits(): string | undefined {
    return this.version && tmuxLimits(this.version);
  }

  get version(): TmuxVersion | undefined {
    return this.#process.version;
  }

  /** Sees to it that {@link create} can start at once: called while something else is waited for. */
  async prepare(): Promise<void> {
    await this.connection.started();
  }

  /** Every pane of ours. Empty when no tmux runs; throws `unavailable` when that cannot be told. */
  async panes(): Promise<readonly Pane[]> {
    const control = await this.connection.attached();
    if (control === undefined) return [];
    const which = this.#process.knownFeatures?.quietClients === true ? ['-s', '-t', `=${HUB}:`] : ['-a'];
    const [lines = []] = await control.run(tmuxCommand('list-panes', ...which, '-F', PANE_FORMAT));
    return ownPanes(lines.map(parsePane).filter((pane) => pane !== undefined));
  }

  /**
   * Makes the window of a session and starts what its launch file says. The log is open before the first byte.
   *
   * @param folder in which it works, for whoever finds the window without a record
   * @param asksForReports the tool is told that its reports are read
   * @param newlineByEscape what Shift+Enter is for it
   * @throws CodeManagerError `conflict` when tmux has a window for this session already
   */
  async create(
    session: string,
    {
      folder = '',
      asksForReports = false,
      newlineByEscape = false,
    }: { folder?: string; asksForReports?: boolean; newlineByEscape?: boolean } = {},
  ): Promise<Pane> {
    const control = await this.connection.started();
    const { runtimeDirectory } = this.#options;
    const target = `=${session}:`;
    const launch = join(runtimeDirectory, 'launch.sh');
    const { quietClients, newWindowSize, windowSize } = await this.#process.features();
    const sizes = (by: string): string[] =>
      newWindowSize === 'creator' ? [tmuxCommand('set-option', '-gw', 'window-size', by)] : [];
    const byHand = sizes('manual');
    const byClients = sizes(windowSize ?? '');
    try {
      const replies = await control.run(
        ...byHand,
        tmuxCommand('new-session', '-d', '-s', session, ...SIZE_ARGUMENTS, 'sh', launch, session),
        ...byClients,
        ...(newWindowSize === 'attached' ? ownSize(target) : []),
        this.#openPipe(target, this.#pipe(session, ...(asksForReports ? ['answer'] : [])), asksForReports),
        this.#setOption(target, SESSION_OPTION, session),
        // A path may have line breaks, and a word of tmux none.
        this.#setOption(target, FOLDER_OPTION, Buffer.from(folder).toString('base64url')),
        ...(newlineByEscape ? [this.#setOption(target, NEWLINE_OPTION, '1')] : []),
        ...(quietClients ? [tmuxCommand('link-window', '-d', '-s', target, '-t', `=${HUB}:`)] : []),
        tmuxCommand('list-panes', '-t', target, '-F', PANE_FORMAT),
      );
      this.connection.onWindowMade();
      const pane = parsePane(replies.at(-1)?.[0] ?? '');
      if (!pane) throw new CodeManagerError('internal', 'tmux did not say which window it made');
      return pane;
    } catch (error) {
      // The list of commands ended where it failed.
      if (byClients.length > 0) await control.run(...byClients).catch(() => undefined);
      if (error instanceof TmuxRefusedError && error.kind === 'taken') {
        throw new CodeManagerError('conflict', `Session ${session} has a window already`, { cause: error });
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

  #pipe(session: string, ...how: readonly string[]): string {
    return ['exec sh', quotePosix(join(this.#options.runtimeDirectory, 'pipe.sh')), session, ...how].join(' ');
  }

  /** Ends the writer of the log, which says so when it has written all that it had. */
  async closeLog(pane: Pane): Promise<void> {
    const control = await this.connection.started();
    await control.run(tmuxCommand('pipe-pane', '-t', pane.pane));
  }

  /**
   * Has the log written again after its writer had gone.
   *
   * @param from it goes on at this offset or behind it, whatever is there
   */
  async reopenLog(pane: Pane, from: number): Promise<void> {
    const control = await this.connection.started();
    await control.run(
      tmuxCommand('pipe-pane', '-t', pane.pane),
      this.#openPipe(pane.pane, this.#pipe(pane.session, 'gap', String(from))),
    );
  }

  /** What tmux knows of one pane now; undefined when it has gone. */
  async pane(pane: string): Promise<Pane | undefined> {
    const found = parsePane((await this.#ask(pane, PANE_FORMAT)) ?? '');
    return found?.pane === pane ? found : undefined;
  }

  /** Folder in which the session of a pane works. Empty when that is not known; undefined when the pane has gone. */
  async folder(pane: string): Promise<string | undefined> {
    const coded = await this.#ask(pane, `#{${FOLDER_OPTION}}`);
    return coded === undefined ? undefined : Buffer.from(coded, 'base64url').toString();
  }

  /** One line of what tmux knows of a pane; undefined when it has gone. */
  async #ask(pane: string, format: string): Promise<string | undefined> {
    const control = await this.connection.attached();
    if (control === undefined) return undefined;
    try {
      const [lines] = await control.run(tmuxCommand('display-message', '-p', '-t', pane, format));
      return lines?.[0];
    } catch (error) {
      if (error instanceof TmuxRefusedError) return undefined;
      throw error;
    }
  }

  /**
   * The visible screen as text, each row a line: that tmux takes a row for the rest of the one above stays true of it
   * long after a program has drawn something else there.
   */
  async screen(pane: string, { styled = false }: { readonly styled?: boolean } = {}): Promise<string> {
    const control = await this.connection.started();
    const flags = styled ? ['-e'] : [];
    const [lines = []] = await control.run(tmuxCommand('capture-pane', '-p', ...flags, '-t', pane));
    return lines.join('\n');
  }

  /**
   * Puts text into the pane as a terminal would paste it: bracketed where the program asked for that.
   *
   * @param text without control characters other than tab and line feed
   * @param mark recorded by tmux together with the paste
   */
  async paste(pane: string, text: string, mark?: TaskMark): Promise<void> {
    const control = await this.connection.started();
    const { machine, runtimeDirectory } = this.#options;
    const name = `cm${++this.#buffer}`;
    const file = join(runtimeDirectory, `${name}.paste`);
    await machine.writeFile(file, text);
    try {
      await control.run(
        tmuxCommand('load-buffer', '-b', name, file),
        leaveMode(pane),
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
    const control = await this.connection.started();
    await control.run(leaveMode(pane), ...commands, ...this.#marks(pane, mark));
  }

  /** A person has scrolled up in it, or a list or a clock of tmux stands over it. */
  async isInMode(pane: string): Promise<boolean> {
    return (await this.#ask(pane, '#{pane_in_mode}')) !== '0';
  }

  /** The pane shows the screen of programs that paint, which leave what was printed before them as it is. */
  async isOnOtherScreen(pane: string): Promise<boolean> {
    return (await this.#ask(pane, '#{alternate_on}')) !== '0';
  }

  /** The device of its terminal; undefined when it has gone. */
  async terminal(pane: string): Promise<string | undefined> {
    return (await this.#ask(pane, '#{pane_tty}')) || undefined;
  }

  #marks(pane: string, mark: TaskMark | undefined): readonly string[] {
    return mark === undefined ? [] : [this.#setOption(pane, TASK_OPTION, mark)];
  }

  /** What was recorded with the last marked paste or key of a pane. */
  async mark(pane: string): Promise<TaskMark> {
    const mark = await this.#ask(pane, `#{${TASK_OPTION}}`);
    return mark === 'pasted' || mark === 'sent' ? mark : '';
  }

  /** Terminals attached to a session. */
  async attached(session: string): Promise<readonly AttachedTerminal[]> {
    const { live } = this.connection;
    if (live === undefined) return [];
    const [lines = []] = await live.run(
      tmuxCommand('list-clients', '-F', '#{session_name} #{client_activity} #{client_readonly} #{client_created}'),
    );
    return lines.flatMap((line) => {
      const [name, activity = '0', readOnly, created = '0'] = line.split(' ');
      // Attaching counts as activity for tmux, and is no typing.
      return name === session
        ? [
            {
              activity: activity === created ? 0 : Number(activity),
              created: Number(created),
              readOnly: readOnly === '1',
            },
          ]
        : [];
    });
  }

  /** Panes that somebody else has opened in it. */
  async guests(): Promise<readonly Guest[]> {
    const control = await this.connection.attached();
    if (control === undefined) return [];
    const [lines = []] = await control.run(tmuxCommand('list-panes', '-a', '-F', GUEST_FORMAT));
    return parseGuests(lines, HUB);
  }

  /** Ends the window of a session with what is left in it, and what somebody has opened beside it. Fine when it has gone. */
  async kill({ session, window }: { readonly session: string; readonly window?: string }): Promise<void> {
    const { machine } = this.#options;
    const guests = (await this.#guests.ask(session)).map(({ pid }) => machine.killTree(pid, ''));
    const control = await this.connection.attached();
    const end = async (...command: string[]): Promise<void> => {
      await control?.run(tmuxCommand(...command)).catch((error: unknown) => {
        if (!(error instanceof TmuxRefusedError)) throw error;
      });
    };
    // It goes out of both sessions; the emptied one goes by itself.
    if (window !== undefined) await end('kill-window', '-t', window);
    if (guests.length > 0) await end('kill-session', '-t', `=${session}`);
    await Promise.all(guests);
  }

  /**
   * Program and arguments of a terminal in a session. It shows the agent, whatever somebody has opened beside it.
   *
   * @param name of the session, for people
   */
  async attachCommand(
    session: string,
    readOnly: boolean,
    { name = session, nesting }: { readonly name?: string } & Partial<Pick<Attaching, 'nesting'>> = {},
  ): Promise<readonly string[]> {
    const control = await this.connection.started();
    const pane = (await this.panes()).find((each) => each.session === session);
    const { program } = await this.program();
    const { quietClients } = await this.#process.features();
    const isSplit = '#{&&:#{!=:#{window_panes},1},#{==:#{window_zoomed_flag},0}}';
    if (pane !== undefined) {
      const zoom = tmuxCommand('if-shell', '-F', '-t', pane.pane, isSplit, `resize-pane -Z -t ${pane.pane}`);
      await control.run(zoom).catch(() => undefined);
    }
    const hint =
      nesting === undefined
        ? []
        : [';', 'display-message', ...(quietClients ? ['-d', '0'] : []), NESTING_HINTS[nesting]];
    return [
      '/bin/sh',
      join(this.#options.runtimeDirectory, 'attach.sh'),
      stripTerminal(name),
      session,
      program,
      ...(quietClients ? ['-N'] : []),
      '-u',
      '-S',
      this.socket,
      'attach-session',
      ...(readOnly ? ['-r'] : []),
      '-t',
      pane === undefined ? `=${session}` : `=${session}:${pane.window}.${pane.pane}`,
      ...hint,
    ];
  }

  dispose(): void {
    this.connection.dispose();
  }
}
