import type { ConditionType, ModelVersion, Verdict } from '@pawl/shared/modelversion/model-version';
import type { GaugeRow } from '../runtime/metrics.ts';
import { milliseconds } from './time.ts';

/** Conditions that exist only while True, and call for a person. */
const ABNORMAL = ['Stalled', 'Degraded', 'Refused'] as const satisfies readonly ConditionType[];
const OUTCOMES = ['Passed', 'Failed'] as const satisfies readonly Verdict['outcome'][];

/** The versions of one watched namespace. Undefined while they are not known: none is not zero. */
export interface WatchedVersions {
  readonly namespace: string;
  readonly versions: readonly ModelVersion[] | undefined;
}

/**
 * Versions by namespace and abnormal condition. A Failed version is Stalled for good and waits for nobody, so it does not count
 * there: {@link lastVerdicts} tells of it.
 */
export const abnormalConditions = (watched: readonly WatchedVersions[]): readonly GaugeRow[] =>
  rowsOf(watched, (versions) =>
    ABNORMAL.map((condition) => ({
      labels: { condition },
      value: versions.filter(
        (version) =>
          hasCondition(version, condition) && !(condition === 'Stalled' && version.status?.phase === 'Failed'),
      ).length,
    })),
  );

/** By namespace and outcome: the time of the last verdict, seconds since the epoch. No row where there was none. */
export const lastVerdicts = (watched: readonly WatchedVersions[]): readonly GaugeRow[] =>
  rowsOf(watched, (versions) =>
    OUTCOMES.flatMap((outcome) => {
      const times = versions
        .map(({ status }) => status?.verdict)
        .filter((verdict) => verdict?.outcome === outcome)
        .map((verdict) => milliseconds(verdict?.at ?? ''));
      return times.length === 0 ? [] : [{ labels: { outcome }, value: Math.max(...times) / 1000 }];
    }),
  );

/**
 * By namespace: seconds for which the version that has been on its way longest has been so, 0 when none is. A version that is
 * suspended or Stalled is not on its way.
 */
export const rolloutSeconds = (watched: readonly WatchedVersions[], now: number): readonly GaugeRow[] =>
  rowsOf(watched, (versions) => {
    const since = versions.map((version) => {
      const progressing = conditionOf(version, 'Progressing');
      return progressing?.status === 'True' ? milliseconds(progressing.lastTransitionTime) : now;
    });
    return [{ labels: {}, value: Math.max(0, now - Math.min(now, ...since)) / 1000 }];
  });

/** Rows of each namespace whose versions are known. `namespace` alone would be the controller's own in Prometheus. */
function rowsOf(
  watched: readonly WatchedVersions[],
  rows: (versions: readonly ModelVersion[]) => readonly GaugeRow[],
): readonly GaugeRow[] {
  return watched.flatMap(({ namespace, versions }) =>
    versions === undefined
      ? []
      : rows(versions).map(({ labels, value }) => ({ labels: { model_namespace: namespace, ...labels }, value })),
  );
}

const conditionOf = ({ status }: ModelVersion, wanted: ConditionType) =>
  status?.conditions.find(({ type }) => type === wanted);

const hasCondition = (version: ModelVersion, wanted: ConditionType): boolean =>
  conditionOf(version, wanted)?.status === 'True';
