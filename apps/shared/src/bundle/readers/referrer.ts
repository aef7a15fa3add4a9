import { z } from 'zod';
import { PawlError } from '../../errors/pawl-error.ts';
import { digestOfBytes, isDigest } from '../digest.ts';
import { contentOf, descriptorOf, mediaTypes, type OciContent, type OciDescriptor } from '../oci-image.ts';
import { parseJson } from '../parse-json.ts';

/** The config of a manifest that has none (OCI image spec 1.1, "Guidance for an Empty Descriptor"). */
const empty: OciContent = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: digestOfBytes(Buffer.from('{}')),
  bytes: Buffer.from('{}'),
};

/** Most manifests that may refer to one image; more of them are an attack on whoever looks at each. */
const MAX_REFERRERS = 200;

/** A manifest with everything that it names and a registry may not have. */
export interface Referrer {
  readonly manifest: OciContent;
  readonly blobs: readonly OciContent[];
  /** As a list of referrers names it. */
  readonly descriptor: OciDescriptor;
}

/** What a {@link Referrer} is made of. */
export interface ReferrerInput {
  readonly artifactType: string;
  /** What it carries. */
  readonly bytes: Uint8Array;
  /** The image that it says something about. */
  readonly subject: OciDescriptor;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * Pure: one document that says something about an image, as a manifest with a `subject` (OCI image spec 1.1, "Guidelines for
 * Artifact Usage"); byte for byte the same for the same input, so that publishing it again changes nothing.
 */
export function describeReferrer({ artifactType, bytes, subject, annotations = {} }: ReferrerInput): Referrer {
  const blob: OciContent = { mediaType: artifactType, digest: digestOfBytes(bytes), bytes };
  const { mediaType, digest, size } = subject;
  const manifest = contentOf(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config: descriptorOf(empty),
    layers: [descriptorOf(blob)],
    subject: { mediaType, digest, size },
    annotations,
  });
  return { manifest, blobs: [empty, blob], descriptor: referrerDescriptor(manifest, artifactType, annotations) };
}

/** Pure: how a list of referrers names one. */
export const referrerDescriptor = (
  manifest: OciContent,
  artifactType: string,
  annotations: Readonly<Record<string, string>>,
): OciDescriptor => ({
  ...descriptorOf(manifest),
  artifactType,
  ...(Object.keys(annotations).length > 0 && { annotations }),
});

/** RFC 6838, with parameters: it is shown to people. */
const mediaType = z.string().regex(/^[A-Za-z0-9!#$&^_.+/;= -]{1,255}$/, 'expected a media type');

const descriptorSchema = z.object({
  mediaType,
  digest: z.string().refine(isDigest, 'expected sha256:<64 hex digits>'),
  size: z.int().min(0),
  artifactType: mediaType.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const indexSchema = z.object({ manifests: z.array(descriptorSchema).max(MAX_REFERRERS) });
const manifestSchema = z.object({
  artifactType: mediaType.optional(),
  layers: z.array(descriptorSchema).max(100),
  subject: descriptorSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/**
 * Pure: reads a list of referrers: an image index, from the registry itself or under a tag.
 *
 * @throws PawlError BUNDLE_IMAGE_INVALID.
 */
export function parseReferrers(bytes: Uint8Array): readonly OciDescriptor[] {
  return check(indexSchema, bytes, 'the list of what refers to the image').manifests;
}

/**
 * Pure: the manifest of a referrer.
 *
 * @throws PawlError BUNDLE_IMAGE_INVALID.
 */
export function parseReferrer(bytes: Uint8Array): z.infer<typeof manifestSchema> {
  return check(manifestSchema, bytes, 'the manifest of what refers to the image');
}

/** Pure: a list of referrers with some more of them, for a registry that keeps none of its own. Nothing is taken out. */
export function withReferrers(present: Uint8Array | undefined, more: readonly OciDescriptor[]): OciContent {
  const manifests = present === undefined ? [] : parseReferrers(present);
  const known = new Set(manifests.map(({ digest }) => digest));
  return contentOf(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [...manifests, ...more.filter(({ digest }) => !known.has(digest))],
  });
}

/** Pure: the tag that such a list lies under (OCI distribution spec 1.1, "Referrers Tag Schema"). */
export const referrersTag = (digest: string): string => digest.replace(':', '-');

function check<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new PawlError('BUNDLE_IMAGE_INVALID', { message: `${what} is not valid (${path.join('.')}: ${message})` });
}
