/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { environmentOf, type KubeObject } from './helm.ts';
import { imageCases } from './image-cases.ts';
import { OTHER_DIGEST, standalone } from './releases.ts';
import type { ValueCase } from './value-case.ts';

const hpa = { autoscaling: { enabled: true } };

/** Values of what is served, by which image, in how many pods. */
export const servingCases: Readonly<Record<string, ValueCase>> = {
  nameOverride: { value: 'vision', at: (r) => r.find('Service').metadata.name, expected: 'pets-vision' },
  fullnameOverride: { value: 'eyes', at: (r) => r.find('Service').metadata.name, expected: 'eyes' },

  'model.name': {
    value: 'lynx',
    at: (r) => [environmentOf(r.inference)['MODEL_NAME'], environmentOf(r.fetch)['MODEL_NAME']],
    expected: ['lynx', 'lynx'],
  },
  'model.uri': {
    given: standalone,
    value: 'https://models.example/pets/2',
    at: (r) => environmentOf(r.fetch)['MODEL_URI'],
    expected: 'https://models.example/pets/2',
  },
  'model.digest': {
    given: standalone,
    value: OTHER_DIGEST,
    at: (r) => [
      environmentOf(r.fetch)['MODEL_DIGEST'],
      environmentOf(r.inference)['MODEL_DIGEST'],
      environmentOf(r.inference)['MODEL_URI'],
      r.pod.metadata.annotations['pawl.dev/digest'],
    ],
    expected: [OTHER_DIGEST, OTHER_DIGEST, `file:///models/sha256-${'cd'.repeat(32)}`, OTHER_DIGEST],
  },
  'model.version': {
    given: standalone,
    value: '2.0.0',
    at: (r) => r.pod.metadata.annotations['pawl.dev/version'],
    expected: '2.0.0',
  },

  ...imageCases('image', (r) => r.inference, 'pawl-inference'),

  imagePullSecrets: {
    value: [{ name: 'pull' }],
    at: (r) => [
      r.pod.spec.imagePullSecrets,
      r.controllerPod.spec.imagePullSecrets,
      r.find('Pod').spec.imagePullSecrets,
    ],
    expected: [[{ name: 'pull' }], [{ name: 'pull' }], [{ name: 'pull' }]],
  },

  replicaCount: { value: 5, at: (r) => r.find('Deployment', 'inference').spec.replicas, expected: 5 },
  maxSurge: {
    value: 1,
    at: (r) => r.find('Deployment', 'inference').spec.strategy.rollingUpdate,
    expected: { maxSurge: 1, maxUnavailable: 0 },
  },
  revisionHistoryLimit: {
    value: 9,
    at: (r) => r.objects.filter((o) => o.kind === 'Deployment').map((o) => o.spec.revisionHistoryLimit as number),
    expected: [9, 9],
  },
  resources: {
    value: { requests: { cpu: '1' }, limits: { memory: '1Gi' } },
    at: (r) => [r.inference.resources.requests.cpu, r.fetch.resources.limits.memory],
    expected: ['1', '1Gi'],
  },

  'autoscaling.enabled': {
    value: true,
    at: (r) => [
      'replicas' in r.find('Deployment', 'inference').spec,
      r.find('HorizontalPodAutoscaler')?.spec.scaleTargetRef.name,
    ],
    expected: [false, 'pets-pawl'],
  },
  'autoscaling.minReplicas': {
    given: hpa,
    value: 3,
    at: (r) => r.find('HorizontalPodAutoscaler').spec.minReplicas,
    expected: 3,
  },
  'autoscaling.maxReplicas': {
    given: hpa,
    value: 33,
    at: (r) => r.find('HorizontalPodAutoscaler').spec.maxReplicas,
    expected: 33,
  },
  'autoscaling.targetCPUUtilizationPercentage': {
    given: hpa,
    value: 70,
    at: (r) => r.find('HorizontalPodAutoscaler').spec.metrics[0].resource.target.averageUtilization,
    expected: 70,
  },
  'autoscaling.behavior': {
    given: hpa,
    value: { scaleDown: { stabilizationWindowSeconds: 60 } },
    at: (r) => r.find('HorizontalPodAutoscaler').spec.behavior,
    expected: { scaleDown: { stabilizationWindowSeconds: 60 } },
  },
  'autoscaling.targetQueueDepth': {
    given: hpa,
    value: 4,
    at: (r) => r.find('HorizontalPodAutoscaler').spec.metrics.map(({ pods }: KubeObject) => pods as unknown),
    expected: [
      undefined,
      { metric: { name: 'catdog_queue_depth' }, target: { type: 'AverageValue', averageValue: '4' } },
    ],
  },
  'autoscaling.metrics': {
    given: { autoscaling: { enabled: true, targetCPUUtilizationPercentage: 0 } },
    value: [{ type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '1' } } }],
    at: (r) => r.find('HorizontalPodAutoscaler').spec.metrics.map(({ type }: KubeObject) => type as string),
    expected: ['External'],
  },

  'podDisruptionBudget.enabled': { value: false, at: (r) => r.find('PodDisruptionBudget'), expected: undefined },
  'podDisruptionBudget.maxUnavailable': {
    value: '25%',
    at: (r) => r.find('PodDisruptionBudget').spec.maxUnavailable,
    expected: '25%',
  },
};
