import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  MANIFEST_FILE,
  MODEL_SIGNATURE_FILE,
  SIGNATURE_FILE,
  SIGSTORE_FILE,
  type Manifest,
} from '@pawl/shared/bundle/manifest';
import { openBundle, readModelSignature, readSignature, readSigstoreFile } from '@pawl/shared/bundle/open-bundle';
import { signModel, verifyModelSignature, type SignedModel } from '@pawl/shared/bundle/readers/model-signing';
import { generateSigningKeyPair, signManifest, verifyManifestSignature } from '@pawl/shared/bundle/signature';
import { signatureOfSigstoreBundle, toSigstoreBundle } from '@pawl/shared/bundle/sigstore';
import { verifyManifest } from '@pawl/shared/bundle/verify-manifest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { createPublicKey } from 'node:crypto';
import { hasCode } from '@pawl/shared/errors/system-error';
import { CliError } from '../errors/cli-error.ts';
import { writeError } from '../errors/write-error.ts';

/** File names of a key pair, as cosign's own are called. */
const PRIVATE_KEY_FILE = 'pawl.key';
const PUBLIC_KEY_FILE = 'pawl.pub';

/**
 * Makes a key pair: ECDSA P-256, PKCS#8 and SPKI in PEM. The private half can be read by its owner alone. Nothing is ever
 * overwritten: a key that signed a released version is still needed.
 *
 * @throws CliError FILE_WRITE_FAILED.
 */
export async function writeKeyPair(
  folder: string,
): Promise<{ readonly privatePath: string; readonly publicPath: string }> {
  const { privateKeyPem, publicKeyPem } = generateSigningKeyPair();
  const privatePath = join(folder, PRIVATE_KEY_FILE);
  const publicPath = join(folder, PUBLIC_KEY_FILE);
  await mkdir(folder, { recursive: true }).catch(cannotWrite(folder));
  // First: there is no moment in which Git would take the key.
  await ignoreKey(folder);
  // `wx` fails where something is, also when it came a moment ago. The private half goes last: it is never left alone.
  await writeFile(publicPath, publicKeyPem, { flag: 'wx', mode: 0o644 }).catch(cannotWrite(publicPath));
  try {
    await writeFile(privatePath, privateKeyPem, { flag: 'wx', mode: 0o600 }).catch(cannotWrite(privatePath));
  } catch (error) {
    await rm(publicPath, { force: true });
    throw error;
  }
  return { privatePath, publicPath };
}

/** Lets Git ignore the private key: by a file beside it, or a line more in the one that is there. */
async function ignoreKey(folder: string): Promise<void> {
  const path = join(folder, '.gitignore');
  const text = await readFile(path, 'utf8').catch(() => '');
  const line = `/${PRIVATE_KEY_FILE}`;
  if (text.split(/\r?\n/).includes(line)) return;
  const begin = text === '' || text.endsWith('\n') ? '' : '\n';
  await appendFile(path, `${begin}${line}\n`).catch(cannotWrite(path));
}

/** How {@link signBundle} ended. */
export interface Signed {
  readonly manifest: Manifest;
  readonly digest: string;
  /** `already`: there was a valid signature by this key, and it stays. */
  readonly outcome: 'signed' | 'already' | 'replaced';
}

/**
 * Signs the bundle in a folder, after verifying every file of it: a broken bundle is never vouched for. A signature by another
 * key is replaced. The same signature is written twice: plain, which stores and clusters read, and as a Sigstore bundle, which
 * cosign reads. A third one, `model.sig`, is over every file, as OpenSSF Model Signing wants it. What is not there is added.
 *
 * @throws PawlError of `openBundle`, BUNDLE_KEY_INVALID; CliError FILE_WRITE_FAILED.
 */
export async function signBundle(folder: string, privateKeyPem: string, signal: AbortSignal): Promise<Signed> {
  const { manifest, digest } = await openBundle(folder, { signal });
  const bytes = await readFile(join(folder, MANIFEST_FILE));
  // These bytes are vouched for, so they must be the ones that every file was compared with.
  verifyManifest(bytes, undefined, { digest });
  const present = await readSignature(folder);
  // Before anything is written: it also judges the key.
  const signature = signManifest(bytes, privateKeyPem);
  if (present !== undefined && isBy(bytes, present, publicHalf(privateKeyPem))) {
    await writeBoth(folder, bytes, Buffer.from(present).toString('latin1').trim(), privateKeyPem);
    await writeModelSignature(folder, { manifest, digest }, privateKeyPem);
    return { manifest, digest, outcome: 'already' };
  }
  await writeBoth(folder, bytes, signature, privateKeyPem);
  await writeModelSignature(folder, { manifest, digest }, privateKeyPem);
  return { manifest, digest, outcome: present === undefined ? 'signed' : 'replaced' };
}

/** Writes the two forms of a signature, each only where it is not there: a Sigstore bundle of cosign's may hold more. */
async function writeBoth(folder: string, manifest: Uint8Array, given: string, privateKeyPem: string): Promise<void> {
  const signature = given.startsWith('{') ? signatureOfSigstoreBundle(given) : given;
  const put = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text).catch(cannotWrite(path));
  };
  const plain = await readFile(join(folder, SIGNATURE_FILE), 'latin1').catch(() => '');
  if (plain.trim() !== signature) await put(SIGNATURE_FILE, signature);
  if (!(await holdsSigstore(folder, signature)))
    await put(SIGSTORE_FILE, toSigstoreBundle(manifest, signature, privateKeyPem));
}

/** Writes `model.sig`, unless a right one by this key is there, whoever wrote it. */
async function writeModelSignature(folder: string, model: SignedModel, privateKeyPem: string): Promise<void> {
  if (await holdsModelSignature(folder, model, publicHalf(privateKeyPem))) return;
  const path = join(folder, MODEL_SIGNATURE_FILE);
  await writeFile(path, signModel(model, privateKeyPem)).catch(cannotWrite(path));
}

async function holdsModelSignature(folder: string, model: SignedModel, publicKeyPem: string): Promise<boolean> {
  try {
    const text = await readModelSignature(folder);
    if (text === undefined) return false;
    verifyModelSignature(text, model, publicKeyPem);
    return true;
  } catch (error) {
    if (error instanceof PawlError && error.code === 'BUNDLE_SIGNATURE_INVALID') return false;
    throw error;
  }
}

/** Whether the Sigstore bundle in a folder has this signature. */
async function holdsSigstore(folder: string, signature: string): Promise<boolean> {
  try {
    const text = await readSigstoreFile(folder);
    return text !== undefined && signatureOfSigstoreBundle(text) === signature;
  } catch (error) {
    if (error instanceof PawlError && error.code === 'BUNDLE_SIGNATURE_INVALID') return false;
    throw error;
  }
}

const publicHalf = (privateKeyPem: string): string =>
  createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }) as string;

function isBy(bytes: Uint8Array, signature: Uint8Array, publicKeyPem: string): boolean {
  try {
    verifyManifestSignature(bytes, signature, publicKeyPem);
    return true;
  } catch (error) {
    if (error instanceof PawlError && error.code === 'BUNDLE_SIGNATURE_INVALID') return false;
    throw error;
  }
}

function cannotWrite(path: string): (cause: unknown) => never {
  return (cause) => {
    if (hasCode(cause, 'EEXIST'))
      throw new CliError(
        'FILE_WRITE_FAILED',
        `${path} exists; keys are never overwritten.`,
        'Name another folder with --out, or move the old pair away: versions that it signed still need its public half.',
        cause,
      );
    throw writeError(path, cause);
  };
}
