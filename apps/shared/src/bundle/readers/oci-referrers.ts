import { Readable } from 'node:stream';
import { PawlError } from '../../errors/pawl-error.ts';
import type { OciContent, OciDescriptor } from '../oci-image.ts';
import { parseReferrers, referrersTag, withReferrers, type Referrer } from './referrer.ts';
import type { Call } from '../stores/call-store.ts';
import type { OciDocument, OciRegistry } from '../stores/oci-registry.ts';

/** How often a list under a tag is written again when another publisher has overwritten it meanwhile. */
const LIST_ATTEMPTS = 5;

/**
 * What refers to an image: the registry's own list, else the one under a tag (OCI distribution spec 1.1, "Referrers Tag Schema").
 *
 * @throws PawlError of the registry; BUNDLE_IMAGE_INVALID for a list that cannot be read.
 */
export async function listReferrers(
  registry: OciRegistry,
  subject: string,
  call: Call,
): Promise<readonly OciDescriptor[]> {
  const own = await call((signal) => registry.getReferrers(subject, signal));
  const list = own ?? (await taggedList(registry, subject, call))?.bytes;
  return list === undefined ? [] : parseReferrers(list);
}

/**
 * Uploads a manifest with what it names, where the registry does not have it.
 *
 * @returns whether it was written.
 */
export async function pushManifest(
  registry: OciRegistry,
  { manifest, blobs }: Pick<Referrer, 'manifest' | 'blobs'>,
  call: Call,
): Promise<boolean> {
  if (await call((signal) => registry.hasManifest(manifest.digest, signal))) return false;
  for (const { digest, bytes } of blobs)
    await call((signal) =>
      registry.putBlob({ digest, size: bytes.length, open: () => Readable.from([bytes]) }, signal),
    );
  await call((signal) => registry.putManifest(manifest.digest, manifest, signal));
  return true;
}

/**
 * Lets a registry that keeps no list of referrers have one under a tag. Nothing is taken out of a list that is there. A tag
 * has no lock: what another publisher wrote in between is read back and joined.
 *
 * @throws PawlError of the registry; BUNDLE_STORE_REFUSED where others overwrite the list again and again.
 */
export async function noteReferrers(
  registry: OciRegistry,
  subject: string,
  referrers: readonly OciDescriptor[],
  call: Call,
): Promise<void> {
  if ((await call((signal) => registry.getReferrers(subject, signal))) !== undefined) return;
  for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt += 1) {
    const present = await taggedList(registry, subject, call);
    const listed = new Set(present === undefined ? [] : parseReferrers(present.bytes).map(({ digest }) => digest));
    if (referrers.every(({ digest }) => listed.has(digest))) return;
    const list: OciContent = withReferrers(present?.bytes, referrers);
    await call((signal) => registry.putManifest(referrersTag(subject), list, signal));
  }
  throw new PawlError('BUNDLE_STORE_REFUSED', {
    message: `the list of what refers to ${subject} is overwritten by others; expected it to keep what was added`,
    hint: 'Publish again when nobody else publishes the same bundle.',
  });
}

async function taggedList(registry: OciRegistry, subject: string, call: Call): Promise<OciDocument | undefined> {
  try {
    return await call((signal) => registry.getManifest(referrersTag(subject), signal));
  } catch (error) {
    if (error instanceof PawlError && error.code === 'BUNDLE_NOT_FOUND') return undefined;
    throw error;
  }
}
