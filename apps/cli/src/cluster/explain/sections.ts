import { maskUri } from '@pawl/shared/errors/mask-uri';
import type { AnalysisCheck, CheckVerdict, Condition } from '@pawl/shared/modelversion/model-version';
import { labels, STABLE } from '@pawl/shared/modelversion/names';
import type { KubernetesEvent } from '@pawl/shared/kubernetes/objects';
import { hasFailed } from '../model-version/order.ts';
import type { Cell } from '../../terminal/table.ts';
import { age, bytes, count, percent, shortDigest } from '../../terminal/text.ts';
import type { Tone } from '../../terminal/theme.ts';
import type { Found } from '../connection/attempt.ts';
import type { Evidence } from './evidence.ts';
import type { Section } from './explanation.ts';
import { summarizePod, type PodSummary } from './pods.ts';
import { isUnwell } from './unwell.ts';

/** Everything an explanation rests on, in the order in which a rollout makes it. */
export function evidenceSections(evidence: Evidence): readonly Section[] {
  return [
    verdictSection(evidence),
    conditionsSection(evidence),
    artifactSection(evidence),
    acceptanceSection(evidence),
    analysisSection(evidence),
    rolloutSection(evidence),
    podsSection(evidence),
    stablePodsSection(evidence),
    eventsSection(evidence),
  ].filter((section) => section !== undefined);
}

function verdictSection({ version, now }: Evidence): Section | undefined {
  const verdict = version.status?.verdict;
  if (verdict === undefined) return undefined;
  return {
    title: 'Verdict',
    lines: [`${verdict.outcome}, ${verdict.reason}, ${age(verdict.at, now)} ago: ${verdict.message}`],
  };
}

const toneOfStatus = (condition: Condition): Tone => {
  if (['Stalled', 'Degraded', 'Refused'].includes(condition.type)) return 'bad';
  return condition.status === 'True' ? 'good' : condition.status === 'False' ? 'warn' : 'dim';
};

function conditionsSection({ version, now }: Evidence): Section | undefined {
  const conditions = version.status?.conditions ?? [];
  if (conditions.length === 0) return undefined;
  return {
    title: 'Conditions',
    table: {
      header: ['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'],
      rows: conditions.map((each) => [
        each.type,
        { text: each.status, tone: toneOfStatus(each) },
        each.reason,
        age(each.lastTransitionTime, now),
        each.message,
      ]),
    },
  };
}

function artifactSection({ version }: Evidence): Section {
  const { uri, digest } = version.spec.artifact;
  const { artifact } = version.status ?? {};
  return {
    title: 'Artifact',
    lines: [
      `${maskUri(uri)}, ${shortDigest(digest)}`,
      artifact === undefined
        ? 'not verified'
        : `verified, ${bytes(artifact.sizeBytes)}, ${artifact.signed ? 'signed by the key of this environment' : 'no signature asked for'}`,
    ],
  };
}

/** What the weights were made from, as their manifest says: it explains nothing of a rollout. */
export function lineageSection({ version }: Evidence): Section | undefined {
  const lineage = Object.entries(version.status?.artifact?.lineage ?? {});
  if (lineage.length === 0) return undefined;
  return { title: 'Made from', lines: lineage.map(([key, value]) => `${key} ${value}`) };
}

function acceptanceSection({ version, now }: Evidence): Section | undefined {
  const { acceptance } = version.status ?? {};
  if (acceptance === undefined) return undefined;
  const { total, correct, required, at, mistakes } = acceptance;
  return {
    title: 'Acceptance',
    lines: [
      `${correct} of ${total} images were answered with their label, ${required} must be; asked ${age(at, now)} ago`,
    ],
    ...(mistakes.length === 0
      ? {}
      : {
          table: {
            header: ['IMAGE', 'EXPECTED', 'ANSWERED', 'CONFIDENCE'],
            rows: mistakes.map((each): Cell[] => [
              each.image,
              each.expected,
              { text: each.answered, tone: 'bad' },
              each.confidence === undefined ? '-' : each.confidence.toFixed(4),
            ]),
          },
        }),
  };
}

const toneOfVerdict: Readonly<Record<CheckVerdict, Tone>> = { Pass: 'good', Fail: 'bad', Inconclusive: 'warn' };

/** What each check measures, and how its figures are written. */
const checks: Readonly<Record<AnalysisCheck['name'], { title: string; format: (figure: number) => string }>> = {
  ErrorRate: { title: 'errors', format: percent },
  Latency: { title: 'p95 latency', format: (seconds) => `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` },
  Predictions: { title: 'shift of labels', format: (distance) => distance.toFixed(3) },
};

/** The checks of an analysis as rows: what, verdict, canary, stable, limit. */
export function checkRows(list: readonly AnalysisCheck[]): readonly (readonly Cell[])[] {
  return list.map((each) => {
    const { title, format } = checks[each.name];
    const figure = (value: number | undefined): string => (value === undefined ? '-' : format(value));
    return [
      title,
      { text: each.verdict, tone: toneOfVerdict[each.verdict] },
      figure(each.canary),
      figure(each.stable),
      figure(each.limit),
      each.verdict === 'Pass' ? '' : each.message,
    ];
  });
}

function analysisSection({ version, now }: Evidence): Section | undefined {
  const { analysis } = version.status ?? {};
  if (analysis === undefined) return undefined;
  const { step, at, canaryRequests, stableRequests } = analysis;
  return {
    title: 'Analysis',
    lines: [
      `step ${step}, read ${age(at, now)} ago: ${canaryRequests} requests of the canary, ${stableRequests} of the stable pods`,
    ],
    table: { header: ['CHECK', 'VERDICT', 'CANARY', 'STABLE', 'LIMIT', ''], rows: checkRows(analysis.checks) },
  };
}

function rolloutSection({ version, now }: Evidence): Section | undefined {
  const { rollout, weight } = version.status ?? {};
  if (rollout === undefined) return undefined;
  return {
    title: 'Rollout',
    lines: [
      `step ${rollout.step} of ${rollout.steps} for ${age(rollout.since, now)}; the step asks for ${rollout.desiredWeight} %, it gets ${weight ?? 0} % (${rollout.granularity})`,
    ],
  };
}

/** One pod as a row: name, readiness, whether it gets requests, restarts, state, detail. */
export function podRow(pod: PodSummary): readonly Cell[] {
  return [
    pod.name,
    pod.ready ? { text: 'ready', tone: 'good' } : { text: 'not ready', tone: 'warn' },
    pod.inService ? 'in service' : { text: 'no requests', tone: 'dim' },
    count(pod.restarts, 'restart'),
    pod.state === 'Running' ? pod.state : { text: pod.state, tone: 'warn' },
    pod.detail ?? '',
  ];
}

function podsSection(evidence: Evidence): Section | undefined {
  const missing = unreadable('Canary pods', evidence.pods);
  if (missing !== undefined) return missing;
  const pods = evidence.pods.ok ? evidence.pods.value : [];
  if (pods.length > 0) return { title: 'Canary pods', table: { rows: pods.map((pod) => podRow(summarizePod(pod))) } };
  const canary = evidence.canary.ok ? evidence.canary.value[0] : undefined;
  if (canary !== undefined) return { title: 'Canary pods', lines: [`none; ${canary.metadata.name} has made no pod`] };
  return hasFailed(evidence.version)
    ? { title: 'Canary pods', lines: ['none: the canary was taken away with the verdict'] }
    : undefined;
}

/** How many stable pods are shown. */
const STABLE_PODS = 8;

/** Only those that are not well: the others say nothing. */
function stablePodsSection({ modelPods, now }: Evidence): Section | undefined {
  const pods = (modelPods.ok ? modelPods.value : []).filter(
    (pod) => pod.metadata.labels?.[labels.track] === STABLE && isUnwell(pod, now),
  );
  if (pods.length === 0) return undefined;
  const more = pods.length > STABLE_PODS ? { lines: [`${pods.length - STABLE_PODS} more are not well`] } : {};
  const rows = pods.slice(0, STABLE_PODS).map((pod) => podRow(summarizePod(pod)));
  return { title: 'Stable pods that are not well', ...more, table: { rows } };
}

/** How many of the last events are shown. */
const EVENTS = 8;

function eventsSection({ events, now }: Evidence): Section | undefined {
  const missing = unreadable('Events', events);
  if (missing !== undefined) return missing;
  const last = events.ok ? events.value.slice(-EVENTS) : [];
  if (last.length === 0) return { title: 'Events', lines: ['none in the last hour or so'] };
  return {
    title: 'Events',
    table: {
      header: ['LAST', 'OBJECT', 'REASON', 'MESSAGE'],
      rows: last.map((event) => [
        age(timeOf(event), now) + times(event),
        `${event.involvedObject.kind ?? ''}/${event.involvedObject.name ?? ''}`,
        { text: event.reason ?? '', tone: event.type === 'Warning' ? 'warn' : 'plain' },
        event.message ?? '',
      ]),
    },
  };
}

/** When an event last happened; the two event APIs write it in different fields. */
export function timeOf(event: KubernetesEvent): string | undefined {
  return (
    event.series?.lastObservedTime ??
    event.lastTimestamp ??
    event.eventTime ??
    event.firstTimestamp ??
    event.metadata.creationTimestamp
  );
}

function times(event: KubernetesEvent): string {
  const number = event.series?.count ?? event.count ?? 1;
  return number > 1 ? ` (x${number})` : '';
}

function unreadable(title: string, found: Found<unknown>): Section | undefined {
  return found.ok ? undefined : { title, lines: [`could not be read: ${found.why}`] };
}
