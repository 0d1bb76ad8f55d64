import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Clock } from '../../src/common/async.js';
import { StateWatch, type StateWatchOptions } from '../../src/core/state/stateWatch.js';
import { Look } from '../../src/core/state/look.js';
import { TASK_TAKEN_MS } from '../../src/core/state/reducer.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';

const catalog = new ToolCatalog('/nonexistent');

function screen(name: string): string {
  return readFileSync(join(process.cwd(), 'test/fixtures/screens', `${name}.txt`), 'utf8');
}

/** Time that passes when the test says so. */
class TestClock implements Clock {
  #now = 1_000_000;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((each) => each !== timer)) };
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      // What a screen says comes in a later turn.
      await new Promise(setImmediate);
    }
    this.#now = end;
  }
}

class Watched {
  readonly clock = new TestClock();
  readonly words: string[] = [];
  readonly watch: StateWatch;
  reads = 0;
  isOnOtherScreen = true;
  isGivenUp = false;
  isSuspended = false;
  #screen: string;

  constructor(tool: string, first: string, known: Partial<StateWatchOptions['known']> = {}, isTaskDue = false) {
    this.#screen = first;
    this.watch = new StateWatch({
      tool: catalog.get(tool),
      look: new Look(),
      size: { columns: 120, rows: 40 },
      isOnOtherScreen: () => Promise.resolve(this.isOnOtherScreen),
      isGivenUp: () => Promise.resolve(this.isGivenUp),
      onSuspended: (isSuspended) => (this.isSuspended = isSuspended),
      isTaskDue,
      isGiven: true,
      known: {
        state: 'unknown',
        phase: null,
        waiting: null,
        limitedUntil: null,
        error: null,
        unread: false,
        suspended: null,
        changed: new Date(this.clock.now()).toISOString(),
        ...known,
      },
      screen: () => {
        this.reads++;
        return Promise.resolve(this.#screen);
      },
      clock: this.clock,
      onVerdict: ({ state, asked, turnEnded }) => {
        const word = asked === null ? `${state}${turnEnded ? ' ended' : ''}` : asked.text;
        if (this.words.at(-1) !== word) this.words.push(word);
      },
      onError: (error) => assert.fail(String(error)),
    });
  }

  async show(text: string, ms = 2000): Promise<void> {
    this.#screen = text;
    this.watch.onOutput();
    await this.clock.pass(ms);
  }
}

test('a session is followed from work over a request to its end', async () => {
  const seen = new Watched('claude', screen('claude/06-idle-default-mode'));
  await seen.clock.pass(2000);
  await seen.show(screen('claude/07-working'));
  await seen.show(screen('claude/08-approval-bash'));
  await seen.show(screen('claude/07-working'));
  await seen.show(screen('claude/11-final-idle'));
  assert.deepEqual(seen.words, ['idle', 'working', 'touch b.txt', 'working', 'idle ended']);
});

test('a request is told within the time that output needs to settle', async () => {
  const seen = new Watched('claude', screen('claude/07-working'));
  await seen.clock.pass(2000);
  await seen.show(screen('claude/08-approval-bash'), 200);
  assert.equal(seen.words.at(-1), 'touch b.txt');
});

test('a screen caught while it is drawn, and one that a person has opened, change nothing', async () => {
  const seen = new Watched('claude', screen('claude/07-working'));
  await seen.clock.pass(2000);
  await seen.show('half a screen', 300);
  await seen.show(screen('claude/07-working'));
  await seen.show(
    `${screen('claude/11-final-idle').slice(0, 300)}\n  Showing detailed transcript · ctrl+o to toggle\n`,
    5000,
  );
  assert.deepEqual(seen.words, ['working']);
});

test('a screen of which nothing can be said for long is unknown', async () => {
  const seen = new Watched('claude', screen('claude/07-working'));
  await seen.clock.pass(2000);
  await seen.show('bash: claude: crashed', 3000);
  assert.deepEqual(seen.words, ['working', 'unknown']);
});

test('a prompt that comes back into the input box is an interrupted turn', async () => {
  const seen = new Watched('claude', screen('claude/07-working'));
  await seen.clock.pass(2000);
  await seen.show(screen('claude/12-interrupted'));
  assert.deepEqual(seen.words, ['working', 'idle']);
});

test('an equal request that stands there when the first was answered is another one, though nothing is printed', async () => {
  const seen = new Watched('claude', screen('claude/07-working'));
  await seen.clock.pass(2000);
  await seen.show(screen('claude/08-approval-bash'));
  const { request } = seen.watch.known.model.verdict;
  seen.watch.onAnswered();
  assert.equal(seen.words.at(-1), 'working');
  await seen.clock.pass(500);
  const { verdict } = seen.watch.known.model;
  assert.deepEqual([seen.words.at(-1), verdict.request], ['touch b.txt', request + 1]);
});

test('an agent that was given a task is not idle before it has taken it', async () => {
  const seen = new Watched('claude', screen('claude/06-idle-default-mode'), {}, true);
  await seen.clock.pass(5000);
  await seen.show(screen('claude/07-working'));
  await seen.show(screen('claude/11-final-idle'));
  assert.deepEqual(seen.words, ['working', 'idle ended']);
});

test('an agent whose task leaves no trace of work is idle after a while', async () => {
  const seen = new Watched('claude', screen('claude/06-idle-default-mode'), {}, true);
  await seen.clock.pass(TASK_TAKEN_MS - 1000);
  assert.deepEqual(seen.words, []);
  await seen.clock.pass(2000);
  assert.deepEqual(seen.words, ['idle']);
});

test('a quiet screen is not read', async () => {
  const seen = new Watched('claude', screen('claude/11-final-idle'));
  await seen.clock.pass(3000);
  const { reads } = seen;
  assert.ok(reads <= 3, `read ${reads} times`);
  await seen.clock.pass(3_600_000);
  assert.equal(seen.reads, reads);
});

test('an endless flood of output is read twice a second at most', async () => {
  const seen = new Watched('claude', screen('claude/07-working'));
  await seen.clock.pass(1000);
  const { reads } = seen;
  for (let time = 0; time < 10_000; time += 50) await seen.show(screen('claude/07-working'), 50);
  assert.ok(seen.reads - reads <= 21, `read ${seen.reads - reads} times`);
});

test('work that froze is not shown for ever', async () => {
  const seen = new Watched('claude', screen('claude/54-hang-20s'));
  await seen.clock.pass(2000);
  assert.deepEqual(seen.words, ['working']);
  await seen.clock.pass(600_000);
  assert.equal(seen.words.at(-1), 'unknown');
});

test('who takes a session over goes on from what was known', async () => {
  const working = new Watched('claude', screen('claude/11-final-idle'), { state: 'working' });
  await working.clock.pass(2000);
  assert.deepEqual(working.words, ['idle ended']);
  const idle = new Watched('claude', screen('claude/11-final-idle'), { state: 'idle' });
  await idle.clock.pass(2000);
  assert.deepEqual(idle.words, ['idle']);
});

test('a tool that reports is believed, and its screen says what exactly it asks', async () => {
  const seen = new Watched('codex', screen('codex/03-working'));
  void seen.watch.onSignal({ type: 'report', report: { state: 'working', kind: null, message: '' } });
  await seen.clock.pass(1000);
  void seen.watch.onSignal({
    type: 'report',
    report: { state: 'blocked', kind: 'permission', message: 'approve command' },
  });
  assert.equal(seen.words.at(-1), 'command');
  await seen.show(screen('codex/05-approval-bash'), 300);
  assert.equal(seen.words.at(-1), 'touch /home/dev/notes/esc.txt && echo done');
  assert.equal(seen.watch.known.model.verdict.request, 1);
  void seen.watch.onSignal({ type: 'report', report: { state: 'working', kind: null, message: '' } });
  await seen.show(screen('codex/03-working'));
  void seen.watch.onSignal({ type: 'report', report: { state: 'done', kind: null, message: '' } });
  await seen.show(screen('codex/04-after'));
  assert.deepEqual(seen.words.slice(-2), ['working', 'idle ended']);
});

test('a title that asks for a person is told with what stands on the screen', async () => {
  const seen = new Watched('gemini', screen('gemini/03-working'));
  const title = (text: string): void => void seen.watch.onSignal({ type: 'title', title: text });
  title('✦  Working… (a)');
  await seen.clock.pass(1000);
  title('✋  Action Required (a)');
  assert.deepEqual(seen.words, ['working']);
  await seen.show(screen('gemini/04-approval-bash'), 200);
  assert.deepEqual(seen.words, ['working', 'touch b.txt']);
  assert.equal(seen.watch.known.model.verdict.source, 'title');
  assert.equal(seen.watch.known.model.verdict.request, 1);
});

test('an idle title ends a turn as soon as the screen agrees, and an interrupt is none', async () => {
  const seen = new Watched('gemini', screen('gemini/03-working'));
  await seen.clock.pass(1000);
  void seen.watch.onSignal({ type: 'title', title: '✦  Working… (a)' });
  void seen.watch.onSignal({ type: 'title', title: '◇  Ready (a)' });
  await seen.show(screen('gemini/09-interrupted'), 200);
  assert.deepEqual(seen.words, ['working', 'idle']);
  void seen.watch.onSignal({ type: 'title', title: '✦  Working… (a)' });
  void seen.watch.onSignal({ type: 'title', title: '◇  Ready (a)' });
  await seen.show(screen('gemini/07-final-idle'), 200);
  assert.deepEqual(seen.words, ['working', 'idle', 'working', 'idle ended']);
});

test('who takes a session over does not take a title that says nothing for the end of what was known', async () => {
  const waiting = { kind: 'permission', text: 'touch b.txt' } as const;
  const seen = new Watched('claude', screen('claude/08-approval-bash'), { state: 'waiting', waiting });
  await seen.watch.onSignal({ type: 'title', title: '✳ Claude Code' });
  seen.watch.onHooks(undefined);
  assert.equal(seen.watch.known.model.verdict.state, 'waiting');
});

test('a title that says nothing takes back what was said before', async () => {
  const seen = new Watched('claude', screen('claude-2.1.197/03-working'));
  await seen.watch.onSignal({ type: 'title', title: '⠂ Claude Code' });
  assert.equal(seen.watch.known.model.verdict.source, 'title');
  await seen.clock.pass(1000);
  void seen.watch.onSignal({ type: 'title', title: '✳ Claude Code' });
  await seen.show(screen('claude-2.1.197/04-approval-bash'), 200);
  assert.equal(seen.watch.known.model.verdict.source, 'screen');
  assert.equal(seen.words.at(-1), 'touch b.txt');
});

test('what a tool says itself is never taken as exact from its screen', async () => {
  const exactOf = async (tool: string, name: string): Promise<unknown> => {
    const seen = new Watched(tool, screen(name));
    await seen.clock.pass(3000);
    const { asked } = seen.watch.known.model.verdict;
    assert.notEqual(asked?.request?.command ?? null, null);
    return asked?.request?.exact;
  };
  assert.equal(await exactOf('claude', 'claude/08-approval-bash'), null);
});

test('what stands in a box right after a turn is the prompt that was put back only where the turn was interrupted', async () => {
  const given = (name: string): string =>
    readFileSync(join(process.cwd(), 'test/fixtures/given', `${name}.txt`), 'utf8');
  const [working, drafted] = [given('claude332/working'), given('digc332/interrupted-draft')];
  const typed = new Watched('claude', working);
  await typed.show(working);
  // A person types as soon as the turn is over.
  await typed.show(drafted);
  assert.equal(typed.watch.restoredDraft, null);
  const interrupted = new Watched('claude', working);
  await interrupted.show(working);
  interrupted.watch.onInterrupted();
  await interrupted.show(drafted);
  assert.equal(interrupted.watch.restoredDraft, 'do:delay(30) do:write(unwanted.txt)');
  // The next turn ends by itself.
  await interrupted.show(working);
  await interrupted.show(drafted);
  assert.equal(interrupted.watch.restoredDraft, null);
});

for (const { tool, before, says } of [
  {
    tool: 'claude',
    before: 'claude/07-working',
    says: 'Claude Code is suspended. Run `fg` to bring it back.\nTo undo typing, press ctrl+_.',
  },
  {
    tool: 'claude',
    before: 'claude-2.1.197/03-working',
    says:
      'Claude Code has been suspended. Run `fg` to bring Claude Code back.\n' +
      'Note: ctrl + z now suspends Claude Code, ctrl + _ undoes input.',
  },
  { tool: 'copilot', before: 'copilot/05-working', says: 'Copilot has been suspended. Use `fg` to resume.' },
  { tool: 'opencode', before: 'opencode/02-working', says: '' },
]) {
  test(`${tool} that says ${says.slice(0, 30)} is suspended until it draws itself again, and its state stays`, async () => {
    const drawn = screen(before);
    const seen = new Watched(tool, drawn);
    await seen.show(drawn);
    assert.equal(seen.isSuspended, false);
    seen.isOnOtherScreen = false;
    await seen.show(`${says}\n\n\n`, 300);
    assert.equal(seen.isSuspended, false, 'it may be about to end');
    await seen.clock.pass(5000);
    assert.equal(seen.isSuspended, true);
    seen.isOnOtherScreen = true;
    await seen.show(drawn);
    assert.equal(seen.isSuspended, false);
    assert.deepEqual(seen.words, ['working']);
  });
}

/** Gemini's warning stands above its input box, which it draws all the same. */
const GEMINI_BOX = [
  ' Press Ctrl+Z again to suspend. Undo has moved to Alt+Z.',
  '─'.repeat(100),
  ' Shift+Tab to accept edits',
  '▄'.repeat(100),
  ' >   Type your message or @path/to/file',
  '▀'.repeat(100),
  ' workspace (/directory)              sandbox                 /model',
  ' /work/project                       no sandbox              Auto',
].join('\n');

test('gemini is suspended where it has given its terminal up after its warning, until it reads keys again', async () => {
  const rest = GEMINI_BOX.replace(/^.*\n/u, ' \n');
  const seen = new Watched('gemini', rest);
  await seen.show(rest);
  await seen.clock.pass(3000);
  seen.isGivenUp = true;
  await seen.show(rest);
  assert.equal(seen.isSuspended, false, 'without a warning nobody looks at its terminal');
  seen.isGivenUp = false;
  await seen.show(GEMINI_BOX);
  await seen.clock.pass(2000);
  assert.equal(seen.isSuspended, false, 'it has only warned');
  seen.isGivenUp = true;
  await seen.show(rest);
  await seen.clock.pass(5000);
  assert.equal(seen.isSuspended, true);
  await seen.clock.pass(60_000);
  await seen.show(rest);
  assert.equal(seen.isSuspended, true, 'however long it stays so');
  seen.isGivenUp = false;
  await seen.show(rest);
  assert.equal(seen.isSuspended, false);
});

test('gemini that was suspended is looked at by the next server too', async () => {
  const rest = GEMINI_BOX.replace(/^.*\n/u, ' \n');
  const seen = new Watched('gemini', rest, { suspended: 'Ctrl+Z' });
  seen.isGivenUp = true;
  await seen.show(rest);
  await seen.clock.pass(5000);
  assert.equal(seen.isSuspended, true);
});

test('an agent that only prints what it says when it is suspended is not, nor one whose painted screen is empty', async () => {
  const claude = new Watched('claude', screen('claude/11-final-idle'));
  const text = screen('claude/11-final-idle').replace(
    /^(● .*)$/mu,
    'Claude Code is suspended. Run `fg` to bring it back.',
  );
  assert.match(text, /is suspended/);
  await claude.show(text, 5000);
  const opencode = new Watched('opencode', screen('opencode/02-working'));
  await opencode.show('\n\n', 5000);
  assert.deepEqual([claude.isSuspended, opencode.isSuspended], [false, false]);
});

test('a task that was typed and not taken is an error, until the agent begins with it', async () => {
  const seen = new Watched('gemini', GEMINI_BOX, {}, true);
  await seen.clock.pass(5000);
  seen.watch.onTaskUntaken('The task stands in its input box and was not taken');
  await seen.clock.pass(2000);
  const verdict = (): unknown[] => [seen.watch.known.model.verdict.state, seen.watch.known.model.verdict.error];
  assert.deepEqual(verdict(), ['idle', 'The task stands in its input box and was not taken']);
  await seen.show(GEMINI_BOX);
  await seen.clock.pass(60_000);
  assert.deepEqual(verdict(), ['idle', 'The task stands in its input box and was not taken'], 'however long it stands');
  await seen.show(screen('gemini/03-working'));
  assert.deepEqual(verdict(), ['working', null]);
  await seen.show(GEMINI_BOX);
  assert.deepEqual(verdict(), ['idle', null]);
});
