import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { ReleasePlan } from './plan-release.ts';
import { compareMetrics, figure, incomparable, type MetricChange } from '../../bundles/diff/metrics.ts';
import { pairedOf } from '../../bundles/diff/paired.ts';

/** What a commit message is made of. */
interface MessageParts {
  readonly environment: { readonly name: string };
  readonly release: { readonly manifest: Manifest; readonly digest: string; readonly uri: string };
  readonly previous: Manifest | undefined;
}

/** Metrics in a commit message; more are in the manifest. */
const MOST_METRICS = 12;

/** Pure: subject and body of the commit of a release. @param subject in place of ours. */
export function commitMessage(
  parts: MessageParts,
  plan: Extract<ReleasePlan, { kind: 'release' }>,
  subject?: string,
): string {
  const { environment, release } = parts;
  const { name, version } = release.manifest;
  return [subject ?? `Release ${name} ${version} to ${environment.name}`, '', ...releaseFacts(parts, plan), ''].join(
    '\n',
  );
}

/** Pure: what a commit says of a version that comes into an environment, a fact a line. */
export function releaseFacts(
  { release, previous }: MessageParts,
  plan: Extract<ReleasePlan, { kind: 'release' }>,
): readonly string[] {
  const { manifest, digest, uri } = release;
  const { lineage } = manifest;
  const change =
    plan.highest === undefined
      ? 'the first version in this environment'
      : plan.next === undefined
        ? `after ${plan.highest.spec.version}, not compared`
        : `${plan.next.change} after ${plan.highest.spec.version}: ${plan.next.reason}`;
  const figures = compareMetrics(previous ?? { metrics: {}, lineage: {} }, manifest)
    .filter(({ after }) => after !== undefined)
    .slice(0, MOST_METRICS)
    .map(figureLine);
  const paired = pairedOf(manifest);
  const origin = ['run_id', 'git_commit', 'data_hash'].flatMap((key) => {
    const value = lineage[key];
    return value === undefined || value === '' ? [] : [`${key.replace('_', ' ')}: ${value}`];
  });
  const removed = plan.removed.map(({ spec }) => spec.version);
  return [
    `change: ${change}`,
    `digest: ${digest}`,
    `artifact: ${uri}`,
    ...origin,
    ...(paired === undefined ? [] : [`compared: ${paired}`]),
    ...(figures.length === 0 ? [] : ['metrics:', ...figures]),
    ...(removed.length === 0 ? [] : [`removed: ${removed.join(', ')}`]),
  ];
}

/** An arrow stands between figures of the same pictures alone. */
function figureLine({ name, before, after, verdict }: MetricChange): string {
  if (before === undefined) return `  ${name}: ${figure(after)}`;
  const reason = incomparable[verdict];
  return reason === undefined
    ? `  ${name}: ${figure(before)} -> ${figure(after)}`
    : `  ${name}: ${figure(after)} (before: ${figure(before)}, ${reason})`;
}
