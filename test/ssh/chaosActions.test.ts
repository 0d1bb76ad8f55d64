import assert from 'node:assert/strict';
import test from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { hasEnded } from '../../src/protocol/session.js';
import { until } from '../helpers/until.js';
import { Far, FAR_KINDS } from './far.js';

/** Bytes on the way there or back after which the link is cut. */
const POINTS = [
  { sent: 1 },
  { sent: 300 },
  { sent: 1500 },
  { sent: 4000 },
  { received: 1 },
  { received: 300 },
  { received: 1500 },
] as const;

interface Outcome<T> {
  readonly value?: T;
  readonly error?: CodeManagerError;
}

/** Asks for something, cuts the link in the middle of it, and mends it a moment later. */
async function throughCut<T>(far: Far, point: (typeof POINTS)[number], request: () => Promise<T>): Promise<Outcome<T>> {
  let outcome: Outcome<T> | undefined;
  far.link.cutAfter(point);
  request().then(
    (value) => (outcome = { value }),
    (error: unknown) => {
      if (!(error instanceof CodeManagerError)) throw error;
      outcome = { error };
    },
  );
  await until('it is cut or answered', () => far.link.isCut || outcome);
  const wasCut = far.link.isCut;
  if (wasCut) await far.offline();
  far.link.mend();
  await far.connected();
  const result = await until('it is answered', () => outcome, 60_000);
  if (result.error !== undefined) assert.match(result.error.code, /^(?:unavailable|timeout)$/, result.error.message);
  return result;
}

const describe = (point: object): string => JSON.stringify(point);

/** Writes every byte that it gets into a file. */
const RECORDER = `
const { appendFileSync } = require('node:fs');
process.stdin.setRawMode(true);
process.stdout.write('\\x1b[?2004h');
process.stdin.on('data', (data) => {
  appendFileSync('received', data);
  if (data.includes('\\x1b[201~')) setTimeout(() => process.stdout.write('[pasted]'), 50);
});
process.stdout.write('ready');
`;

for (const kind of FAR_KINDS) {
  test(`a start on ${kind.name} that is cut in the middle starts one session`, { timeout: 300_000 }, async (t) => {
    const far = await Far.open(t, kind);
    for (const point of POINTS) {
      const desk = await far.newDesk();
      const request = {
        requestId: `start ${desk.key}`,
        tool: 'shell',
        task: 'echo x >>started; read -r line; exit 7',
        context: desk.key,
      };
      const { value } = await throughCut(far, point, () => far.client.request('session/create', request));
      // Whoever got no answer asks again.
      const session = value ?? (await far.client.request('session/create', request));
      await desk.is(session.id, 'runs', ({ status }) => status === 'running');
      await until('it has begun', () => desk.has('started'));
      const all = await far.client.request('session/list', { context: desk.key, archived: true });
      assert.deepEqual(
        all.map(({ id }) => id),
        [session.id],
        describe(point),
      );
      await desk.client.request('session/send', { session: session.id, text: '', force: true });
      assert.equal((await desk.ended(session.id)).exitCode, 7);
      assert.equal(desk.read('started'), 'x\n', describe(point));
    }
  });

  test(
    `a text sent to ${kind.name} while the link is cut arrives once, or not and is told so`,
    {
      timeout: 300_000,
    },
    async (t) => {
      const far = await Far.open(t, kind);
      for (const point of POINTS) {
        const desk = await far.newDesk();
        desk.write('recorder.cjs', RECORDER);
        const { id } = await desk.shell('exec "$1" recorder.cjs', { args: [process.execPath] });
        await desk.shows(id, 'ready');
        const { error } = await throughCut(far, point, () =>
          far.client.request('session/send', { session: id, text: 'only once' }, { timeoutMs: 30_000 }),
        );
        await desk.client.request('session/send', { session: id, text: 'the next' });
        await until('the next arrives', () => /the next\x1b\[201~\r$/.test(desk.read('received')));
        const times = desk.read('received').split('only once').length - 1;
        if (error === undefined) assert.equal(times, 1, describe(point));
        else assert.ok(times <= 1, `${times} times at ${describe(point)}`);
        const enters = desk.read('received').split('\r').length - 1;
        assert.ok(enters <= 1 + times, `${enters} times Enter at ${describe(point)}`);
      }
    },
  );

  test(`a stop on ${kind.name} that is cut in the middle comes to one end`, { timeout: 300_000 }, async (t) => {
    const far = await Far.open(t, kind);
    const ends: string[] = [];
    far.client.onDidChange(({ change }) => {
      if (change.type !== 'session/changed' || !hasEnded(change.session)) return;
      const { id, status, exitCode, completed } = change.session;
      ends.push([id, status, exitCode, completed].join(' '));
    });
    for (const point of POINTS) {
      const desk = await far.newDesk();
      const { id } = await desk.shell('trap "echo x >>asked; exit 5" TERM; echo up; while :; do sleep 0.05; done');
      await desk.shows(id, 'up');
      const stop = () => far.client.request('session/stop', { session: id }, { timeoutMs: 30_000 });
      const { error } = await throughCut(far, point, stop);
      // Whoever is told that it may not have been done asks again, unless it was.
      if (error !== undefined && !hasEnded(await desk.get(id))) {
        await stop().catch(async (thrown: unknown) => {
          if (!hasEnded(await desk.get(id))) throw thrown;
        });
      }
      const ended = await desk.ended(id);
      assert.deepEqual([ended.status, ended.exitCode], ['stopped', 5], describe(point));
      assert.equal(desk.read('asked'), 'x\n', describe(point));
      assert.equal(new Set(ends.filter((end) => end.startsWith(id))).size, 1, ends.join('; '));
    }
  });
}
