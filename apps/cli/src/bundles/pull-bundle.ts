import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { fetchBundle } from '@pawl/shared/bundle/fetch-bundle';
import { MANIFEST_FILE, MODEL_SIGNATURE_FILE, SIGSTORE_FILE, type Manifest } from '@pawl/shared/bundle/manifest';
import { fetchSignatures } from '@pawl/shared/bundle/readers/check-readers';
import { CliError } from '../errors/cli-error.ts';
import { writeError } from '../errors/write-error.ts';
import type { Context } from '../terminal/context.ts';
import { FETCH_TIMEOUT_MS, type Demands } from './read-bundle.ts';
import { problemOfOthers } from './readers-of.ts';
import { atStore, MAX_BUNDLE_BYTES, storeOptions } from './stores.ts';

/** What was asked for. */
export interface PullRequest extends Demands {
  readonly uri: string;
  /** Absolute path of a new folder, or of one that holds a bundle. */
  readonly directory: string;
}

/** What lies in the folder now. */
interface Pulled {
  readonly manifest: Manifest;
  readonly digest: string;
  /** Files of signatures for other tools that were found beside an image. */
  readonly signatures: readonly string[];
}

/**
 * Fetches a bundle into a folder, verified, and the signatures beside its image that are right.
 *
 * @throws CliError USAGE for a folder's address, FILE_WRITE_FAILED; PawlError of the store and of what is demanded.
 */
export async function pullBundle(context: Context, request: PullRequest): Promise<Pulled> {
  const { uri, directory, publicKeyPem, digest } = request;
  if (parseBundleUri(uri).kind === 'file')
    throw new CliError('USAGE', `${uri} is a folder already.`, 'Give the address of a bundle in a store, or copy it.');
  const options = { ...storeOptions(context), publicKeyPem, signal: context.signal };
  return await atStore(uri, async () => {
    const bundle = await fetchBundle(uri, {
      ...options,
      digest,
      directory,
      maxBytes: MAX_BUNDLE_BYTES,
      timeoutMs: FETCH_TIMEOUT_MS,
    });
    const manifestBytes = await readFile(join(directory, MANIFEST_FILE));
    const { sigstore, model } = await fetchSignatures({ ...bundle, manifestBytes }, uri, options).catch(
      (error: unknown) => {
        const { message, code } = problemOfOthers(context, error);
        context.stderr.write(`warning: signatures for other tools are not there: ${message} [${code}]\n`);
        return { sigstore: undefined, model: undefined };
      },
    );
    const signatures: string[] = [];
    for (const [name, text] of [
      [SIGSTORE_FILE, sigstore],
      [MODEL_SIGNATURE_FILE, model],
    ] as const) {
      if (text === undefined) continue;
      const path = join(directory, name);
      await writeFile(path, text).catch((cause: unknown) => {
        throw writeError(path, cause);
      });
      signatures.push(name);
    }
    return { manifest: bundle.manifest, digest: bundle.digest, signatures };
  });
}
