import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PawlError } from '../../errors/pawl-error.ts';
import { addressInvalid, parseBundleUri } from '../bundle-uri.ts';
import { isDigest } from '../digest.ts';
import { MANIFEST_FILE } from '../manifest.ts';
import { BUNDLE_DIGEST_ANNOTATION } from '../oci-image.ts';
import { readModelSignature, readSigstoreFile, type Bundle } from '../open-bundle.ts';
import { verifyManifestSignature } from '../signature.ts';
import { signatureOfSigstoreBundle } from '../sigstore.ts';
import { callStore, type Call, type CallOptions } from '../stores/call-store.ts';
import type { OciLocation } from '../stores/oci-location.ts';
import { listReferrers, noteReferrers, pushManifest } from './oci-referrers.ts';
import type { OciRegistry } from '../stores/oci-registry.ts';
import type { StoreOptions } from '../stores/store-table.ts';
import { MAX_STATEMENT_BYTES, SIGSTORE_BUNDLE_TYPE } from './dsse.ts';
import { IMAGE_SIGNATURE_PREDICATE, signImage, verifyImageSignature } from './image-signature.ts';
import { mlBomOf, ML_BOM_TYPE } from './ml-bom.ts';
import { describeModelPack, modelPackTag } from './model-pack.ts';
import { MODEL_SIGNATURE_PREDICATE, verifyModelSignature } from './model-signing.ts';
import { findImage, type PublishedImage } from './published-image.ts';
import { readReferrer } from './read-referrer.ts';
import { describeReferrer, parseReferrer, type Referrer } from './referrer.ts';

/** What others read of a published bundle, each in its own format. */
export type ReaderKind = 'sigstore-bundle' | 'model-signature' | 'image-signature' | 'ml-bom' | 'model-pack';

/** What came of one of them. */
export interface PublishedReader {
  readonly kind: ReaderKind;
  readonly artifactType: string;
  /** Address of its manifest; a ModelPack has a tag of its own. */
  readonly uri: string;
  /** `present`: it was there already; `refused`: it is not there, and `problem` says why. */
  readonly outcome: 'published' | 'present' | 'refused';
  readonly problem?: PawlError | undefined;
}

/** How {@link publishReaders} works. */
export interface PublishReadersOptions extends StoreOptions, CallOptions {
  /** PEM; when given, signatures that are not by its private half are not published. */
  readonly publicKeyPem?: string | undefined;
  /** PEM; when given, the image is signed as well. */
  readonly privateKeyPem?: string | undefined;
  /** Tag or digest of the image; default: that of the address. */
  readonly image?: string | undefined;
  /** Moves the tag of a ModelPack of another bundle. */
  readonly force?: boolean | undefined;
}

interface Planned extends Referrer {
  readonly kind: ReaderKind;
  readonly artifactType: string;
}

/**
 * Publishes beside the image of a bundle what other tools read: its Sigstore bundle, its OpenSSF model signature and its ML-BOM, as
 * referrers of the image, and a ModelPack under the tag `<tag>-modelpack`. The image is not touched, so that what mounts
 * it sees nothing of this. Publishing again changes nothing, and nothing is removed. What a registry refuses
 * is in the result: the bundle itself is published by then.
 *
 * @param bundle opened and verified.
 * @throws PawlError BUNDLE_URI_INVALID for other addresses than oci://, BUNDLE_KEY_INVALID; those of finding the image; BUNDLE_SIGNATURE_INVALID for
 * signatures in the folder that are not of this bundle; the reason of `signal`.
 */
export async function publishReaders(
  bundle: Bundle,
  uri: string,
  options: PublishReadersOptions = {},
): Promise<readonly PublishedReader[]> {
  const location = parseBundleUri(uri, options);
  if (location.kind !== 'oci') throw addressInvalid(`${location.display} is no image; expected an oci:// address`);
  const signatures = await readSignatures(bundle, options.publicKeyPem);
  const { OciRegistry } = await import('../stores/oci-registry.ts');
  const registry = new OciRegistry(location, options, 'pull,push');
  const call = callStore(options);
  const image = await findImage(registry, options.image ?? location.reference, call);
  const readers: PublishedReader[] = [];
  const pushed: Planned[] = [];
  const imageSignature = await signatureOfImage(registry, image, options, call);
  for (const planned of plan(bundle, image, { ...signatures, image: imageSignature })) {
    const result = await attempt(
      planned,
      location,
      options.signal,
      async () => await pushManifest(registry, planned, call),
    );
    readers.push(result);
    if (result.outcome !== 'refused') pushed.push(planned);
  }
  const descriptors = pushed.map(({ descriptor }) => descriptor);
  const noted = await problemOf(options.signal, () => noteReferrers(registry, image.subject.digest, descriptors, call));
  const listed = readers.map((reader) => (noted === undefined ? reader : refused(reader, noted)));
  return [...listed, await publishModelPack(registry, bundle, location, image, options, call)];
}

/** The forms of the signature that are for other tools; undefined: not there. */
interface Signatures {
  readonly sigstore: string | undefined;
  readonly model: string | undefined;
  readonly image?: string | undefined;
}

/** The signature of the image by the given key: the one that is there, since each one that is made is another. */
async function signatureOfImage(
  registry: OciRegistry,
  image: PublishedImage,
  { privateKeyPem, signal }: PublishReadersOptions,
  call: Call,
): Promise<string | undefined> {
  if (privateKeyPem === undefined) return undefined;
  const { digest } = image.subject;
  // Before the registry is asked: it also judges the key.
  const made = signImage(digest, privateKeyPem);
  const publicKeyPem = createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }).toString();
  let found: string | undefined;
  // A list that cannot be had is said when something is added to it.
  await problemOf(signal, async () => {
    for (const { artifactType, annotations, digest: at } of await listReferrers(registry, digest, call)) {
      if (artifactType !== SIGSTORE_BUNDLE_TYPE) continue;
      if (annotations?.['dev.sigstore.bundle.predicateType'] !== IMAGE_SIGNATURE_PREDICATE) continue;
      const problem = await problemOf(signal, async () => {
        const text = await readReferrer(registry, at, image, MAX_STATEMENT_BYTES, call);
        verifyImageSignature(text, digest, publicKeyPem);
        found ??= text;
      });
      if (problem === undefined) return;
    }
  });
  return found ?? made;
}

/**
 * Reads the signatures of a bundle's folder, each looked at: nothing is published that no reader would accept.
 *
 * @throws PawlError BUNDLE_SIGNATURE_INVALID, BUNDLE_KEY_INVALID.
 */
export async function readSignatures(bundle: Bundle, publicKeyPem: string | undefined): Promise<Signatures> {
  const [sigstore, model] = [await readSigstoreFile(bundle.directory), await readModelSignature(bundle.directory)];
  if (sigstore !== undefined) {
    if (publicKeyPem === undefined) signatureOfSigstoreBundle(sigstore);
    else verifyManifestSignature(await readFile(join(bundle.directory, MANIFEST_FILE)), sigstore, publicKeyPem);
  }
  if (model !== undefined) verifyModelSignature(model, bundle, publicKeyPem);
  return { sigstore, model };
}

/** Pure: what refers to the image. Annotations of signatures are named as cosign names them. */
function plan(bundle: Bundle, { subject }: PublishedImage, { sigstore, model, image }: Signatures): readonly Planned[] {
  const planned = (kind: ReaderKind, artifactType: string, text: string, annotations: Record<string, string>) => ({
    kind,
    artifactType,
    ...describeReferrer({ artifactType, bytes: Buffer.from(text), subject, annotations }),
  });
  return [
    ...(sigstore === undefined
      ? []
      : [
          planned('sigstore-bundle', SIGSTORE_BUNDLE_TYPE, sigstore, {
            'dev.sigstore.bundle.content': 'message-signature',
          }),
        ]),
    ...(model === undefined
      ? []
      : [
          planned('model-signature', SIGSTORE_BUNDLE_TYPE, model, {
            'dev.sigstore.bundle.content': 'dsse-envelope',
            'dev.sigstore.bundle.predicateType': MODEL_SIGNATURE_PREDICATE,
          }),
        ]),
    ...(image === undefined
      ? []
      : [
          planned('image-signature', SIGSTORE_BUNDLE_TYPE, image, {
            'dev.sigstore.bundle.content': 'dsse-envelope',
            'dev.sigstore.bundle.predicateType': IMAGE_SIGNATURE_PREDICATE,
          }),
        ]),
    planned('ml-bom', ML_BOM_TYPE, mlBomOf(bundle), {}),
  ];
}

async function publishModelPack(
  registry: OciRegistry,
  { manifest, digest }: Bundle,
  location: OciLocation,
  { subject, layer }: PublishedImage,
  options: PublishReadersOptions,
  call: Call,
): Promise<PublishedReader> {
  const pack = describeModelPack({ manifest, digest, layer, subject });
  const planned = { kind: 'model-pack', artifactType: pack.descriptor.artifactType ?? '', ...pack } as const;
  const tag = isDigest(location.reference) ? undefined : modelPackTag(location.reference);
  const result = await attempt(planned, location, options.signal, async () => {
    if (layer.compression !== 'none') throw notMade('the layer of the image is compressed; expected a plain tar');
    if (tag === undefined) throw notMade(`${location.display} has no tag that can be followed by -modelpack`);
    const present = await call((signal) => registry.resolveTag(tag, signal));
    if (present === pack.manifest.digest) return false;
    if (present !== undefined && options.force !== true) await requireSameBundle(registry, tag, digest, call);
    await pushManifest(registry, pack, call);
    await call((signal) => registry.putManifest(tag, pack.manifest, signal));
    await noteReferrers(registry, subject.digest, [pack.descriptor], call);
    return true;
  });
  return tag === undefined ? result : { ...result, uri: `oci://${location.host}/${location.repository}:${tag}` };
}

/** A ModelPack of the same bundle is renewed, as after another signature; whatever else has the tag keeps it. */
async function requireSameBundle(registry: OciRegistry, tag: string, digest: string, call: Call): Promise<void> {
  const { bytes } = await call((signal) => registry.getManifest(tag, signal));
  const { annotations } = parseReferrer(bytes);
  if (annotations?.[BUNDLE_DIGEST_ANNOTATION] !== digest)
    throw new PawlError('BUNDLE_ALREADY_PUBLISHED', {
      message: `the tag ${tag} names something that is not of this bundle`,
      hint: 'Publish under another tag, or move this one with --force.',
    });
}

async function attempt(
  { kind, artifactType, manifest }: Planned,
  location: OciLocation,
  signal: AbortSignal | undefined,
  work: () => Promise<boolean>,
): Promise<PublishedReader> {
  const uri = `oci://${location.host}/${location.repository}@${manifest.digest}`;
  const reader = { kind, artifactType, uri, outcome: 'present' } as const;
  const done: boolean[] = [];
  const problem = await problemOf(signal, async () => {
    done.push(await work());
  });
  if (problem !== undefined) return refused(reader, problem);
  return done.includes(true) ? { ...reader, outcome: 'published' } : reader;
}

/** What a registry says against it; a mistake of ours, and a call that was ended from outside, are none of the registry's. */
async function problemOf(signal: AbortSignal | undefined, work: () => Promise<void>): Promise<PawlError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PawlError && error.code !== 'INTERNAL') return error;
    throw error;
  }
}

const refused = (reader: PublishedReader, problem: PawlError): PublishedReader =>
  reader.outcome === 'refused' ? reader : { ...reader, outcome: 'refused', problem };

const notMade = (message: string) => new PawlError('BUNDLE_IMAGE_INVALID', { message });
