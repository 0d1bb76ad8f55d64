import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/common/async.js';
import { parseShell } from '../../src/core/approvals/policy/shellCommand.js';
import { HookFollower } from '../../src/core/hooks/hookFollower.js';
import { SignalFollower } from '../../src/core/state/signalFollower.js';
import type { TerminalSignal } from '../../src/core/state/terminalSignals.js';
import type { Machine } from '../../src/core/machine/machine.js';
import { until } from '../helpers/until.js';

const SIZE = 256 * 1024;

/** A file that is there at once, so that nothing but whoever reads it gives others their turn. */
function fileOf(text: string): Pick<Machine, 'stat' | 'readFile'> {
  const bytes = Buffer.from(text);
  return {
    stat: () => Promise.resolve({ size: bytes.length, mtimeMs: 0 } as Awaited<ReturnType<Machine['stat']>>),
    readFile: (_path, from = 0, length = bytes.length) => Promise.resolve(bytes.subarray(from, from + length)),
  };
}

/** Follows the signals of a log; what it gives lets the log become that. */
async function follow(onSignal: (signal: TerminalSignal) => void): Promise<(text: string) => void> {
  let grown = '';
  const follower = new SignalFollower({
    machine: {
      stat: () => fileOf(grown).stat('/log'),
      readFile: (path, from, length) => fileOf(grown).readFile(path, from, length),
    },
    path: '/log',
    from: 0,
    onSignal: (signal) => Promise.resolve(onSignal(signal)),
    onError: (error) => assert.fail(String(error)),
  });
  await new Promise((resolve) => setImmediate(resolve));
  return (text) => {
    grown = text;
    follower.onOutput();
  };
}

/** How often others have their turn until it is over. */
async function turnsUntil(isOver: () => boolean): Promise<number> {
  let turns = 0;
  while (!isOver()) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  return turns;
}

for (const [name, signal] of Object.entries({
  bells: '\u0007',
  titles: '\u001b]0;✳ a\u0007\u001b]0;⠂ b\u0007',
  reports: '\u001b]7501;state=working\u0007\u001b]7501;state=done\u0007\u001b]7501;state=idle\u0007',
  notifications: '\u001b]9;a\u0007',
})) {
  test(`of a flood of ${name} only the last words count, and others have their turn`, async () => {
    const told: TerminalSignal[] = [];
    const last = '\u001b]0;the last\u0007';
    const flood = signal.repeat(Math.ceil(SIZE / signal.length));
    const write = await follow((one) => void told.push(one));
    write(`${flood}${last}`);
    await turnsUntil(() => told.some((one) => one.type === 'title' && one.title === 'the last'));
    assert.ok(told.length < 100, `${told.length} were told`);
    if (name === 'reports') {
      const reports = told.flatMap((one) => (one.type === 'report' ? [one.report.state] : []));
      assert.ok(reports.slice(-2).includes('done'));
    }
  });
}

test('a few signals are told one by one, in their order', async () => {
  const told: string[] = [];
  const write = await follow((one) => void told.push(one.type === 'title' ? one.title : one.type));
  write('\u001b]0;a\u0007\u0007\u001b]0;b\u0007\u0007\u0007\u001b]0;a\u0007');
  await until('all are told', () => Promise.resolve(told.length === 6 ? true : undefined));
  assert.deepEqual(told, ['a', 'bell', 'b', 'bell', 'bell', 'a']);
});

test('while a flood of events is read others have their turn, and no more than some wait at once', async () => {
  let text = '';
  for (let i = 0; text.length < SIZE - 500; i++) {
    const event = {
      hook_event_name: 'PermissionRequest',
      session_id: 'a',
      tool_name: 'Bash',
      tool_input: { command: `ls ${i}` },
    };
    text += `7/t${i} ${JSON.stringify(event)}\n`;
  }
  const over = new Set<string>();
  let isPresent = false;
  const follower = new HookFollower({
    machine: fileOf(text),
    path: '/hooks',
    run: 7,
    folder: '/p',
    format: 'claude',
    clock: systemClock,
    onEvidence: () => Promise.resolve(void (isPresent = true)),
    onConversation: () => undefined,
    onOver: (ticket) => over.add(ticket),
    onError: (error) => assert.fail(String(error)),
  });
  const turns = await turnsUntil(() => isPresent);
  assert.ok(turns > 3, `${turns} turns`);
  await new Promise((resolve) => setImmediate(resolve));
  const events = text.split('\n').length - 1;
  assert.ok(events - over.size <= 100, `${events - over.size} of ${events} wait`);
  follower.onEnded();
});

test('a line of more commands than people look at is decided by nobody but a person', () => {
  const line = (count: number): string => Array<string>(count).fill('a b').join(';');
  assert.equal(parseShell(line(100)).understood, true);
  for (const text of [line(4000), `sh -c '${line(4000)}'`, 'a|'.repeat(8000), 'a&&'.repeat(5000)]) {
    const read = parseShell(text);
    assert.equal(read.understood, false);
    assert.ok(read.commands.length <= 200);
  }
});
