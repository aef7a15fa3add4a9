/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import type { KubeObject } from './helm.ts';
import type { ValueCase } from './value-case.ts';

const names = (list: KubeObject): string[] => (list ?? []).map((entry: KubeObject) => entry.name);

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
};
