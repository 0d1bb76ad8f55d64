import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdGenerator, SESSION_ID_PATTERN } from '../../src/common/ids.js';
import { linkedSession, sessionLink } from '../../src/protocol/sessionLink.js';

const parts = (link: string): { path: string; query: string; fragment: string } => {
  const { pathname, search, hash } = new URL(link);
  return { path: decodeURIComponent(pathname), query: search.slice(1), fragment: hash.slice(1) };
};

test('a link leads to the session that it was made for, and nothing else is a link', () => {
  const id = new IdGenerator().next();
  assert.equal(linkedSession(parts(sessionLink(id))), id);
  const base = `vscode://code-manager.code-manager`;
  const others = [
    base,
    `${base}/`,
    `${base}/session/`,
    `${base}/session/${id}/`,
    `${base}//session/${id}`,
    `${base}/Session/${id}`,
    `${base}/session/${id}/answer`,
    `${base}/answer/${id}`,
    `${base}/session/${id}?answer=yes`,
    `${base}/session/${id}#attach`,
    `${base}/session/${id.toUpperCase()}`,
    `${base}/session/${id}%0a`,
    `${base}/session/%20${id}`,
    `${base}/session/${id}%00`,
    `${base}/session/..%2f${id}`,
    `${base}/session/refactor-auth`,
    `${base}/session/${id.slice(1)}`,
    `${base}/x/../session/${id}x`,
  ];
  for (const link of others) assert.equal(linkedSession(parts(link)), undefined, link);
});

test('whatever a link holds, only an id comes out of it', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '/session/', '/session/000000000001'));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 3 }), text, text, (path, query, fragment) => {
      const id = linkedSession({ path: path.join(''), query, fragment });
      assert.ok(id === undefined || (SESSION_ID_PATTERN.test(id) && path.join('') === `/session/${id}`));
    }),
  );
});
