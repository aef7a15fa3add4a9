import { createHash } from 'node:crypto';
import { PawlError } from '../../errors/pawl-error.ts';
import { addressInvalid, parseBundleUri } from '../bundle-uri.ts';
import { isDigest } from '../digest.ts';
import type { Manifest } from '../manifest.ts';
import type { OciDescriptor } from '../oci-image.ts';
import { readPublicKeys, verifyManifestSignature } from '../signature.ts';
import { parseSigstoreBundle } from '../sigstore.ts';
import { callStore, type Call, type CallOptions } from '../stores/call-store.ts';
import type { OciLocation } from '../stores/oci-location.ts';
import { listReferrers } from './oci-referrers.ts';
import type { OciRegistry } from '../stores/oci-registry.ts';
import type { StoreOptions } from '../stores/store-table.ts';
import { MAX_STATEMENT_BYTES, openStatement, SIGSTORE_BUNDLE_TYPE } from './dsse.ts';
import { IMAGE_SIGNATURE_PREDICATE, verifyImageSignature } from './image-signature.ts';
import { MAX_ML_BOM_BYTES, ML_BOM_TYPE, verifyMlBom } from './ml-bom.ts';
import { describeModelPack, MODEL_PACK_TYPE, modelPackTag } from './model-pack.ts';
import { MODEL_SIGNATURE_PREDICATE, verifyModelSignature } from './model-signing.ts';
import { findImage, type PublishedImage } from './published-image.ts';
import type { ReaderKind } from './publish-readers.ts';
import { readReferrer } from './read-referrer.ts';

/** Something beside the image of a bundle, looked at. */
export interface CheckedReader {
  /** `other`: what somebody else put there, and Pawl does not know. */
  readonly kind: ReaderKind | 'other';
  readonly artifactType: string;
  /** `sha256:<hex>` of its manifest. */
  readonly digest: string;
  /** `fail`: it claims to be of this bundle and is not; `skipped`: nobody can tell, such as without a key. */
  readonly outcome: 'pass' | 'fail' | 'skipped';
  readonly detail: string;
}

/** What the readers are compared with: a bundle whose manifest was verified. */
export interface CheckedBundle {
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** `sha256:<hex>` of the bundle. */
  readonly digest: string;
}

/** How {@link checkReaders} works. */
export interface CheckReadersOptions extends StoreOptions, CallOptions {
  /** PEM, one key or several; without it only what needs no key is checked of signatures. */
  readonly publicKeyPem?: string | undefined;
}

/** What may be signed: a bundle, and its image where there is one. */
interface SignedThings extends CheckedBundle {
  /** `sha256:<hex>`. */
  readonly image?: string | undefined;
}

/** What one of them is worth. */
export type Verdict = Pick<CheckedReader, 'kind' | 'outcome' | 'detail'>;

/**
 * Looks at everything that refers to the image of a bundle, and at the tag of its ModelPack. Whoever may write to a registry
 * may attach anything to an image: this says of each what it is worth.
 *
 * @throws PawlError BUNDLE_URI_INVALID for other addresses than oci://, BUNDLE_KEY_INVALID, those of the registry and of a list that
 * cannot be read; the reason of `signal`.
 */
export async function checkReaders(
  bundle: CheckedBundle,
  uri: string,
  options: CheckReadersOptions = {},
): Promise<readonly CheckedReader[]> {
  const location = parseBundleUri(uri, options);
  if (location.kind !== 'oci') throw addressInvalid(`${location.display} is no image; expected an oci:// address`);
  const { registry, image, call } = await lookUp(location, options);
  const readers: CheckedReader[] = [];
  for (const descriptor of await listReferrers(registry, image.subject.digest, call)) {
    const { artifactType = descriptor.mediaType, digest } = descriptor;
    const { kind, outcome, detail } = await judge(registry, descriptor, image, bundle, options, call);
    readers.push({ kind, artifactType, digest, outcome, detail });
  }
  const tag = isDigest(location.reference) ? undefined : modelPackTag(location.reference);
  if (tag === undefined) return readers;
  const tagged = await call((signal) => registry.resolveTag(tag, signal));
  if (tagged === undefined || readers.some(({ digest }) => digest === tagged)) return readers;
  // The tag is what people pull: one that names anything else is said, also where the right one is still listed.
  const verdict = judgeModelPack(tagged, image, bundle);
  return [
    ...readers,
    { artifactType: MODEL_PACK_TYPE, digest: tagged, ...verdict, detail: `tag ${tag}: ${verdict.detail}` },
  ];
}

/**
 * Fetches the signatures beside the image of a bundle that are right, as far as that can be told: for a folder in which other tools
 * shall find them.
 *
 * @returns the text of each; undefined where there is none.
 * @throws PawlError as {@link checkReaders} does.
 */
export async function fetchSignatures(
  bundle: CheckedBundle,
  uri: string,
  options: CheckReadersOptions = {},
): Promise<{ readonly sigstore: string | undefined; readonly model: string | undefined }> {
  const location = parseBundleUri(uri, options);
  if (location.kind !== 'oci') return { sigstore: undefined, model: undefined };
  const { registry, image, call } = await lookUp(location, options);
  const found: Judged[] = [];
  for (const descriptor of await listReferrers(registry, image.subject.digest, call))
    if (descriptor.artifactType === SIGSTORE_BUNDLE_TYPE)
      found.push(await judge(registry, descriptor, image, bundle, options, call));
  const wanted = options.publicKeyPem === undefined ? 'skipped' : 'pass';
  const text = (of: ReaderKind) => found.find(({ kind, outcome }) => kind === of && outcome === wanted)?.text;
  return { sigstore: text('sigstore-bundle'), model: text('model-signature') };
}

async function lookUp(location: OciLocation, options: CheckReadersOptions) {
  // Before anything is asked for: nothing can be said with a key that cannot be used.
  if (options.publicKeyPem !== undefined) readPublicKeys(options.publicKeyPem);
  const { OciRegistry } = await import('../stores/oci-registry.ts');
  const registry = new OciRegistry(location, options, 'pull');
  const call = callStore(options);
  return { registry, call, image: await findImage(registry, location.reference, call) };
}

/** A verdict with what it was about, where that was fetched. */
interface Judged extends Verdict {
  readonly text?: string;
}

async function judge(
  registry: OciRegistry,
  { artifactType, digest, annotations }: OciDescriptor,
  image: PublishedImage,
  bundle: CheckedBundle,
  { publicKeyPem, signal }: CheckReadersOptions,
  call: Call,
): Promise<Judged> {
  if (artifactType === MODEL_PACK_TYPE) return judgeModelPack(digest, image, bundle);
  const isSignature = artifactType === SIGSTORE_BUNDLE_TYPE;
  if (!isSignature && artifactType !== ML_BOM_TYPE)
    return { kind: 'other', outcome: 'skipped', detail: 'not looked at' };
  const claimed = annotations?.['dev.sigstore.bundle.predicateType'];
  const statement = claimed === IMAGE_SIGNATURE_PREDICATE ? 'image-signature' : 'model-signature';
  const isStatement = annotations?.['dev.sigstore.bundle.content'] === 'dsse-envelope';
  // What it claims to be, for what is too damaged to tell.
  const kind: ReaderKind = !isSignature ? 'ml-bom' : isStatement ? statement : 'sigstore-bundle';
  try {
    const text = await readReferrer(
      registry,
      digest,
      image,
      isSignature ? MAX_STATEMENT_BYTES : MAX_ML_BOM_BYTES,
      call,
    );
    return {
      text,
      ...(isSignature
        ? judgeSignature(text, { ...bundle, image: image.subject.digest }, publicKeyPem)
        : judgeMlBom(text, bundle)),
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof PawlError) || !OF_THE_READER.includes(error.code)) throw error;
    return { kind, outcome: 'fail', detail: error.message };
  }
}

/** Codes that speak of what somebody attached; any other speaks of the registry. */
const OF_THE_READER: readonly string[] = [
  'BUNDLE_SIGNATURE_INVALID',
  'BUNDLE_READER_INVALID',
  'BUNDLE_IMAGE_INVALID',
  'BUNDLE_DIGEST_MISMATCH',
  'BUNDLE_NOT_FOUND',
] satisfies PawlError['code'][];

/**
 * Pure: what a Sigstore bundle is worth that is said to sign a bundle.
 *
 * @throws PawlError BUNDLE_SIGNATURE_INVALID, BUNDLE_READER_INVALID where it is forged or damaged.
 */
export function judgeSignature(text: string, bundle: SignedThings, publicKeyPem: string | undefined): Verdict {
  const { content, hint } = parseSigstoreBundle(text);
  return content === 'statement'
    ? judgeStatement(text, bundle, publicKeyPem)
    : judgeMessageSignature(text, hint, bundle, publicKeyPem);
}

function judgeStatement(text: string, bundle: SignedThings, publicKeyPem: string | undefined): Verdict {
  const kind = 'model-signature';
  const sealed = openStatement(text);
  const { image } = bundle;
  if (image !== undefined && sealed.statement.includes(IMAGE_SIGNATURE_PREDICATE)) {
    verifyImageSignature(text, image, undefined);
    if (publicKeyPem === undefined) return unchecked('image-signature', 'of the image');
    if (sealed.names(publicKeyPem) !== true) return byAnother('image-signature');
    sealed.verify(publicKeyPem);
    return { kind: 'image-signature', outcome: 'pass', detail: 'by the given key, of the image' };
  }
  if (!sealed.statement.includes(MODEL_SIGNATURE_PREDICATE))
    return { kind: 'other', outcome: 'skipped', detail: 'a statement of another kind, not looked at' };
  // What is wrong without any key is wrong with each.
  verifyModelSignature(text, bundle, undefined);
  if (publicKeyPem === undefined) return unchecked(kind, 'every file as in the bundle');
  if (sealed.names(publicKeyPem) === false) return byAnother(kind);
  sealed.verify(publicKeyPem);
  return { kind, outcome: 'pass', detail: 'by the given key, every file as in the bundle' };
}

function judgeMessageSignature(
  text: string,
  hint: string | undefined,
  { manifestBytes }: CheckedBundle,
  publicKeyPem: string | undefined,
): Verdict {
  const kind = 'sigstore-bundle';
  const { messageDigest } = parseSigstoreBundle(text);
  if (messageDigest !== undefined && messageDigest !== createHash('sha256').update(manifestBytes).digest('base64'))
    throw notOfThis('it is a signature of other bytes than manifest.json');
  if (publicKeyPem === undefined) return unchecked(kind, 'of manifest.json');
  if (hint !== undefined && !hintsOf(publicKeyPem).includes(hint)) return byAnother(kind);
  verifyManifestSignature(manifestBytes, text, publicKeyPem);
  return { kind, outcome: 'pass', detail: 'by the given key, of manifest.json' };
}

/** How cosign names keys in a Sigstore bundle. */
const hintsOf = (pem: string): readonly string[] =>
  readPublicKeys(pem).map((key) =>
    createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('base64'),
  );

function judgeMlBom(text: string, bundle: CheckedBundle): Verdict {
  verifyMlBom(text, bundle);
  return { kind: 'ml-bom', outcome: 'pass', detail: 'every line as in the bundle' };
}

/** Pure: a ModelPack is what this bundle and its image give, or it is another one. */
function judgeModelPack(digest: string, { subject, layer }: PublishedImage, bundle: CheckedBundle): Verdict {
  const expected = describeModelPack({ manifest: bundle.manifest, digest: bundle.digest, layer, subject }).manifest
    .digest;
  return digest === expected
    ? { kind: 'model-pack', outcome: 'pass', detail: 'over the layer of the image' }
    : { kind: 'model-pack', outcome: 'fail', detail: `names ${digest}; the one of this bundle is ${expected}` };
}

const unchecked = (kind: ReaderKind, what: string): Verdict => ({
  kind,
  outcome: 'skipped',
  detail: `${what}; --key PUBLIC.pem checks by whom`,
});

const byAnother = (kind: ReaderKind): Verdict => ({
  kind,
  outcome: 'skipped',
  detail: 'by another key than the given one',
});

const notOfThis = (message: string) => new PawlError('BUNDLE_READER_INVALID', { message });
