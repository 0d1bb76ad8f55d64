import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, isVersionBefore } from '../../src/common/versions.js';

test('versions are ordered as semver orders them', () => {
  const ordered = ['0.0.0', '0.9.9', '0.10.0', '1.0.0-alpha.2', '1.0.0-alpha.10', '1.0.0', '1.0.1', '2.0.0'];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} and ${b}`);
    }
  }
});

test('a build suffix and a leading v do not count', () => {
  assert.equal(compareVersions('v1.2.3+abc', '1.2.3'), 0);
});

test('a version that cannot be told is older than none', () => {
  for (const version of ['0.9', '1.1.9', '1.1.9.', '1.2.0-rc.1']) assert.ok(isVersionBefore(version, '1.2.0'), version);
  for (const version of ['1.2.0', '1.2.0.', '1.10', '2.0.0-rc.1', null, '', '1', 'unknown', 'v', '-1.0']) {
    assert.ok(!isVersionBefore(version, '1.2.0'), String(version));
  }
});
