import { Readable } from 'node:stream';
import { PawlError } from '../../errors/pawl-error.ts';
import { parseImageDocument, type ImageLayer } from '../oci-image.ts';
import { readLayerHead } from '../oci-layer.ts';
import type { OciLocation } from './oci-location.ts';
import { OciRegistry, type OciStoreOptions } from './oci-registry.ts';
import { unreachable, type BundleStore } from './store.ts';

/**
 * A bundle in an image registry, as an image of one layer with the bundle's files at its root: what `publishBundle`
 * makes, and what Kubernetes mounts as an image volume. The manifest and its signature are read from the layer's head,
 * the rest comes with the layer, whose digest the image manifest fixes.
 */
export function ociStore(location: OciLocation, options: OciStoreOptions): BundleStore {
  const registry = new OciRegistry(location, options, 'pull');
  let layer: ImageLayer | undefined;
  let head: Map<string, Buffer> | undefined;

  const resolveLayer = async (signal: AbortSignal): Promise<ImageLayer> => {
    if (layer !== undefined) return layer;
    let { mediaType, bytes } = await registry.getManifest(location.reference, signal);
    let document = parseImageDocument(mediaType, bytes);
    if (document.kind === 'index') {
      ({ mediaType, bytes } = await registry.getManifest(document.manifest, signal));
      document = parseImageDocument(mediaType, bytes);
    }
    if (document.kind === 'index')
      throw new PawlError('BUNDLE_IMAGE_INVALID', { message: 'the index of the image names another index' });
    return (layer = document.layer);
  };

  const readHead = async (signal: AbortSignal): Promise<Map<string, Buffer>> => {
    if (head !== undefined) return head;
    const { digest, compression } = await resolveLayer(signal);
    const { stream } = await registry.readBlob(digest, { signal });
    try {
      return (head = await readLayerHead(stream, compression));
    } catch (error) {
      throw error instanceof PawlError ? error : unreachable(location.display, error);
    }
  };

  return {
    display: location.display,
    read: async (path, { offset = 0, signal }) => {
      const bytes = (await readHead(signal)).get(path);
      if (bytes === undefined)
        throw new PawlError('BUNDLE_NOT_FOUND', { message: `${path} is not at the head of the layer` });
      return { stream: Readable.from([bytes.subarray(offset)]), offset, size: bytes.length };
    },
    archive: async ({ signal }) => {
      const { digest, size, compression } = await resolveLayer(signal);
      return { digest, size, compression, read: (read) => registry.readBlob(digest, read) };
    },
    close: () => undefined,
  };
}
