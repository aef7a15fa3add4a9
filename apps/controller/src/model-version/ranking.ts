import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { compareBuild } from 'semver';

/** The versions of a model by preference, and those that are not eligible. */
export interface Ranking {
  /** The version to serve. */
  readonly target?: ModelVersion | undefined;
  /** By uid: the older version with the same number. */
  readonly duplicates: ReadonlyMap<string, ModelVersion>;
}

/**
 * The highest eligible version is the one to serve. Not eligible: a version that failed, one whose number another object
 * took before it, and one that was suspended before it began.
 * @param hasBegun whether a version serves or has a rollout under way.
 */
export function rank(versions: readonly ModelVersion[], hasBegun: (version: ModelVersion) => boolean): Ranking {
  const byAge = versions.toSorted(
    (a, b) =>
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
      a.metadata.name.localeCompare(b.metadata.name),
  );
  const duplicates = new Map<string, ModelVersion>();
  for (const version of byAge) {
    const older = byAge.find((other) => compareVersions(other, version) === 0);
    if (older !== undefined && older !== version) duplicates.set(version.metadata.uid, older);
  }
  const [target] = versions
    .filter((version) => !duplicates.has(version.metadata.uid))
    .filter((version) => version.status?.verdict?.outcome !== 'Failed')
    .filter((version) => version.spec.suspend !== true || hasBegun(version))
    .toSorted((a, b) => compareVersions(b, a));
  return { target, duplicates };
}

/** Semantic version order, build metadata last (semver 2.0.0 leaves those equal; two objects must not be). */
const compareVersions = (a: ModelVersion, b: ModelVersion): number => compareBuild(a.spec.version, b.spec.version);
