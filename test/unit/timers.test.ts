import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { startTimer, withTimeout } from '../../src/common/async.js';
import { parseMoment } from '../../src/common/text.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('a timer waits for as long as it is told, also for longer than one of the runtime can', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    for (const days of [0, 1, 24, 25, 30, 300]) {
      let runs = 0;
      startTimer(days * DAY_MS, () => runs++);
      for (let hour = 0; hour < days * 24; hour++) {
        assert.equal(runs, 0, `${hour} hours of ${days} days`);
        mock.timers.tick(HOUR_MS);
      }
      // One that is begun within a tick begins at its end.
      mock.timers.tick(DAY_MS / 2);
      assert.equal(runs, 1, `${days} days`);
    }
    const timer = startTimer(60 * DAY_MS, () => assert.fail('it was cancelled'));
    mock.timers.tick(30 * DAY_MS);
    timer.cancel();
    mock.timers.tick(60 * DAY_MS);
  } finally {
    mock.timers.reset();
  }
});

test('who waits for a month is not told at once that it was too long', async () => {
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('there'), 50));
  assert.equal(await withTimeout(late, 30 * DAY_MS, () => new Error('too long')), 'there');
});

test('a moment is a date that there can be', () => {
  const now = Date.parse('2026-01-31T12:00:00Z');
  assert.equal(parseMoment('2h', now, 'before'), now - 2 * 3_600_000);
  assert.equal(parseMoment('1d', now, 'after'), now + DAY_MS);
  assert.equal(parseMoment('2026-01-01T00:00:00Z', now, 'after'), Date.parse('2026-01-01T00:00:00Z'));
  for (const text of ['', 'x', `${'9'.repeat(14)}d`, `${'9'.repeat(60)}d`, '-1h', '2026-99-99']) {
    assert.equal(parseMoment(text, now, 'before'), undefined, text);
    assert.equal(parseMoment(text, now, 'after'), undefined, text);
  }
});
