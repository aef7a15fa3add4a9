import {
  conditionReasons,
  conditionTypes,
  failureReasons,
  type ModelVersion,
  passReasons,
  phases,
} from '@pawl/shared/modelversion/model-version';

const reasons = new Set<string>([...conditionReasons, ...failureReasons, ...passReasons]);

/**
 * What must hold of every status at every moment, after the example of fluxcd/pkg's condition checks.
 * @returns one sentence for each rule that is broken.
 */
export function violations({ metadata, spec, status }: ModelVersion): string[] {
  if (status === undefined) return [];
  const found: string[] = [];
  const must = (holds: boolean, rule: string) => {
    if (!holds) found.push(`${metadata.name}: ${rule}`);
  };
  const { conditions, phase, verdict, weight } = status;
  const of = (type: string) => conditions.find((condition) => condition.type === type);
  const types = conditions.map(({ type }) => type);

  must(phases.includes(phase), `phase ${phase} is one of the phases`);
  must(weight >= 0 && weight <= 100, `weight ${weight} is a percentage`);
  must(status.message !== '', 'it has a message');
  must(status.observedGeneration <= metadata.generation, 'observedGeneration is not ahead of the generation');
  must(new Set(types).size === types.length, `no condition is there twice (${types.join(', ')})`);
  for (const { type, reason, message, observedGeneration, lastTransitionTime } of conditions) {
    must(conditionTypes.includes(type), `${type} is a known condition`);
    must(reasons.has(reason), `the reason ${reason} of ${type} is of the closed set`);
    must(message !== '', `${type} has a message`);
    must(observedGeneration <= metadata.generation, `${type} speaks of no generation to come`);
    must(Number.isFinite(Date.parse(lastTransitionTime)), `${type} has a time`);
  }

  must(of('Stalled') === undefined || of('Stalled')?.status === 'True', 'Stalled exists only while True');
  must(of('Refused') === undefined || of('Refused')?.status === 'True', 'Refused exists only while True');
  must((of('Ready')?.status === 'True') === (phase === 'Serving'), `Ready is True exactly while Serving (${phase})`);
  must(phase !== 'Superseded' || of('Ready') === undefined, 'Ready does not exist while Superseded');
  must((phase === 'Failed') === (verdict?.outcome === 'Failed'), 'it is Failed exactly with a verdict of failure');
  if (phase === 'Failed') {
    must(of('Stalled')?.reason === verdict?.reason, 'Stalled has the reason of the verdict');
    must(of('Ready')?.reason === verdict?.reason, 'Ready has the reason of the verdict');
  }
  must(phase !== 'Serving' || verdict?.outcome === 'Passed', 'what serves has a verdict that it passed');
  must(phase !== 'Serving' || status.servedAt !== undefined, 'what serves says since when');
  must(
    phase !== 'Serving' || status.artifact?.digest === spec.artifact.digest,
    'what serves was verified with the digest that is asked for',
  );
  return found;
}

/** What must hold from one status of an object to its next. */
export function transitionViolations(before: ModelVersion, after: ModelVersion): string[] {
  if (before.metadata.uid !== after.metadata.uid || before.status === undefined || after.status === undefined)
    return [];
  // A retry is another try, which takes nothing over from the one before.
  if (before.status.handled?.retry !== after.status.handled?.retry) return [];
  const found: string[] = [];
  const name = after.metadata.name;
  for (const condition of after.status.conditions) {
    const previous = before.status.conditions.find(({ type }) => type === condition.type);
    if (previous?.status === condition.status && previous.lastTransitionTime !== condition.lastTransitionTime)
      found.push(`${name}: lastTransitionTime of ${condition.type} moved though its status did not`);
  }
  const verdicts = [before.status.verdict?.outcome, after.status.verdict?.outcome];
  if (verdicts[0] === 'Failed' && verdicts[1] !== 'Failed')
    found.push(`${name}: a verdict of failure is final unless a retry was asked for`);
  if (after.status.observedGeneration < before.status.observedGeneration)
    found.push(`${name}: observedGeneration never goes back`);
  return found;
}

/** What must hold of all versions of a model when nothing is under way. */
export function settledViolations(versions: readonly ModelVersion[]): string[] {
  const found: string[] = [];
  const serving = versions.filter(({ status }) => status?.phase === 'Serving');
  if (serving.length !== 1)
    found.push(`exactly one version serves (${serving.map(({ metadata }) => metadata.name).join(', ') || 'none'})`);
  const weights = versions.reduce((sum, { status }) => sum + (status?.weight ?? 0), 0);
  if (weights > 100) found.push(`weights sum up to at most 100 (${weights})`);
  for (const { metadata, status } of versions) {
    if (status?.observedGeneration !== metadata.generation)
      found.push(`${metadata.name}: the status speaks of the present generation`);
    if (status?.phase === 'Serving' && status.weight !== 100)
      found.push(`${metadata.name}: it serves alone (weight ${status.weight})`);
    if (status?.phase !== 'Serving' && status?.weight !== 0)
      found.push(`${metadata.name}: it serves nobody (weight ${status?.weight ?? 'unknown'})`);
  }
  return found;
}
