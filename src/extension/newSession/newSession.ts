import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { CodeManagerError } from '../../protocol/errors.js';
import type { OwnGit } from '../../protocol/ownGit.js';
import { seatOf, type Session } from '../../protocol/session.js';
import { say, working } from '../editor/say.js';
import { machineName, machineOf } from '../../view/machineText.js';
import { oneLine } from '../../view/plainText.js';
import type { ServerLink } from '../services/serverLink.js';
import { Paste } from '../quickInput/paste.js';
import { inputStep, PASTED } from '../quickInput/steps.js';
import type { ContextKeys } from '../services/contextKeys.js';
import type { ToolCatalog } from '../services/toolCatalog.js';
import { currentFolder, isUntrusted } from '../services/workspaceFolders.js';
import { askAgent } from './agentStep.js';
import { askContext } from './contextStep.js';
import { NO_OPTIONS, remember, toRequest, type Draft, type Place, type Remembered } from './draft.js';
import { askOptions } from './optionsStep.js';
import type { TaskDrafts } from './taskDrafts.js';

const LAST_KEY = 'lastSession';
const TOOLS_KEY = 'recentTools';
const TOTAL = 3;
/** Reading a slow login shell comes first, at most 10 s; then the agent starts. */
const CREATE_TIMEOUT_MS = 60_000;

const EDITOR_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('edit'),
  tooltip: 'Write in Editor',
};
/** Said below what was pasted in a browser. */
const NO_LINES = 'Pasted as one line. Write in Editor, the first button above, keeps its line breaks.';
const OPTIONS_BUTTON: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('gear'), tooltip: 'Options' };

export interface NewSessionDependencies {
  readonly link: ServerLink;
  readonly tools: ToolCatalog;
  readonly drafts: TaskDrafts;
  readonly memory: vscode.Memento;
  readonly keys: ContextKeys;
  /** The tool that the settings prefer, empty for none. */
  readonly defaultTool: () => string;
  readonly addContext: () => Promise<string | undefined>;
  readonly addSshHost: () => Promise<string | undefined>;
  /** Connects a machine unless it is connected; the person can answer what it asks. */
  readonly connect: (machineId: string) => Promise<void>;
  /** Whether what a repository has of its own for git may count; undefined when the person decided nothing. */
  readonly askOwnGit: (name: string, own: OwnGit) => Promise<boolean | undefined>;
  /** Called with each session that was started. */
  readonly onStarted: (session: Session) => Promise<void>;
}

/** New Session…: context, agent, task; each step can be gone back from, and each has a default. */
export class NewSession {
  readonly #deps: NewSessionDependencies;

  constructor(deps: NewSessionDependencies) {
    this.#deps = deps;
    deps.keys.set('codeManager.hasLastSession', this.#last !== undefined);
  }

  /** @param given what is known already; the first step that is not is where it begins */
  async run(given: Partial<Draft> = {}): Promise<void> {
    let place = given.place;
    let tool = given.tool;
    let step = place === undefined ? 1 : tool === undefined ? 2 : 3;
    for (;;) {
      if (step === 1 || place === undefined) {
        const answer = await askContext(this.#deps.link, title(1));
        if (answer === undefined) return;
        place = typeof answer === 'string' ? await this.#added(answer) : answer;
        if (place === undefined) return;
        step = 2;
      } else if (step === 2 || tool === undefined) {
        const on = machineOfPlace(place, this.#deps.link);
        await this.#deps.connect(on.machine);
        const answer = await askAgent(this.#deps.tools, title(2), this.#recentTools, on);
        if (answer === undefined) return;
        if (answer !== 'back') tool = answer.id;
        step = answer === 'back' ? 1 : 3;
      } else {
        const draft: Draft = { place, tool, task: given.task ?? '', options: given.options ?? NO_OPTIONS };
        if ((await this.#askTask(draft, title(3), true)) !== 'back') return;
        step = 2;
      }
    }
  }

  /** Asks for the task only. */
  async runLikeLast(): Promise<void> {
    const last = this.#last;
    if (last === undefined) return this.run();
    const options = { ...NO_OPTIONS, ...last.options };
    await this.#askTask({ place: last.place, tool: last.tool, task: '', options }, 'New Session (Same as Last)', false);
  }

  /** False when the person decided nothing about what has to be asked first, and nothing was started. */
  async start(draft: Draft): Promise<boolean> {
    refuseUntrusted(draft.place, this.#deps.link);
    const session = await this.#create(draft);
    if (session === undefined) return false;
    if (session.reason !== null) void say('warning', oneLine(session.reason));
    const tools = [draft.tool, ...this.#recentTools.filter((tool) => tool !== draft.tool)].slice(0, 20);
    await this.#deps.memory.update(LAST_KEY, remember(draft));
    await this.#deps.memory.update(TOOLS_KEY, tools);
    this.#deps.keys.set('codeManager.hasLastSession', true);
    await this.#deps.onStarted(session);
    return true;
  }

  async #create(draft: Draft): Promise<Session | undefined> {
    const create = async (trustGit?: string): Promise<Session> =>
      await working('Starting a session…', () =>
        this.#deps.link.request(
          'session/create',
          { ...toRequest(draft, randomUUID()), seat: seatOf(process.env), ...(trustGit !== undefined && { trustGit }) },
          { timeoutMs: CREATE_TIMEOUT_MS },
        ),
      );
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.ownGit === undefined) throw error;
      const { ownGit } = error;
      const use = await this.#deps.askOwnGit(draft.place.name, ownGit);
      return use === undefined ? undefined : await create(use ? ownGit.digest : 'no');
    }
  }

  /** The demo agent in the folder of this window, else in the context used last. */
  async tryDemo(): Promise<void> {
    const folder = currentFolder();
    const place: Place | undefined = folder === undefined ? undefined : { kind: 'folder', ...folder };
    if (place === undefined) await this.run({ tool: 'demo' });
    else await this.start({ place, tool: 'demo', task: DEMO_TASK, options: NO_OPTIONS });
  }

  async #askTask(given: Draft, stepTitle: string, canGoBack: boolean): Promise<'back' | 'done'> {
    let draft = given;
    const { machine } = machineOfPlace(draft.place, this.#deps.link);
    const tools = await this.#deps.tools.list({ machine }).catch(() => this.#deps.tools.known(machine));
    const tool = tools.find(({ id }) => id === draft.tool);
    const isCommand = draft.tool === 'shell';
    for (;;) {
      const paste = new Paste(draft.task);
      const result = await inputStep({
        title: stepTitle,
        placeholder: isCommand ? 'Command' : 'Task',
        prompt: isCommand
          ? `Runs in ${oneLine(draft.place.name)}. Press Enter to start.`
          : `What ${tool?.name ?? draft.tool} should do in ${oneLine(draft.place.name)}. Empty: it starts without a task.`,
        value: draft.task,
        canGoBack,
        buttons: [EDITOR_BUTTON, OPTIONS_BUTTON],
        ...(isCommand
          ? { validate: (value: string) => (value.trim() === '' ? 'Which command? Nothing is typed yet' : undefined) }
          : {}),
        onValue: (value) => paste.typed(value),
        hint: () => (paste.mayLackLines ? NO_LINES : undefined),
      });
      switch (result.kind) {
        case 'cancel':
          return 'done';
        case 'back':
          return 'back';
        case 'next':
          await this.start({ ...draft, task: result.value });
          return 'done';
        case 'button':
          if (result.button === OPTIONS_BUTTON) {
            draft = { ...draft, task: result.value };
            draft = { ...draft, options: await askOptions(draft.options, tool) };
            break;
          }
          if (result.button === PASTED || result.button === EDITOR_BUTTON) {
            const whole = result.button === PASTED ? undefined : await paste.whole(result.value);
            await this.#deps.drafts.open({ ...draft, task: whole ?? result.value });
          }
          return 'done';
      }
    }
  }

  async #added(how: 'add' | 'addHost'): Promise<Place | undefined> {
    const contextId = await (how === 'add' ? this.#deps.addContext() : this.#deps.addSshHost());
    if (contextId === undefined) return undefined;
    const context = await this.#deps.link.request('context/get', { context: contextId });
    return { kind: 'context', contextId, name: context.name };
  }

  get #last(): Remembered | undefined {
    const last = this.#deps.memory.get<Remembered>(LAST_KEY);
    return typeof last?.tool === 'string' && typeof last.place === 'object' ? last : undefined;
  }

  get #recentTools(): readonly string[] {
    const recent = this.#deps.memory.get<readonly string[]>(TOOLS_KEY, []);
    const preferred = this.#deps.defaultTool();
    return preferred === '' ? recent : [preferred, ...recent.filter((tool) => tool !== preferred)];
  }
}

/** What the demo agent is given when somebody only wants to see it. */
const DEMO_TASK = 'Show me around';

function title(step: number): string {
  return `New Session (${step}/${TOTAL})`;
}

/** On which machine a session is to run, with its name when that is another one than this window's. */
function machineOfPlace(place: Place, link: ServerLink): { machine: string; place: string | undefined } {
  const { contexts, machines } = link.snapshot;
  const context = place.kind === 'folder' ? undefined : contexts.find(({ id }) => id === place.contextId);
  const machine = context === undefined ? undefined : machineOf(context, machines);
  if (machine === undefined || machine.type === 'local') return { machine: 'local', place: undefined };
  return { machine: machine.id, place: machineName(machine, machines) };
}

/** An agent reads and runs what lies in its folder, so it is not started in one that the person does not trust. */
function refuseUntrusted(place: Place, link: ServerLink): void {
  const context = place.kind === 'folder' ? place : link.snapshot.contexts.find(({ id }) => id === place.contextId);
  // Folders of other machines are none of this window's.
  const path =
    context === undefined || ('machine' in context && context.machine !== 'local') ? undefined : context.path;
  if (path === undefined || !isUntrusted(path)) return;
  const manage = 'Manage Workspace Trust';
  void say('warning', 'Sessions can be watched, not started, in a folder you do not trust.', manage).then((action) => {
    if (action === manage) void vscode.commands.executeCommand('workbench.trust.manage');
  });
  throw new CodeManagerError('cancelled', 'The workspace is not trusted');
}
