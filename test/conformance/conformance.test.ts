import assert from 'node:assert/strict';
import test from 'node:test';
import { cases } from './cases/all.js';
import { Desk } from './desk.js';
import type { MachineKind } from './machine.js';
import { setUpLocal } from './machines/local.js';
import { setUpShell } from './machines/shell.js';
import { setUpAgentOverSsh, setUpSsh } from './machines/ssh.js';
import { setUpAgentByUrl } from './machines/url.js';

// The same cases on every kind of machine, with results that are equal. While one is written:
// CM_CONFORMANCE='a part of its name' runs it alone, CM_CONFORMANCE_MACHINES='ssh' on one machine beside this one.

const KINDS: readonly MachineKind[] = [
  { name: 'this machine', setUp: setUpLocal },
  { name: 'an ssh machine', setUp: setUpSsh },
  { name: 'a machine of plain channels', setUp: setUpShell },
  { name: 'an agent machine over ssh', setUp: setUpAgentOverSsh },
  { name: 'an agent machine by URL', setUp: setUpAgentByUrl },
];

const wantedCases = process.env['CM_CONFORMANCE'] ?? '';
const wantedMachines = process.env['CM_CONFORMANCE_MACHINES'] ?? '';
const [reference, ...others] = KINDS;
assert.ok(reference);
const kinds = [reference, ...others.filter(({ name }) => name.includes(wantedMachines))];
const chosen = cases.filter(({ name }) => name.includes(wantedCases));

/** By case, as it was on this machine. */
const expected = new Map<string, unknown>();

for (const kind of kinds) {
  test(`on ${kind.name}`, { concurrency: 4 }, async (t) => {
    const machine = await kind.setUp(t);
    const client = machine.hub.client({ subscribe: true });
    await Promise.all(
      chosen.map(({ name, run }) =>
        t.test(`${name}, on ${kind.name}`, { timeout: 120_000 }, async (test) => {
          const attempt = async (folder: string): Promise<void> => {
            const desk = await Desk.setUp(machine, client, folder);
            test.after(() => desk.dispose());
            const result = desk.normalised(await run(desk));
            if (kind === reference) expected.set(name, result);
            else assert.deepEqual(result, expected.get(name), `It differs from ${reference.name}`);
          };
          const folder = `case-${cases.findIndex((other) => other.name === name)}`;
          // Five machines keep two cores busy: what is too slow once is tried once more, and that is said.
          await attempt(folder).catch(async (error: unknown) => {
            test.diagnostic(`Tried again: ${name}, on ${kind.name}: ${String(error)}`);
            await attempt(`${folder}-again`);
          });
        }),
      ),
    );
  });
}

test('there are at least 40 cases, each with a name of its own', () => {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  assert.ok(cases.length >= 40, String(cases.length));
});
