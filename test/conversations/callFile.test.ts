import assert from 'node:assert/strict';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { systemClock, type Clock } from '../../src/common/async.js';
import { CallFile, callsVariable } from '../../src/core/conversations/callFile.js';
import { requestOf } from '../../src/core/state/requestOf.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

const SHOWN = requestOf({ action: 'shell', command: './mark yes' });
const call = (command: string): string =>
  `[2026-11-30T15:09:17.515Z] [DEBUG] [PolicyEngine.check] toolCall.name: run_shell_command, stringifiedArgs: ${JSON.stringify({ command })}\n`;

function callFile(t: TestContext): { readonly path: string; readonly calls: CallFile } {
  const path = join(tempDir(t), 'id.calls');
  const onError = (error: unknown): void => assert.fail(String(error));
  const machine = new LocalMachine();
  // Its clock keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  return { path, calls: new CallFile({ machine, path, folder: '/work/project', clock: systemClock, onError }) };
}

test('a call is read once its file has settled, and from where it was read to', async (t) => {
  const { path, calls } = callFile(t);
  assert.deepEqual(await calls.open(SHOWN, 1), [], 'no file');
  writeFileSync(path, call('./mark yes'));
  // Its writer is behind: what comes while it is read counts too.
  const late = setTimeout(() => appendFileSync(path, call('./mark\u200b yes')), 100);
  assert.deepEqual(await calls.open(SHOWN, 1), []);
  clearTimeout(late);
  const { path: other, calls: settled } = callFile(t);
  writeFileSync(other, `${call('./mark\u200b yes')}half a li`);
  assert.deepEqual(
    (await settled.open(SHOWN, 1)).map(({ request }) => request?.command),
    ['./mark\u200b yes'],
  );
  appendFileSync(other, `ne\n${call('./mark no')}`);
  const shown = requestOf({ action: 'shell', command: './mark no' });
  assert.deepEqual(
    (await settled.open(shown, 2)).map(({ request }) => request?.command),
    ['./mark no'],
  );
});

test('while its file grows nothing is known: what is shown may come with the next line', async (t) => {
  const path = join(tempDir(t), 'id.calls');
  writeFileSync(path, call('./mark yes'));
  const late = [call('ls'), call('./mark\u200b yes')];
  const clock: Clock = {
    ...systemClock,
    after: (_, run) => {
      appendFileSync(path, late.shift() ?? '');
      setImmediate(run);
      return { cancel: () => undefined };
    },
  };
  const onError = (error: unknown): void => assert.fail(String(error));
  const calls = new CallFile({ machine: new LocalMachine(), path, folder: '/work/project', clock, onError });
  assert.deepEqual(await calls.open(SHOWN, 1), []);
  assert.deepEqual(late, []);
});

test('a call is read whose line comes in parts, between large ones', async (t) => {
  const { path, calls } = callFile(t);
  const history = `[2026-11-30T15:09:17.515Z] [DEBUG] [Conseca] History is: ${'x'.repeat(1_500_000)}\n`;
  writeFileSync(path, history + call('./mark yes') + history);
  assert.equal((await calls.open(SHOWN, 1)).length, 1);
});

test('of a file that grew too much, or was cut, nothing is known in that turn', async (t) => {
  const { path, calls } = callFile(t);
  writeFileSync(path, `${'x'.repeat(5 * 1024 * 1024)}\n${call('./mark yes')}`);
  assert.deepEqual(await calls.open(SHOWN, 1), []);
  const { path: cut, calls: calls2 } = callFile(t);
  writeFileSync(cut, call('./mark no') + call('./mark no'));
  await calls2.open(SHOWN, 1);
  truncateSync(cut);
  appendFileSync(cut, call('./mark yes'));
  assert.deepEqual(await calls2.open(SHOWN, 1), []);
});

test('what was called in a turn that is over is not asked for', async (t) => {
  const { path, calls } = callFile(t);
  writeFileSync(path, call('./mark yes'));
  calls.onIdle(true);
  calls.onIdle(false);
  assert.equal((await calls.open(SHOWN, 1)).length, 1, 'it looked idle for a moment');
  appendFileSync(path, call('./mark yes') + call('./mark  yes'));
  calls.onIdle(true);
  await until('the turn is over', async () => {
    appendFileSync(path, call('./mark yes'));
    return (await calls.open(SHOWN, 2)).length === 1;
  });
});

test('a tool hears where to write its calls, unless a person has said so', () => {
  const tool = { calls: { format: 'gemini', variable: 'GEMINI_DEBUG_LOG_FILE' } } as const;
  assert.equal(callsVariable(tool, {}), 'GEMINI_DEBUG_LOG_FILE');
  assert.equal(callsVariable(tool, { GEMINI_DEBUG_LOG_FILE: '/tmp/own' }), undefined);
  assert.equal(callsVariable({}, {}), undefined);
});
