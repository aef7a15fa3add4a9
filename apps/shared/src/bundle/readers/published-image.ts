import { PawlError } from '../../errors/pawl-error.ts';
import { parseImageDocument, type ImageLayer, type OciDescriptor } from '../oci-image.ts';
import type { Call } from '../stores/call-store.ts';
import type { OciRegistry } from '../stores/oci-registry.ts';

/** The image of a published bundle. */
export interface PublishedImage {
  /** What a tag points to: what everything beside the image refers to. */
  readonly subject: OciDescriptor;
  readonly layer: ImageLayer;
}

/**
 * Finds the image that a reference points to, and its layer.
 *
 * @param reference a tag or digest.
 * @throws PawlError BUNDLE_IMAGE_INVALID for what is no image of a bundle; those of the registry.
 */
export async function findImage(registry: OciRegistry, reference: string, call: Call): Promise<PublishedImage> {
  const top = await call((signal) => registry.getManifest(reference, signal));
  let document = parseImageDocument(top.mediaType, top.bytes);
  if (document.kind === 'index') {
    const { manifest } = document;
    const inner = await call((signal) => registry.getManifest(manifest, signal));
    document = parseImageDocument(inner.mediaType, inner.bytes);
  }
  if (document.kind === 'index')
    throw new PawlError('BUNDLE_IMAGE_INVALID', { message: 'the index of the image names another index' });
  const { mediaType, digest, bytes } = top;
  return { subject: { mediaType, digest, size: bytes.length }, layer: document.layer };
}
