import type { TestContext } from 'node:test';
import type { Machine } from '../../src/core/machine/machine.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { ShellMachine } from '../../src/machines/shell/shellMachine.js';
import { childProcesses } from '../conformance/machines/shellChannels.js';
import { silentLogger } from './silentLogger.js';

/** All kinds of machines on which this process writes records itself, each this host. */
export const RECORD_MACHINES: Readonly<Record<string, (t: TestContext, home: string) => Promise<Machine>>> = {
  'this host': () => Promise.resolve(new LocalMachine()),
  'a host with nothing but a shell': async (t, home) => {
    const env = { HOME: home, CM_HOME: home, SHELL: '/bin/sh', USER: 'root', PATH: process.env['PATH'] ?? '' };
    const connect = () => Promise.resolve(childProcesses(env));
    const machine = new ShellMachine({ id: 'shell:far', type: 'shell', name: 'far', connect, log: silentLogger });
    t.after(() => machine.dispose());
    await machine.link.connect();
    return machine;
  },
};
