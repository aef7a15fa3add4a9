import { systemClock } from '../concurrency/clock.ts';
import { startDeadline } from '../concurrency/deadline.ts';
import { PawlError } from '../errors/pawl-error.ts';
import { addressInvalid, parseBundleUri } from './bundle-uri.ts';
import type { OciStoreOptions } from './stores/oci-registry.ts';

/** How an image is looked up. */
export interface ResolveImageOptions extends OciStoreOptions {
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The image reference `host/repository@sha256:<hex>` of an oci:// bundle: what a Kubernetes image volume names so that
 * every pod mounts the same bytes, whatever happens to the tag.
 *
 * @throws PawlError BUNDLE_URI_INVALID for other addresses; BUNDLE_NOT_FOUND, BUNDLE_ACCESS_DENIED,
 * BUNDLE_STORE_UNREACHABLE, BUNDLE_STORE_REFUSED, BUNDLE_STORE_UNTRUSTED, BUNDLE_TOKEN_REALM_REFUSED,
 * BUNDLE_DIGEST_MISMATCH; the reason of `signal`.
 */
export async function resolveImage(uri: string, options: ResolveImageOptions): Promise<string> {
  const location = parseBundleUri(uri, {});
  if (location.kind !== 'oci') throw addressInvalid(`${location.display} is no image; expected an oci:// address`);
  const { OciRegistry } = await import('./stores/oci-registry.ts');
  const deadline = startDeadline(systemClock, options.timeoutMs, options.signal);
  try {
    const registry = new OciRegistry(location, options, 'pull');
    const { digest } = await registry.getManifest(location.reference, deadline.signal);
    return `${location.host}/${location.repository}@${digest}`;
  } catch (cause) {
    if (!deadline.expired) throw cause;
    const message = `${location.display} was not answered for within ${options.timeoutMs} ms`;
    throw new PawlError('BUNDLE_STORE_UNREACHABLE', { message, cause });
  } finally {
    deadline.done();
  }
}
