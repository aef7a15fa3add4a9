import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import type { FirstStageSpec, Manifest } from '@pawl/shared/bundle/manifest';
import semver from 'semver';

/** What decides the number of a version. */
export interface VersionedParts extends Pick<Manifest, 'name' | 'labels' | 'input' | 'output'> {
  /** `sha256:<hex>` of the graph; undefined: counts as changed. */
  readonly modelDigest?: string | undefined;
  readonly firstStage?: FirstStageSpec | undefined;
  /** `sha256:<hex>` of its graph, where there is a first stage. */
  readonly firstDigest?: string | undefined;
}

/** How far a version is from the one before it. */
type VersionBump = 'first' | 'major' | 'minor' | 'patch';

/** The number that a bundle should get, and why. */
export interface NextVersion {
  readonly version: string;
  readonly change: VersionBump;
  /** One sentence without a full stop, such as `the labels changed`. */
  readonly reason: string;
}

/**
 * The next semantic version of a model. Whoever sends pictures or reads answers must look again when labels, input or
 * output change: major. New weights behind the same contract, or others that are asked before them: minor. The same graph, packaged again: patch. The threshold of
 * an output is part of the weights: it is fitted with them.
 */
export function nextVersion(
  previous: (VersionedParts & Pick<Manifest, 'version'>) | undefined,
  next: VersionedParts,
): NextVersion {
  if (previous === undefined) return { version: '1.0.0', change: 'first', reason: 'there is no version before it' };
  if (previous.name !== next.name)
    return { version: '1.0.0', change: 'first', reason: `${previous.name} is another model` };
  const changed = contractChange(previous, next);
  if (changed !== undefined) return bump(previous.version, 'major', changed);
  if (canonicalJson(firstOf(previous)) !== canonicalJson(firstOf(next)))
    return bump(previous.version, 'minor', 'the first stage changed');
  return previous.modelDigest !== undefined && previous.modelDigest === next.modelDigest
    ? bump(previous.version, 'patch', 'the graph is the same')
    : bump(previous.version, 'minor', 'only the weights changed');
}

/** The parts of a manifest that {@link nextVersion} compares. */
export function versionedParts(manifest: Manifest): VersionedParts & Pick<Manifest, 'version'> {
  const { name, version, labels, input, output, model, firstStage, files } = manifest;
  const digestOf = (graph: string | undefined) => files.find(({ path }) => path === graph)?.sha256;
  return {
    ...{ name, version, labels, input, output, modelDigest: digestOf(model) },
    ...(firstStage !== undefined && { firstStage, firstDigest: digestOf(firstStage.model) }),
  };
}

/** What is compared of a first stage: not where its graph lies. */
function firstOf({ firstStage, firstDigest = '' }: VersionedParts) {
  if (firstStage === undefined) return null;
  const { input, output, sure, known = null } = firstStage;
  return { input, output, sure, known, firstDigest };
}

function contractChange(previous: VersionedParts, next: VersionedParts): string | undefined {
  if (canonicalJson(previous.labels) !== canonicalJson(next.labels)) return 'the labels changed';
  if (canonicalJson(previous.input) !== canonicalJson(next.input)) return 'the input changed';
  if (canonicalJson(withoutThreshold(previous)) !== canonicalJson(withoutThreshold(next))) return 'the output changed';
  return undefined;
}

const withoutThreshold = ({ output: { name, kind } }: VersionedParts) => ({ name, kind });

function bump(version: string, change: 'major' | 'minor' | 'patch', reason: string): NextVersion {
  const next = semver.inc(version, change);
  // A manifest's version is a semantic version by its schema.
  if (next === null) throw new RangeError(`${version} is no semantic version`);
  return { version: next, change, reason };
}
