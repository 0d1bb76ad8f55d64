import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import type { AuditEntry } from '../../src/protocol/audit.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Session } from '../../src/protocol/session.js';
import { describe } from '../../src/protocol/word.js';
import { privateTmux } from '../helpers/privateTmux.js';
import { removeFolder } from '../helpers/tempDir.js';
import { TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';
import { writtenText } from '../model/script.js';
import { ScriptedModel } from '../model/server.js';
import { agentHome, type AgentHome, type AgentName } from './home.js';

const DEADLINE_MS = 120_000;

/** A person's machine with one agent on it. */
export class Desk {
  readonly home: TestHome;
  readonly model: ScriptedModel;
  readonly folder: string;
  readonly #agent: AgentHome;
  readonly #t: TestContext;
  #client: Client;
  #id = '';
  readonly #answered = new Set<string>();

  private constructor(t: TestContext, home: TestHome, model: ScriptedModel, agent: AgentHome, folder: string) {
    this.#t = t;
    this.home = home;
    this.model = model;
    this.folder = folder;
    this.#agent = agent;
    this.#client = home.client();
  }

  /** @param place what `cm` calls its folder; default: its path */
  static async setUp(
    t: TestContext,
    name: AgentName,
    reach: (home: TestHome, program: string) => void,
    place = (folder: string): string => folder,
  ): Promise<Desk> {
    const model = await ScriptedModel.start();
    t.after(() => model.stop());
    const home = new TestHome(t);
    // Not below /tmp, which Codex takes for a place where it may write.
    const dir = mkdtempSync('/var/tmp/cm-agent-');
    t.after(() => removeFolder(dir));
    const folder = join(dir, 'project');
    mkdirSync(folder);
    execFileSync('git', ['init', '-q', folder]);
    const agent = await agentHome(name, model.url, dir);
    reach(home, agent.program);
    await home.ok('ctx', 'add', 'project', place(folder));
    return new Desk(t, home, model, agent, folder);
  }

  async start(name: AgentName, task: string, mode: string): Promise<Session> {
    const variables = { ...this.#agent.variables, HOME: this.#agent.home };
    const file = join(this.home.root, 'agent.env');
    const lines = Object.entries(variables).map(([variable, value]) => `${variable}=${value}`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const args = ['start', name, task, '--ctx', 'project', '--mode', mode, '--env-file', file];
    const session = await this.home.json<Session>(...args);
    this.#id = session.id;
    assert.equal(session.mode, mode);
    return session;
  }

  async session(): Promise<Session> {
    try {
      return await this.#client.request('session/get', { session: this.#id });
    } catch {
      // The agent server was killed: this starts the next one, as a person would.
      const session = await this.home.json<Session>('status', this.#id);
      this.#client = this.home.client();
      return session;
    }
  }

  /** The words that people see for it from now on, with their details: each change once, as it comes. */
  watch(): readonly string[] {
    const words: string[] = [];
    const client = createClient({ name: 'test watching', home: this.home.cm, reconnect: false, subscribe: true });
    this.#t.after(() => client.dispose());
    client.onDidChange(({ change }) => {
      if (change.type !== 'session/changed' || change.session.id !== this.#id) return;
      const { word, detail } = describe(change.session, Date.now());
      const shown = word === 'Finished' || word === 'Running' || detail === '' ? word : `${word} · ${detail}`;
      if (words.at(-1) !== shown) words.push(shown);
    });
    return words;
  }

  /** Gives the terminal another size, as somebody who attaches from elsewhere does. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-t', `=${this.#id}:`, '-x', String(columns), '-y', String(rows));
  }

  /** Waits until it needs input of a kind; what `cm status` says then. */
  async needs(kind: string): Promise<string> {
    await this.#until(`it needs ${kind}`, ({ waiting }) => waiting?.kind === kind);
    return await this.home.ok('status');
  }

  async becomes(state: string): Promise<void> {
    await this.#until(`it is ${state}`, (session) => session.state === state);
  }

  /** Waits until its turn has ended in an error. */
  async isError(detail: RegExp): Promise<void> {
    await this.#until(`it has an error like ${String(detail)}`, ({ error }) => error !== null && detail.test(error));
  }

  /** What stands in its input box. */
  async draft(): Promise<string | null> {
    const { tool } = await this.session();
    return (await this.#client.request('screen/judge', { tool, screen: await this.screen() })).draft;
  }

  /** Scrolls up in its terminal, as one turn of the mouse wheel does. */
  async copyMode(): Promise<void> {
    await this.#tmux('copy-mode', '-t', `=${this.#id}:`);
  }

  /** Process of the program that its launcher has started. */
  async program(): Promise<number> {
    const { pid } = await this.session();
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
  }

  async keys(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.home.ok('key', this.#id, key);
  }

  async send(text: string): Promise<void> {
    await this.home.ok('send', this.#id, text);
  }

  async interrupt(): Promise<void> {
    await this.home.ok('interrupt', this.#id);
  }

  /** What it asks, once it asks something of a kind that was not answered here yet. */
  async asks(kind: string): Promise<PendingRequest> {
    let found: PendingRequest | undefined;
    await this.#until(`it asks for ${kind}`, ({ request }) => {
      if (request?.kind !== kind || request.options.length === 0 || this.#answered.has(request.id)) return false;
      found = request;
      return true;
    });
    assert.ok(found);
    return found;
  }

  /** What it asks, once it asks for a command with these words. */
  async asksFor(words: string): Promise<PendingRequest> {
    let found: PendingRequest | undefined;
    await this.#until(`it asks for ${words}`, ({ request }) => {
      if (request === null || request.options.length === 0 || request.command?.includes(words) !== true) return false;
      found = request;
      return true;
    });
    assert.ok(found);
    return found;
  }

  /** Answers with `cm approve`, `cm deny` or `cm answer`; what was answered. */
  async answers(command: 'approve' | 'deny' | 'answer', { id }: PendingRequest, ...words: string[]): Promise<string> {
    this.#answered.add(id);
    return (await this.home.ok(command, this.#id, ...words, '--request', id)).trim();
  }

  /** What was answered, oldest first. */
  async audit(): Promise<AuditEntry[]> {
    return (await this.home.json<AuditEntry[]>('audit', this.#id)).reverse();
  }

  /** Content of a file in its folder; '' when it is not there. */
  file(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Why it is shown as it is. */
  async explain(): Promise<string> {
    return await this.home.ok('explain', this.#id);
  }

  /** Waits until the reasons that are told match. */
  async explains(pattern: RegExp): Promise<void> {
    let told = '';
    try {
      await until(`it tells ${String(pattern)}`, async () => pattern.test((told = await this.explain())), 30_000);
    } catch (error) {
      throw new Error(`${String(error)}; it tells\n${told}`, { cause: error });
    }
  }

  /** Answers a dialog as a person does: by the text of the option, and once more when a key was not heard. */
  async choose(cursor: string, option: string): Promise<void> {
    const dialog = (await this.session()).waiting?.text;
    const isGone = ({ waiting }: Session): boolean => waiting?.text !== dialog;
    await this.#until(`${option} is chosen`, async (session) => {
      if (isGone(session)) return true;
      const line = await this.#line(cursor);
      if (line === undefined) return false;
      const key = line.includes(option) ? 'Enter' : 'Down';
      await this.keys(key);
      const isHeard = async (): Promise<boolean> =>
        key === 'Enter' ? isGone(await this.session()) : (await this.#line(cursor)) !== line;
      // A second key at once would be for what comes after the dialog.
      await until(`${key} is heard`, isHeard, 5_000).catch(() => undefined);
      return false;
    });
  }

  async #line(cursor: string): Promise<string | undefined> {
    return (await this.screen()).split('\n').find((text) => text.replace(/^[\s│]+/, '').startsWith(cursor));
  }

  /** What a terminal that is attached shows. */
  async screen(): Promise<string> {
    return await this.#tmux('capture-pane', '-p', '-t', `=${this.#id}:`);
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    return privateTmux(this.home.cm, args);
  }

  /** Waits for the file, for what the agent says at the end to be in the log, and for nothing to be waited for. */
  async wrote(file: string): Promise<void> {
    const path = join(this.folder, file);
    const isWritten = (): boolean => existsSync(path) && readFileSync(path, 'utf8') === writtenText(file);
    await this.#until(`${file} is written`, isWritten);
    await this.#until('its last words are in the log', async () => (await this.log()).includes('All done'));
    await this.#until('it runs', ({ status, waiting }) => status === 'running' && waiting === null);
  }

  async log(): Promise<string> {
    return await this.home.ok('logs', this.#id, '-n', 'all');
  }

  async stop(): Promise<void> {
    const { pid } = await this.session();
    assert.ok(pid !== null && existsSync(`/proc/${pid}`));
    await this.home.ok('stop', this.#id);
    const { status } = await this.session();
    assert.equal(status, 'stopped');
    await until('its process is gone', () => !existsSync(`/proc/${pid}`));
  }

  async #until(what: string, condition: (session: Session) => boolean | Promise<boolean>): Promise<void> {
    let last: Session | undefined;
    try {
      await until(
        what,
        async () => {
          last = await this.session();
          assert.ok(['starting', 'running'].includes(last.status), `it is ${last.status}`);
          return await condition(last);
        },
        DEADLINE_MS,
      );
    } catch (error) {
      const log = await this.log();
      throw new Error(`${String(error)}; it is ${JSON.stringify(last)}; its log:\n${log.slice(-3000)}`, {
        cause: error,
      });
    }
  }
}

/** The folder of the program is in the PATH of the login shell. */
export function byPath(home: TestHome, program: string): void {
  writeFileSync(join(home.user, '.bash_profile'), `export PATH='${dirname(program)}':"$PATH"\n`);
}

/** The login shell has an alias, as the installer of Claude Code makes one. */
export function byAlias(home: TestHome, program: string): void {
  writeFileSync(join(home.user, '.bash_profile'), `. ~/.bashrc\n`);
  writeFileSync(join(home.user, '.bashrc'), `alias claude='${program}'\n`);
}

/** The person's own description of the tool says where it is. */
export function byOwnFile(home: TestHome, program: string): void {
  mkdirSync(join(home.cm, 'tools'), { recursive: true });
  writeFileSync(join(home.cm, 'tools', 'opencode.json'), JSON.stringify({ id: 'opencode', command: [program] }));
}
