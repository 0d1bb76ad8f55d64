import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delay } from '../../src/common/async.js';
import type { Machine } from '../../src/core/machine/machine.js';
import type { Ending, LifecycleEvent } from '../../src/core/records/lifecycle.js';
import { SessionEnd, type EndScope } from '../../src/core/sessions/sessionEnd.js';
import { SessionFiles } from '../../src/core/records/sessionFiles.js';
import type { Pane } from '../../src/core/tmux/pane.js';
import { storedRecord } from '../helpers/records.js';
import { silentLogger } from '../helpers/silentLogger.js';

const ID = '0123456789ab';
const PANE: Pane = {
  session: ID,
  window: '@1',
  pane: '%1',
  pid: 7,
  dead: false,
  exitCode: null,
  signal: null,
  piped: false,
  columns: 80,
  rows: 24,
  title: '',
};

type Look = Pane | Error | undefined;

/** How a session ended whose launcher could write nothing, by what tmux says of its pane one look after the other. */
async function ending(...looks: readonly Look[]): Promise<Ending | null | undefined> {
  const left = [...looks];
  let last: Look;
  let told: Ending | null | undefined;
  const tmux = {
    pane: (): Promise<Pane | undefined> => {
      last = left.shift() ?? last;
      return last instanceof Error ? Promise.reject(last) : Promise.resolve(last);
    },
    kill: () => Promise.resolve(),
  };
  // Nothing of it is on the disk.
  const machine = {
    stat: () => Promise.resolve(undefined),
    readFile: () => Promise.resolve(new Uint8Array()),
    writeFile: () => Promise.reject(new Error('the disk is full')),
    remove: () => Promise.resolve(),
  };
  const scope = {
    machine,
    tmux,
    table: {
      get: () => storedRecord({ id: ID }),
      apply: (_id: string, event: LifecycleEvent) => {
        if (event.type === 'ended') told = event.ending;
        return Promise.resolve();
      },
    },
    live: { get: () => ({ pane: PANE }), delete: () => undefined },
    files: new SessionFiles(machine as unknown as Machine, '/nowhere'),
    clock: { now: () => 0 },
    log: silentLogger,
  };
  await new SessionEnd(scope as unknown as EndScope, { close: () => undefined }).finish(ID);
  return told;
}

const dead = { ...PANE, dead: true };

test('the end of a session is what tmux says of its pane, also when it says so a moment later or once more', async () => {
  const eleven = { exitCode: 11, signal: null };
  assert.deepEqual(await ending({ ...dead, exitCode: 11 }), eleven);
  assert.deepEqual(await ending(dead, dead, { ...dead, exitCode: 11 }), eleven, 'dead before its end was known');
  assert.deepEqual(await ending(new Error('slow'), { ...dead, exitCode: 11 }), eleven, 'a look failed');
  assert.deepEqual(await ending(dead, new Error('slow'), { ...dead, signal: 9 }), {
    exitCode: null,
    signal: 'SIGKILL',
  });
});

test('how a session ended is unknown where its window has gone or nothing ever tells', async () => {
  assert.equal(await ending(undefined), null);
  assert.equal(await ending(dead), null);
});

test('who is to be ended at a time is noted before anything is done to any, so that few looks serve all', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `session-${index}`);
  const noted: string[] = [];
  const apply = async (id: string, event: LifecycleEvent): Promise<void> => {
    assert.deepEqual(event, { type: 'endAsked', how: 'kill' });
    // A disk is not equally fast with all.
    await delay((noted.length % 5) * 4);
    noted.push(id);
  };
  const ends = new SessionEnd({ table: { apply } } as unknown as EndScope, { close: () => undefined });
  const seen = await Promise.all(
    ids.map(async (id) => {
      await ends.asked(id, 'kill');
      return noted.length;
    }),
  );
  assert.deepEqual(
    seen,
    ids.map(() => ids.length),
  );
});
