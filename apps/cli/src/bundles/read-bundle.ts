import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { resolveBundle } from '@pawl/shared/bundle/fetch-bundle';
import { MANIFEST_FILE, SIGNATURE_FILE, type Manifest } from '@pawl/shared/bundle/manifest';
import { readSignature, type Bundle } from '@pawl/shared/bundle/open-bundle';
import { resolveImage } from '@pawl/shared/bundle/resolve-image';
import { defaultRetryPolicy } from '@pawl/shared/concurrency/retry';
import { MAX_SIGNATURE_BYTES } from '@pawl/shared/bundle/signature';
import { openStore } from '@pawl/shared/bundle/stores/store-table';
import { readSmallFile } from '@pawl/shared/bundle/transfer';
import { MAX_MANIFEST_BYTES, verifyManifest } from '@pawl/shared/bundle/verify-manifest';
import { withinMs } from '@pawl/shared/concurrency/deadline';
import { codeOf } from '@pawl/shared/errors/system-error';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../terminal/context.ts';
import { CliError } from '../errors/cli-error.ts';
import { atStore, MAX_BUNDLE_BYTES, storeOptions } from './stores.ts';

/** What a reader demands of a bundle. */
export interface Demands {
  /** `sha256:<hex>` that the bundle must have. */
  readonly digest?: string | undefined;
  /** PEM; when given, the bundle must be signed by its private half. */
  readonly publicKeyPem?: string | undefined;
}

/** The manifest of a stored bundle, read without the rest. */
export interface StoredManifest {
  readonly manifest: Manifest;
  /** `manifest.json` as it is stored. */
  readonly manifestBytes: Uint8Array;
  /** `sha256:<hex>` of the manifest: the identity of the bundle. */
  readonly digest: string;
  /** `manifest.json.sig`; undefined where there is none. */
  readonly signature: Uint8Array | undefined;
}

/** A verified bundle on this machine, with its signature. */
export interface FetchedBundle extends Bundle {
  readonly signature: Uint8Array | undefined;
}

/** Milliseconds for a whole bundle. */
export const FETCH_TIMEOUT_MS = 10 * 60_000;
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * Runs `body` with the bundle of an address: a `file://` bundle where it lies, any other in a temporary folder that is
 * deleted afterwards.
 *
 * @throws PawlError of the store and of what is demanded.
 */
export async function withBundle<Result>(
  context: Context,
  uri: string,
  demands: Demands,
  body: (bundle: FetchedBundle) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-'));
  try {
    const bundle = await atStore(uri, () =>
      resolveBundle(uri, {
        ...demands,
        ...storeOptions(context),
        directory: join(folder, 'bundle'),
        maxBytes: MAX_BUNDLE_BYTES,
        timeoutMs: FETCH_TIMEOUT_MS,
        signal: context.signal,
      }),
    );
    return await body({ ...bundle, signature: await readSignature(bundle.directory) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Reads manifest and signature of a stored bundle, and nothing else of it.
 *
 * @throws PawlError of the store and of what is demanded; BUNDLE_NOT_FOUND when nothing lies there.
 */
export async function readStoredManifest(
  context: Context,
  uri: string,
  demands: Demands = {},
): Promise<StoredManifest> {
  return await atStore(uri, async () => {
    const options = storeOptions(context);
    const store = await openStore(parseBundleUri(uri), options);
    const policy = {
      retry: defaultRetryPolicy,
      clock: options.clock,
      idleTimeoutMs: 15_000,
      signal: withinMs(ANSWER_TIMEOUT_MS, context.signal),
    };
    const small = (name: string, maxBytes: number) =>
      readSmallFile(
        (read) => store.read(name, read),
        {
          name,
          maxBytes,
          tooLarge: () =>
            new PawlError('BUNDLE_MANIFEST_INVALID', { message: `${name} has more than ${maxBytes} bytes` }),
        },
        policy,
      );
    try {
      const bytes = await small(MANIFEST_FILE, MAX_MANIFEST_BYTES);
      const signature = await small(SIGNATURE_FILE, MAX_SIGNATURE_BYTES).catch((error: unknown) => {
        // Some stores answer 403 for what does not exist, to those who may not list.
        if (error instanceof PawlError && /NOT_FOUND|ACCESS_DENIED/.test(error.code)) return undefined;
        throw error;
      });
      return { ...verifyManifest(bytes, signature, demands), manifestBytes: bytes, signature };
    } finally {
      store.close();
    }
  });
}

/**
 * The address by which these very bytes stay reachable: for `oci://` with the digest that the tag points to now (the tag
 * stays in it, for readers); any other address as it is.
 *
 * @throws PawlError of the store.
 */
export async function pinnedUri(context: Context, uri: string): Promise<string> {
  const location = parseBundleUri(uri);
  if (location.kind !== 'oci' || location.reference.startsWith('sha256:')) return uri;
  const image = await atStore(uri, () =>
    resolveImage(uri, { ...storeOptions(context), timeoutMs: ANSWER_TIMEOUT_MS, signal: context.signal }),
  );
  return `${location.display}@${image.slice(image.indexOf('@') + 1)}`;
}

/**
 * Reads a key file.
 *
 * @param path relative to where the command was called.
 * @throws CliError FILE_NOT_FOUND.
 */
export async function readKey(context: Context, path: string, half: 'private' | 'public'): Promise<string> {
  try {
    return await readFile(resolve(context.cwd, path), 'utf8');
  } catch (cause) {
    throw new CliError(
      'FILE_NOT_FOUND',
      `the ${half} key ${path} cannot be read (${codeOf(cause) ?? 'unknown'}).`,
      'Check the path; `pawl keys generate` makes a key pair.',
      cause,
    );
  }
}
