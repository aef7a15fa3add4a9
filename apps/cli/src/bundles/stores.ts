import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import type { RetryClock } from '@pawl/shared/concurrency/retry';
import type { BundleLocation, StoreOptions } from '@pawl/shared/bundle/stores/store-table';
import { parseEnvironment } from '@pawl/shared/config/parse-environment';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { z } from 'zod';
import type { Context } from '../terminal/context.ts';

/** Bytes; most that a bundle's files may have together, as the service's own default. */
export const MAX_BUNDLE_BYTES = 2 ** 30;

const environmentSchema = z.object({
  S3_ENDPOINT: z.url().optional().describe('endpoint of an S3-compatible store, when it is not AWS'),
  REGISTRY_PLAIN_HTTP: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .default(false)
    .describe('speak plain HTTP to the registry of an oci: address'),
});

/** The address of a bundle that may also be given as a folder: `models/catdog` becomes `file:///…/models/catdog`. */
export function toUri(text: string, cwd: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : pathToFileURL(resolve(cwd, text)).href;
}

/**
 * How stores are reached: by the variables that the service takes too. AWS_* and docker's config.json give credentials.
 *
 * @throws PawlError CONFIG_INVALID.
 */
export function storeOptions(context: Context): StoreOptions & { readonly clock: RetryClock } {
  const { S3_ENDPOINT, REGISTRY_PLAIN_HTTP } = parseEnvironment(environmentSchema, context.env);
  return {
    insecureRegistry: REGISTRY_PLAIN_HTTP,
    s3: { endpoint: S3_ENDPOINT },
    clock: {
      sleep: async (ms, signal) => {
        await context.sleep(ms);
        signal.throwIfAborted();
      },
      random: Math.random,
    },
  };
}

/**
 * Runs `work` on the store of an address; a refusal gets the next step that this kind of store wants.
 *
 * @throws what `work` throws.
 */
export async function atStore<Result>(uri: string, work: () => Promise<Result>): Promise<Result> {
  const location = parseBundleUri(uri);
  try {
    return await work();
  } catch (error) {
    const hint = error instanceof PawlError ? hintOf(error, location) : undefined;
    if (hint === undefined || !(error instanceof PawlError)) throw error;
    throw new PawlError(error.code, { message: error.message, hint, cause: error.cause });
  }
}

/** Pure: what to do about a store's refusal; undefined: the error's own hint is right. */
function hintOf(error: PawlError, location: BundleLocation): string | undefined {
  if (error.code === 'BUNDLE_ACCESS_DENIED' && location.kind === 'oci')
    return `Log in: docker login ${location.host} (pawl reads docker's config.json), with the right to write if you publish.`;
  if (error.code === 'BUNDLE_ACCESS_DENIED' && location.kind === 's3')
    return 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), and S3_ENDPOINT where the store is not AWS.';
  if (error.code !== 'BUNDLE_STORE_UNREACHABLE') return undefined;
  return location.kind === 'oci'
    ? 'Check the network and that the registry is up. One that speaks plain HTTP needs REGISTRY_PLAIN_HTTP=true.'
    : 'Check the network and that the store is up.';
}
