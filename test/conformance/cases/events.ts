import assert from 'node:assert/strict';
import type { Session } from '../../../src/protocol/session.js';
import { until } from '../../helpers/until.js';
import type { Case } from '../desk.js';

/** What is told unasked. */
export const eventCases: readonly Case[] = [
  {
    name: 'events come in order and without gaps, and tell the whole life of a session',
    run: async (desk) => {
      const client = desk.otherClient();
      await client.request('ping', {});
      const seqs: number[] = [];
      const changes: { readonly id: string; readonly text: string }[] = [];
      const told = (session: Session): void => {
        const { id, status, name, pinned } = session;
        const text = `${name} ${status}${pinned ? ' pinned' : ''}`;
        if (changes.findLast((change) => change.id === id)?.text !== text) changes.push({ id, text });
      };
      client.onDidChange(({ seq, change }) => {
        seqs.push(seq);
        if (change.type === 'session/changed') told(change.session);
        if (change.type === 'session/removed') changes.push({ id: change.id, text: `${change.name} removed` });
      });
      const name = `told-${desk.key}`;
      const { id } = await desk.shell('read -r line; exit 6', { name });
      await desk.is(id, 'runs', ({ status }) => status === 'running');
      await desk.client.request('session/update', { session: id, pinned: true });
      await desk.client.request('session/rename', { session: id, name: `${name}-new` });
      await desk.client.request('session/key', { session: id, keys: ['Enter'] });
      await desk.ended(id);
      await desk.client.request('session/purge', { session: id });
      await until('its removal is told', () =>
        changes.some((change) => change.id === id && change.text.endsWith('removed')),
      );
      assert.deepEqual(
        seqs,
        Array.from({ length: seqs.length }, (_, n) => (seqs[0] ?? 0) + n),
      );
      const life = changes.filter((change) => change.id === id).map(({ text }) => text);
      assert.deepEqual(life, [
        `${name} starting`,
        `${name} running`,
        `${name} running pinned`,
        `${name}-new running pinned`,
        `${name}-new failed pinned`,
        `${name}-new removed`,
      ]);
      client.dispose();
      return life;
    },
  },
  {
    name: 'the picture that a client keeps is what a list gives',
    run: async (desk) => {
      const client = desk.otherClient();
      const ids = await Promise.all(
        ['exit 0', 'exit 1', 'cat', 'kill -KILL $$'].map(async (task) => (await desk.shell(task)).id),
      );
      for (const id of [ids[0], ids[1], ids[3]]) await desk.ended(id ?? '');
      const plain = (sessions: readonly Session[]): unknown =>
        sessions
          .filter(({ id }) => ids.includes(id))
          .map(({ id, status, exitCode, signal, unread, machineId }) => ({
            id,
            status,
            exitCode,
            signal,
            unread,
            machineId,
          }))
          .sort((a, b) => (a.id < b.id ? -1 : 1));
      const listed = plain(await desk.client.request('session/list', { context: desk.key }));
      for (const one of [client, desk.client]) {
        await until(
          'the picture is current',
          () => JSON.stringify(plain(one.snapshot.sessions)) === JSON.stringify(listed),
        );
      }
      assert.ok(client.snapshot.contexts.some(({ id }) => id === desk.context.id));
      assert.ok(
        client.snapshot.machines.some(({ id, connection }) => id === desk.machineId && connection === 'connected'),
      );
      client.dispose();
      return (listed as { status: string }[]).map(({ status }) => status).sort();
    },
  },
  {
    name: 'who was away hears what happened meanwhile',
    run: async (desk) => {
      const { id } = await desk.shell('cat', { name: `away-${desk.key}` });
      const first = desk.otherClient();
      await first.request('ping', {});
      const state = first.state.kind === 'connected' ? first.state.server : assert.fail('it is connected');
      let seq = 0;
      first.onDidChange((event) => {
        const { change } = event;
        if (change.type === 'session/changed' && change.session.name === `before-${desk.key}`) seq = event.seq;
      });
      await desk.client.request('session/rename', { session: id, name: `before-${desk.key}` });
      await until('it is told', () => seq > 0);
      first.dispose();
      await desk.client.request('session/rename', { session: id, name: `after-${desk.key}` });
      const heard: string[] = [];
      const again = desk.machine.hub.client({ subscribe: true, resume: { instance: state.instance, seq } });
      again.onDidChange(({ change }) => {
        if (change.type === 'session/changed' && change.session.id === id) heard.push(change.session.name);
      });
      await until('it hears', () => heard.includes(`after-${desk.key}`));
      assert.ok(!heard.includes(`before-${desk.key}`));
      again.dispose();
      return heard.at(-1);
    },
  },
];
