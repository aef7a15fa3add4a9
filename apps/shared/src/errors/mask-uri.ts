/** What stands for what is not shown. */
const HIDDEN = '***';

/**
 * Pure: a URI as people and logs may see it: user information, query and fragment are hidden, since a store may have a
 * password, a token or a signature there. Takes anything that was given as a URI, also what does not parse: of
 * `ftp://user:pa/ss@host/x` nothing of the password is left. A digest behind an `@`, as images have it, stays.
 */
export function maskUri(uri: string): string {
  const [, scheme = '', rest = uri] = /^((?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?)(.*)$/is.exec(uri) ?? [];
  const shown = rest.slice(secretLength(scheme, rest));
  const [, path = '', more = ''] = /^([^?#]*)(.*)$/s.exec(shown) ?? [];
  const user = shown.length < rest.length ? `${HIDDEN}@` : '';
  return `${scheme}${user}${path}${more.length > 1 ? `${more.charAt(0)}${HIDDEN}` : more}`;
}

/** Characters of the user information at the begin of what follows a scheme, the `@` included; 0 where there is none. */
function secretLength(scheme: string, rest: string): number {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const within = lastAt(authority);
  if (within >= 0) return within + 1;
  // What looks like a host with a port that is no number is a name with a password that has a slash or the like in it. So is,
  // without `//`, what stands before an `@`: no address of ours has one there.
  const isHost = scheme.endsWith('//') && /^(\[[^\]]*\]|[^:]*)(:\d{0,5})?$/.test(authority);
  return isHost || /^file:/i.test(scheme) ? 0 : lastAt(rest) + 1;
}

/** Where the last `@` stands that does not begin a digest; -1 where there is none. */
const lastAt = (text: string): number => text.replace(/@sha\d+:[0-9a-f]+$/i, '').lastIndexOf('@');

/**
 * An address inside a text, up to what no address has; a backslash is none, so that a line of JSON stays one. The scheme is
 * bounded, so that long texts take no time.
 */
const ADDRESS = /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'`<>\\]+/gi;

/** Pure: a text in which every address with a scheme is as {@link maskUri} shows it. */
export function maskUris(text: string): string {
  return text.includes('://') ? text.replace(ADDRESS, hideInText) : text;
}

/** Marks that end a sentence belong to it, not to the address. */
function hideInText(address: string): string {
  const end = /[.,;:!)\]}]*$/.exec(address)?.[0] ?? '';
  return maskUri(address.slice(0, address.length - end.length)) + end;
}
