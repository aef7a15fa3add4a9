/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { environmentOf } from './helm.ts';
import { names, volume } from './releases.ts';
import type { ValueCase } from './value-case.ts';

/** Values that shape the serving pods. */
export const podCases: Readonly<Record<string, ValueCase>> = {
  podAnnotations: { value: { a: 'b' }, at: (r) => r.pod.metadata.annotations, expected: { a: 'b' } },
  podLabels: {
    given: { commonLabels: { team: 'all' } },
    value: { team: 'x' },
    at: (r) => r.pod.metadata.labels['team'],
    expected: 'x',
  },
  commonLabels: {
    value: { team: 'x' },
    at: (r) => [
      r.objects.filter(({ metadata }) => metadata.labels['team'] !== 'x').map(({ kind }) => kind as string),
      [r.pod, r.controllerPod].map(({ metadata }) => metadata.labels['team'] as unknown),
      // A selector is immutable, so the labels must not be in it.
      r.find('Deployment', 'inference').spec.selector.matchLabels['team'],
    ],
    expected: [[], ['x', 'x'], undefined],
  },
  nodeSelector: { value: { disk: 'ssd' }, at: (r) => r.pod.spec.nodeSelector, expected: { disk: 'ssd' } },
  tolerations: {
    value: [{ operator: 'Exists' }],
    at: (r) => r.pod.spec.tolerations,
    expected: [{ operator: 'Exists' }],
  },
  affinity: { value: { nodeAffinity: {} }, at: (r) => r.pod.spec.affinity, expected: { nodeAffinity: {} } },
  topologySpreadConstraints: {
    value: [
      { maxSkew: 2, topologyKey: 'rack' },
      { maxSkew: 1, topologyKey: 'zone', labelSelector: { matchLabels: { team: 'x' } } },
    ],
    at: (r) => r.pod.spec.topologySpreadConstraints,
    expected: [
      {
        maxSkew: 2,
        topologyKey: 'rack',
        labelSelector: { matchLabels: { 'app.kubernetes.io/instance': 'pets', 'pawl.dev/model': 'catdog' } },
      },
      { maxSkew: 1, topologyKey: 'zone', labelSelector: { matchLabels: { team: 'x' } } },
    ],
  },
  priorityClassName: { value: 'high', at: (r) => r.pod.spec.priorityClassName, expected: 'high' },
  runtimeClassName: { value: 'gvisor', at: (r) => r.pod.spec.runtimeClassName, expected: 'gvisor' },
  hostAliases: {
    value: [{ ip: '10.0.0.1', hostnames: ['registry.example'] }],
    at: (r) => [r.pod, r.controllerPod].map(({ spec }) => spec.hostAliases as unknown),
    expected: [
      [{ ip: '10.0.0.1', hostnames: ['registry.example'] }],
      [{ ip: '10.0.0.1', hostnames: ['registry.example'] }],
    ],
  },
  dnsConfig: {
    value: { options: [{ name: 'ndots', value: '1' }] },
    at: (r) => [r.pod, r.controllerPod].map(({ spec }) => spec.dnsConfig as unknown),
    expected: [{ options: [{ name: 'ndots', value: '1' }] }, { options: [{ name: 'ndots', value: '1' }] }],
  },
  initContainers: {
    value: [{ name: 'before', image: 'busybox' }],
    at: (r) => names(r.pod.spec.initContainers),
    expected: ['before', 'fetch-model'],
  },
  sidecars: {
    value: [{ name: 'beside', image: 'busybox' }],
    at: (r) => names(r.pod.spec.containers),
    expected: ['inference', 'beside'],
  },

  'predictionIdKey.secretName': {
    value: 'ids',
    at: (r) => environmentOf(r.inference)['PREDICTION_ID_KEY'],
    expected: { secretKeyRef: { name: 'ids', key: 'prediction-id-key' } },
  },
  'predictionIdKey.key': {
    given: { predictionIdKey: { secretName: 'ids' } },
    value: 'k',
    at: (r) => environmentOf(r.inference)['PREDICTION_ID_KEY'],
    expected: { secretKeyRef: { name: 'ids', key: 'k' } },
  },
  'predictionIdKey.oldKeysKey': {
    given: { predictionIdKey: { secretName: 'ids' } },
    value: 'old',
    at: (r) => environmentOf(r.inference)['PREDICTION_ID_OLD_KEYS'],
    expected: { secretKeyRef: { name: 'ids', key: 'old' } },
  },

  logLevel: { value: 'debug', at: (r) => environmentOf(r.inference)['LOG_LEVEL'], expected: 'debug' },
  'drain.delaySeconds': {
    value: 8,
    at: (r) => [environmentOf(r.inference)['DRAIN_DELAY_MS'], r.pod.spec.terminationGracePeriodSeconds],
    expected: ['8000', 90],
  },
  'drain.maxDelaySeconds': {
    value: 30,
    at: (r) => [environmentOf(r.inference)['DRAIN_MAX_DELAY_MS'], r.pod.spec.terminationGracePeriodSeconds],
    expected: ['30000', 60],
  },
  'drain.timeoutSeconds': {
    value: 40,
    at: (r) => [environmentOf(r.inference)['DRAIN_TIMEOUT_MS'], r.pod.spec.terminationGracePeriodSeconds],
    expected: ['40000', 110],
  },
  env: {
    value: [{ name: 'WORKERS', value: '3' }],
    at: (r) => environmentOf(r.inference)['WORKERS'],
    expected: '3',
  },
  envFrom: {
    value: [{ configMapRef: { name: 'more' } }],
    at: (r) => r.inference.envFrom,
    expected: [{ configMapRef: { name: 'more' } }],
  },
  volumes: {
    value: [{ name: 'ca', configMap: { name: 'ca' } }],
    at: (r) => volume(r, 'ca'),
    expected: { name: 'ca', configMap: { name: 'ca' } },
  },
  volumeMounts: {
    value: [{ name: 'ca', mountPath: '/ca' }],
    at: (r) => r.inference.volumeMounts.at(-1),
    expected: { name: 'ca', mountPath: '/ca' },
  },

  'serviceAccount.create': {
    value: false,
    at: (r) => [r.find('ServiceAccount', 'inference'), r.pod.spec.serviceAccountName],
    expected: [undefined, 'default'],
  },
  'serviceAccount.name': {
    value: 'sa',
    at: (r) => [r.find('ServiceAccount', 'inference').metadata.name, r.pod.spec.serviceAccountName],
    expected: ['sa', 'sa'],
  },
  'serviceAccount.annotations': {
    value: { role: 'reader' },
    at: (r) => r.find('ServiceAccount', 'inference').metadata.annotations,
    expected: { role: 'reader' },
  },

  podSecurityContext: {
    value: { runAsUser: 2000 },
    at: (r) => [
      r.pod.spec.securityContext.runAsUser,
      r.controllerPod.spec.securityContext.runAsUser,
      r.find('Pod').spec.securityContext.runAsUser,
    ],
    expected: [2000, 2000, 2000],
  },
  securityContext: {
    value: { privileged: false },
    at: (r) =>
      [r.inference, r.fetch, r.controller, r.find('Pod').spec.containers[0]].map(
        (c) => c.securityContext.privileged as unknown,
      ),
    expected: [false, false, false, false],
  },
};
