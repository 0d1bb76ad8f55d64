import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { CodeManagerError, toCodeManagerError } from '../protocol/errors.js';
import { dialLine } from '../protocol/dial.js';
import { openServer, readServerFile } from '../client/endpoint.js';

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Joins standard input and output to the agent server of this host, which is started when there is none: this is how
 * another host speaks to it over ssh, without a port or a token. Resolves with the exit code when either side has ended.
 *
 * @param replaceOtherBuild also replace a server of this version that was built from other code
 */
export async function dialStdio(home: string, serverPath: string, replaceOtherBuild: boolean): Promise<number> {
  const { stdin, stdout } = process;
  let socket: Socket;
  try {
    socket = await connectToServer(home, serverPath, replaceOtherBuild);
  } catch (error) {
    const failure = toCodeManagerError(error);
    await new Promise((resolve) => stdout.write(dialLine({ error: failure.toWire() }), resolve));
    return 1;
  }
  // Whoever read our output has gone: that ends the pipes below.
  stdout.on('error', () => socket.destroy());
  stdout.write(dialLine({}));
  const up = pipeline(stdin, socket, { end: true }).catch(() => undefined);
  const down = pipeline(socket, stdout, { end: false }).catch(() => undefined);
  await Promise.race([up.then(() => 'up'), down]);
  socket.destroy();
  // What the server said last is not lost.
  await new Promise<void>((resolve) => stdout.write('', () => resolve()));
  return 0;
}

async function connectToServer(home: string, serverPath: string, replaceOtherBuild: boolean): Promise<Socket> {
  const options = {
    name: 'dial-stdio',
    transport: undefined,
    home,
    serverPath,
    replaceOtherBuild,
    subscribe: false,
    log: () => undefined,
  };
  const { connection } = await openServer(options, undefined, new AbortController().signal);
  try {
    const file = await readServerFile(home);
    if (file === undefined) throw new CodeManagerError('unavailable', 'The agent server went away');
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect({ path: file.socket, timeout: CONNECT_TIMEOUT_MS });
      const fail = (cause: Error): void =>
        reject(new CodeManagerError('unavailable', 'The agent server does not answer', { cause }));
      socket.once('error', fail).once('timeout', () => fail(new Error('timeout')));
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', fail).on('error', () => undefined);
        resolve(socket);
      });
    });
  } finally {
    // Only now: with nobody connected the server might just be leaving.
    connection.dispose();
  }
}
