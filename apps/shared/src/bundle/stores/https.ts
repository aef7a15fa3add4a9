import { errorOfStatus, type BundleStore, type StoreRead } from './store.ts';
import { AddressProblem, displayUrl, mayUsePlainHttp, parseUrl } from './address.ts';
import { basicAuthorization, httpRequest, type HttpResponse } from './http-client.ts';

/** How files are read over HTTP. */
export interface HttpsStoreOptions {
  /** Plain HTTP to hosts other than this machine. */
  readonly allowHttp?: boolean | undefined;
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

/**
 * Pure: takes an `https://` address apart. `http:` is accepted for loopback hosts, or for any host with `allowHttp`.
 *
 * @throws AddressProblem
 */
export function parseHttps(uri: string, { allowHttp = false }: HttpsStoreOptions = {}): HttpsLocation {
  const base = parseUrl(uri);
  if (base.protocol === 'http:' && !mayUsePlainHttp(base, allowHttp))
    throw new AddressProblem(`plain http:// is accepted only for this machine (host ${base.hostname}); use https://`);
  const credentials =
    base.username === '' && base.password === ''
      ? undefined
      : { username: decodePart(base.username), password: decodePart(base.password) };
  base.username = '';
  base.password = '';
  base.hash = '';
  return { kind: 'https', base, credentials, display: displayUrl(base) };
}

/** A bundle whose files lie below a URL, on any web server; resumes where the server knows ranges (RFC 9110, 14). */
export function httpsStore(location: HttpsLocation, options: HttpsStoreOptions = {}): BundleStore {
  const headers: Record<string, string> =
    location.credentials === undefined ? {} : { authorization: basicAuthorization(location.credentials) };
  const allowHttp = options.allowHttp ?? false;
  return {
    display: location.display,
    read: async (path, { offset = 0, signal }) => {
      const url = fileUrl(location.base, path);
      return await readRange((range) => httpRequest({ url, headers: { ...headers, ...range }, signal, allowHttp }), {
        offset,
        what: displayUrl(url),
      });
    },
    close: () => undefined,
  };
}

/** Pure: the URL of a file below the base; the base's query goes along. */
function fileUrl(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return url;
}

/**
 * Asks for a file from `offset` on and says where the answer really begins: a server may ignore the range, and one that
 * finds it unsatisfiable (416) is asked for the whole file.
 *
 * @throws PawlError as {@link errorOfStatus} says.
 */
export async function readRange(
  request: (rangeHeader: Record<string, string>) => Promise<HttpResponse>,
  { offset, what }: { readonly offset: number; readonly what: string },
): Promise<StoreRead> {
  let response = await request(offset > 0 ? { range: `bytes=${offset}-` } : {});
  const range = response.status === 206 ? contentRange(response.headers['content-range']) : undefined;
  if (offset > 0 && (response.status === 416 || (response.status === 206 && range?.start !== offset))) {
    response.stream.destroy();
    response = await request({});
  }
  if (response.status === 206 && range !== undefined && offset > 0)
    return { stream: response.stream, offset, size: range.size };
  if (response.status === 200) return { stream: response.stream, offset: 0, size: length(response) };
  response.stream.destroy();
  throw errorOfStatus(response.status, what);
}

/** Pure: `bytes 5-9/10` -> `{start: 5, size: 10}`. */
function contentRange(header: string | undefined): { start: number; size: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header ?? '');
  if (match === null) return undefined;
  return { start: Number(match[1]), size: match[2] === '*' ? undefined : Number(match[2]) };
}

function length(response: HttpResponse): number | undefined {
  const header = response.headers['content-length'];
  return header === undefined || response.headers['content-encoding'] !== undefined ? undefined : Number(header);
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressProblem('the user information is not percent-encoded UTF-8');
  }
}
