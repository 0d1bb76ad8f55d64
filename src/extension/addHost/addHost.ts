import { Name, type Context } from '../../protocol/context.js';
import {
  describedHost,
  machineId,
  remoteSpec,
  type MachineSpec,
  type RemoteSpec,
} from '../../protocol/machineKinds.js';
import { oneLine } from '../../view/plainText.js';
import { freeContextName } from '../model/remoteFolders.js';
import type { ServerLink } from '../services/serverLink.js';
import { agentUrlProblem, portProblem, type SshTarget } from '../model/sshTarget.js';
import { inputStep, type StepResult } from '../quickInput/steps.js';
import { folderStep, type LoadFolders } from './folderStep.js';
import { hostStep } from './hostStep.js';

/** One question of several: true to go on, false to go back, undefined to give up. */
type Step = (title: string, canGoBack: boolean) => Promise<boolean | undefined>;

/** The new context; `back`: the person wants the question before the first of these; undefined: they gave up. */
type Added = { readonly id: string } | 'back' | undefined;

/** Add SSH Host…: host, folder, name. The id of the new context, undefined when the person gave up. */
export async function addSshHost(link: ServerLink): Promise<string | undefined> {
  for (;;) {
    const result = await hostStep({
      title: 'Add SSH Host (1/3)',
      hosts: () => link.request('machine/hosts', {}),
      withAgents: true,
      canGoBack: false,
    });
    if (result.kind !== 'next') return undefined;
    const choice = result.value;
    const added =
      choice.kind === 'host'
        ? await new AddHost(link, { type: 'ssh', ...choice.target }).run('Add SSH Host', 1, () => [])
        : choice.kind === 'agentOverSsh'
          ? await addAgentOverSsh(link)
          : await addAgentByUrl(link);
    if (added !== 'back') return added?.id;
  }
}

/** A new context on a machine that is known: folder, name. */
export async function addContextOn(link: ServerLink, machine: RemoteSpec): Promise<string | undefined> {
  const added = await new AddHost(link, machine).run('Add Context', 0, () => []);
  return added === 'back' ? undefined : added?.id;
}

async function addAgentOverSsh(link: ServerLink): Promise<Added> {
  const adding = new AddHost(link, { type: 'agent', host: 'unknown' });
  let target: SshTarget | undefined;
  let agentPort: number | undefined;
  const use = (): void => {
    if (target === undefined) return;
    adding.use({ type: 'agent', ...target, ...(agentPort === undefined ? {} : { agentPort }) });
  };
  const askHost: Step = async (title) => {
    const hosts = () => link.request('machine/hosts', {});
    const result = await hostStep({ title, hosts, withAgents: false, canGoBack: true });
    if (result.kind === 'next' && result.value.kind === 'host') target = result.value.target;
    use();
    return went(result);
  };
  const askPort: Step = async (title) => {
    const result = await inputStep({
      title,
      placeholder: 'Port',
      prompt:
        'Port on which the agent server listens there. Empty: its program is run over ssh, which needs neither port nor token.',
      value: agentPort === undefined ? '' : String(agentPort),
      validate: portProblem,
      canGoBack: true,
    });
    if (result.kind === 'next') agentPort = result.value.trim() === '' ? undefined : Number(result.value);
    use();
    return went(result);
  };
  const askToken: Step = (title) => adding.askToken(title);
  return await adding.run('Add Agent Server', 0, () => [
    askHost,
    askPort,
    ...(agentPort === undefined ? [] : [askToken]),
  ]);
}

async function addAgentByUrl(link: ServerLink): Promise<Added> {
  const adding = new AddHost(link, { type: 'agent', url: 'wss://unknown' });
  let url = 'wss://';
  const askUrl: Step = async (title) => {
    const result = await inputStep({
      title,
      placeholder: 'wss://build-box:9876',
      prompt: 'URL of the agent server',
      value: url,
      validate: agentUrlProblem,
      canGoBack: true,
    });
    if (result.kind === 'next') {
      url = result.value.trim();
      adding.use({ type: 'agent', url });
    }
    return went(result);
  };
  return await adding.run('Add Agent Server', 0, () => [askUrl, (title) => adding.askToken(title)]);
}

/** Asks for what a context on another machine needs, step by step and back again. */
class AddHost {
  readonly #link: ServerLink;
  #machine: RemoteSpec;
  #token: string | undefined;
  #folder = '~';
  #name = '';

  constructor(link: ServerLink, machine: RemoteSpec) {
    this.#link = link;
    this.#machine = machine;
  }

  /** Another machine has other folders. */
  use(machine: RemoteSpec): void {
    if (machineId(machine) !== machineId(this.#machine)) this.#folder = '~';
    this.#machine = machine;
  }

  /**
   * @param before how many steps the person has made already
   * @param steps those before the folder, which may depend on what was answered
   */
  async run(title: string, before: number, steps: () => readonly Step[]): Promise<Added> {
    for (let i = 0; i >= 0;) {
      const all: readonly Step[] = [
        ...steps(),
        (text, back) => this.#askFolder(text, back),
        (text) => this.#askName(text),
      ];
      const step = all[i];
      if (step === undefined) return await this.#add();
      const forward = await step(`${title} (${before + i + 1}/${before + all.length})`, before + i > 0);
      if (forward === undefined) return undefined;
      i += forward ? 1 : -1;
    }
    return 'back';
  }

  async #add(): Promise<Added> {
    return await this.#link.request('context/add', {
      name: this.#name,
      path: this.#folder,
      machine: this.#machine,
      ...(this.#token === undefined ? {} : { token: this.#token }),
    });
  }

  async askToken(title: string): Promise<boolean | undefined> {
    const result = await inputStep({
      title,
      placeholder: 'Token',
      prompt:
        'Token of the agent server, as `cm server token new` shows it once. Kept in a file that only you can read.',
      password: true,
      validate: (value) => (value.trim() === '' ? 'Which token? Nothing is typed yet' : undefined),
      canGoBack: true,
    });
    if (result.kind === 'next') this.#token = result.value.trim();
    return went(result);
  }

  async #askFolder(title: string, canGoBack: boolean): Promise<boolean | undefined> {
    const machine = this.#machine;
    const load = foldersOf(this.#link, machine, this.#token);
    const result = await folderStep({ title, host: describedHost(machine), start: this.#folder, load, canGoBack });
    if (result.kind === 'next') this.#folder = result.value;
    return went(result);
  }

  async #askName(title: string): Promise<boolean | undefined> {
    const taken = this.#link.snapshot.contexts.map(({ name }) => name);
    const host = describedHost(this.#machine);
    const result = await inputStep({
      title,
      placeholder: 'Name',
      prompt: `How ${oneLine(this.#folder, 200)} on ${oneLine(host)} is called in lists and on the command line.`,
      value: freeContextName(this.#folder, host, taken),
      validate: (value) => nameProblem(value, taken),
      canGoBack: true,
    });
    if (result.kind === 'next') this.#name = result.value.trim();
    return went(result);
  }
}

/** The folders of a machine that need not be that of a context yet. */
export function foldersOf(link: ServerLink, machine: MachineSpec, token?: string): LoadFolders {
  return (path, { signal, onProgress }) =>
    link.operation(
      'machine/folders',
      { machine, path, ...(token === undefined ? {} : { token }) },
      { signal, onProgress: ({ message }) => onProgress(message) },
    );
}

/** The spec of a machine by one of its contexts. */
export function specOf(contexts: readonly Context[], isOnIt: (context: Context) => boolean): RemoteSpec | undefined {
  const context = contexts.find(isOnIt);
  return context === undefined ? undefined : remoteSpec(context.machine);
}

export function nameProblem(value: string, taken: readonly string[]): string | undefined {
  const issue = Name.safeParse(value).error?.issues[0]?.message;
  return issue ?? (taken.includes(value.trim()) ? `There is a context ${oneLine(value, 60)} already` : undefined);
}

function went(result: StepResult<unknown>): boolean | undefined {
  return result.kind === 'next' ? true : result.kind === 'back' ? false : undefined;
}
