import type { Condition, ModelVersion, ModelVersionStatus, Verdict } from '@pawl/shared/modelversion/model-version';
import type { Deployment, KubernetesEvent, Lease, Pod } from '@pawl/shared/kubernetes/objects';
import { type Change, aDigest, versionBuilder, withStatus } from '@pawl/test-kit/model-versions';
import { aPod } from '@pawl/test-kit/pods';

/** The time of every test. */
export const NOW = new Date('2026-11-21T12:00:00Z');
/** RFC 3339, so many seconds before {@link NOW}. */
export const ago = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString();

/** A version of catdog, made of what is said about it: `aVersion('1.4.0', inPhase('Canary'))`. */
export const aVersion = versionBuilder({
  model: 'catdog',
  namespace: 'demo',
  createdAt: ago(3600),
  nameOf: (version) => `catdog-${version.replaceAll('.', '-')}`,
});

export const inPhase = (phase: ModelVersionStatus['phase'], message = `It is ${phase}`): Change<ModelVersion> =>
  withStatus({ phase, message });

export const aCondition = (
  type: Condition['type'],
  status: Condition['status'],
  reason: Condition['reason'],
  message = `The message of ${reason}`,
): Condition => ({ type, status, reason, message, lastTransitionTime: ago(90), observedGeneration: 1 });

/** On its way for `reason`, as the controller writes it. */
export const because = (
  phase: ModelVersionStatus['phase'],
  reason: Condition['reason'],
  message?: string,
): Change<ModelVersion> =>
  withStatus({
    phase,
    message: message ?? `The message of ${reason}`,
    conditions: [aCondition('Progressing', 'True', reason, message), aCondition('Ready', 'False', reason, message)],
  });

/** Failed for good. */
export const failedFor = (reason: Verdict['reason'], message = `The message of ${reason}`): Change<ModelVersion> =>
  withStatus({
    phase: 'Failed',
    message,
    verdict: { outcome: 'Failed', reason, message, at: ago(120) },
    conditions: [aCondition('Ready', 'False', reason, message), aCondition('Stalled', 'True', reason, message)],
  });

export const serving = (reason: Verdict['reason'] = 'StepsCompleted'): Change<ModelVersion> =>
  withStatus({
    phase: 'Serving',
    weight: 100,
    message: 'Every stable pod serves it',
    servedAt: ago(3000),
    verdict: { outcome: 'Passed', reason, message: 'All 2 steps passed', at: ago(3010) },
    conditions: [aCondition('Ready', 'True', 'Serving', 'Every stable pod serves it')],
  });

export const atStep = (step: number, steps = 2, weight = 25): Change<ModelVersion> =>
  withStatus({
    weight,
    rollout: {
      canary: 'catdog-canary-3132',
      step,
      steps,
      since: ago(42),
      desiredWeight: 10,
      canaryPods: 1,
      stablePods: 3,
      granularity: 'by pods: 1 of 4 is 25 %, the next step would be 40 %',
    },
  });

export const aStableDeployment = (number: string | undefined, ready = 3): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'catdog', labels: { 'pawl.dev/model': 'catdog', 'pawl.dev/track': 'stable' } },
  spec: {
    replicas: 3,
    template: {
      spec: { containers: [] },
      metadata: {
        annotations: number === undefined ? {} : { 'pawl.dev/version': number, 'pawl.dev/digest': aDigest(number) },
      },
    },
  },
  status: { replicas: 3, readyReplicas: ready },
});

/** A ready pod of catdog; `canaryOf` makes it a canary pod. */
export const aTrackPod = (name: string, canaryOf?: string, status: Pod['status'] = {}): Pod =>
  aPod(name, {
    metadata: {
      name,
      labels: {
        'pawl.dev/model': 'catdog',
        'pawl.dev/track': canaryOf === undefined ? 'stable' : 'canary',
        'pawl.dev/in-service': 'true',
        ...(canaryOf === undefined ? {} : { 'pawl.dev/model-version': canaryOf }),
      },
    },
    status,
  });

/** The controller's Lease, renewed so many seconds before {@link NOW}. */
export const aLease = (seconds: number, holder = 'controller-0'): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'pawl-controller', namespace: 'demo' },
  spec: { holderIdentity: holder, leaseDurationSeconds: 15, renewTime: ago(seconds).replace('Z', '000Z') },
});

export const anEvent = (reason: string, message: string, of: ModelVersion, seconds = 60): KubernetesEvent => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: `event-${reason}` },
  type: 'Normal',
  reason,
  message,
  lastTimestamp: ago(seconds),
  involvedObject: { kind: 'ModelVersion', name: of.metadata.name, uid: of.metadata.uid },
});
