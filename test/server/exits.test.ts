import assert from 'node:assert/strict';
import test from 'node:test';
import type { Session } from '../../src/protocol/session.js';
import { TestServer } from '../helpers/testServer.js';

test('every exit code is told as it is, and signals are told from the codes that shells make of them', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const cases: readonly (readonly [string, Pick<Session, 'status' | 'exitCode' | 'signal'>])[] = [
    ...[0, 1, 2, 77, 126, 127, 128, 129, 130, 137, 141, 143, 255].map(
      (code) =>
        [`exit ${code}`, { status: code === 0 ? 'completed' : 'failed', exitCode: code, signal: null }] as const,
    ),
    ...(['HUP', 'QUIT', 'KILL', 'TERM', 'USR1', 'ALRM', 'SEGV', 'ABRT'] as const).map(
      (name) => [`kill -${name} $$`, { status: 'failed', exitCode: null, signal: `SIG${name}` }] as const,
    ),
  ];
  const ended = await Promise.all(
    cases.map(async ([task]) => server.ended(client, (await server.shell(client, `ulimit -c 0; ${task}`)).id)),
  );
  assert.deepEqual(
    ended.map(({ status, exitCode, signal }) => ({ status, exitCode, signal })),
    cases.map(([, expected]) => expected),
  );
});
