import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as z from 'zod';
import type { RunningCm } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';
import { byAlias, byOwnFile, byPath, Desk } from './desk.js';

// What real agents do is shown as it is: each of them works, asks for permissions, asks a question, is interrupted and
// finishes, and every word that was shown on the way is looked at.

/** The slowest of them starts in half a minute on a busy machine. */
const DEADLINE_MS = 180_000;

const Changed = z.object({
  change: z.object({
    type: z.literal('session/changed'),
    session: z.object({
      status: z.string(),
      state: z.string().nullable(),
      waiting: z.object({ kind: z.string(), text: z.string() }).nullable(),
      unread: z.boolean(),
    }),
  }),
});

/** Every state that was told, without repetitions. */
class Shown {
  readonly #desk: Desk;
  readonly #events: RunningCm;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#events = desk.home.spawn(['events', '--json']);
  }

  get all(): string[] {
    const words: string[] = [];
    for (const line of this.#events.lines) {
      const { data } = Changed.safeParse(JSON.parse(line));
      if (!data) continue;
      const { status, state, waiting, unread } = data.change.session;
      const word =
        waiting !== null
          ? `${waiting.kind}: ${waiting.text}`
          : state === 'idle'
            ? unread
              ? 'finished'
              : 'idle'
            : (state ?? status);
      if (words.at(-1) !== word) words.push(word);
    }
    return words;
  }

  async last(word: string | RegExp): Promise<void> {
    const matches = (text: string): boolean => (typeof word === 'string' ? text === word : word.test(text));
    try {
      await until(`the last word is ${String(word)}`, () => matches(this.all.at(-1) ?? ''), DEADLINE_MS);
    } catch (error) {
      const shown = `shown were\n${this.all.join('\n')}\n${await this.#desk.explain()}`;
      throw new Error(`${String(error)}; ${shown}`, { cause: error });
    }
  }

  /** What was shown from the first work on; not knowing is never wrong. */
  get sinceWork(): string[] {
    const { all } = this;
    const known = all.slice(all.indexOf('working')).filter((word) => word !== 'unknown');
    return known.filter((word, index) => word !== known[index - 1]);
  }

  /** Its work is interrupted, which is no end: it waits then. The session is stopped after that. */
  async isInterrupted(): Promise<void> {
    await this.#desk.send('do:delay(30) do:say(never)');
    await this.last('working');
    await this.#desk.interrupt();
    await this.last('idle');
    await this.#events.interrupt();
    await this.#desk.stop();
  }
}

const CLAUDE = {
  cursor: '❯',
  trust: 'Yes, I trust this folder',
  yes: ['1'],
  shell: 'permission: touch b.txt',
  create: 'permission: create new.txt',
} as const;

for (const name of ['claude', 'claude-old'] as const) {
  test(
    `${name}: working, permissions, a question, finished, and an interrupt that is no end`,
    { timeout: 600_000 },
    async (t) => {
      const desk = await Desk.setUp(t, name, byAlias);
      const shown = new Shown(desk);
      const question = name === 'claude' ? ' do:ask(Which colour?)' : '';
      await desk.start('claude', `do:delay(2) do:bash(touch b.txt) do:write(new.txt)${question}`, 'default');
      await desk.needs('trust');
      await desk.choose(CLAUDE.cursor, CLAUDE.trust);
      await shown.last(CLAUDE.shell);
      assert.equal(existsSync(join(desk.folder, 'b.txt')), false);
      await desk.keys(...CLAUDE.yes);
      await shown.last(CLAUDE.create);
      await desk.keys(...CLAUDE.yes);
      if (question !== '') {
        await shown.last('question: Which colour?');
        await desk.keys('1');
      }
      await shown.last('finished');
      const asked = question === '' ? [] : ['question: Which colour?', 'working'];
      const turn = ['working', CLAUDE.shell, 'working', CLAUDE.create, 'working', ...asked, 'finished'];
      // Its report may be read a moment before its hook, and says it in other words.
      const known = shown.sinceWork.filter((word) => !/: (?:Bash|Write): |\(Red · Blue\)$/u.test(word));
      assert.deepEqual(
        known.filter((word, index) => word !== known[index - 1]),
        turn,
      );
      // It reports when it was told in time that its terminal takes reports; a busy machine may be too late for that.
      const reports = /^[> ] report /m.test(await desk.explain());
      // The report, the hook and the screen of an end come one after the other.
      await desk.explains(reports ? /^decided by +report$/m : /^decided by +event$/m);
      await desk.explains(/^[> ] event +idle \(Stop\), seen /m);
      await desk.explains(/^ {2}screen +idle \(idle\), seen [^]*\| .*❯/m);
      await shown.isInterrupted();
    },
  );
}

test(
  'gemini: working, permissions, a question, finished, and an interrupt that is no end',
  { timeout: 600_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'gemini', byPath);
    const shown = new Shown(desk);
    await desk.start('gemini', 'do:delay(2) do:bash(touch b.txt) do:write(new.txt) do:ask(Which colour)', 'default');
    await desk.needs('trust');
    await desk.choose('●', 'Trust folder');
    await shown.last('permission: touch b.txt');
    await desk.keys('1');
    await shown.last('permission: create new.txt');
    await desk.keys('1');
    await shown.last('question: Which colour');
    await desk.keys('Enter');
    await shown.last('finished');
    assert.deepEqual(shown.sinceWork, [
      'working',
      'permission: touch b.txt',
      'working',
      'permission: create new.txt',
      'working',
      'question: Which colour',
      'working',
      'finished',
    ]);
    await shown.isInterrupted();
  },
);

test(
  'opencode: working, permissions, a question, finished, and an interrupt that is no end',
  { timeout: 600_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'opencode', byOwnFile);
    const shown = new Shown(desk);
    await desk.start('opencode', 'do:delay(2) do:bash(touch b.txt) do:write(new.txt) do:ask(Which colour?)', 'build');
    await shown.last('permission: touch b.txt');
    await desk.keys('Enter');
    await shown.last('permission: edit new.txt');
    await desk.keys('Enter');
    await shown.last('question: Which colour?');
    await desk.keys('1', 'Enter');
    await shown.last('finished');
    assert.deepEqual(shown.sinceWork, [
      'working',
      'permission: touch b.txt',
      'working',
      'permission: edit new.txt',
      'working',
      'question: Which colour?',
      'working',
      'finished',
    ]);
    await desk.explains(/^decided by +event$/m);
    await shown.isInterrupted();
  },
);

test(
  'codex: working, permissions with what they are for, finished, and an interrupt that is no end',
  { timeout: 600_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'codex', byPath);
    const shown = new Shown(desk);
    await desk.start('codex', 'do:delay(2) do:bashesc(touch outside) do:say(done)', 'auto');
    await desk.needs('trust');
    await desk.choose('›', 'Trust and continue');
    await shown.last('permission: touch outside');
    await desk.keys('y');
    await shown.last('finished');
    const known = shown.sinceWork.filter((word) => !/^permission: (?!touch outside$)/u.test(word));
    assert.deepEqual(known, ['working', 'permission: touch outside', 'working', 'finished']);
    assert.match(await desk.explain(), /^decided by +report$/m);
    await shown.isInterrupted();
  },
);

test(
  'copilot: working, permissions with what they are for, a question, finished, and an interrupt that is no end',
  { timeout: 600_000 },
  async (t) => {
    const desk = await Desk.setUp(t, 'copilot', byPath);
    const shown = new Shown(desk);
    const lie = 'do:tool(bash {"command":"touch b.txt","description":"Run npm test"})';
    await desk.start('copilot', `do:delay(2) ${lie} do:write(new.txt) do:ask(Which colour?)`, 'interactive');
    await desk.needs('trust');
    await desk.choose('❯', 'Yes');
    await shown.last('permission: touch b.txt');
    assert.deepEqual([(await desk.session()).request?.exact, desk.file('b.txt')], ['event', '']);
    const { id } = (await desk.session()).request ?? {};
    // The clock above the dialog runs.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.equal((await desk.session()).request?.id, id);
    await desk.keys('1');
    await shown.last('permission: create new.txt');
    // It tells that it asks before it draws its dialog.
    await desk.asks('permission');
    await desk.keys('1');
    await shown.last('question: Which colour?');
    await desk.asks('question');
    await desk.keys('Enter');
    await shown.last('finished');
    assert.deepEqual(shown.sinceWork, [
      'working',
      'permission: touch b.txt',
      'working',
      'permission: create new.txt',
      'working',
      'question: Which colour?',
      'working',
      'finished',
    ]);
    await desk.explains(/^decided by +event$/m);
    await shown.isInterrupted();
  },
);
