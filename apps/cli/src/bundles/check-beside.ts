import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { MODEL_SIGNATURE_FILE, SIGSTORE_FILE } from '@pawl/shared/bundle/manifest';
import { readModelSignature, readSigstoreFile } from '@pawl/shared/bundle/open-bundle';
import { judgeSignature, type Verdict } from '@pawl/shared/bundle/readers/check-readers';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../terminal/context.ts';
import type { Demands, StoredManifest } from './read-bundle.ts';
import { readerNames } from './reader-names.ts';
import { checkedReaders } from './readers-of.ts';
import type { VerificationStep } from './verification-step.ts';

/** What was found beside a bundle. */
interface Beside {
  readonly checks: readonly VerificationStep[];
  /** The first thing that is forged. */
  readonly problem?: PawlError | undefined;
}

/**
 * Checks what other tools read of a bundle: what refers to its image, or the further forms of the signature in its folder. They
 * decide nothing in a cluster; but whoever takes the bundle by them shall know.
 *
 * @throws PawlError BUNDLE_KEY_INVALID; the reason of the signal.
 */
export async function checkBeside(
  context: Context,
  uri: string,
  stored: StoredManifest,
  { publicKeyPem }: Demands,
): Promise<Beside> {
  const location = parseBundleUri(uri);
  if (location.kind === 'file') return await checkFolder(location.directory, stored, publicKeyPem);
  if (location.kind !== 'oci') return { checks: [] };
  const readers = await checkedReaders(context, uri, stored, publicKeyPem);
  if (!(readers instanceof PawlError)) return gathered(readers.map((verdict) => [readerNames[verdict.kind], verdict]));
  const outcome = readers.code === 'BUNDLE_IMAGE_INVALID' ? 'fail' : 'skipped';
  return gathered([['readers', { kind: 'other', outcome, detail: `cannot be listed: ${readers.message}` }]]);
}

async function checkFolder(
  directory: string,
  stored: StoredManifest,
  publicKeyPem: string | undefined,
): Promise<Beside> {
  const forms = [
    [SIGSTORE_FILE, readSigstoreFile],
    [MODEL_SIGNATURE_FILE, readModelSignature],
  ] as const;
  const verdicts: (readonly [string, Verdict])[] = [];
  for (const [name, read] of forms)
    try {
      const text = await read(directory);
      if (text !== undefined) verdicts.push([name, judgeSignature(text, stored, publicKeyPem)]);
    } catch (error) {
      if (!(error instanceof PawlError) || error.code === 'BUNDLE_KEY_INVALID') throw error;
      verdicts.push([name, { kind: 'other', outcome: 'fail', detail: error.message }]);
    }
  return gathered(verdicts);
}

function gathered(verdicts: readonly (readonly [string, Verdict])[]): Beside {
  const checks = verdicts.map(([subject, { outcome, detail }]) => ({ subject, outcome, detail }));
  const bad = checks.find(({ outcome }) => outcome === 'fail');
  if (bad === undefined) return { checks };
  return { checks, problem: new PawlError('BUNDLE_READER_INVALID', { message: `${bad.subject}: ${bad.detail}` }) };
}
