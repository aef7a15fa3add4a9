import { fileURLToPath } from 'node:url';
import { isDigest } from './digest.ts';
import { PawlError } from '../errors/pawl-error.ts';

/** Where a bundle is stored, taken apart. */
export type BundleLocation = FileLocation | HttpsLocation | OciLocation | S3Location;

/** `file:///absolute/folder`. */
export interface FileLocation {
  readonly kind: 'file';
  readonly directory: string;
  readonly display: string;
}

/** `https://host/folder`: the bundle's files lie below it. */
export interface HttpsLocation {
  readonly kind: 'https';
  /** Without user information; a query is kept, because some stores put their signature there. */
  readonly base: URL;
  /** From the address's user information. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  readonly display: string;
}

/** `oci://host[:port]/repository[:tag][@sha256:...]`; the digest wins over the tag. */
export interface OciLocation {
  readonly kind: 'oci';
  /** Host with port. */
  readonly host: string;
  readonly repository: string;
  /** Tag or digest of the image. */
  readonly reference: string;
  readonly display: string;
}

/** `s3://bucket/prefix`. */
export interface S3Location {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without slash at either end; may be empty. */
  readonly prefix: string;
  readonly display: string;
}

/**
 * Takes a bundle's address apart. `display` is the address without user information, query and fragment: the only form
 * that may reach a message or a log. `http:` is accepted for loopback hosts, or for any host with `allowHttp`.
 *
 * @throws PawlError BUNDLE_URI_INVALID, without repeating the address.
 */
export function parseBundleUri(
  uri: string,
  options: { readonly allowHttp?: boolean | undefined } = {},
): BundleLocation {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'file':
      return parseFile(uri);
    case 'https':
    case 'http':
      return parseHttps(uri, options.allowHttp ?? false);
    case 'oci':
      return parseOci(uri.slice('oci://'.length));
    case 's3':
      return parseS3(uri.slice('s3://'.length));
    case undefined:
    default:
      throw invalid('expected file://, https://, oci:// or s3://');
  }
}

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

function parseFile(uri: string): FileLocation {
  const url = parseUrl(uri);
  if (url.host !== '') throw invalid('a file:// address has no host: write file:///absolute/folder');
  try {
    const directory = fileURLToPath(url);
    return { kind: 'file', directory, display: displayUrl(url) };
  } catch {
    throw invalid('expected file:///absolute/folder');
  }
}

function parseHttps(uri: string, allowHttp: boolean): HttpsLocation {
  const base = parseUrl(uri);
  if (base.protocol === 'http:' && !mayUsePlainHttp(base, allowHttp))
    throw invalid(`plain http:// is accepted only for this machine (host ${base.hostname}); use https://`);
  const credentials =
    base.username === '' && base.password === ''
      ? undefined
      : { username: decodePart(base.username), password: decodePart(base.password) };
  base.username = '';
  base.password = '';
  base.hash = '';
  return { kind: 'https', base, credentials, display: displayUrl(base) };
}

/** Grammar of host, repository, tag and digest: OCI distribution spec, "Pulling manifests". */
function parseOci(rest: string): OciLocation {
  const parts =
    /^(?<host>(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?)\/(?<repository>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>.+))?$/.exec(
      rest,
    )?.groups;
  const { host, repository, tag, digest } = parts ?? {};
  if (host === undefined || repository === undefined)
    throw invalid('expected oci://host/repository:tag or oci://host/repository@sha256:<hex>');
  if (digest !== undefined && !isDigest(digest)) throw invalid('the digest after @ is not sha256:<64 hex digits>');
  const reference = digest ?? tag;
  if (reference === undefined) throw invalid('an oci:// address needs :tag or @sha256:<hex>; there is no default tag');
  const display = `oci://${host}/${repository}${digest === undefined ? ':' : '@'}${reference}`;
  return { kind: 'oci', host, repository, reference, display };
}

function parseS3(rest: string): S3Location {
  const match = /^(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(?<prefix>.*))?$/.exec(rest)?.groups;
  if (match?.bucket === undefined) throw invalid('expected s3://bucket/prefix');
  const prefix = (match.prefix ?? '').replace(/\/+$/, '');
  if (prefix.split('/').some((part, _, all) => (part === '' && all.length > 1) || part === '.' || part === '..'))
    throw invalid('the prefix of an s3:// address has an empty, "." or ".." part');
  if (/[?#\s]/.test(prefix)) throw invalid('the prefix of an s3:// address has a character ? # or a space');
  return { kind: 's3', bucket: match.bucket, prefix, display: `s3://${match.bucket}/${prefix}` };
}

function parseUrl(uri: string): URL {
  // URL's own error repeats the address with its secrets, so it is not kept as the cause.
  if (!URL.canParse(uri)) throw invalid('it is not a URL');
  return new URL(uri);
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('the user information is not percent-encoded UTF-8');
  }
}

const invalid = (problem: string) =>
  new PawlError('BUNDLE_URI_INVALID', { message: `the bundle's address is not usable: ${problem}` });
