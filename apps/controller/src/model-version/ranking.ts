import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { isPrerelease, isSemanticVersion } from '@pawl/shared/bundle/semantic-version';
import { compareBuild } from 'semver';

/** The versions of a model by preference, and those that are not eligible. */
export interface Ranking {
  /** The version to serve. */
  readonly target?: ModelVersion | undefined;
  /** By uid: the older version with the same number. */
  readonly duplicates: ReadonlyMap<string, ModelVersion>;
  /** Uids of versions that nothing can be compared with: no semantic version. */
  readonly invalid: ReadonlySet<string>;
  /** Uids of prereleases above the target, which the policy does not take. */
  readonly prereleases: ReadonlySet<string>;
}

/** What else decides about eligibility. */
interface RankingRules {
  /** Whether a version serves or has a rollout under way. */
  readonly hasBegun: (version: ModelVersion) => boolean;
  /** Whether the policy takes prereleases. */
  readonly takesPrereleases: boolean;
}

/**
 * The highest eligible version is the one to serve. Not eligible: a version that failed, one whose number another object
 * took before it, one that was suspended before it began, a prerelease where the policy takes none unless it began or
 * passed before, and an object without a semantic version, which the cluster may have from before the CRD refused it.
 */
export function rank(all: readonly ModelVersion[], { hasBegun, takesPrereleases }: RankingRules): Ranking {
  const versions = all.filter(({ spec }) => isSemanticVersion(spec.version));
  const uids = (of: readonly ModelVersion[]) => new Set(of.map(({ metadata }) => metadata.uid));
  const invalid = uids(all.filter((version) => !versions.includes(version)));
  const refused = versions.filter(
    (version) =>
      !takesPrereleases &&
      isPrerelease(version.spec.version) &&
      !hasBegun(version) &&
      version.status?.verdict === undefined,
  );
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
    .filter(({ metadata }) => !duplicates.has(metadata.uid))
    .filter((version) => !refused.includes(version))
    .filter((version) => version.status?.verdict?.outcome !== 'Failed')
    .filter((version) => version.spec.suspend !== true || hasBegun(version))
    .toSorted((a, b) => compareVersions(b, a));
  const wanted = refused.filter((version) => target === undefined || compareVersions(version, target) > 0);
  return { target, duplicates, invalid, prereleases: uids(wanted) };
}

/** Semantic version order, build metadata last (semver 2.0.0 leaves those equal; two objects must not be). */
const compareVersions = (a: ModelVersion, b: ModelVersion): number => compareBuild(a.spec.version, b.spec.version);
