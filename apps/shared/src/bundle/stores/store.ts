import type { Readable } from 'node:stream';
import { PawlError } from '../../errors/pawl-error.ts';
import { codeOf } from '../../errors/system-error.ts';

/** How a part of a bundle is asked for. */
export interface ReadOptions {
  /** First byte wanted, 0 or more. */
  readonly offset?: number | undefined;
  readonly signal: AbortSignal;
}

/** An answer of a store. */
export interface StoreRead {
  /** Errors of the stream are broken connections, unless they are {@link PawlError}s. */
  readonly stream: Readable;
  /** Where the stream begins: the offset asked for, or 0 if the store cannot begin in the middle. */
  readonly offset: number;
  /** Bytes of the whole file, where the store says so. */
  readonly size?: number | undefined;
}

/** A file on its way into a store. */
export interface StoreFile {
  /** Relative path in the bundle. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>`. */
  readonly digest: string;
  /** Opens the content from its start; may be called again for another attempt. */
  open(): Readable;
}

/** One file that holds a whole bundle: the layer of an OCI image. */
export interface StoreArchive {
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>` of the archive as stored. */
  readonly digest: string;
  readonly compression: 'none' | 'gzip';
  read(options: ReadOptions): Promise<StoreRead>;
}

/**
 * A place where one bundle is stored. Stores neither retry nor time out: the caller does, by the signal. Every failure
 * that a store can name is a {@link PawlError} with the right code; `read` and `write` reject with the signal's reason
 * when it aborts.
 */
export interface BundleStore {
  /** The address without secrets, for messages. */
  readonly display: string;
  /** Opens a file. A store with an archive answers only for the manifest and its signature, from the archive's head. */
  read(path: string, options: ReadOptions): Promise<StoreRead>;
  /** The archive that holds every file, in stores that keep a bundle as one. */
  archive?(options: { readonly signal: AbortSignal }): Promise<StoreArchive>;
  /** Frees connections; the store is not used afterwards. */
  close(): void;
}

/** What a store lists. */
interface ListedFile {
  /** As {@link BundleStore.read} takes it; empty for a file that the address itself names. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A {@link BundleStore} that takes and lists single files. */
export interface WritableStore extends BundleStore {
  /** Every file below the address, sorted by path. */
  list(options: { readonly signal: AbortSignal }): AsyncIterable<ListedFile>;
  /** Writes one file; visible only when complete. */
  write(file: StoreFile, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Whether the store holds, by its own word, this very content under this path. */
  has(file: StoreFile, options: { readonly signal: AbortSignal }): Promise<boolean>;
}

/**
 * The meaning of an HTTP status, the same for every store: 404 and 410 not found, 401 and 403 access, 408, 429 and 5xx
 * transient, everything else refused. `what` names the thing without secrets.
 */
export function errorOfStatus(status: number, what: string): PawlError {
  if (status === 404 || status === 410)
    return new PawlError('BUNDLE_NOT_FOUND', { message: `${what} does not exist (HTTP ${status})` });
  if (status === 401 || status === 403)
    return new PawlError('BUNDLE_ACCESS_DENIED', { message: `${what} may not be accessed (HTTP ${status})` });
  if (status === 408 || status === 429 || status >= 500)
    return new PawlError('BUNDLE_STORE_UNREACHABLE', {
      message: `the store cannot serve ${what} now (HTTP ${status})`,
    });
  return new PawlError('BUNDLE_STORE_REFUSED', { message: `the store refused ${what} (HTTP ${status})` });
}

/** Node's codes of certificates (its TLS documentation, "X509 certificate error codes") that deserve words of their own. */
const certificateWords: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  CERT_REVOKED: 'was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another host name',
  HOSTNAME_MISMATCH: 'is for another host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed, and not trusted here',
};

const otherCertificateCodes =
  /CERT|CRL|VERIFY_LEAF|ISSUER_PUBLIC_KEY|^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/;

/** Pure: what is wrong with a certificate by the code of a failed connection; undefined where it is something else. */
const certificateProblem = (code: string): string | undefined =>
  certificateWords[code] ??
  (otherCertificateCodes.test(code) ? 'is signed by an authority that is not trusted here' : undefined);

/**
 * The error for a connection that could not be made or broke. Keeps of the cause only its code: messages may hold URLs.
 */
export function unreachable(what: string, cause: unknown): PawlError {
  const known = codeOf(cause);
  const code = known === undefined ? '' : ` (${known})`;
  // A certificate that is not trusted stays so: trying again only hides it.
  const untrusted = known === undefined ? undefined : certificateProblem(known);
  if (untrusted !== undefined)
    return new PawlError('BUNDLE_STORE_UNTRUSTED', {
      message: `the store of ${what} shows a certificate that ${untrusted}${code}`,
    });
  if (known === 'ERR_PROXY_TUNNEL')
    return new PawlError('BUNDLE_STORE_UNREACHABLE', {
      message: `the proxy refuses the connection to the store of ${what}${code}`,
      hint: 'Allow the store in the proxy of HTTPS_PROXY, with its password if it wants one, or name the store in NO_PROXY.',
    });
  // A mistake of ours is not the network's, and must not pass for it.
  if (known === undefined && (cause instanceof TypeError || cause instanceof ReferenceError))
    return new PawlError('INTERNAL', { message: `reading ${what} failed: ${cause.message}`, cause });
  return new PawlError('BUNDLE_STORE_UNREACHABLE', { message: `the connection to the store of ${what} failed${code}` });
}
