import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FollowLogOptions } from '../../src/client/api.js';
import { followText, type FollowTextOptions } from '../../src/client/followText.js';
import type { Clock } from '../../src/common/async.js';
import { until } from '../helpers/until.js';

/** A client whose only log is played by the test. */
class Log {
  options: FollowLogOptions | undefined;
  disposed = 0;
  #offset = 0;

  readonly followLog = (_session: string, options: FollowLogOptions): { dispose: () => void } => {
    this.options = options;
    return { dispose: () => this.disposed++ };
  };

  start(size: number): void {
    this.options?.onStart?.({ base: 0, offset: 0, size, sizes: [], path: '/log' });
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    const offset = this.#offset;
    this.#offset += bytes.length;
    void this.options?.onChunk({ offset, bytes });
  }

  end(): void {
    this.options?.onEnd?.(this.#offset);
  }
}

class ManualClock implements Clock {
  #timers = new Set<() => void>();

  now(): number {
    return 0;
  }

  after(_ms: number, run: () => void): { cancel(): void } {
    this.#timers.add(run);
    return { cancel: () => this.#timers.delete(run) };
  }

  get pending(): number {
    return this.#timers.size;
  }

  fire(): void {
    const timers = [...this.#timers];
    this.#timers.clear();
    for (const run of timers) run();
  }
}

function follow(options: Partial<FollowTextOptions> = {}): { log: Log; clock: ManualClock; seen: string[] } {
  const log = new Log();
  const clock = new ManualClock();
  const seen: string[] = [];
  followText(log, 's', {
    clock,
    onLines: (lines) => void seen.push(...lines),
    onCaughtUp: () => seen.push('(caught up)'),
    onEnd: (offset) => seen.push(`(end ${offset})`),
    onError: (error) => seen.push(`(error ${error.message})`),
    ...options,
  });
  return { log, clock, seen };
}

test('complete lines come at once, an unfinished one when the stream is quiet', async () => {
  const { log, clock, seen } = follow();
  log.start(0);
  log.write('one\ntwo\nname? ');
  await until('two lines', () => seen.length === 3);
  assert.deepEqual(seen, ['(caught up)', 'one', 'two']);
  clock.fire();
  await until('the prompt', () => seen.length === 4);
  assert.equal(seen[3]?.trim(), 'name?');
  log.end();
  await until('the end', () => seen.at(-1)?.startsWith('(end'));
  assert.equal(seen.at(-1), '(end 14)');
});

test('each chunk puts the settling off, and the end leaves no timer', async () => {
  const { log, clock, seen } = follow();
  log.start(0);
  log.write('a');
  log.write('b');
  assert.equal(clock.pending, 1);
  log.end();
  await until('the end', () => seen.at(-1) === '(end 2)');
  assert.deepEqual(seen, ['(caught up)', 'ab', '(end 2)']);
  assert.equal(clock.pending, 0);
});

test('what was there at the start is told apart from what comes later', async () => {
  const { log, seen } = follow();
  log.start(8);
  log.write('old\n');
  log.write('new\n');
  log.write('later\n');
  await until('all', () => seen.length === 4);
  assert.deepEqual(seen, ['old', 'new', '(caught up)', 'later']);
});

test('without following it ends where the log ended at the start, in the middle of a chunk if need be', async () => {
  const { log, seen } = follow({ follow: false });
  log.start(6);
  log.write('old\nxyz\nnew\n');
  await until('the end', () => seen.at(-1) === '(end 6)');
  assert.deepEqual(seen, ['old', '(caught up)', 'xy', '(end 6)']);
  assert.ok(log.disposed > 0);
});

test('an empty log ends at once without following', async () => {
  const { log, seen } = follow({ follow: false });
  log.start(0);
  await until('the end', () => seen.at(-1) === '(end 0)');
});

test('a consumer that throws ends the following with its error', async () => {
  const { log, seen } = follow({
    onLines: () => {
      throw new Error('The disk is full');
    },
  });
  log.start(0);
  log.write('x\n');
  await until('the error', () => seen.includes('(error The disk is full)'));
  assert.ok(log.disposed > 0);
});
