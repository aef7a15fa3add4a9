import type { Condition, ModelVersion, ModelVersionStatus, Verdict } from '@pawl/shared/modelversion/model-version';
import { API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import type { Deployment, KubernetesEvent, Pod } from '@pawl/shared/kubernetes/objects';

/** The time of every test. */
export const NOW = new Date('2026-11-21T12:00:00Z');
/** RFC 3339, so many seconds before {@link NOW}. */
export const ago = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString();

type Change = (version: ModelVersion) => ModelVersion;

/** A version of catdog, made of what is said about it: `aVersion('1.4.0', inPhase('Canary'))`. */
export function aVersion(number: string, ...changes: readonly Change[]): ModelVersion {
  const plain: ModelVersion = {
    apiVersion: API_VERSION,
    kind: MODEL_VERSION.kind,
    metadata: {
      name: `catdog-${number.replaceAll('.', '-')}`,
      namespace: 'demo',
      uid: `uid-of-${number}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: ago(3600),
    },
    spec: {
      model: 'catdog',
      version: number,
      artifact: { uri: `oci://registry.example/catdog:${number}`, digest: digestOf(number) },
    },
  };
  return changes.reduce((version, change) => change(version), plain);
}

const digestOf = (number: string): string => `sha256:${Buffer.from(number).toString('hex').padEnd(64, '0')}`;

const blank: ModelVersionStatus = { observedGeneration: 1, phase: 'Pending', weight: 0, message: '', conditions: [] };

export const withStatus =
  (status: Partial<ModelVersionStatus>): Change =>
  (version) => ({ ...version, status: { ...blank, ...version.status, ...status } });

export const inPhase = (phase: ModelVersionStatus['phase'], message = `It is ${phase}`): Change =>
  withStatus({ phase, message });

export const withMeta =
  (metadata: Partial<ModelVersion['metadata']>): Change =>
  (version) => ({ ...version, metadata: { ...version.metadata, ...metadata } });

export const withSpec =
  (spec: Partial<ModelVersion['spec']>): Change =>
  (version) => ({ ...version, spec: { ...version.spec, ...spec } });

export const aCondition = (
  type: Condition['type'],
  status: Condition['status'],
  reason: Condition['reason'],
  message = `The message of ${reason}`,
): Condition => ({ type, status, reason, message, lastTransitionTime: ago(90), observedGeneration: 1 });

/** On its way for `reason`, as the controller writes it. */
export const because = (phase: ModelVersionStatus['phase'], reason: Condition['reason'], message?: string): Change =>
  withStatus({
    phase,
    message: message ?? `The message of ${reason}`,
    conditions: [aCondition('Progressing', 'True', reason, message), aCondition('Ready', 'False', reason, message)],
  });

/** Failed for good. */
export const failedFor = (reason: Verdict['reason'], message = `The message of ${reason}`): Change =>
  withStatus({
    phase: 'Failed',
    message,
    verdict: { outcome: 'Failed', reason, message, at: ago(120) },
    conditions: [aCondition('Ready', 'False', reason, message), aCondition('Stalled', 'True', reason, message)],
  });

export const serving = (reason: Verdict['reason'] = 'StepsCompleted'): Change =>
  withStatus({
    phase: 'Serving',
    weight: 100,
    message: 'Every stable pod serves it',
    servedAt: ago(3000),
    verdict: { outcome: 'Passed', reason, message: 'All 2 steps passed', at: ago(3010) },
    conditions: [aCondition('Ready', 'True', 'Serving', 'Every stable pod serves it')],
  });

export const atStep = (step: number, steps = 2, weight = 25): Change =>
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
        annotations: number === undefined ? {} : { 'pawl.dev/version': number, 'pawl.dev/digest': digestOf(number) },
      },
    },
  },
  status: { replicas: 3, readyReplicas: ready },
});

/** A ready pod of a track; `canaryOf` makes it a canary pod. */
export const aPod = (name: string, canaryOf?: string, status: Pod['status'] = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  spec: { containers: [{ name: 'inference' }] },
  metadata: {
    name,
    labels: {
      'pawl.dev/model': 'catdog',
      'pawl.dev/track': canaryOf === undefined ? 'stable' : 'canary',
      'pawl.dev/in-service': 'true',
      ...(canaryOf === undefined ? {} : { 'pawl.dev/model-version': canaryOf }),
    },
  },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'inference', ready: true, restartCount: 0, state: { running: {} } }],
    ...status,
  },
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
