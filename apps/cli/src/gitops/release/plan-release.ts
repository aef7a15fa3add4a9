import { maskUri } from '@pawl/shared/errors/mask-uri';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { modelVersionSpecSchema } from '@pawl/shared/modelversion/model-version';
import { annotations, API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import { compareBuild, gt, gte, SemVer } from 'semver';
import { stringify } from 'yaml';
import { CliError } from '../../errors/cli-error.ts';
import { versionsOf, type ReleasedVersion } from '../environments/environment.ts';
import { nextVersion, versionedParts, type NextVersion } from '../../bundles/next-version.ts';

/** What is to be released. */
export interface Release {
  readonly manifest: Manifest;
  /** `sha256:<hex>` of the manifest. */
  readonly digest: string;
  /** Address that keeps naming these bytes. */
  readonly uri: string;
}

/** Everything that decides about a release. */
export interface ReleaseInput {
  readonly environment: string;
  readonly versions: readonly ReleasedVersion[];
  readonly release: Release;
  /** Manifest of the highest version there is; undefined when there is none, or when it could not be had. */
  readonly previous: Manifest | undefined;
  /** Versions of the model that stay, the new one included; at least 2. */
  readonly keep: number;
}

/** What a release changes in the environment's folder. */
export type ReleasePlan =
  | { readonly kind: 'already'; readonly version: ReleasedVersion; readonly highest: ReleasedVersion }
  | {
      readonly kind: 'release';
      readonly file: string;
      readonly text: string;
      readonly removed: readonly ReleasedVersion[];
      readonly highest: ReleasedVersion | undefined;
      /** What the change demanded; undefined when the versions could not be compared. */
      readonly next: NextVersion | undefined;
    };

/** Keys of a manifest's lineage and the annotations that carry them. */
const lineageAnnotations = {
  run_id: annotations.runId,
  git_commit: annotations.gitCommit,
  data_hash: annotations.dataHash,
} as const;

/**
 * Pure: what a release does to an environment.
 *
 * @throws CliError VERSION_TOO_SMALL when the bundle's own version is not what its change demands (it cannot be given another
 * one here: it is inside the signed manifest), RELEASE_REFUSED when another object has its name.
 */
export function planRelease({ environment, versions, release, previous, keep }: ReleaseInput): ReleasePlan {
  const { manifest, digest } = release;
  const there = versionsOf(versions, manifest.name);
  const highest = there[0];
  const same = there.find(({ spec }) => compareBuild(spec.version, manifest.version) === 0);
  if (highest !== undefined && same?.spec.artifact.digest === digest)
    return { kind: 'already', version: same, highest };
  const next = highest === undefined || previous === undefined ? undefined : compare(previous, manifest);
  requireVersion(environment, release, highest, same, next);

  const file = `${manifest.name}-${manifest.version}.yaml`;
  const object = toObject(release);
  const taken = versions.find((version) => version.name === object.metadata.name || version.file === file);
  if (taken !== undefined)
    throw new CliError(
      'RELEASE_REFUSED',
      `${taken.file} already has the file name or the object name ${object.metadata.name}, for ${taken.spec.model} ${taken.spec.version}.`,
      'Give the bundle another version.',
    );
  return {
    kind: 'release',
    file,
    text: stringify(object, { lineWidth: 0 }),
    removed: there.slice(keep - 1),
    highest,
    next,
  };
}

/** Name of the object: lower-case letters, digits and hyphens, as Kubernetes wants names of what comes of it. */
export function objectName(model: string, version: string): string {
  return `${model}-${version}`.toLowerCase().replace(/[^a-z0-9-]/g, '-');
}

const compare = (previous: Manifest, next: Manifest): NextVersion =>
  nextVersion(versionedParts(previous), versionedParts(next));

function requireVersion(
  environment: string,
  { manifest, digest }: Release,
  highest: ReleasedVersion | undefined,
  same: ReleasedVersion | undefined,
  next: NextVersion | undefined,
): void {
  if (highest === undefined) return;
  const { name, version } = manifest;
  // Without its prerelease: 1.2.0-rc.1 is on its way to the 1.2.0 that is demanded.
  const { major, minor, patch } = new SemVer(version);
  const high = gt(version, highest.spec.version);
  if (high && (next === undefined || gte(`${major}.${minor}.${patch}`, next.version))) return;
  const wanted = next?.version ?? `one above ${highest.spec.version}`;
  const why =
    next === undefined
      ? 'a version must be above the highest one'
      : `${next.reason}, which makes a ${next.change} version`;
  const message =
    same === undefined
      ? `${environment} has ${name} ${highest.spec.version} and the bundle is ${version}: ${why}, ${wanted} or higher.`
      : `${environment} already has a ${name} ${version}, of digest ${same.spec.artifact.digest}; this one is ${digest}: ${why}, ${wanted} or higher.`;
  throw new CliError(
    'VERSION_TOO_SMALL',
    message,
    `The version is inside the signed manifest, so make the bundle again: pawl train --replaces ${maskUri(highest.spec.artifact.uri)}, or pawl package … --version ${next?.version ?? 'X'}; then publish that one.`,
  );
}

function toObject({ manifest, digest, uri }: Release) {
  const noted = Object.entries(lineageAnnotations).flatMap(([key, annotation]) => {
    const value = manifest.lineage[key];
    return value === undefined || value === '' ? [] : [[annotation, value] as const];
  });
  return {
    apiVersion: API_VERSION,
    kind: MODEL_VERSION.kind,
    metadata: {
      name: objectName(manifest.name, manifest.version),
      ...(noted.length === 0 ? {} : { annotations: Object.fromEntries(noted) }),
    },
    // By the schema of the CRD: what the API server would refuse is refused here.
    spec: modelVersionSpecSchema.parse({
      model: manifest.name,
      version: manifest.version,
      artifact: { uri, digest },
    }),
  };
}
