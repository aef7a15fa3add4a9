import { maskUri } from '@pawl/shared/errors/mask-uri';
import { notice, problem, type Finding } from './findings.ts';
import { highestOf, isSameVersion, type VersionFile } from './version-file.ts';

/** What decides whether an environment may have its versions. */
export interface OrderInput {
  readonly environment: string;
  /** Versions in the change. */
  readonly after: readonly VersionFile[];
  /** Versions before it. */
  readonly before: readonly VersionFile[];
  /** The environment that versions come from; undefined where they come from a release. */
  readonly from?:
    | { readonly name: string; readonly after: readonly VersionFile[]; readonly before: readonly VersionFile[] }
    | undefined;
  /** Whether this environment had this very artifact before, as Git remembers: then it comes back. */
  readonly hadBefore: (version: VersionFile) => boolean;
  /** Whether Git's history is cut off, so that `hadBefore` may not know. */
  readonly shallow: boolean;
}

/**
 * Pure: the rule of the order of environments. A version that is new here must be in the environment before it, the same
 * artifact, or come back to where it was; a version that is there never changes; one that goes is a rollback.
 */
export function checkOrder(input: OrderInput): readonly Finding[] {
  const { after, before, from } = input;
  return [
    ...after.flatMap((version) => {
      const old = before.find(({ spec }) => isSameVersion(spec, version.spec));
      if (old !== undefined) return sameArtifact(old, version) ? [] : [changed(old, version)];
      return from === undefined ? [] : checkArrival(input, from, version);
    }),
    ...withdrawals(input),
  ];
}

const sameArtifact = ({ spec: a }: VersionFile, { spec: b }: VersionFile): boolean =>
  a.artifact.digest === b.artifact.digest && a.artifact.uri === b.artifact.uri;

const nameOf = ({ spec }: VersionFile): string => `${spec.model} ${spec.version}`;

function changed(old: VersionFile, version: VersionFile): Finding {
  const field = old.spec.artifact.digest === version.spec.artifact.digest ? 'uri' : 'digest';
  return problem(
    'VERSION_CHANGED',
    version.file,
    `changes the ${field} of ${nameOf(version)} from ${maskUri(old.spec.artifact[field])} to ${maskUri(version.spec.artifact[field])}; a version never changes.`,
    'Offer other weights as another version: pawl release.',
  );
}

function checkArrival(
  { environment, hadBefore, shallow }: OrderInput,
  from: NonNullable<OrderInput['from']>,
  version: VersionFile,
): readonly Finding[] {
  const find = (versions: readonly VersionFile[]) => versions.find(({ spec }) => isSameVersion(spec, version.spec));
  const source = find(from.after);
  if (source !== undefined && sameArtifact(source, version)) {
    const old = find(from.before);
    return old !== undefined && sameArtifact(old, version)
      ? []
      : [
          problem(
            'VERSION_UNTRIED',
            version.file,
            `${from.name} gets ${nameOf(version)} by the same change: nothing has proven it yet.`,
            `Offer it to ${from.name} alone, and to ${environment} with pawl promote once it serves there.`,
          ),
        ];
  }
  if (hadBefore(version))
    return [
      notice(
        'VERSION_RETURNS',
        version.file,
        `${nameOf(version)} comes back to ${environment}, which had this artifact before.`,
        'Nothing to do: a rollback needs no proof.',
      ),
    ];
  return [
    problem(
      'VERSION_UNPROVEN',
      version.file,
      `${environment} gets ${nameOf(version)}, ${describeSource(from.name, source, version)}.`,
      shallow
        ? 'Git has only part of the history here, so a rollback cannot be told: fetch all of it (fetch-depth: 0), then check again.'
        : `Release it to ${from.name}, wait until it serves there, then: pawl promote ${version.spec.model} --from ${from.name} --to ${environment}`,
    ),
  ];
}

function describeSource(from: string, source: VersionFile | undefined, version: VersionFile): string {
  if (source === undefined) return `a version that ${from} does not have`;
  const field = source.spec.artifact.digest === version.spec.artifact.digest ? 'uri' : 'digest';
  return `with the ${field} ${maskUri(version.spec.artifact[field])}, and ${from} has ${maskUri(source.spec.artifact[field])}`;
}

/** Versions that go, where that changes what serves. */
function withdrawals({ environment, before, after }: OrderInput): readonly Finding[] {
  const models = [...new Set(before.map(({ spec }) => spec.model))];
  return models.flatMap((model) => {
    const highest = highestOf(before, model);
    if (highest === undefined || after.some(({ spec }) => isSameVersion(spec, highest.spec))) return [];
    const next = highestOf(after, model);
    const then =
      next === undefined
        ? 'the stable pods go on with what they serve'
        : `${next.spec.version} is wanted${before.some(({ spec }) => isSameVersion(spec, next.spec)) ? ' again' : ''}`;
    return [
      notice(
        'VERSION_WITHDRAWN',
        highest.file,
        `${nameOf(highest)}, the highest of ${environment}, is taken away: ${then}.`,
        'Nothing to do if this is a rollback.',
      ),
    ];
  });
}
