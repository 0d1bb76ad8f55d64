import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '../../client/transport.js';
import { shortHostName } from '../../common/home.js';

/**
 * Whether the Host header of a request names this server. A web page can make a browser connect here under a name of
 * its own that leads to this address; an address instead of a name cannot have been made up.
 */
export function isOwnHost(header: string | undefined, listensOn: string, certificate: string | undefined): boolean {
  const name = hostOf(header);
  if (name === undefined) return false;
  if (isLoopback(name)) return true;
  // A server that only this host reaches has no other names.
  if (certificate === undefined) return false;
  if (isIP(name) !== 0) return true;
  const own = [listensOn, hostname(), shortHostName()].map((text) => text.toLowerCase());
  return own.includes(name) || new X509Certificate(certificate).checkHost(name) !== undefined;
}

/** Lower case, without port and brackets. */
function hostOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:@/?#[\]]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
