import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, AnswerResult, PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Session } from '../../src/protocol/session.js';
import { agentHome, type AgentHome } from '../agents/home.js';
import type { Bench } from '../bench/figure.js';
import { sleep, waitFor } from '../bench/numbers.js';
import { FarProduct } from '../bench/farProduct.js';
import { openProduct, type Product } from '../bench/product.js';
import { descendants } from '../bench/usage.js';
import { removeFolder } from '../helpers/tempDir.js';
import { killAll } from '../helpers/testHome.js';
import { ScriptedModel } from '../model/server.js';
import { AskedLog, type AskedAndShown } from './asked.js';
import { Ink } from './ink.js';
import { asksFor, type Program } from './programs.js';
import { truthOf, wordOf, type Mark, type Shown, type Span } from './timeline.js';

const LOOK_MS = 15;
/** Whatever works draws something more often. */
const SETTLED_MS = 3000;
/** Once the last words of an answer were drawn it has no longer pauses. */
const PAUSE_MS = 1000;
/** A program that has drawn nothing for so long does not draw those words. */
const STUCK_MS = 10_000;
const LAST_WORDS = /Alldone\(\d+steps\)/;
const LINES = 'line one\nline two\nline three\n';

/** The machine that the agents run on: this one, or another one over ssh. */
export type Where = 'here' | 'ssh';

/** A program in a session, and beside it everything that tells what it really does. */
export class Bed {
  readonly program: Program;
  readonly product: Product;
  readonly model: ScriptedModel;
  readonly #agent: AgentHome;
  readonly #asked: AskedLog;
  #session: Session | undefined;
  #process: number | undefined;
  #ink: Ink | undefined;
  #shown: Shown[] = [];
  #marks: Mark[] = [];
  #tag = '';
  #tags = 0;
  #heard = 0;
  #said: number | undefined;
  #isTrusted = false;
  #wanted: (Mark & { readonly type: 'drawn' })['what'] | undefined;

  private constructor(program: Program, product: Product, model: ScriptedModel, agent: AgentHome) {
    this.program = program;
    this.product = product;
    this.model = model;
    this.#agent = agent;
    this.#asked = new AskedLog(product.folder);
    product.client.onDidChange(({ change }) => {
      if (change.type !== 'session/changed' || change.session.id !== this.#session?.id) return;
      this.#session = change.session;
      this.#show(change.session);
      this.#asked.onShown(change.session);
    });
  }

  static async open(program: Program, bench: Bench, where: Where): Promise<Bed> {
    const model = await ScriptedModel.start();
    bench.scratch.defer(() => model.stop());
    // Not below /tmp, which Codex takes for a place where it may write.
    const dir = mkdtempSync('/var/tmp/cm-truth-');
    bench.scratch.defer(() => removeFolder(dir));
    const agent = await agentHome(program.name, model.url, dir);
    bench.scratch.defer(async () => {
      await waitFor('the agents to end', () => killAll(`HOME=${agent.home}`) === 0);
    });
    const folder = join(dir, 'project');
    mkdirSync(folder);
    execFileSync('git', ['init', '-q', folder]);
    const prepare = (home: string): void => {
      const command = [agent.program, ...program.args];
      mkdirSync(join(home, 'tools'), { mode: 0o700 });
      writeFileSync(join(home, 'tools', `${program.tool}.json`), JSON.stringify({ id: program.tool, command }));
    };
    const { name } = program;
    const product =
      where === 'ssh'
        ? (await FarProduct.open(bench, { name, folder, prepare })).product
        : await openProduct(bench, { name, on: { machine: 'local', folder }, prepare });
    const bed = new Bed(program, product, model, agent);
    const timer = setInterval(() => bed.#look(), LOOK_MS);
    bench.scratch.defer(() => clearInterval(timer));
    return bed;
  }

  get session(): Session {
    if (this.#session === undefined) throw new Error('No session runs.');
    return this.#session;
  }

  get isRunning(): boolean {
    return this.#session !== undefined && ['starting', 'running'].includes(this.#session.status);
  }

  /** Begins to watch; nothing that belongs to an earlier prompt counts. */
  begin(): void {
    this.#marks = [];
    this.#wanted = undefined;
    this.#said = undefined;
    this.#tag = `Case ${++this.#tags}:`;
    const [last] = this.#shown.slice(-1);
    this.#shown = last === undefined ? [] : [last];
    this.#heard = this.model.events.length;
  }

  /** Watches for a while, ends that, and tells what was true and what was shown. */
  async finish(): Promise<{
    readonly spans: readonly Span[];
    readonly shown: readonly Shown[];
    readonly asked: readonly AskedAndShown[];
  }> {
    await sleep(3000);
    this.#look();
    const marks = [...this.#marks].sort((a, b) => a.time - b.time);
    const end = performance.now();
    const shown = [...this.#shown, { time: end, word: 'end' }];
    return { spans: truthOf(marks, end), shown, asked: this.#asked.take() };
  }

  /** Starts it without a task and gets through its start, as far as it can be used. */
  async start(): Promise<void> {
    this.begin();
    writeFileSync(join(this.product.folder, 'README.md'), LINES);
    const env = { ...this.#agent.variables, HOME: this.#agent.home };
    this.#shown = [];
    this.#session = undefined;
    const { tool, mode, trusts } = this.program;
    const session = await this.product.start({ tool, mode, env });
    this.#session ??= session;
    this.#show(this.session);
    const { path } = await this.product.client.request('log/info', { session: session.id });
    this.#ink = new Ink(path);
    if (trusts && !this.#isTrusted) {
      this.#want('trust');
      await this.until('drawn', 180_000);
      await this.asks('trust', 60_000);
      await sleep(1500);
      const request = await this.asks('trust');
      this.#ink.forget();
      this.#want('ready');
      // Some ask again at each start unless they are told to remember it.
      await this.answer(request, { type: 'allow', always: request.options.some(({ role }) => role === 'always') });
      this.#isTrusted = true;
    } else {
      this.#want('ready');
    }
    const isReady = (): boolean => this.#marks.some((mark) => mark.type === 'drawn' && mark.what === 'ready');
    await waitFor('it to be ready', isReady, { timeoutMs: 120_000 });
    await this.settle(20_000);
    const launcher = this.session.pid ?? 0;
    // The launcher stays until the last byte is read.
    this.#process = descendants(launcher).find((pid) => parentOf(pid) === launcher) ?? launcher;
  }

  /** Ends the session, whatever it does. */
  async kill(): Promise<void> {
    if (this.isRunning) await this.product.client.request('session/kill', { session: this.session.id });
    this.#session = undefined;
    killAll(`HOME=${this.#agent.home}`);
  }

  /** Ends the session, which stays what it is. */
  async stop(): Promise<void> {
    await this.product.client.request('session/kill', { session: this.session.id });
    killAll(`HOME=${this.#agent.home}`);
  }

  /** Types a prompt and submits it. The words that name the case come first. */
  async prompt(text: string): Promise<void> {
    await this.send(this.tagged(text));
  }

  tagged(text: string): string {
    return `${this.#tag} ${text}`;
  }

  async send(text: string): Promise<void> {
    await this.product.client.request('session/send', { session: this.session.id, text, force: true });
  }

  async press(...keys: string[]): Promise<void> {
    this.mark({ time: performance.now(), type: 'pressed' });
    for (const key of keys) await this.key(key);
  }

  async key(key: string): Promise<void> {
    await this.product.client.request('session/key', { session: this.session.id, keys: [key] });
  }

  async interrupt(): Promise<void> {
    this.mark({ time: performance.now(), type: 'pressed' });
    await this.product.client.request('session/interrupt', { session: this.session.id });
  }

  /** What it asks, as the product knows it. */
  async asks(kind: string, timeoutMs = 30_000): Promise<PendingRequest> {
    return await waitFor(
      `a request: ${kind}`,
      () => {
        const { request } = this.session;
        return request?.kind === kind && request.options.length > 0 ? request : undefined;
      },
      { timeoutMs, intervalMs: LOOK_MS },
    );
  }

  async answer(request: PendingRequest, answer: Answer): Promise<AnswerResult> {
    this.mark({ time: performance.now(), type: 'pressed' });
    const params = { session: this.session.id, request: request.id, answer };
    return await this.product.client.request('session/answer', params, { timeoutMs: 30_000 });
  }

  mark(mark: Mark): void {
    this.#marks.push(mark);
  }

  /** Waits for the next mark of a type after so many of them. */
  async until(type: Mark['type'], timeoutMs = 30_000, count = 1): Promise<void> {
    const found = (): boolean => this.#marks.filter((mark) => mark.type === type).length >= count;
    await waitFor(`${this.program.name}: ${type}`, found, { timeoutMs, intervalMs: LOOK_MS });
  }

  /** The dialog is drawn, or should be by now. */
  async dialog(timeoutMs = 30_000): Promise<void> {
    const called = (): boolean => this.#marks.some((mark) => mark.type === 'called' && mark.asks !== null);
    await waitFor(`${this.program.name}: its call`, called, { timeoutMs, intervalMs: LOOK_MS });
    await this.until('drawn', 4000).catch(() => undefined);
    if (this.#marks.some(({ type }) => type === 'said')) throw new Error('It asked nobody.');
  }

  /** @returns when it drew something for the last time, once it has been still for long; null: it never was. */
  async settle(timeoutMs: number): Promise<number | null> {
    const ink = this.#ink;
    if (ink === undefined) return null;
    const isStill = (): boolean => performance.now() - ink.lastGrowth > SETTLED_MS;
    const still = waitFor('it to be still', isStill, { timeoutMs, intervalMs: 50 });
    return await still.then(
      () => ink.lastGrowth,
      () => null,
    );
  }

  /** Waits until its process has gone; `signal` is sent to it first. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    const pid = this.#process;
    if (pid === undefined) throw new Error('Its process is not known.');
    if (signal !== undefined) process.kill(pid, signal);
    await waitFor('its process to end', () => !isAlive(pid), { timeoutMs: 30_000, intervalMs: LOOK_MS });
    this.mark({ time: performance.now(), type: 'ended', how: signal === undefined ? 'exited' : 'killed' });
  }

  /** Content of a file in its folder; '' when it is not there. */
  file(name: string): string {
    const path = join(this.product.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  async screen(): Promise<string> {
    const { lines, evidence } = await this.product.client.request('session/explain', { session: this.session.id });
    const seen = evidence.map(({ source, state, detail }) => `${source}: ${state} (${detail})`);
    const rows = this.pane()
      .split('\n')
      .filter((row) => row.trim() !== '');
    return [...seen, ...(rows.length > 0 ? rows : lines).map((line) => `  | ${line}`)].join('\n');
  }

  /** Its pane, as tmux takes it. */
  get target(): string {
    return `=${this.session.id}:`;
  }

  /** Asks its tmux, beside the product; '' where that is on another machine. */
  tmux(...words: readonly string[]): string {
    const socket = join(this.product.home, 'run', 'tmux.sock');
    return existsSync(socket) ? execFileSync('tmux', ['-S', socket, ...words], { encoding: 'utf8' }) : '';
  }

  /** What its pane shows. */
  pane(): string {
    return this.tmux('capture-pane', '-p', '-t', this.target);
  }

  /** What stands in its input box. */
  async draft(): Promise<string | null> {
    const { tool } = this.program;
    return (await this.product.client.request('screen/judge', { tool, screen: this.pane() })).draft;
  }

  #want(what: (Mark & { readonly type: 'drawn' })['what']): void {
    this.#ink?.forget();
    this.#wanted = what;
  }

  #show(session: Session): void {
    const word = wordOf(session);
    if (this.#shown.at(-1)?.word !== word) this.#shown.push({ time: performance.now(), word });
  }

  #look(): void {
    // What it has drawn was drawn before the model's next answer.
    this.#read();
    for (; this.#heard < this.model.events.length; this.#heard++) {
      const event = this.model.events[this.#heard];
      if (event === undefined || !event.prompt.includes(this.#tag)) continue;
      const { time, what } = event;
      this.#said = what.type === 'said' ? time : undefined;
      if (what.type === 'came') {
        this.mark({ time, type: 'asked' });
        if (this.#wanted === undefined) this.#ink?.forget();
      } else if (what.type !== 'called') this.mark({ time, type: what.type });
      else {
        const asks = asksFor(what.call);
        this.mark({ time, type: 'called', asks });
        this.#asked.onCall(what.call, asks === 'permission');
        if (asks !== null) this.#want(asks);
      }
    }
  }

  #read(): void {
    this.#ink?.read();
    this.#lookWhetherRested();
    const what = this.#wanted;
    if (what === undefined || this.#ink?.shows(this.program.drawn[what]) !== true) return;
    this.#wanted = undefined;
    this.mark({ time: performance.now(), type: 'drawn', what });
  }

  /** A busy program stops for seconds in the middle of a long answer. */
  #lookWhetherRested(): void {
    if (this.#said === undefined) return;
    const drawn = Math.max(this.#said, this.#ink?.lastGrowth ?? 0);
    const pause = performance.now() - drawn;
    if (pause < PAUSE_MS || (pause < STUCK_MS && this.#ink?.shows(LAST_WORDS) !== true)) return;
    this.mark({ time: drawn, type: 'rested' });
    this.#said = undefined;
  }
}

function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0);
}

/** Also false for one that has ended and nobody has buried. */
function isAlive(pid: number): boolean {
  const [state = 'X'] = statOf(pid);
  return !['X', 'Z'].includes(state);
}
