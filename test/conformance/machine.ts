import type { TestContext } from 'node:test';
import type { MachineSpec } from '../../src/protocol/machineKinds.js';
import type { TestServer } from '../helpers/testServer.js';

/** The disk and the tmux of the host on which sessions run. All hosts of the tests are this one, with other homes. */
export interface HostSide {
  /** HOME there. */
  readonly user: string;
  /** CM_HOME there. */
  readonly cm: string;
  /** Where the folders of the cases are made. */
  readonly work: string;
  /** Runs a command of the private tmux there. */
  tmux(...args: readonly string[]): Promise<string>;
}

/** One way to reach a host. The cases know nothing else of it. */
export interface ConformanceMachine {
  readonly spec: MachineSpec;
  /** The agent server that clients talk to, on this machine. */
  readonly hub: TestServer;
  readonly host: HostSide;
}

export interface MachineKind {
  /** As in the names of the tests: `this machine`, `an ssh machine`. */
  readonly name: string;
  /** Everything that it starts ends with the test. */
  readonly setUp: (t: TestContext) => Promise<ConformanceMachine>;
}
