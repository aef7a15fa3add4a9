import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../../../terminal/context.ts';
import { count } from '../../../terminal/text.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { readStoredManifest } from '../../../bundles/read-bundle.ts';
import { notice, problem, type EnvironmentCheck, type Finding } from './findings.ts';
import type { EnvironmentFolder } from './read-tree.ts';
import { isSameVersion, type VersionFile } from './version-file.ts';

/** Stores that are asked at a time. */
const LANES = 4;

/** What a bundle says of itself, or why it could not be asked. */
export type Told = Pick<Manifest, 'name' | 'version' | 'labels' | 'abstain'> | { readonly error: PawlError | CliError };

/** Manifests by the digest of their bundle. */
export type Manifests = ReadonlyMap<string, Told>;

/**
 * Reads the manifests of versions from their stores, each verified by its digest. A store that did not answer once is not
 * asked for its other bundles.
 *
 * @throws CliError INTERRUPTED
 */
export async function readManifests(context: Context, versions: readonly VersionFile[]): Promise<Manifests> {
  const told = new Map<string, Told>();
  const stores = Map.groupBy(versions, ({ spec }) => storeOf(spec.artifact.uri));
  await forEachLimited(
    [...stores.values()],
    LANES,
    async (ofStore, signal) => {
      let silent: Told | undefined;
      for (const version of ofStore) {
        const { digest } = version.spec.artifact;
        if (told.has(digest) && !('error' in (told.get(digest) ?? {}))) continue;
        const answer: Told = silent ?? (await readManifest({ ...context, signal }, version));
        if ('error' in answer && answer.error.code === 'BUNDLE_STORE_UNREACHABLE') silent = answer;
        told.set(digest, answer);
      }
    },
    context.signal,
  );
  return told;
}

/** Scheme and host of an address. */
const storeOf = (uri: string): string => uri.split('/', 3).join('/');

async function readManifest(context: Context, { spec }: VersionFile): Promise<Told> {
  const { uri, digest } = spec.artifact;
  try {
    return (await readStoredManifest(context, uri, { digest })).manifest;
  } catch (error) {
    if (context.signal.aborted || !(error instanceof PawlError || error instanceof CliError)) throw error;
    return { error };
  }
}

/**
 * Whether the versions of an environment are what their bundles say: by their manifests where these could be read, and by the
 * other versions in Git: one digest is one bundle, and so one version.
 *
 * @param all environments whose versions it is compared with
 * @param manifests undefined: no store was asked
 */
export function checkBundles(
  { name, versions }: EnvironmentFolder,
  all: readonly EnvironmentFolder[],
  manifests: Manifests | undefined,
): EnvironmentCheck {
  const others = all.flatMap((environment) => environment.versions);
  const findings = versions.flatMap((version) => {
    const told = manifests?.get(version.spec.artifact.digest);
    if (told !== undefined && !('error' in told)) return checkManifest(version, told);
    const twin = others.find(
      ({ spec }) => spec.artifact.digest === version.spec.artifact.digest && !isSameVersion(spec, version.spec),
    );
    return twin === undefined ? [] : [mismatch(version, `${titleOf(twin.spec)} in ${twin.file}`)];
  });
  const unread = versions.filter(({ spec }) => 'error' in (manifests?.get(spec.artifact.digest) ?? {}));
  return {
    environment: name,
    name: 'bundles',
    found:
      manifests === undefined
        ? 'compared with each other alone'
        : `${versions.length - unread.length} of ${count(versions.length, 'bundle')} asked`,
    findings: [...findings, ...unreadNotice(unread, manifests)],
  };
}

function checkManifest(version: VersionFile, { name, version: number }: Exclude<Told, { error: unknown }>) {
  return name === version.spec.model && number === version.spec.version
    ? []
    : [mismatch(version, `${name} ${number}, by its manifest`)];
}

const titleOf = ({ model, version }: { readonly model: string; readonly version: string }): string =>
  `${model} ${version}`;

const mismatch = ({ file, spec }: VersionFile, truth: string): Finding =>
  problem(
    'VERSION_MISMATCH',
    file,
    `says ${titleOf(spec)}, but the bundle of its digest is ${truth}.`,
    'Write versions with pawl release, which takes model and number from the bundle; another number needs another bundle.',
  );

function unreadNotice(unread: readonly VersionFile[], manifests: Manifests | undefined): readonly Finding[] {
  const [first] = unread;
  const told = manifests?.get(first?.spec.artifact.digest ?? '');
  if (first === undefined || told === undefined || !('error' in told)) return [];
  const rest = unread.length === 1 ? '' : ` (and ${unread.length - 1} more)`;
  return [
    notice(
      'VERSION_UNCHECKED',
      first.file,
      `whether the bundle is ${titleOf(first.spec)} is not known here${rest}: ${told.error.message}`,
      'Give access to its store, or --offline to leave this out.',
    ),
  ];
}
