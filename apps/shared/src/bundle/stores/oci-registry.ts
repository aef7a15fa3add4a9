import type { Readable } from 'node:stream';
import { PawlError } from '../../errors/pawl-error.ts';
import { digestOfBytes, isDigest } from '../digest.ts';
import { mediaTypes, type OciContent } from '../oci-image.ts';
import { displayUrl, mayUsePlainHttp } from './address.ts';
import { basicAuthorization, httpRequest, readBody, type HttpRequest, type HttpResponse } from './http-client.ts';
import { readRange } from './https.ts';
import {
  credentialsFromDockerConfig,
  parseChallenge,
  parseToken,
  readDockerConfig,
  tokenRequest,
  type RegistryCredentials,
} from './oci-auth.ts';
import { namesMissingContent } from './oci-errors.ts';
import type { OciLocation } from './oci-location.ts';
import { errorOfStatus, type ReadOptions, type StoreRead } from './store.ts';
import { readTokenHosts, requireTokenRealm, TOKEN_HOSTS_VARIABLE } from './token-realm.ts';

/** How a registry is reached. */
export interface OciStoreOptions {
  /**
   * Speak plain HTTP to the registry (and to a token server of its origin). Loopback registries still get HTTPS without
   * it.
   */
  readonly insecureRegistry?: boolean | undefined;
  /** Instead of those in docker's config.json. */
  readonly credentials?: RegistryCredentials | undefined;
  /** Path of a docker `config.json`; default $DOCKER_CONFIG/config.json, ~/.docker/config.json. */
  readonly dockerConfigPath?: string | undefined;
  /**
   * Hosts of token servers, with port, that registries of another site may name; default: those of REGISTRY_TOKEN_HOSTS
   * in the environment of this process.
   */
  readonly tokenHosts?: readonly string[] | undefined;
}

const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** A document that a reference points to. */
export interface OciDocument {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A content with its known digest and size, to be uploaded. */
export interface OciUpload {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  open(): Promise<Readable> | Readable;
}

/**
 * A client of one repository by the OCI distribution spec 1.1 (pull and push), with anonymous, basic and bearer-token
 * authentication. Errors are {@link PawlError}s without secrets.
 */
export class OciRegistry {
  private readonly location: OciLocation;
  private readonly options: OciStoreOptions;
  private authorization: string | undefined;
  private readonly actions: 'pull' | 'pull,push';

  constructor(location: OciLocation, options: OciStoreOptions, actions: 'pull' | 'pull,push') {
    this.location = location;
    this.options = options;
    this.actions = actions;
  }

  /** Gets a manifest or index by tag or digest; a digest is checked. */
  async getManifest(reference: string, signal: AbortSignal): Promise<OciDocument> {
    const accept = [mediaTypes.index, mediaTypes.manifest, mediaTypes.dockerIndex, mediaTypes.dockerManifest].join(
      ', ',
    );
    const response = await this.request({ url: this.url(`manifests/${reference}`), headers: { accept }, signal });
    expectStatus(response, [200], `the image ${this.location.display}`);
    const bytes = await readBody(response, MAX_DOCUMENT_BYTES);
    const digest = digestOfBytes(bytes);
    if (isDigest(reference) && digest !== reference)
      throw new PawlError('BUNDLE_DIGEST_MISMATCH', {
        message: `the image manifest is ${digest}; expected ${reference}`,
      });
    return { mediaType: (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '', digest, bytes };
  }

  /**
   * Gets the index of what refers to a manifest (OCI distribution spec 1.1, "Listing Referrers"); undefined where the registry has
   * no such list.
   */
  async getReferrers(digest: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const headers = { accept: mediaTypes.index };
    const response = await this.request({ url: this.url(`referrers/${digest}`), headers, signal });
    const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim();
    // Registries without it answer with any of these; one that shows a web page for it has none either.
    const none =
      [400, 404, 405, 501].includes(response.status) || (response.status === 200 && type !== mediaTypes.index);
    if (!none) expectStatus(response, [200], `the referrers of ${this.location.display}`);
    if (none) response.stream.destroy();
    return none ? undefined : await readBody(response, MAX_DOCUMENT_BYTES);
  }

  /** Digest that a tag points to; undefined where there is none. */
  async resolveTag(reference: string, signal: AbortSignal): Promise<string | undefined> {
    return await this.getManifest(reference, signal).then(
      (document) => document.digest,
      (error: unknown) => {
        if (error instanceof PawlError && error.code === 'BUNDLE_NOT_FOUND') return undefined;
        throw error;
      },
    );
  }

  /** Opens a blob, from an offset on where the registry knows ranges. */
  async readBlob(digest: string, { offset = 0, signal }: ReadOptions): Promise<StoreRead> {
    const url = this.url(`blobs/${digest}`);
    return await readRange((range) => this.request({ url, headers: range, signal }), { offset, what: displayUrl(url) });
  }

  /** Uploads a blob in one piece, unless the repository has it. */
  async putBlob(upload: OciUpload, signal: AbortSignal): Promise<void> {
    const existing = await this.request({ method: 'HEAD', url: this.url(`blobs/${upload.digest}`), signal });
    existing.stream.destroy();
    if (existing.status === 200) return;
    const what = `an upload to ${this.location.display}`;
    const begun = await this.request({
      method: 'POST',
      url: this.url('blobs/uploads/'),
      headers: { 'content-length': '0' },
      signal,
    });
    expectStatus(begun, [202], what);
    begun.stream.destroy();
    const url = this.uploadUrl(begun, upload.digest);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(upload.size) };
    // A stream cannot be sent twice, so the authorization from the POST must do.
    const own =
      url.origin === this.origin() && this.authorization !== undefined ? { authorization: this.authorization } : {};
    const body = await upload.open();
    const done = await httpRequest({
      method: 'PUT',
      url,
      headers: { ...headers, ...own },
      body,
      signal,
      allowHttp: this.allowHttp(),
    });
    expectStatus(done, [201], what);
    done.stream.destroy();
  }

  /** Whether the registry has a manifest or index of this digest. */
  async hasManifest(digest: string, signal: AbortSignal): Promise<boolean> {
    const headers = { accept: [mediaTypes.index, mediaTypes.manifest].join(', ') };
    const response = await this.request({ method: 'HEAD', url: this.url(`manifests/${digest}`), headers, signal });
    response.stream.destroy();
    return response.status === 200;
  }

  /**
   * Uploads a manifest or index under a tag or its digest.
   *
   * @throws PawlError BUNDLE_STORE_UNREACHABLE, which is transient, too when the registry does not see what the manifest names.
   */
  async putManifest(reference: string, content: OciContent, signal: AbortSignal): Promise<void> {
    const response = await this.request({
      method: 'PUT',
      url: this.url(`manifests/${reference}`),
      headers: { 'content-type': content.mediaType, 'content-length': String(content.bytes.length) },
      body: content.bytes,
      signal,
    });
    const what = `the image ${this.location.display}`;
    if (response.status === 400 || response.status === 404)
      if (namesMissingContent(await readBody(response, MAX_DOCUMENT_BYTES)))
        throw new PawlError('BUNDLE_STORE_UNREACHABLE', {
          message: `the store does not see yet what ${what} is made of (HTTP ${response.status})`,
        });
    expectStatus(response, [201], what);
    response.stream.destroy();
  }

  /** Sends a request; answers one 401 challenge and sends it again. */
  private async request(request: Omit<HttpRequest, 'allowHttp'>): Promise<HttpResponse> {
    const send = () =>
      httpRequest({
        ...request,
        headers: {
          ...request.headers,
          ...(this.authorization === undefined ? {} : { authorization: this.authorization }),
        },
        allowHttp: this.allowHttp(),
      });
    const response = await send();
    // A store that a registry redirects to is no registry: it gets no credentials, and its challenge means nothing.
    if (response.status !== 401 || response.url.origin !== this.origin()) return response;
    const challenge = parseChallenge(response.headers['www-authenticate']);
    if (challenge === undefined) return response;
    const credentials = await this.credentials();
    if (challenge.scheme === 'basic') {
      if (credentials === undefined) return response;
      response.stream.destroy();
      this.authorization = basicAuthorization(credentials);
    } else {
      response.stream.destroy();
      const scope = `repository:${this.location.repository}:${this.actions}`;
      const token = await this.fetchToken(tokenRequest(challenge, scope, credentials), request.signal);
      this.authorization = `Bearer ${token}`;
    }
    return await send();
  }

  private async fetchToken(
    { url: href, headers }: { readonly url: string; readonly headers: Record<string, string> },
    signal: AbortSignal,
  ): Promise<string> {
    const url = new URL(href);
    const registry = new URL(this.origin());
    const allowed = this.options.tokenHosts ?? readTokenHosts(process.env[TOKEN_HOSTS_VARIABLE]);
    // Where it redirects to must be its registry's too: whatever answers there is handed to the registry.
    const require = (realm: URL) => {
      requireTokenRealm(realm, registry, allowed);
    };
    require(url);
    const response = await httpRequest({
      url,
      headers,
      signal,
      allowHttp: this.allowHttp(),
      requireRedirect: require,
    });
    const what = `a token for ${this.location.display}`;
    // A token server answers 400 or 401 to bad credentials, and both mean the same to the caller.
    if (response.status === 400) response.stream.destroy();
    if (response.status === 400) throw errorOfStatus(401, what);
    expectStatus(response, [200], what);
    const token = parseToken(await readBody(response, MAX_DOCUMENT_BYTES));
    if (token === undefined)
      throw new PawlError('BUNDLE_STORE_REFUSED', { message: `the token server did not answer with ${what}` });
    return token;
  }

  private async credentials(): Promise<RegistryCredentials | undefined> {
    if (this.options.credentials !== undefined) return this.options.credentials;
    const config = await readDockerConfig(this.options.dockerConfigPath);
    return config === undefined ? undefined : credentialsFromDockerConfig(config, this.location.host);
  }

  private uploadUrl(begun: HttpResponse, digest: string): URL {
    const location = begun.headers.location;
    if (location === undefined || !URL.canParse(location, begun.url.href))
      throw new PawlError('BUNDLE_STORE_REFUSED', { message: 'the registry names no address to upload to' });
    const url = new URL(location, begun.url);
    if (url.protocol === 'http:' && (begun.url.protocol === 'https:' || !mayUsePlainHttp(url, this.allowHttp())))
      throw new PawlError('BUNDLE_STORE_REFUSED', { message: 'the registry wants the upload in plain HTTP' });
    url.searchParams.set('digest', digest);
    return url;
  }

  private allowHttp(): boolean {
    return this.options.insecureRegistry ?? false;
  }

  private origin(): string {
    // Docker's default registry has another name than its images.
    const host = this.location.host === 'docker.io' ? 'registry-1.docker.io' : this.location.host;
    // As a URL writes it: in small letters, without the port that the scheme has anyway.
    return new URL(`${this.allowHttp() ? 'http' : 'https'}://${host}`).origin;
  }

  private url(rest: string): URL {
    return new URL(`${this.origin()}/v2/${this.location.repository}/${rest}`);
  }
}

function expectStatus(response: HttpResponse, statuses: readonly number[], what: string): void {
  if (statuses.includes(response.status)) return;
  response.stream.destroy();
  throw errorOfStatus(response.status, what);
}
