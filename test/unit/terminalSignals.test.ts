import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import type { StateReport } from '../../src/core/state/stateReports.js';
import { SignalReader, type TerminalSignal } from '../../src/core/state/terminalSignals.js';

const ESC = '\u001b';
const report = (body: string, end = `${ESC}\\`): string => `${ESC}]7501;${body}${end}`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const signals = (text: string): TerminalSignal[] => new SignalReader().push(Buffer.from(text, 'utf8'));
const read = (text: string): StateReport[] =>
  signals(text).flatMap((signal) => (signal.type === 'report' ? [signal.report] : []));

test('a report is read with its kind and message, ended by ST or BEL', () => {
  const text = `before${report(`state=blocked:app=codex:kind=permission:msg=${base64('approve Bash: touch ü.txt')}`)}between${report('state=working:app=codex', '\u0007')}`;
  assert.deepEqual(read(text), [
    { state: 'blocked', kind: 'permission', message: 'approve Bash: touch ü.txt' },
    { state: 'working', kind: null, message: '' },
  ]);
});

test('what is no report is passed over: unknown states, the query, other sequences, cut ones', () => {
  assert.deepEqual(
    read(
      `${report('state=dancing')}${report('?')}${ESC}]0;title\u0007${ESC}]7501;state=idle\nplain${report('state=done')}`,
    ),
    [{ state: 'done', kind: null, message: '' }],
  );
});

test('escape sequences in a message are taken out', () => {
  assert.equal(
    read(report(`state=blocked:msg=${base64(`run ${ESC}[31mrm${ESC}]0;x\u0007 -rf`)}`))[0]?.message,
    'run rm -rf',
  );
});

test('titles, progress, notifications and bells are told, as one harmless line each', () => {
  const osc = (body: string, end = '\u0007'): string => `${ESC}]${body}${end}`;
  const rows: readonly (readonly [string, readonly TerminalSignal[]])[] = [
    [osc('0;✋  Action Required (a)'), [{ type: 'title', title: '✋  Action Required (a)' }]],
    [osc('2;two', `${ESC}\\`), [{ type: 'title', title: 'two' }]],
    [osc('0;'), [{ type: 'title', title: '' }]],
    [osc('1;an icon'), []],
    [osc(`0;a\u202eb`), [{ type: 'title', title: 'a<U+202E>b' }]],
    [osc('9;4;3;'), [{ type: 'progress', active: true }]],
    [osc('9;4;1;50'), [{ type: 'progress', active: true }]],
    [osc('9;4;0'), [{ type: 'progress', active: false }]],
    [osc('9;Approval requested: rm x'), [{ type: 'notification', text: 'Approval requested: rm x' }]],
    [osc('9;9;/a/folder'), []],
    [osc('777;notify;Codex;needs you'), [{ type: 'notification', text: 'Codex: needs you' }]],
    [osc('777;other;x'), []],
    [osc('99;i=1:d=0;needs you'), [{ type: 'notification', text: 'needs you' }]],
    [osc('99;i=opentui-notifications:p=?;'), []],
    ['a\u0007b', [{ type: 'bell' }]],
    [`${ESC}\u0007`, [{ type: 'bell' }]],
    // BEL belongs to the title that it ends, and ends no string of another kind.
    [`${osc('0;x')}\u0007`, [{ type: 'title', title: 'x' }, { type: 'bell' }]],
    [`${ESC}P1$r\u0007${ESC}]0;no\u0007`, [{ type: 'title', title: 'no' }]],
    [`${ESC}P q ]0;inside\u0007 ${ESC}\\`, []],
    [`${ESC}]0;cut${ESC}]2;whole\u0007`, [{ type: 'title', title: 'whole' }]],
    [`${ESC}]0;two\nlines\u0007`, [{ type: 'bell' }]],
    [`${ESC}]0;given up\u0018${ESC}]0;next\u0007`, [{ type: 'title', title: 'next' }]],
  ];
  for (const [text, expected] of rows) assert.deepEqual(signals(text), expected, JSON.stringify(text));
});

test('what real agents printed is found, whatever it is cut into', () => {
  const count = (file: string): Record<string, number> => {
    const bytes = readFileSync(join('test/fixtures/raw', file));
    const reader = new SignalReader();
    const counts: Record<string, number> = {};
    for (let at = 0; at < bytes.length; at += 1000) {
      for (const { type } of reader.push(bytes.subarray(at, at + 1000))) counts[type] = (counts[type] ?? 0) + 1;
    }
    return counts;
  };
  assert.deepEqual(count('claude-2.1.197.log'), { title: 26 });
  assert.deepEqual(count('claude-run2.log'), { title: 3, report: 41 });
  assert.deepEqual(count('opencode.log'), { title: 5 });
});

const PIECES = [
  'text',
  'ü€✋',
  ESC,
  '\u0007',
  `${ESC}\\`,
  `${ESC}]`,
  '0;a title ✋',
  '9;4;3',
  '7501;state=done',
  `${ESC}P`,
  '\n',
  '\u0018',
  `${ESC}[2J`,
  report(`state=blocked:kind=question:msg=${base64('Which colour?')}`),
  report('state=working', '\u0007'),
];

test('any stream cut anywhere gives the same signals', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      (pieces, sizes) => {
        const stream = Buffer.from(pieces.join(''), 'utf8');
        const reader = new SignalReader();
        const found: TerminalSignal[] = [];
        for (let at = 0, n = 0; at < stream.length; n++) {
          const size = sizes[n % sizes.length] ?? 1;
          found.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(found, new SignalReader().push(stream));
      },
    ),
    { numRuns: 1000 },
  );
});

test('an endless string is given up, and what follows is found', () => {
  const reader = new SignalReader();
  assert.deepEqual(reader.push(Buffer.from(`${ESC}]7501;state=working:${'x'.repeat(20_000)}`)), []);
  assert.deepEqual(reader.push(Buffer.from(report('state=idle'))), [
    { type: 'report', report: { state: 'idle', kind: null, message: '' } },
  ]);
});
