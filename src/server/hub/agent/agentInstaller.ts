import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '../../../client/connection.js';
import { afterMarker } from '../../../client/dialStream.js';
import { BUILD, VERSION } from '../../../common/build.js';
import type { Operation } from '../../../core/machine/operation.js';
import { ChannelStream } from '../../../machines/install/agentDial.js';
import { patiently } from '../../../machines/install/hostScript.js';
import { installAgentServer } from '../../../machines/install/install.js';
import type { SshConnection, SshReach } from '../../../machines/ssh/sshConnection.js';
import type { RemoteSpec } from '../../../protocol/machineKinds.js';
import { CodeManagerError } from '../../../protocol/errors.js';
import { PROTOCOL_VERSIONS, REQUESTS } from '../../../protocol/requests.js';
import type { SshConnect } from './agentRoute.js';

/** What the agent server needs at run time, beside the folder of its bundle as here. */
const FILES = ['dist/server.js', 'dist/ssh2.js', 'media/demo/agent.mjs'];
const MAIN = 'dist/server.js';

export interface AgentInstallerOptions {
  /** Folder that holds `dist` and `media`. */
  readonly root: string;
  readonly connectSsh: SshConnect;
  /** Takes the connection over: the machine is reached by it next. */
  readonly park: (reach: SshReach, connection: SshConnection) => void;
}

/**
 * Puts this version's agent server on the host of a machine and starts it.
 *
 * @returns how the machine is reached from then on
 * @throws CodeManagerError `dependencyMissing` without Node.js there, `invalid` for a machine that is not reached by ssh
 */
export async function installOnHost(
  spec: RemoteSpec,
  operation: Operation,
  { root, connectSsh, park }: AgentInstallerOptions,
): Promise<RemoteSpec> {
  if ('url' in spec || typeof spec.host !== 'string') {
    throw new CodeManagerError('invalid', 'Only a machine that is reached by ssh can be installed on', {
      hint: 'Install Code Manager there by hand, then run `cm server run --port 9876`.',
    });
  }
  const { host, user, port, keyFile, tmux, setup } = spec;
  const reach: SshReach = { host, user, port, keyFile };
  const { signal } = operation;
  const progress = (message: string, percent?: number): void => operation.progress(message, percent);
  progress(`Connecting to ${host}`, 0);
  const connection = await connectSsh(reach, { operation, signal, onStep: () => undefined });
  try {
    await installAgentServer(connection, {
      files: new Map(await Promise.all(FILES.map(async (path) => [path, await readFile(join(root, path))] as const))),
      main: MAIN,
      version: VERSION,
      build: BUILD,
      signal,
      progress,
      settings: { tmux: tmux ?? undefined, setup: setup ?? undefined },
      start: (command, hasNews) => checkStart(connection, { command, hasNews, signal }),
    });
  } catch (error) {
    connection.dispose();
    throw error;
  }
  park(reach, connection);
  // The server there has the last two in its own settings; here they are for the time when it is not used any more.
  const given = Object.entries({ user, port, keyFile, tmux, setup }).filter(([, value]) => value != null);
  return { type: 'agent', host, ...Object.fromEntries(given) };
}

/** Starts the new one by the way on which it is reached later, and asks it who it is. */
async function checkStart(
  ssh: SshConnection,
  { command, hasNews, signal }: { readonly command: string; readonly hasNews: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const open = async (): ReturnType<typeof afterMarker> => {
    const stream = new ChannelStream(await patiently(() => ssh.exec(command)));
    return afterMarker(stream, signal, () => stream.stderr);
  };
  const connection = await Connection.open({ kind: 'stream', open }, signal);
  try {
    const raw = await connection.request(
      'initialize',
      { protocolVersions: [...PROTOCOL_VERSIONS], client: { name: 'installation', version: VERSION, build: BUILD } },
      { signal },
    );
    const { server } = REQUESTS.initialize.result.parse(raw);
    if (server.version === VERSION && server.build === BUILD) {
      // It looks for tmux anew.
      if (hasNews) await connection.request('machine/test', { machine: 'local' }, { signal });
      return;
    }
    throw new CodeManagerError('conflict', `The agent server ${server.version} that runs there does not make room`, {
      hint: 'End it there with `cm server stop --force`, then try again: its sessions go on.',
    });
  } finally {
    connection.dispose();
  }
}
