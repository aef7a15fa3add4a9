/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { environmentOf, type KubeObject } from './helm.ts';
import { imageCases } from './image-cases.ts';
import { standalone } from './releases.ts';
import type { ValueCase } from './value-case.ts';

/** Values of the controller's objects: its rights, its pods, its Service. */
export const controllerCases: Readonly<Record<string, ValueCase>> = {
  'controller.httpRoutes': {
    value: true,
    at: (r) => r.find('Role').rules.some((rule: KubeObject) => rule.resources.includes('httproutes')),
    expected: true,
  },
  'controller.tmpSizeLimit': {
    value: '1Gi',
    at: (r) => r.controllerPod.spec.volumes[0].emptyDir.sizeLimit,
    expected: '1Gi',
  },
  'controller.resources': {
    value: { limits: { memory: '1Gi' } },
    at: (r) => r.controller.resources.limits.memory,
    expected: '1Gi',
  },
  'controller.verdicts.enabled': {
    value: true,
    at: (r) => [r.find('Service', 'controller')?.spec.selector, r.find('Service', 'controller')?.spec.ports],
    expected: [
      { 'app.kubernetes.io/instance': 'pets', 'app.kubernetes.io/component': 'controller' },
      [{ name: 'http', port: 80, targetPort: 'http' }],
    ],
  },
  'controller.podMonitor.enabled': {
    value: true,
    at: (r) => r.find('PodMonitor')?.spec.podMetricsEndpoints[0].port,
    expected: 'http',
  },
  'controller.podMonitor.interval': {
    given: { controller: { podMonitor: { enabled: true } } },
    value: '1m',
    at: (r) => r.find('PodMonitor').spec.podMetricsEndpoints[0].interval,
    expected: '1m',
  },
  'controller.podMonitor.labels': {
    given: { controller: { podMonitor: { enabled: true } } },
    value: { release: 'prometheus' },
    at: (r) => r.find('PodMonitor').metadata.labels['release'],
    expected: 'prometheus',
  },
  'rbac.create': {
    value: false,
    at: (r) => [r.find('Role'), r.find('RoleBinding'), r.find('ServiceAccount', 'controller').metadata.name],
    expected: [undefined, undefined, 'pets-pawl-controller'],
  },
  'controller.serviceAccount.create': {
    given: { controller: { serviceAccount: { name: 'mine' } } },
    value: false,
    at: (r) => [
      r.find('ServiceAccount', 'controller'),
      r.controllerPod.spec.serviceAccountName,
      r.find('RoleBinding').subjects[0].name,
    ],
    expected: [undefined, 'mine', 'mine'],
  },
  'controller.serviceAccount.name': {
    value: 'sa',
    at: (r) => [
      r.find('ServiceAccount', 'controller').metadata.name,
      r.controllerPod.spec.serviceAccountName,
      r.find('RoleBinding').subjects[0].name,
    ],
    expected: ['sa', 'sa', 'sa'],
  },
  'controller.serviceAccount.annotations': {
    value: { role: 'reader' },
    at: (r) => r.find('ServiceAccount', 'controller').metadata.annotations,
    expected: { role: 'reader' },
  },
  'controller.podAnnotations': {
    value: { a: 'b' },
    at: (r) => r.controllerPod.metadata.annotations,
    expected: { a: 'b' },
  },
  'controller.nodeSelector': {
    value: { disk: 'ssd' },
    at: (r) => r.controllerPod.spec.nodeSelector,
    expected: { disk: 'ssd' },
  },
  'controller.tolerations': {
    value: [{ operator: 'Exists' }],
    at: (r) => r.controllerPod.spec.tolerations,
    expected: [{ operator: 'Exists' }],
  },
  'controller.affinity': {
    value: { nodeAffinity: {} },
    at: (r) => r.controllerPod.spec.affinity,
    expected: { nodeAffinity: {} },
  },
  'controller.priorityClassName': {
    value: 'high',
    at: (r) => r.controllerPod.spec.priorityClassName,
    expected: 'high',
  },
  'controller.podLabels': { value: { team: 'x' }, at: (r) => r.controllerPod.metadata.labels['team'], expected: 'x' },
  'controller.envFrom': {
    given: { storeCredentials: { envSecret: 's3' } },
    value: [{ configMapRef: { name: 'more' } }],
    at: (r) => r.controller.envFrom,
    expected: [{ secretRef: { name: 's3' } }, { configMapRef: { name: 'more' } }],
  },
  'controller.volumes': {
    value: [{ name: 'ca', configMap: { name: 'ca' } }],
    at: (r) => r.controllerPod.spec.volumes.at(-1),
    expected: { name: 'ca', configMap: { name: 'ca' } },
  },
  'controller.volumeMounts': {
    value: [{ name: 'ca', mountPath: '/ca' }],
    at: (r) => r.controller.volumeMounts.at(-1),
    expected: { name: 'ca', mountPath: '/ca' },
  },

  'controller.enabled': {
    given: { model: standalone['model'] },
    value: false,
    at: (r) => [
      r.find('Deployment', 'controller'),
      environmentOf(r.fetch)['MODEL_URI'],
      environmentOf(r.inference)['MODEL_URI'],
    ],
    expected: [undefined, 'oci://registry.example/pets:1.2.3', `file:///models/sha256-${'ab'.repeat(32)}`],
  },
  'controller.install': {
    value: false,
    at: (r) => r.objects.filter((o) => o.metadata.labels['app.kubernetes.io/component'] === 'controller'),
    expected: [],
  },

  ...imageCases('controller.image', (r) => r.controller, 'pawl-controller'),

  'controller.replicas': { value: 2, at: (r) => r.find('Deployment', 'controller').spec.replicas, expected: 2 },
  'controller.leaseName': {
    value: 'lease',
    at: (r) => [
      environmentOf(r.controller)['LEASE_NAME'],
      r.find('Role').rules.find((rule: KubeObject) => rule.resourceNames !== undefined).resourceNames,
    ],
    expected: ['lease', ['lease']],
  },
  'controller.logLevel': { value: 'debug', at: (r) => environmentOf(r.controller)['LOG_LEVEL'], expected: 'debug' },
  'controller.env': {
    value: [{ name: 'NODE_OPTIONS', value: '--x' }],
    at: (r) => environmentOf(r.controller)['NODE_OPTIONS'],
    expected: '--x',
  },
  'controller.watchNamespaces': {
    given: { networkPolicy: { enabled: true } },
    value: ['zoo', 'farm'],
    at: (r) => [
      environmentOf(r.controller)['WATCH_NAMESPACES'],
      ...['Role', 'RoleBinding'].map((kind) =>
        r.objects.filter((o) => o.kind === kind).map((o) => o.metadata.namespace as string),
      ),
      r.objects.filter((o) => o.kind === 'RoleBinding').map((o) => o.subjects[0].namespace as string),
      r.find('NetworkPolicy', 'controller').spec.egress.at(-1).to[0].namespaceSelector?.matchExpressions[0].values,
    ],
    expected: ['zoo,farm', ['zoo', 'farm'], ['zoo', 'farm'], ['zoo', 'zoo'], ['zoo', 'farm']],
  },
};
