import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions } from '../../src/common/versions.js';

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
