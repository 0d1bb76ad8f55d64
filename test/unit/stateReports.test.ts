import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { StateReportReader, type StateReport } from '../../src/core/sessions/stateReports.js';

const ESC = '\u001b';
const report = (body: string, end = `${ESC}\\`): string => `${ESC}]7501;${body}${end}`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const read = (text: string): StateReport[] => new StateReportReader().push(Buffer.from(text, 'utf8'));

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

test('any chunking gives the same reports', () => {
  const stream = Buffer.from(
    `a${report('state=working')}ü€${ESC}[2J${report(`state=blocked:kind=question:msg=${base64('Which colour?')}`, '\u0007')}${ESC}${report('state=done')}z`,
    'utf8',
  );
  const whole = new StateReportReader().push(stream);
  assert.equal(whole.length, 3);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (sizes) => {
      const reader = new StateReportReader();
      const found: StateReport[] = [];
      for (let at = 0, n = 0; at < stream.length; n++) {
        const size = sizes[n % sizes.length] ?? 1;
        found.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(found, whole);
    }),
  );
});

test('an endless report is given up, and later ones are found', () => {
  const reader = new StateReportReader();
  assert.deepEqual(reader.push(Buffer.from(`${ESC}]7501;state=working:${'x'.repeat(20_000)}`)), []);
  assert.deepEqual(
    reader.push(Buffer.from(report('state=idle'))).map(({ state }) => state),
    ['idle'],
  );
});
