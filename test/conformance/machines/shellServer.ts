import { join } from 'node:path';
import * as z from 'zod';
import { ShellMachine } from '../../../src/machines/shell/shellMachine.js';
import { createHostService } from '../../../src/server/hub/hostService.js';
import { MACHINE_SERVICES, serviceOf } from '../../../src/server/machineKinds.js';
import { main } from '../../../src/server/run.js';
import { childProcesses } from './shellChannels.js';

/** Another home on this host. */
const Spec = z.looseObject({ type: z.literal('shell'), host: z.string(), home: z.string(), cm: z.string() });

// An agent server with one kind of machine more, which knows no protocol: whatever gives channels makes a machine.
const shell = serviceOf(Spec, (spec, { id, links, data, cache, remembered, log }) => {
  const { host, home, cm } = spec;
  const env = {
    HOME: home,
    CM_HOME: cm,
    SHELL: '/bin/bash',
    USER: 'root',
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
  };
  const connect = () => Promise.resolve(childProcesses(env));
  const machine = new ShellMachine({ id, type: 'shell', name: host, connect, log });
  return createHostService({ id, host, spec, machine, owned: machine, cache, remembered, links, data, log });
});

main({ path: join(__dirname, 'shellServer.js'), services: { ...MACHINE_SERVICES, shell } });
