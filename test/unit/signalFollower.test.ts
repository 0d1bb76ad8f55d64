import assert from 'node:assert/strict';
import test from 'node:test';
import { SignalFollower } from '../../src/core/state/signalFollower.js';
import { until } from '../helpers/until.js';

function report(state: string): string {
  return `\u001b]7501;state=${state}:app=codex\u001b\\`;
}

/** A follower of a log that the test writes. */
function follow(text: string): { states: string[]; write: (text: string) => void } {
  let log = Buffer.from(text);
  const states: string[] = [];
  const follower = new SignalFollower({
    machine: {
      stat: () => Promise.resolve({ size: log.length, isDirectory: false, mtimeMs: 0 }),
      readFile: (_path, from = 0, length = Infinity) => Promise.resolve(log.subarray(from, from + length)),
    },
    path: 'log',
    from: 0,
    onSignal: (signal) => {
      states.push(
        signal.type === 'report' ? signal.report.state : signal.type === 'title' ? signal.title : signal.type,
      );
      return Promise.resolve();
    },
    onError: (error) => assert.fail(String(error)),
  });
  return {
    states,
    write: (more) => {
      log = Buffer.concat([log, Buffer.from(more)]);
      follower.onOutput();
    },
  };
}

test('of what was reported before anybody listened only the last word is told, then everything', async () => {
  const { states, write } = follow(['idle', 'working', 'blocked', 'working', 'done', 'idle'].map(report).join('text'));
  await until('the last word', () => states.length > 0);
  write(report('working') + report('blocked'));
  await until('the rest', () => states.length === 3);
  assert.deepEqual(states, ['done', 'working', 'blocked']);
});

test('a tool that is idle without having ended a turn is idle', async () => {
  const { states } = follow(['idle', 'working', 'idle'].map(report).join(''));
  await until('the last word', () => states.length > 0);
  assert.deepEqual(states, ['idle']);
});

test('of titles the last one is told, and nobody is called late', async () => {
  const title = (text: string): string => `\u001b]0;${text}\u0007`;
  const { states, write } = follow(`${title('one')}\u0007${report('idle')}${title('two')}\u001b]9;look\u0007`);
  await until('the last words', () => states.length >= 2);
  write(title('three') + '\u0007');
  await until('the rest', () => states.length >= 4);
  assert.deepEqual(states, ['two', 'idle', 'three', 'bell']);
});
