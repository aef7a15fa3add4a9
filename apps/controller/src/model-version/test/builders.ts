import type { ModelVersion, ModelVersionStatus, Verdict } from '@pawl/shared/modelversion/model-version';
import { rolloutPolicySchema, type RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { z } from 'zod';
import { begin, type Comparison } from '../analysis/comparison.ts';
import { noCounters, type ProcessCounters, type Reading } from '../analysis/counters.ts';
import { artifactOf, artifactTemplate, canaryName } from '../canary.ts';
import {
  type Change,
  aDigest,
  versionBuilder,
  withMetadata,
  withSpec,
  withStatus,
} from '@pawl/test-kit/model-versions';
import type { CanaryTrack, PodFacts, StableTrack, Facts } from '../facts.ts';

/** The moment of every test. */
export const NOW = Date.parse('2026-01-02T03:04:05Z');
/** `seconds` before {@link NOW}, RFC 3339. */
export const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString().replace('.000Z', 'Z');
export const TEMPLATE = 'template-1';
const STABLE = 'web';

/** A version of the model `m`, whose digest is that of its number. */
export const aVersion = versionBuilder({ model: 'm', namespace: 'ns', createdAt: ago(1000) });

export const named = (name: string): Change<ModelVersion> => withMetadata({ name, uid: `uid-${name}` });
export const made = (secondsAgo: number): Change<ModelVersion> => withMetadata({ creationTimestamp: ago(secondsAgo) });
export const annotated = (annotations: Readonly<Record<string, string>>): Change<ModelVersion> =>
  withMetadata({ annotations });
export const suspended = withSpec({ suspend: true });
export const withDigest =
  (of: string): Change<ModelVersion> =>
  (version) => ({
    ...version,
    spec: { ...version.spec, artifact: { ...version.spec.artifact, digest: aDigest(of) } },
  });

/** Its artifact was verified. */
export const verified: Change<ModelVersion> = (version) =>
  withStatus({
    artifact: {
      digest: version.spec.artifact.digest,
      version: version.spec.version,
      sizeBytes: 1,
      signed: false,
      verifiedAt: ago(500),
    },
  })(version);
export const accepted =
  (template = TEMPLATE): Change<ModelVersion> =>
  (version) =>
    withStatus({ acceptance: { total: 4, correct: 4, required: 4, at: ago(300), template, mistakes: [] } })(
      verified(version),
    );
/** It has a rollout under way, at a step, from 1; 0 before acceptance. */
export const atStep =
  (step: number, rollout: Partial<NonNullable<ModelVersionStatus['rollout']>> = {}): Change<ModelVersion> =>
  (version) =>
    withStatus({
      rollout: {
        canary: canaryName(STABLE, version.spec.artifact.digest),
        step,
        steps: 2,
        since: ago(30),
        desiredWeight: 0,
        canaryPods: 0,
        stablePods: 0,
        granularity: '',
        ...rollout,
      },
    })(step > 0 ? accepted()(version) : verified(version));
/** Its pods were held up when it was last reconciled. */
export const heldUp: Change<ModelVersion> = withStatus({
  conditions: [
    {
      type: 'Progressing',
      status: 'True',
      reason: 'CanaryHeldUp',
      message: 'A pod is held up: no cpu',
      lastTransitionTime: ago(1000),
      observedGeneration: 1,
    },
  ],
});
/** It was being asked the acceptance images when it was last reconciled. */
export const accepting: Change<ModelVersion> = withStatus({
  conditions: [
    {
      type: 'Progressing',
      status: 'True',
      reason: 'Accepting',
      message: '4 acceptance images are being asked',
      lastTransitionTime: ago(1000),
      observedGeneration: 1,
    },
  ],
});
const judged =
  (outcome: Verdict['outcome'], reason: Verdict['reason']): Change<ModelVersion> =>
  (version) =>
    withStatus({ verdict: { outcome, reason, message: 'said so', at: ago(200) } })(version);
export const failed = (reason: Verdict['reason'] = 'AcceptanceFailed'): Change<ModelVersion> =>
  judged('Failed', reason);
export const passed: Change<ModelVersion> = (version) => judged('Passed', 'StepsCompleted')(verified(version));
/** It was on every stable pod. */
export const served: Change<ModelVersion> = (version) => withStatus({ servedAt: ago(900) })(passed(version));
export const handled = (values: NonNullable<ModelVersionStatus['handled']>): Change<ModelVersion> =>
  withStatus({ handled: values });

/** Facts of a ready pod. */
export const somePodFacts = (name: string, pod: Partial<PodFacts> = {}): PodFacts => ({
  name,
  uid: `uid-${name}`,
  address: `10.0.0.1:8000`,
  isReady: true,
  isInService: true,
  ...pod,
});

/** A stable track with as many ready pods as it should have, all with the weights of a version. */
export function aStable(
  version: ModelVersion | undefined,
  changes: Partial<StableTrack> & { pods?: readonly PodFacts[] } = {},
): StableTrack {
  const of = version?.spec.artifact.digest;
  const replicas = changes.replicas ?? 3;
  return {
    name: STABLE,
    uid: 'uid-web',
    digest: of,
    artifact:
      version === undefined ? artifactOf({ spec: { containers: [] } }) : artifactOf(artifactTemplate(version, 'fetch')),
    mount: 'fetch',
    replicas,
    template: TEMPLATE,
    isRolledOut: true,
    isPaused: false,
    isStuck: false,
    pods: Array.from({ length: replicas }, (_, index) =>
      somePodFacts(`web-${index}`, { digest: of, isReady: version !== undefined }),
    ),
    ...changes,
  };
}

/** The canary of a version, with ready pods that get no requests yet. */
export function aCanary(version: ModelVersion, changes: Partial<CanaryTrack> = {}): CanaryTrack {
  const replicas = changes.replicas ?? 1;
  const of = version.spec.artifact.digest;
  return {
    name: canaryName(STABLE, of),
    version: version.metadata.name,
    digest: of,
    owners: ['uid-web'],
    template: TEMPLATE,
    replicas,
    pods: Array.from({ length: replicas }, (_, index) =>
      somePodFacts(`canary-${index}`, { digest: of, isInService: false }),
    ),
    ...changes,
  };
}

/**
 * Counters of one pod: the given values, and 0 elsewhere. All requests took about 30 ms unless the values say
 * otherwise.
 */
export function counted(requests: number, rest: Partial<ProcessCounters> = {}): ProcessCounters {
  return {
    // After every comparison of these tests began: such a process counts with all its requests.
    startedAt: NOW / 1000,
    requests,
    errors: 0,
    latency: noCounters.latency.map((_, index) => (index >= 2 ? requests : 0)),
    labels: { cat: requests / 2, dog: requests / 2 },
    ...rest,
  };
}

export const reading = (canary: ProcessCounters, stable: ProcessCounters): Reading => ({
  canary: { 'uid-canary-0': canary },
  stable: { 'uid-web-0': stable },
  isComplete: true,
});

/** A comparison of a step, from 1, that began so long ago, before any process counted. */
export const comparing = (step: number, secondsAgo: number, about: Partial<Comparison> = {}): Comparison => ({
  ...begin(
    { stable: {}, canary: {}, isComplete: true },
    { step, template: TEMPLATE, at: NOW - secondsAgo * 1000, number: step, edge: 3 },
  ),
  ...about,
});

/** A policy with two steps, 25 % and 50 %, of a minute each. */
export const aPolicy = (policy: z.input<typeof rolloutPolicySchema> = {}): RolloutPolicy =>
  rolloutPolicySchema.parse({
    ...policy,
    canary: {
      steps: [
        { weight: 25, holdSeconds: 60 },
        { weight: 50, holdSeconds: 60 },
      ],
      ...policy.canary,
    },
  });

/** Facts with a policy of four acceptance images. */
export const someFacts = (
  facts: Partial<Omit<Facts, 'stable' | 'policy'>> & {
    stable?: StableTrack | undefined;
    policy?: RolloutPolicy;
    images?: number;
  },
): Facts => {
  const { stable, policy = aPolicy(), images = 4, ...rest } = facts;
  return {
    now: NOW,
    model: 'm',
    versions: [],
    stable: stable === undefined ? { kind: 'missing', message: 'no Deployment' } : { kind: 'found', track: stable },
    canaries: [],
    policy: { kind: 'valid', policy, images },
    verifications: new Map(),
    acceptances: new Map(),
    refusals: new Map(),
    ...rest,
  };
};
