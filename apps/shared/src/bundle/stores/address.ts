/**
 * What is wrong with a bundle's address, without repeating it: it may hold secrets. `parseBundleUri` makes of it the
 * error that callers see.
 */
export class AddressProblem extends Error {}

/**
 * Whether plain HTTP may be spoken to a URL: to loopback hosts always (nothing leaves the machine), to others only when
 * the caller asked for it.
 */
export function mayUsePlainHttp(url: URL, allowHttp: boolean): boolean {
  return allowHttp || isLoopback(url.hostname);
}

/** Whether a host name or address is this machine by definition (RFC 6761, RFC 1122, RFC 4291). */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** A URL as it may be shown: origin and path only. */
export function displayUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * An address as a URL.
 *
 * @throws AddressProblem
 */
export function parseUrl(uri: string): URL {
  // URL's own error repeats the address with its secrets, so it is not kept as the cause.
  if (!URL.canParse(uri)) throw new AddressProblem('it is not a URL');
  return new URL(uri);
}
