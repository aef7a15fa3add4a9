import { PawlError } from '../../errors/pawl-error.ts';
import { digestOfBytes } from '../digest.ts';
import type { Call } from '../stores/call-store.ts';
import type { OciRegistry } from '../stores/oci-registry.ts';
import type { PublishedImage } from './published-image.ts';
import { parseReferrer } from './referrer.ts';

/**
 * Reads the one document that a referrer carries.
 *
 * @param digest of the manifest.
 * @throws PawlError BUNDLE_READER_INVALID, BUNDLE_IMAGE_INVALID, BUNDLE_DIGEST_MISMATCH for what is wrong with it; those of the registry.
 */
export async function readReferrer(
  registry: OciRegistry,
  digest: string,
  { subject }: PublishedImage,
  maxBytes: number,
  call: Call,
): Promise<string> {
  const manifest = parseReferrer((await call((signal) => registry.getManifest(digest, signal))).bytes);
  if (manifest.subject?.digest !== subject.digest) throw notOfThis('it refers to another image');
  const [layer, ...more] = manifest.layers;
  if (layer === undefined || more.length > 0 || layer.size > maxBytes)
    throw notOfThis(`expected one document of at most ${maxBytes} bytes in it`);
  const bytes = await call(async (signal) => {
    const { stream } = await registry.readBlob(layer.digest, { signal });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      // More than was announced is not read: it cannot have the digest.
      if (size > layer.size) throw notOfThis('its document is longer than its manifest says');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  });
  if (digestOfBytes(bytes) !== layer.digest) throw notOfThis('its document does not have its digest');
  return bytes.toString('utf8');
}

const notOfThis = (message: string) => new PawlError('BUNDLE_READER_INVALID', { message });
