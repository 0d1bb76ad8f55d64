import assert from 'node:assert/strict';
import test from 'node:test';
import { scopePrefix, type LoginFacts } from '../../src/core/tmux/scope.js';

const desktop: LoginFacts = {
  platform: 'linux',
  systemdRun: '/usr/bin/systemd-run',
  hasUserManager: true,
  isSsh: false,
  lingers: false,
};

test('from a desktop editor tmux gets a scope of its own', () => {
  assert.deepEqual(scopePrefix(desktop).slice(0, 3), ['/usr/bin/systemd-run', '--user', '--scope']);
  assert.equal(scopePrefix(desktop).at(-1), '--');
});

test('from an ssh login only when lingering is on', () => {
  assert.deepEqual(scopePrefix({ ...desktop, isSsh: true }), []);
  assert.notDeepEqual(scopePrefix({ ...desktop, isSsh: true, lingers: true }), []);
});

test('nowhere without a service manager of the user, and not on other systems', () => {
  assert.deepEqual(scopePrefix({ ...desktop, hasUserManager: false }), []);
  assert.deepEqual(scopePrefix({ ...desktop, systemdRun: undefined }), []);
  assert.deepEqual(scopePrefix({ ...desktop, platform: 'darwin' }), []);
});
