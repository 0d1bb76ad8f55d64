import type { LookupAddress } from 'node:dns';
import { connect, type TcpSocketConnectOpts } from 'node:net';

/** Where the way to a host begins: its own sshd, or that of the first host on the way. */
export interface PortAddress {
  readonly addresses: readonly LookupAddress[];
  readonly port: number;
  readonly bindAddress?: string | undefined;
}

const ANSWER_MS = 2_000;
/** An sshd says who it is before it is asked; what comes before that line is short. */
const MAX_GREETING = 1024;

/** Whether an sshd answers at an address. Nothing is sent, so nothing can be refused. Never rejects. */
export async function probePort({ addresses, port, bindAddress }: PortAddress): Promise<boolean> {
  const greetings = addresses.map(({ address }) => greeting({ host: address, port, localAddress: bindAddress }));
  return Promise.any(greetings).then(
    () => true,
    () => false,
  );
}

function greeting(options: TcpSocketConnectOpts): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error('no sshd answers'));
    };
    const timer = setTimeout(end, ANSWER_MS);
    let heard = '';
    socket.on('data', (data) => {
      heard += data.toString('latin1');
      const isSshd = /^SSH-/m.test(heard);
      if (isSshd) resolve();
      if (isSshd || heard.length > MAX_GREETING) end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}
