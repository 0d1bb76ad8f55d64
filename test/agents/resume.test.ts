import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Conversation } from '../../src/protocol/conversation.js';
import type { Session } from '../../src/protocol/session.js';
import { chooseRuntimeDirectory } from '../../src/machines/runtimeDirectory.js';
import { drawnRows } from '../helpers/campaign.js';
import { TestHome } from '../helpers/testHome.js';
import { removeFolder } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';
import { ScriptedModel } from '../model/server.js';
import { agentHome, type AgentName } from './home.js';

// Real agents after a reboot: each session goes on with its own conversation, offline.

const DEADLINE_MS = 200_000;
const TIMEOUT = { timeout: 900_000 };

interface Agent {
  readonly name: AgentName;
  readonly tool: string;
  readonly mode: string;
  /** Begins another conversation in the same session, where the next prompt may follow at once and it is noticed. */
  readonly anew: string | undefined;
  /** The option that trusts the folder, where it asks. */
  readonly trust: { readonly cursor: string; readonly option: string } | undefined;
}

const AGENTS: readonly Agent[] = [
  {
    ...{ name: 'claude', tool: 'claude', mode: 'acceptEdits', anew: '/clear' },
    trust: { cursor: '❯', option: 'Yes, I trust this folder' },
  },
  {
    ...{ name: 'codex', tool: 'codex', mode: 'auto', anew: undefined },
    trust: { cursor: '›', option: 'Trust and continue' },
  },
  { name: 'opencode', tool: 'opencode', mode: 'auto', anew: '/new', trust: undefined },
  {
    ...{ name: 'gemini', tool: 'gemini', mode: 'default', anew: undefined },
    trust: { cursor: '●', option: 'Trust folder' },
  },
];

/** A person's machine with one agent in the login shell's environment. */
class Desk {
  readonly home: TestHome;
  readonly model: ScriptedModel;
  readonly folder: string;
  readonly #agent: Agent;

  private constructor(home: TestHome, model: ScriptedModel, folder: string, agent: Agent) {
    this.home = home;
    this.model = model;
    this.folder = folder;
    this.#agent = agent;
  }

  static async setUp(t: TestContext, agent: Agent): Promise<Desk> {
    const model = await ScriptedModel.start();
    t.after(() => model.stop());
    const dir = mkdtempSync('/var/tmp/cm-agent-');
    t.after(() => removeFolder(dir));
    const home = new TestHome(t);
    const folder = join(dir, 'project');
    mkdirSync(folder);
    execFileSync('git', ['init', '-q', folder]);
    const { program, home: own, variables } = await agentHome(agent.name, model.url, dir);
    const lines = Object.entries({ ...variables, HOME: own }).map(([name, value]) => `export ${name}='${value}'`);
    lines.push(`export PATH='${dirname(program)}':"$PATH"`);
    writeFileSync(join(home.user, '.bash_profile'), `${lines.join('\n')}\n`);
    await home.ok('ctx', 'add', 'project', folder);
    return new Desk(home, model, folder, agent);
  }

  async start(task: string, ...flags: readonly string[]): Promise<string> {
    const { tool, mode } = this.#agent;
    return this.home.ok('start', tool, task, '--ctx', 'project', '--mode', mode, ...flags);
  }

  session(id: string): Promise<Session> {
    return this.home.json<Session>('status', id);
  }

  /** Waits for a session; trusts the folder when it asks. */
  async is(id: string, what: string, condition: (session: Session) => boolean | Promise<boolean>): Promise<Session> {
    const { trust } = this.#agent;
    let last: Session | undefined;
    try {
      return await until(
        `${id} ${what}`,
        async () => {
          last = await this.session(id);
          if (await condition(last)) return last;
          if (trust !== undefined && last.waiting?.kind === 'trust') await this.#trust(id, trust);
          return undefined;
        },
        DEADLINE_MS,
      );
    } catch (error) {
      const log = await this.home.ok('logs', id, '-n', '60');
      throw new Error(`${String(error)}; it is ${JSON.stringify(last)}; its log:\n${log}`, { cause: error });
    }
  }

  async #trust(id: string, { cursor, option }: { cursor: string; option: string }): Promise<void> {
    const line =
      (await this.screen(id)).split('\n').find((text) => text.replace(/^[\s│]*/, '').startsWith(cursor)) ?? '';
    await this.home.ok('key', id, line.includes(option) ? 'Enter' : 'Down');
  }

  /** What the agent recorded, once it holds a text and is known. */
  async recorded(id: string, text: string): Promise<Conversation> {
    await this.is(id, 'has a known conversation', ({ conversationId }) => conversationId !== null);
    let last: Conversation | undefined;
    await this.is(id, `has recorded ${text}`, async () => {
      const { code, stdout } = await this.home.run(['logs', id, '--transcript', '--json']);
      // While a tool writes its record anew there is none.
      if (code !== 0) return false;
      last = JSON.parse(stdout) as Conversation;
      return last.entries.some((entry) => entry.text.includes(text));
    });
    assert.ok(last);
    return last;
  }

  /** The tmux server is killed, as at a reboot. */
  async reboot(): Promise<void> {
    await this.#tmux('kill-server');
  }

  async screen(id: string): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-J', '-t', `=${id}:`);
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const socket = join(await chooseRuntimeDirectory(this.home.cm), 'tmux.sock');
    return execFileSync('tmux', ['-N', '-S', socket, ...args], { encoding: 'utf8' });
  }

  /** Bodies of requests of the model that hold a text. */
  asked(text: string): string[] {
    return this.model.requests.map(({ body }) => JSON.stringify([body])).filter((body) => body.includes(text));
  }
}

const TASK = 'do:say(the same for both)';
/** What only one of the sessions says. */
const WORDS = ['apple', 'banana'] as const;

for (const agent of drawnRows('resume', AGENTS, 2, ({ name }) => name)) {
  test(
    `${agent.name}: of two sessions that began alike in one folder each resumes its own conversation after a reboot`,
    TIMEOUT,
    async (t) => {
      const desk = await Desk.setUp(t, agent);
      // Both at once: neither is known before the other one has begun.
      const ids = [await desk.start(TASK), await desk.start(TASK)] as const;
      for (const id of ids) await desk.recorded(id, 'All done');
      if (agent.anew !== undefined) await desk.home.ok('send', ids[1], agent.anew);
      for (const [index, word] of WORDS.entries()) await desk.home.ok('send', ids[index] ?? '', `do:say(${word})`);
      const before = await Promise.all(ids.map((id, index) => desk.recorded(id, `${WORDS[index]}\n\nAll done`)));
      assert.notEqual(before[0]?.id, before[1]?.id);
      for (const [index, { entries, usage }] of before.entries()) {
        const prompts = entries.filter(({ kind }) => kind === 'prompt').map(({ text }) => text);
        const isAnew = index === 1 && agent.anew !== undefined;
        assert.deepEqual(prompts, [...(isAnew ? [] : [TASK]), `do:say(${WORDS[index]})`]);
        assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
      }
      const running = await desk.home.run(['resume', ids[0]]);
      assert.equal(running.code, 6, running.stderr);

      await desk.reboot();
      for (const id of ids) await desk.is(id, 'is lost', ({ status }) => status === 'lost');
      for (const id of ids) assert.equal(await desk.home.ok('resume', id), id);
      for (const [index, id] of ids.entries()) {
        const resumed = await desk.is(id, 'runs again', ({ status }) => status === 'running');
        assert.equal(resumed.conversationId, before[index]?.id);
        const { exitCode, signal, completed, unread } = resumed;
        assert.deepEqual([exitCode, signal, completed, unread], [null, null, null, false]);
        const [own, other] = index === 0 ? WORDS : [WORDS[1], WORDS[0]];
        await desk.is(id, `shows ${own}`, async () => (await desk.screen(id)).includes(own));
        assert.equal((await desk.screen(id)).includes(other), false);
      }

      await desk.home.ok('send', ids[0], 'do:say(cherry)');
      const after = await desk.recorded(ids[0], 'cherry\n\nAll done');
      assert.deepEqual(
        after.entries.filter(({ kind }) => kind === 'prompt').map(({ text }) => text),
        [TASK, 'do:say(apple)', 'do:say(cherry)'],
      );
      const asked = desk.asked('do:say(cherry)');
      assert.ok(
        asked.some((body) => body.includes('apple\\n\\nAll done')),
        'the model got the earlier turns',
      );
      assert.equal(
        asked.some((body) => body.includes('banana')),
        false,
      );
      assert.ok((await desk.home.ok('logs', ids[0], '-n', 'all')).includes('cherry'));
    },
  );
}
