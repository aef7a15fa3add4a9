import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import semver from 'semver';

/** Order of precedence of semantic versions; what semver does not know sorts as text. */
export function compareVersions(a: string, b: string): number {
  const left = semver.parse(a);
  const right = semver.parse(b);
  if (left === null || right === null) return a < b ? -1 : a > b ? 1 : 0;
  return semver.compareBuild(left, right);
}

/** By namespace and model, then the highest version first, then by name. */
export function inOrder(versions: readonly ModelVersion[]): readonly ModelVersion[] {
  const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...versions].sort(
    (a, b) =>
      text(a.metadata.namespace, b.metadata.namespace) ||
      text(a.spec.model, b.spec.model) ||
      compareVersions(b.spec.version, a.spec.version) ||
      text(a.metadata.name, b.metadata.name),
  );
}

export const isHigher = (a: ModelVersion, b: ModelVersion): boolean =>
  compareVersions(a.spec.version, b.spec.version) > 0;

/** `catdog 1.4.0`. */
export const titleOf = (version: ModelVersion): string => `${version.spec.model} ${version.spec.version}`;
/** `1.4.0 (catdog-1-4-0)`. */
export const referenceTo = (version: ModelVersion): string => `${version.spec.version} (${version.metadata.name})`;

export const isServing = (version: ModelVersion): boolean => version.status?.phase === 'Serving';
export const hasFailed = (version: ModelVersion): boolean =>
  version.status?.verdict?.outcome === 'Failed' || version.status?.phase === 'Failed';
/** Verification, canary or promotion has begun and is not over. */
export const isUnderWay = (version: ModelVersion): boolean =>
  !hasFailed(version) &&
  (version.status?.rollout !== undefined || ['Verifying', 'Canary', 'Promoting'].includes(version.status?.phase ?? ''));

/** Whether a controller has seen the newest spec: not at all, an older one, or this one. */
export function seen(version: ModelVersion): 'never' | 'older' | 'current' {
  const observed = version.status?.observedGeneration;
  if (observed === undefined) return 'never';
  return observed < version.metadata.generation ? 'older' : 'current';
}
