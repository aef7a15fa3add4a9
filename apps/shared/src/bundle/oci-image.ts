import { z } from 'zod';
import { PawlError } from '../errors/pawl-error.ts';
import { canonicalJson } from './canonical-json.ts';
import { digestOfBytes, isDigest } from './digest.ts';

/** Media types of the OCI image spec, and Docker's of the same shape. */
export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

/** Layer media types that can be read, with their compression. */
const layerCompressions: Readonly<Record<string, 'none' | 'gzip'>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
};

/** Annotation of a bundle's image, beside the standard ones of the OCI image spec: `sha256:<hex>` of the bundle. */
export const BUNDLE_DIGEST_ANNOTATION = 'dev.pawl.bundle.digest';

/**
 * Platforms an image is published for. Weights run anywhere, but container runtimes choose and unpack by platform, so
 * the index names each of them, all with the same layer.
 */
const platforms = [
  { architecture: 'amd64', os: 'linux' },
  { architecture: 'arm64', os: 'linux' },
] as const;

/** A document or blob with its address. */
export interface OciContent {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** The name of a document or blob in another document. */
export interface OciDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Everything of a bundle's image but the layer. */
export interface BundleImage {
  readonly configs: readonly OciContent[];
  readonly manifests: readonly OciContent[];
  /** What a tag points to. */
  readonly index: OciContent;
}

/** What the image of a bundle is made of. */
export interface BundleImageInput {
  /** The one layer: an uncompressed tar, so that its digest is the diff_id as well. */
  readonly layer: { readonly digest: string; readonly size: number };
  /** `sha256:<hex>` of the bundle. */
  readonly digest: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Pure: the documents of a bundle's image, byte for byte the same for the same bundle (no time of creation). By the OCI
 * image spec 1.1: an index of one image manifest for each platform, each with a config (rootfs.diff_ids) and the one
 * layer.
 */
export function describeImage(input: BundleImageInput): BundleImage {
  const annotations = {
    [BUNDLE_DIGEST_ANNOTATION]: input.digest,
    'org.opencontainers.image.title': input.name,
    'org.opencontainers.image.version': input.version,
  };
  const layer = { mediaType: mediaTypes.layer, digest: input.layer.digest, size: input.layer.size };
  const configs = platforms.map((platform) =>
    contentOf(mediaTypes.config, {
      ...platform,
      config: {},
      rootfs: { type: 'layers', diff_ids: [input.layer.digest] },
    }),
  );
  const manifests = configs.map((config) =>
    contentOf(mediaTypes.manifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(config),
      layers: [layer],
      annotations,
    }),
  );
  const index = contentOf(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: manifests.map((manifest, at) => ({ ...descriptorOf(manifest), platform: platforms[at] })),
    annotations,
  });
  return { configs, manifests, index };
}

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string().refine(isDigest, 'expected sha256:<64 hex digits>'),
  size: z.int().min(0),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});

const indexSchema = z.object({ manifests: z.array(descriptorSchema).min(1) });
const imageSchema = z.object({ layers: z.array(descriptorSchema) });

/** What a reference resolved to. */
export type ImageDocument =
  { readonly kind: 'index'; readonly manifest: string } | { readonly kind: 'image'; readonly layer: ImageLayer };

/** The layer that holds a bundle. */
export interface ImageLayer {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly compression: 'none' | 'gzip';
}

/**
 * Pure: reads an image index or image manifest, OCI's or Docker's. Of an index it takes the first image for a real
 * platform: the layers are the same for all.
 *
 * @throws PawlError BUNDLE_IMAGE_INVALID for anything that cannot be the image of a bundle.
 */
export function parseImageDocument(mediaType: string, bytes: Uint8Array): ImageDocument {
  const json = parseJson(bytes);
  if (mediaType === mediaTypes.index || mediaType === mediaTypes.dockerIndex) {
    const { manifests } = check(indexSchema, json);
    // Build tools add attestations under the platform unknown/unknown.
    const image = manifests.find(({ platform }) => platform?.os !== 'unknown');
    if (image === undefined) throw notABundle('its index names no image');
    return { kind: 'index', manifest: image.digest };
  }
  if (mediaType !== mediaTypes.manifest && mediaType !== mediaTypes.dockerManifest)
    throw notABundle(`its media type is ${mediaType.slice(0, 100)}`);
  const { layers } = check(imageSchema, json);
  const [layer, ...more] = layers;
  if (layer === undefined || more.length > 0) throw notABundle(`it has ${layers.length} layers; expected 1`);
  const compression = layerCompressions[layer.mediaType];
  if (compression === undefined) throw notABundle(`its layer has the media type ${layer.mediaType.slice(0, 100)}`);
  return { kind: 'image', layer: { digest: layer.digest, size: layer.size, compression } };
}

/** Pure: a document as canonical JSON, with its address. */
export function contentOf(mediaType: string, document: unknown): OciContent {
  const bytes = Buffer.from(canonicalJson(document));
  return { mediaType, digest: digestOfBytes(bytes), bytes };
}

/** Pure: how other documents name this one. */
export const descriptorOf = ({ mediaType, digest, bytes }: OciContent): OciDescriptor => ({
  mediaType,
  digest,
  size: bytes.length,
});

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw notABundle('its manifest is not JSON');
  }
}

function check<Schema extends z.ZodType>(schema: Schema, json: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw notABundle(`its manifest is not valid (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`);
}

const notABundle = (why: string) =>
  new PawlError('BUNDLE_IMAGE_INVALID', { message: `the image is not a model bundle: ${why}` });
