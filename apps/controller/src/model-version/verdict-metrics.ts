import { failureReasons, type ModelVersion, passReasons } from '@pawl/shared/modelversion/model-version';
import type { GaugeRow } from '../runtime/metrics.ts';

/** Every verdict that there can be. */
const everyVerdict = [
  ...passReasons.map((reason) => ({ outcome: 'Passed', reason })),
  ...failureReasons.map((reason) => ({ outcome: 'Failed', reason })),
];

/**
 * How many versions of a namespace have which verdict. Verdicts that no version has are rows of 0: what grows from 0 shows as a
 * change, and what appears does not.
 */
export function countVerdicts(namespace: string, versions: readonly ModelVersion[]): readonly GaugeRow[] {
  const verdicts = versions.flatMap(({ status }) => status?.verdict ?? []);
  return everyVerdict.map(({ outcome, reason }) => ({
    labels: { model_namespace: namespace, outcome, reason },
    value: verdicts.filter((verdict) => verdict.outcome === outcome && verdict.reason === reason).length,
  }));
}
