import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PawlError } from '../errors/pawl-error.ts';
import { canonicalJson, compareCodeUnits } from './canonical-json.ts';
import { digestOfBytes, digestOfFile } from './digest.ts';
import { installFolder, makeFolderBeside, targetError } from './install-directory.ts';
import {
  MANIFEST_FILE,
  MODEL_SIGNATURE_FILE,
  SIGNATURE_FILE,
  SIGSTORE_FILE,
  type BundleFile,
  type Manifest,
  type ManifestDraft,
} from './manifest.ts';
import { bundleAt, openBundle, type Bundle } from './open-bundle.ts';
import { signModel } from './readers/model-signing.ts';
import { signManifest } from './signature.ts';
import { toSigstoreBundle } from './sigstore.ts';
import { parseManifest, verifyManifest } from './verify-manifest.ts';
import { hasCode } from '../errors/system-error.ts';

/** A file that goes into a bundle. */
export interface BundleSourceFile {
  /** Relative POSIX path inside the bundle. */
  readonly path: string;
  /** Path of the file to copy, or the bytes themselves. */
  readonly source: string | Uint8Array;
}

/** How a bundle is written. */
export interface WriteBundleOptions {
  /** ECDSA P-256 in PEM; when given, the three forms of the signature are written too. The digest does not depend on it. */
  readonly privateKeyPem?: string | undefined;
}

/**
 * Writes a bundle folder: copies the sources, lists them with size and sha256, writes the manifest as canonical JSON
 * with files sorted by path, and makes the folder visible by one rename. The same input gives the same digest on any
 * machine. A bundle that already lies at `directory` is replaced (kept, if it is the same one).
 *
 * @throws PawlError BUNDLE_MANIFEST_INVALID, BUNDLE_FILE_MISSING (a source), BUNDLE_TARGET_INVALID, BUNDLE_KEY_INVALID.
 */
export async function writeBundle(
  directory: string,
  draft: ManifestDraft,
  sources: readonly BundleSourceFile[],
  options: WriteBundleOptions = {},
): Promise<Bundle> {
  const target = resolve(directory);
  // Paths are judged before anything is written to them. Sizes and digests are not known yet: zeros stand in.
  listFiles(draft, sources, () => ({ size: 0, sha256: `sha256:${'0'.repeat(64)}` }));
  const folder = await makeFolderBeside(target, 'writing');
  try {
    const facts = new Map<string, Omit<BundleFile, 'path'>>();
    for (const source of sources) facts.set(source.path, await place(folder, source));
    const { bytes, manifest } = listFiles(draft, sources, (path) => facts.get(path));
    const { digest } = verifyManifest(bytes, undefined, {});
    await write(join(folder, MANIFEST_FILE), bytes);
    if (options.privateKeyPem !== undefined) {
      const signature = signManifest(bytes, options.privateKeyPem);
      await write(join(folder, SIGNATURE_FILE), Buffer.from(signature));
      const sigstore = toSigstoreBundle(bytes, signature, options.privateKeyPem);
      await write(join(folder, SIGSTORE_FILE), Buffer.from(sigstore));
      const model = signModel({ manifest, digest }, options.privateKeyPem);
      await write(join(folder, MODEL_SIGNATURE_FILE), Buffer.from(model));
    }
    // A bundle of the same digest is still replaced when this one is signed: the old one may lack the signature.
    const same = () => (options.privateKeyPem === undefined ? holds(target, digest) : Promise.resolve(false));
    await installFolder(folder, target, same);
    return bundleAt(target, manifest, digest);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Whether a folder holds, verified, the bundle of this digest. */
async function holds(directory: string, digest: string): Promise<boolean> {
  return await openBundle(directory, { digest }).then(
    () => true,
    () => false,
  );
}

/** Pure: the manifest and its canonical bytes from the draft and what is known of each file. */
function listFiles(
  draft: ManifestDraft,
  sources: readonly BundleSourceFile[],
  factsOf: (path: string) => Omit<BundleFile, 'path'> | undefined,
): { readonly bytes: Uint8Array; readonly manifest: Manifest } {
  const files = sources
    .map(({ path }) => ({ path, ...factsOf(path) }))
    .sort((a, b) => compareCodeUnits(a.path, b.path));
  // Through the schema once, so that defaults are written out and the bytes say everything that is meant.
  const manifest = parseManifest(Buffer.from(JSON.stringify({ ...draft, files })));
  const bytes = Buffer.from(canonicalJson(manifest));
  return { bytes, manifest: parseManifest(bytes) };
}

async function place(folder: string, { path, source }: BundleSourceFile): Promise<Omit<BundleFile, 'path'>> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true });
  if (typeof source !== 'string') {
    await write(to, source);
    return { size: source.length, sha256: digestOfBytes(source) };
  }
  await copyFile(source, to).catch((cause: unknown) => {
    throw hasCode(cause, 'ENOENT')
      ? new PawlError('BUNDLE_FILE_MISSING', { message: `the source of ${path} is missing`, cause })
      : targetError(cause);
  });
  // Of the copy, not of the source: what is listed is what lies in the bundle, even if the source changed meanwhile.
  const { digest, size } = await digestOfFile(to);
  return { size, sha256: digest };
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes).catch((cause: unknown) => {
    throw targetError(cause);
  });
}
