import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveBundle } from '@pawl/shared/bundle/fetch-bundle';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Config } from '../config/config.schema.ts';

/** The source of the bundle; tests replace it. */
export class BundleSource {
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  /**
   * The verified bundle at an address: digest, signature (when a key is configured) and every file checked, the model of a
   * mounted bundle when it is read to be loaded.
   * @throws PawlError with a BUNDLE_ code; transient when the store could not be reached.
   */
  async open(uri: string, signal: AbortSignal): Promise<Bundle> {
    const config = this.#config;
    const publicKeyPem = await readPublicKey(config);
    return resolveBundle(uri, {
      // One folder for each digest: a pod that restarts with another digest does not replace the bundle that another
      // pod reads.
      directory: join(
        config.MODEL_CACHE_DIR,
        config.MODEL_NAME ?? 'any',
        config.MODEL_DIGEST?.slice(-12) ?? 'unpinned',
      ),
      digest: config.MODEL_DIGEST,
      publicKeyPem,
      ...storeOptionsOf(config),
      timeoutMs: config.MODEL_FETCH_TIMEOUT_MS,
      verifyModelWhenRead: true,
      signal,
    });
  }
}

/** How this service reaches the stores of bundles, and the largest one that it takes. */
export const storeOptionsOf = (config: Config) => ({
  maxBytes: config.MODEL_MAX_BYTES,
  insecureRegistry: config.REGISTRY_PLAIN_HTTP,
  s3: { endpoint: config.S3_ENDPOINT },
});

/**
 * The key that must have signed the bundle; undefined where none is configured.
 * @throws PawlError CONFIG_INVALID.
 */
export async function readPublicKey({ MODEL_PUBLIC_KEY_FILE: path }: Config): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PawlError('CONFIG_INVALID', { message: `MODEL_PUBLIC_KEY_FILE=${path} cannot be read.`, cause });
  }
}
