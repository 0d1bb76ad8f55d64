import assert from 'node:assert/strict';
import test from 'node:test';
import { AskedLog, isExact, isShownRight } from './asked.js';

const request = (command: string, exact: 'event' | null): Parameters<AskedLog['onShown']>[0] =>
  ({ request: { kind: 'permission', command, path: null, text: command, exact } }) as Parameters<
    AskedLog['onShown']
  >[0];

test('what was ever shown as exact has to be what was asked', () => {
  const log = new AskedLog('/folder');
  log.onCall({ tool: 'bash', input: { command: 'touch  a' } }, true);
  log.onShown(request('touch a', null));
  log.onShown(request('touch  a', 'event'));
  const [right] = log.take();
  assert.ok(right);
  assert.deepEqual([isShownRight(right), isExact(right)], [true, true]);
  log.onCall({ tool: 'bash', input: { command: 'touch b' } }, true);
  log.onShown(request('touch  a', 'event'));
  log.onShown(request('touch b', null));
  const [wrong] = log.take();
  assert.ok(wrong);
  assert.deepEqual([isShownRight(wrong), isExact(wrong)], [false, false]);
});

test('a file is the same however its path is told, and what asks nobody counts for nothing', () => {
  const log = new AskedLog('/folder');
  const shown = (path: string): Parameters<AskedLog['onShown']>[0] =>
    ({ request: { kind: 'permission', command: null, path, text: '', exact: 'event' } }) as Parameters<
      AskedLog['onShown']
    >[0];
  log.onCall({ tool: 'apply_patch', input: '*** Begin Patch\n*** Add File: new.txt\n+x\n*** End Patch' }, true);
  log.onShown(shown('/folder/new.txt'));
  log.onShown(shown('new.txt'));
  log.onCall({ tool: 'read', input: { filePath: 'new.txt' } }, false);
  log.onShown(shown('other.txt'));
  assert.deepEqual(log.take(), [{ asked: '/folder/new.txt', shown: [{ text: '/folder/new.txt', exact: 'event' }] }]);
});
