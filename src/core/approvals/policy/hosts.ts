import type { ScreenRequest } from '../../../protocol/screen.js';

/** The one host that a request wants to reach, in lower case; undefined when that cannot be told. */
export function hostAsked({ path, text }: Pick<ScreenRequest, 'path' | 'text'>): string | undefined {
  const address = path ?? /^fetch (\S+)$/u.exec(text)?.[1];
  if (address === undefined) return undefined;
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/iu.test(address)) return address.toLowerCase();
  return hostOfUrl(address);
}

/** Of an `http` or `https` address without a name and password in it. */
export function hostOfUrl(address: string): string | undefined {
  // What programs take apart in different ways is not taken apart at all.
  if (!/^https?:\/\/[a-z0-9.-]+(?::\d+)?(?:[/?#]|$)/iu.test(address) || /[\\\s…]/u.test(address)) return undefined;
  try {
    return new URL(address).hostname.replace(/\.$/u, '');
  } catch {
    return undefined;
  }
}

/** @param patterns `example.com`, or `*.example.com` for all below it */
export function isHostIn(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : host === pattern,
  );
}
