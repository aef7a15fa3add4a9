import { ALARM_EVIDENCE, DriftDetector, radiusOf } from '@pawl/shared/drift/drift-detector';
import type { WatchedStatistic } from '@pawl/shared/drift/watched-statistic';
import { logEvidenceOfDrift } from '@pawl/shared/statistics/drift-evidence';
import { timeOf, type Period } from '../prometheus/period.ts';
import type { BinnedPictures } from './binned-pictures.ts';
import type { BinReport, Direction, DriftReport, StatisticReport } from './drift-report.ts';
import { meaningOf } from './meaning.ts';
import { directionOf, distanceOf, sharesOf } from './moves.ts';

/** Which model is watched. */
export interface WatchedModel {
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  readonly statistics: readonly WatchedStatistic[];
}

/** log10 of the evidence that is an alarm. */
const ALARM = Math.log10(ALARM_EVIDENCE);
/** Evidence above it is as good as certain; JSON has no infinity. */
const MOST = 300;

/** Evidence of each step, by statistic and of all of them together, as log10 and however large. */
interface EvidenceOverTime {
  readonly all: readonly number[];
  readonly byStatistic: ReadonlyMap<string, readonly number[]>;
}

/** Pure: everything that the report of drift says. */
export function analyseDrift(watched: WatchedModel, { period, counts, warnings }: BinnedPictures): DriftReport {
  const evidence = evidenceOverTime(watched.statistics, counts, period);
  const statistics = watched.statistics.map((statistic, index) =>
    reportOf(
      statistic,
      counts.map((step) => step[index] ?? []),
      evidence.byStatistic.get(statistic.name) ?? [],
      period,
    ),
  );
  const moved = statistics
    .filter(({ first_moved }) => first_moved !== null)
    .sort((a, b) => (a.first_moved ?? '').localeCompare(b.first_moved ?? '') || b.evidence - a.evidence);
  const bySteps = counts.map((step) => Math.max(0, ...step.map(total)));
  const last = bounded(evidence.all.at(-1) ?? 0);
  const { model, version, digest } = watched;
  return {
    model,
    version,
    digest,
    since: timeOf(period, -1).toISOString(),
    until: timeOf(period, period.steps - 1).toISOString(),
    step_seconds: period.stepSeconds,
    pictures: total(bySteps),
    alarm_evidence: ALARM,
    alarm: last >= ALARM,
    first_alarm: firstAbove(evidence.all, period),
    evidence: last,
    highest_evidence: bounded(Math.max(...evidence.all)),
    moved: moved.map(({ name }) => name),
    meaning: meaningOf(
      new Map(moved.flatMap(({ name, direction }) => (direction === null ? [] : [[name, direction] as const]))),
    ),
    statistics,
    warnings,
    at: bySteps.map((_, step) => timeOf(period, step).toISOString()),
    pictures_by_step: bySteps,
    evidence_by_step: evidence.all.map(bounded),
  };
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/** Counts of the service's own detector, which begins with the period and looks at the end of each step. */
function evidenceOverTime(
  statistics: readonly WatchedStatistic[],
  counts: BinnedPictures['counts'],
  { stepSeconds }: Period,
): EvidenceOverTime {
  let now = 0;
  const detector = new DriftDetector(statistics, () => now);
  const all: number[] = [];
  const byStatistic = new Map(statistics.map(({ name }) => [name, [] as number[]]));
  for (const step of counts) {
    detector.add(step);
    now += stepSeconds * 1000;
    const evidence = detector.evidence();
    all.push(evidence.all / Math.LN10);
    for (const [name, value] of evidence.byStatistic) byStatistic.get(name)?.push(value / Math.LN10);
  }
  return { all, byStatistic };
}

const bounded = (evidence: number) => Number(Math.max(-MOST, Math.min(MOST, evidence)).toFixed(3));

function firstAbove(evidence: readonly number[], period: Period): string | null {
  const step = evidence.findIndex((value) => value >= ALARM);
  return step === -1 ? null : timeOf(period, step).toISOString();
}

/** @param counts by step and bin. */
function reportOf(
  statistic: WatchedStatistic,
  counts: readonly (readonly number[])[],
  evidence: readonly number[],
  period: Period,
): StatisticReport {
  const { name, reference } = statistic;
  const firstMoved = firstAbove(evidence, period);
  const highest = Math.max(...evidence);
  const last = evidence.at(-1) ?? 0;
  // As long as a change lasts, the evidence grows.
  const until = evidence.lastIndexOf(highest) + 1;
  const change = firstMoved === null ? undefined : changeBefore(statistic, counts.slice(0, until));
  const [from, to] = change === undefined ? [0, counts.length] : [change, until];
  const shown = reference.map((_, bin) => total(counts.slice(from, to).map((step) => step[bin] ?? 0)));
  const shares = sharesOf(shown);
  const expected = sharesOf(reference) ?? [];
  return {
    name,
    reference_pictures: total(reference),
    pictures: total(counts.map(total)),
    evidence: bounded(last),
    highest_evidence: bounded(highest),
    first_moved: firstMoved,
    changed_at: change === undefined ? null : timeOf(period, change - 1).toISOString(),
    ended_at: change === undefined || highest - last < ALARM ? null : timeOf(period, until - 1).toISOString(),
    shown_from: timeOf(period, from - 1).toISOString(),
    shown_until: timeOf(period, to - 1).toISOString(),
    shown_pictures: total(shown),
    direction: change === undefined || shares === undefined ? null : direction(statistic, expected, shares),
    distance: shares === undefined ? null : Number(distanceOf(expected, shares).toFixed(4)),
    bins: binsOf(statistic, expected, shares),
    evidence_by_step: evidence.map(bounded),
  };
}

/** Labels have no order. */
const direction = ({ edges }: WatchedStatistic, expected: readonly number[], now: readonly number[]): Direction =>
  edges === undefined ? 'other' : directionOf(expected, now);

/** The step whose pictures, with all that follow, speak most for a change: its likeliest begin. */
function changeBefore(statistic: WatchedStatistic, counts: readonly (readonly number[])[]): number {
  const radius = radiusOf(statistic);
  const since = statistic.reference.map(() => 0);
  let best = { step: 0, evidence: -Infinity };
  for (const [back, step] of counts.toReversed().entries()) {
    if (total(step) === 0) continue;
    for (const [bin, count] of step.entries()) since[bin] = (since[bin] ?? 0) + count;
    const evidence = logEvidenceOfDrift(since, statistic.reference, radius);
    if (evidence > best.evidence) best = { step: counts.length - 1 - back, evidence };
  }
  return best.step;
}

function binsOf({ bins, edges }: WatchedStatistic, expected: readonly number[], now?: readonly number[]): BinReport[] {
  return bins.map((bin, index) => ({
    bin,
    from: edges?.[index - 1] ?? null,
    to: edges?.[index] ?? null,
    reference_share: Number((expected[index] ?? 0).toFixed(5)),
    share: now === undefined ? null : Number((now[index] ?? 0).toFixed(5)),
  }));
}
