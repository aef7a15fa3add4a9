import type { Manifest } from '@pawl/shared/bundle/manifest';
import semver from 'semver';
import type { Context } from '../../../terminal/context.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { modelOf, type LocalModelSource } from '../../../bundles/local-model.ts';
import { nextVersion, versionedParts, type VersionedParts } from '../../../bundles/next-version.ts';
import { withBundle } from '../../../bundles/read-bundle.ts';
import { toUri } from '../../../bundles/stores.ts';
import { readGoldenOf, type GoldenCandidate } from './golden.ts';

/** Credits of the pictures in a bundle, by custom. */
export const NOTICE_FILE = 'NOTICE.md';

/** What a new bundle takes from the one that it follows. */
export interface PreviousBundle {
  readonly manifest: Manifest;
  /** `sha256:<hex>` of the manifest. */
  readonly digest: string;
  /** Its graph, to be asked about the same pictures. */
  readonly model: LocalModelSource;
  /** Its golden images where the labels are the same, else none. */
  readonly golden: readonly GoldenCandidate[];
  readonly notice: Uint8Array | undefined;
}

/** Reads the bundle that a new one follows; undefined for an empty address. @throws PawlError of the bundle. */
export async function readPrevious(
  context: Context,
  address: string,
  labels: readonly string[],
): Promise<PreviousBundle | undefined> {
  if (address === '') return undefined;
  return await withBundle(context, toUri(address, context.cwd), {}, async (bundle) => {
    const hasNotice = bundle.manifest.files.some(({ path }) => path === NOTICE_FILE);
    return {
      manifest: bundle.manifest,
      digest: bundle.digest,
      model: await modelOf(bundle, context.signal),
      golden: await readGoldenOf(bundle, labels),
      notice: hasNotice ? await bundle.read(NOTICE_FILE, context.signal) : undefined,
    };
  });
}

/** The number of a new bundle, and why. */
export interface ChosenVersion {
  readonly version: string;
  /** For people: `minor after 1.0.0: only the weights changed`. */
  readonly reason: string;
}

/**
 * The version that was asked for, else the next one after the bundle that is replaced.
 *
 * @throws CliError USAGE when it is no semantic version, VERSION_TOO_SMALL when it does not come after the replaced one.
 */
export function chooseVersion(
  wanted: string | undefined,
  previous: Manifest | undefined,
  parts: VersionedParts,
): ChosenVersion {
  if (wanted === undefined) {
    const next = nextVersion(previous === undefined ? undefined : versionedParts(previous), parts);
    const after = previous === undefined ? '' : ` after ${previous.version}`;
    return { version: next.version, reason: `${next.change}${after}: ${next.reason}` };
  }
  assertVersion(wanted, previous, parts.name);
  return { version: wanted, reason: 'asked for' };
}

/** @throws CliError USAGE, VERSION_TOO_SMALL. */
export function assertVersion(wanted: string, previous: Manifest | undefined, name: string): void {
  if (semver.valid(wanted) !== wanted)
    throw new CliError('USAGE', `${wanted} is no semantic version.`, 'Write three numbers, such as 1.4.0.');
  if (previous?.name === name && semver.lte(wanted, previous.version))
    throw new CliError(
      'VERSION_TOO_SMALL',
      `${wanted} does not come after ${previous.version}, which it replaces.`,
      'Leave --version out, or name a higher one.',
    );
}
