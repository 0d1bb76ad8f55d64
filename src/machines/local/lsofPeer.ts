import type { Holders, SocketEnd } from './socketEnd.js';

/**
 * Who holds the other end of a connection, in what `lsof -Fpfdn` prints on macOS: lines that begin with `p` (process),
 * `f` (descriptor), `d` (address of a unix socket) and `n` (its name; of a connected one `->` and the other address).
 *
 * @param own our process
 */
export function peerInLsof(list: string, end: SocketEnd, own: number): Holders {
  const files: { pid: number; fd: string; device: string; name: string }[] = [];
  let pid = 0;
  for (const line of list.split('\n')) {
    const value = line.slice(1);
    const last = files.at(-1);
    if (line.startsWith('p')) pid = Number(value);
    else if (line.startsWith('f')) files.push({ pid, fd: value, device: '', name: '' });
    else if (last !== undefined && line.startsWith('d')) last.device = value;
    else if (last !== undefined && line.startsWith('n')) last.name = value;
  }
  if (end.kind === 'unix') {
    const mine = files.find((file) => file.pid === own && file.fd === String(end.fd));
    if (mine === undefined) return { kind: 'gone' };
    // Either end names the other.
    const theirs = files.filter(({ device, name }) => name === `->${mine.device}` || mine.name === `->${device}`);
    return found(theirs);
  }
  const place = (address: string, port: number): string =>
    `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const [from, to] = [place(end.remoteAddress, end.remotePort), place(end.localAddress, end.localPort)];
  return found(files.filter(({ name }) => name === `${from}->${to}`));
}

function found(files: readonly { readonly pid: number }[]): Holders {
  return files.length === 0 ? { kind: 'gone' } : { kind: 'held', pids: [...new Set(files.map(({ pid }) => pid))] };
}
