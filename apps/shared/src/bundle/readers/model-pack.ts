import type { Manifest } from '../manifest.ts';
import {
  BUNDLE_DIGEST_ANNOTATION,
  contentOf,
  descriptorOf,
  mediaTypes,
  type OciDescriptor,
  type ImageLayer,
} from '../oci-image.ts';
import { referrerDescriptor, type Referrer } from './referrer.ts';

/** Media types of CNCF ModelPack (modelpack/model-spec 0.0.7). */
export const MODEL_PACK_TYPE = 'application/vnd.cncf.model.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.cncf.model.config.v1+json';
// Its tools unpack a tar into a folder, so that the layer of the bundle's image is theirs as it is.
const LAYER_TYPE = 'application/vnd.cncf.model.weight.v1.tar';

/** What a ModelPack is made of. */
export interface ModelPackInput {
  readonly manifest: Manifest;
  /** `sha256:<hex>` of the bundle. */
  readonly digest: string;
  /** The layer of the bundle's image, not compressed: its digest is the diffId as well. */
  readonly layer: ImageLayer;
  /** The bundle's image. */
  readonly subject: OciDescriptor;
}

/** Pure: the tag of a ModelPack beside that of its bundle; undefined where it would be longer than a tag may be. */
export const modelPackTag = (tag: string): string | undefined => {
  const name = `${tag}-modelpack`;
  return name.length > 128 ? undefined : name;
};

/**
 * Pure: a CNCF ModelPack manifest over the very layer of the bundle's image, so that a registry keeps the weights once. It says of
 * the model what the manifest says, and nothing that would have to be guessed. It names the image as its subject, to be found.
 */
export function describeModelPack({ manifest, digest, layer, subject }: ModelPackInput): Referrer {
  const { name, version, description, lineage } = manifest;
  const licence = lineage['license'] ?? lineage['licence'];
  const revision = lineage['git_commit'];
  const config = contentOf(CONFIG_TYPE, {
    descriptor: {
      name,
      version,
      ...(description !== undefined && { description }),
      ...(licence !== undefined && { licenses: [licence] }),
      ...(revision !== undefined && { revision }),
    },
    config: { format: 'onnx', capabilities: { inputTypes: ['image'], outputTypes: ['other'] } },
    modelfs: { type: 'layers', diffIds: [layer.digest] },
  });
  const annotations = {
    [BUNDLE_DIGEST_ANNOTATION]: digest,
    'org.opencontainers.image.title': name,
    'org.opencontainers.image.version': version,
  };
  const pack = contentOf(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: MODEL_PACK_TYPE,
    config: descriptorOf(config),
    layers: [{ mediaType: LAYER_TYPE, digest: layer.digest, size: layer.size }],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  });
  return { manifest: pack, blobs: [config], descriptor: referrerDescriptor(pack, MODEL_PACK_TYPE, annotations) };
}
