import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { ReleasePlan } from './plan-release.ts';
import { compareMetrics, figure } from '../../bundles/diff/metrics.ts';

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
  const { metrics, lineage } = manifest;
  const change =
    plan.highest === undefined
      ? 'the first version in this environment'
      : plan.next === undefined
        ? `after ${plan.highest.spec.version}, not compared`
        : `${plan.next.change} after ${plan.highest.spec.version}: ${plan.next.reason}`;
  const figures = compareMetrics(previous?.metrics ?? {}, metrics)
    .filter(({ after }) => after !== undefined)
    .slice(0, MOST_METRICS)
    .map(
      ({ name: metric, before, after }) =>
        `  ${metric}: ${before === undefined ? '' : `${figure(before)} -> `}${figure(after)}`,
    );
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
    ...(figures.length === 0 ? [] : ['metrics:', ...figures]),
    ...(removed.length === 0 ? [] : [`removed: ${removed.join(', ')}`]),
  ];
}
