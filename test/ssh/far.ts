import type { TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import type { Machine } from '../../src/protocol/context.js';
import { Desk } from '../conformance/desk.js';
import { setUpAgentOverSsh, setUpSsh, type FarMachine } from '../conformance/machines/ssh.js';
import type { LinkProxy } from '../helpers/linkProxy.js';
import type { RemoteHost } from '../helpers/remoteHost.js';
import type { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';
import type { SshdOptions } from './sshd.js';

export interface FarKind {
  readonly name: string;
  readonly setUp: (t: TestContext, options?: SshdOptions) => Promise<FarMachine>;
}

/** The ways over ssh, which have the same troubles. */
export const FAR_KINDS: readonly FarKind[] = [
  { name: 'an ssh machine', setUp: setUpSsh },
  { name: 'an agent machine over ssh', setUp: setUpAgentOverSsh },
];

/** A machine at the end of a link, with a client that watches it. */
export class Far {
  readonly #t: TestContext;
  readonly machine: FarMachine;
  readonly client: Client;
  /** The first folder to work in. */
  readonly desk: Desk;
  #desks = 0;

  private constructor(t: TestContext, machine: FarMachine, client: Client, desk: Desk) {
    this.#t = t;
    this.machine = machine;
    this.client = client;
    this.desk = desk;
    t.after(() => desk.dispose());
  }

  static async open(t: TestContext, kind: FarKind, options?: SshdOptions): Promise<Far> {
    const machine = await kind.setUp(t, options);
    const client = machine.hub.client({ subscribe: true });
    return new Far(t, machine, client, await Desk.setUp(machine, client, 'far'));
  }

  /** One more folder to work in. */
  async newDesk(): Promise<Desk> {
    const desk = await Desk.setUp(this.machine, this.client, `far-${++this.#desks}`);
    this.#t.after(() => desk.dispose());
    return desk;
  }

  get hub(): TestServer {
    return this.machine.hub;
  }

  get host(): RemoteHost {
    return this.machine.host;
  }

  get link(): LinkProxy {
    return this.machine.host.link;
  }

  /** The machine as this client is told of it. */
  get row(): Machine | undefined {
    return this.client.snapshot.machines.find(({ id }) => id === this.desk.machineId);
  }

  async is(what: string, condition: (machine: Machine) => boolean, deadlineMs?: number): Promise<Machine> {
    return until(
      `the machine ${what}`,
      () => {
        const { row } = this;
        return row !== undefined && condition(row) && row;
      },
      deadlineMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(this.row)}\n${this.hub.serverLog.slice(-3000)}`, {
        cause: error,
      });
    });
  }

  connected(deadlineMs?: number): Promise<Machine> {
    return this.is('is connected', ({ connection }) => connection === 'connected', deadlineMs);
  }

  offline(deadlineMs?: number): Promise<Machine> {
    return this.is(
      'is offline',
      ({ connection }) => connection === 'offline' || connection === 'connecting',
      deadlineMs,
    );
  }
}

/** Numbers from 0 to 1 that are the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
