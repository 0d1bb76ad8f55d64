import assert from 'node:assert/strict';
import test from 'node:test';
import { SnapshotStore } from '../../src/client/snapshotStore.js';
import { COLLECTION_NAMES, COLLECTIONS, recordChange, type CollectionName } from '../../src/protocol/collections.js';
import { ServerEvent, type Change } from '../../src/protocol/events.js';
import { contextRecord, machineRecord, sessionRecord } from '../helpers/records.js';

const EXAMPLES = { machines: machineRecord(), contexts: contextRecord(), sessions: sessionRecord() };

const time = '2026-01-31T12:00:00Z';
const heard = (change: object): Change => ServerEvent.parse({ seq: 1, time, change }).change;
const changed = (name: CollectionName, record: object): Change => {
  const { member } = COLLECTIONS[name];
  return heard({ type: `${member}/changed`, [member]: record });
};

for (const name of COLLECTION_NAMES) {
  const record = EXAMPLES[name];
  const { member } = COLLECTIONS[name];

  test(`${name}: what has changed is in the picture until it is removed`, () => {
    const store = new SnapshotStore();
    store.apply(changed(name, record));
    store.apply(changed(name, { ...record, id: 'second' }));
    assert.deepEqual(
      store.snapshot[name].map(({ id }) => id),
      [record.id, 'second'],
    );
    const { snapshot } = store;
    store.apply(heard({ type: `${member}/removed`, id: record.id }));
    assert.deepEqual(
      store.snapshot[name].map(({ id }) => id),
      ['second'],
    );
    assert.equal(snapshot[name].length, 2, 'what was given out stays as it was');
    store.reset(snapshot);
    assert.deepEqual(store.snapshot, snapshot);
    for (const other of COLLECTION_NAMES.filter((each) => each !== name)) assert.deepEqual(store.snapshot[other], []);
  });
}

test('an archived session leaves the picture', () => {
  const store = new SnapshotStore();
  store.apply(changed('sessions', sessionRecord()));
  store.apply(changed('sessions', { ...sessionRecord(), archived: true }));
  assert.deepEqual(store.snapshot.sessions, []);
});

test('a change that is about no record is none of one', () => {
  assert.equal(recordChange({ type: 'notice' }), undefined);
  assert.equal(recordChange({ type: 'job/changed' }), undefined);
  assert.equal(recordChange({ type: 'session/elsewhere' }), undefined);
});
