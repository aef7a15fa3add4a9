/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { parse } from 'yaml';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { environmentOf, type KubeObject, type Rendered, type Values } from './helm.ts';
import type { ValueCase } from './value-case.ts';
import { controllerCases } from './values-controller.ts';
import { outsideCases } from './values-outside.ts';
import { podCases } from './values-pods.ts';

export const DIGEST = `sha256:${'ab'.repeat(32)}`;
const OTHER_DIGEST = `sha256:${'cd'.repeat(32)}`;

/** Values of a release without the controller. */
export const standalone: Values = {
  controller: { enabled: false },
  model: { uri: 'oci://registry.example/pets:1.2.3', digest: DIGEST, version: '1.2.3' },
};
export const aKey = '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n';
export const aGateway: Values = {
  gateway: {
    enabled: true,
    parentRefs: [{ name: 'public', namespace: 'ingress', sectionName: 'web' }],
    hostnames: ['pets.example'],
  },
};

/** The rollout policy that a release has. */
export function policyOf(rendered: Rendered): RolloutPolicy & Record<string, unknown> {
  return parse(rendered.find('ConfigMap').data['policy.yaml']) as RolloutPolicy & Record<string, unknown>;
}

const names = (list: KubeObject): string[] => (list ?? []).map((entry: KubeObject) => entry.name);
const volume = (rendered: Rendered, name: string): KubeObject =>
  rendered.pod.spec.volumes.find((entry: KubeObject) => entry.name === name);
const network = { networkPolicy: { enabled: true } };
const hpa = { autoscaling: { enabled: true } };
const claim = { cache: { type: 'pvc' } };
const policyField = (name: string, value: unknown): ValueCase => ({
  value,
  at: (r) => name.split('.').reduce<unknown>((at, key) => (at as Values)[key], policyOf(r)),
  expected: value,
});
const image = (at: (rendered: Rendered) => KubeObject, name: string): Readonly<Record<string, ValueCase>> => ({
  repository: { value: 'mirror.example/x', at: (r) => at(r).image, expected: 'mirror.example/x:0.1.0' },
  tag: { value: 'sha-1', at: (r) => at(r).image, expected: `ghcr.io/pawl-dev/${name}:sha-1` },
  digest: { value: DIGEST, at: (r) => at(r).image, expected: `ghcr.io/pawl-dev/${name}@${DIGEST}` },
  pullPolicy: { value: 'Always', at: (r) => at(r).imagePullPolicy, expected: 'Always' },
});
const prefixed = (prefix: string, cases: Readonly<Record<string, ValueCase>>): Readonly<Record<string, ValueCase>> =>
  Object.fromEntries(Object.entries(cases).map(([name, one]) => [`${prefix}.${name}`, one]));

/** Every value of the chart. test/chart/values.spec.ts fails when one is missing here. */
export const valueCases: Readonly<Record<string, ValueCase>> = {
  ...podCases,
  ...controllerCases,
  ...outsideCases,
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

  ...prefixed(
    'image',
    image((r) => r.inference, 'pawl-inference'),
  ),
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

  'rollout.artifact.mount': {
    value: 'image',
    given: standalone,
    at: (r) => [
      environmentOf(r.fetch)['MODEL_URI'],
      environmentOf(r.inference)['MODEL_URI'],
      policyOf(r).artifact.mount,
    ],
    expected: [undefined, 'file:///model', 'image'],
  },
  'rollout.artifact.maxBytes': {
    value: 5_000_000_000,
    at: (r) => [policyOf(r).artifact.maxBytes, environmentOf(r.fetch)['MODEL_MAX_BYTES']],
    expected: [5_000_000_000, '5000000000'],
  },
  'rollout.artifact.timeoutSeconds': {
    value: 7,
    at: (r) => [policyOf(r).artifact.timeoutSeconds, environmentOf(r.fetch)['MODEL_FETCH_TIMEOUT_MS']],
    expected: [7, '7000'],
  },
  'rollout.artifact.registryPlainHttp': {
    value: true,
    at: (r) => [policyOf(r).artifact.registryPlainHttp, environmentOf(r.fetch)['REGISTRY_PLAIN_HTTP']],
    expected: [true, 'true'],
  },
  'rollout.artifact.allow': {
    value: ['oci://registry.example/models'],
    at: (r) => policyOf(r).artifact.allow,
    expected: ['oci://registry.example/models'],
  },
  'rollout.artifact.s3Endpoint': {
    value: 'https://minio.example',
    at: (r) => [policyOf(r).artifact.s3Endpoint, environmentOf(r.fetch)['S3_ENDPOINT']],
    expected: ['https://minio.example', 'https://minio.example'],
  },
  ...Object.fromEntries(
    Object.entries({
      'versions.prerelease': true,
      'canary.enabled': false,
      'canary.steps': [{ weight: 25, holdSeconds: 5 }],
      'canary.readyTimeoutSeconds': 11,
      'canary.maxReplicas': 4,
      'acceptance.minCorrect': 0.9,
      'acceptance.timeoutSeconds': 12,
      'analysis.enabled': false,
      'analysis.intervalSeconds': 13,
      'analysis.minRequests': 14,
      'analysis.falseAlarm': 0.01,
      'analysis.burstSeconds': 20,
      'analysis.maxErrorRateIncrease': 0.15,
      'analysis.maxP95Ratio': 1.6,
      'analysis.p95FloorSeconds': 0.17,
      'analysis.maxLabelShift': 0.18,
      'promotion.readyTimeoutSeconds': 19,
    }).map(([name, value]) => [`rollout.${name}`, policyField(name, value)]),
  ),

  'acceptance.bundled': { value: false, at: (r) => r.find('ConfigMap').binaryData, expected: undefined },
  'acceptance.images': {
    given: { acceptance: { bundled: false } },
    value: { 'cat.mine.jpg': 'AAEC' },
    at: (r) => r.find('ConfigMap').binaryData,
    expected: { 'cat.mine.jpg': 'AAEC' },
  },
  publicKey: {
    value: aKey,
    at: (r) => [
      r.find('ConfigMap').data['public-key.pem'],
      environmentOf(r.fetch)['MODEL_PUBLIC_KEY_FILE'],
      environmentOf(r.inference)['MODEL_PUBLIC_KEY_FILE'],
      volume(r, 'public-key')?.configMap.name,
      names(r.inference.volumeMounts),
    ],
    expected: [
      aKey,
      '/etc/pawl/key/public-key.pem',
      '/etc/pawl/key/public-key.pem',
      'pets-pawl-rollout',
      ['model-cache', 'tmp', 'public-key'],
    ],
  },
  'existingPolicy.configMap': {
    value: 'mine',
    at: (r) => [r.find('ConfigMap'), r.find('Pod').spec.volumes[0].projected.sources[0].configMap.name],
    expected: [undefined, 'mine'],
  },
  'existingPolicy.hasPublicKey': {
    given: { existingPolicy: { configMap: 'mine' } },
    value: true,
    at: (r) => volume(r, 'public-key')?.configMap.name,
    expected: 'mine',
  },

  'cache.type': {
    value: 'hostPath',
    at: (r) => volume(r, 'model-cache').hostPath,
    expected: { path: '/var/lib/pawl/models', type: 'Directory' },
  },
  'cache.sizeLimit': {
    value: '1Gi',
    at: (r) => volume(r, 'model-cache').emptyDir,
    expected: { sizeLimit: '1Gi' },
  },
  'cache.keep': {
    given: claim,
    value: 3,
    at: (r) => environmentOf(r.fetch)['MODEL_CACHE_KEEP'],
    expected: '3',
  },
  'cache.pvc.existingClaim': {
    given: claim,
    value: 'shared',
    at: (r) => [r.find('PersistentVolumeClaim'), volume(r, 'model-cache').persistentVolumeClaim.claimName],
    expected: [undefined, 'shared'],
  },
  'cache.pvc.storageClassName': {
    given: claim,
    value: 'fast',
    at: (r) => r.find('PersistentVolumeClaim').spec.storageClassName,
    expected: 'fast',
  },
  'cache.pvc.accessModes': {
    given: claim,
    value: ['ReadWriteOnce'],
    at: (r) => r.find('PersistentVolumeClaim').spec.accessModes,
    expected: ['ReadWriteOnce'],
  },
  'cache.pvc.size': {
    given: claim,
    value: '3Gi',
    at: (r) => r.find('PersistentVolumeClaim').spec.resources.requests.storage,
    expected: '3Gi',
  },
  'cache.hostPath.path': {
    given: { cache: { type: 'hostPath' } },
    value: '/data',
    at: (r) => volume(r, 'model-cache').hostPath.path,
    expected: '/data',
  },

  'storeCredentials.envSecret': {
    value: 's3',
    at: (r) => [r.fetch.envFrom, r.controller.envFrom, r.inference.envFrom],
    expected: [[{ secretRef: { name: 's3' } }], [{ secretRef: { name: 's3' } }], undefined],
  },
  'storeCredentials.dockerConfigSecret': {
    value: 'registry',
    at: (r) => [
      environmentOf(r.fetch)['DOCKER_CONFIG'],
      environmentOf(r.controller)['DOCKER_CONFIG'],
      environmentOf(r.inference)['DOCKER_CONFIG'],
      volume(r, 'registry-credentials')?.secret.secretName,
    ],
    expected: ['/etc/pawl/registry', '/etc/pawl/registry', undefined, 'registry'],
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

  'service.type': { value: 'LoadBalancer', at: (r) => r.find('Service').spec.type, expected: 'LoadBalancer' },
  'service.port': {
    value: 81,
    at: (r) => [r.find('Service').spec.ports[0].port, environmentOf(r.find('Pod').spec.containers[0])['SERVICE_URL']],
    expected: [81, 'http://pets-pawl:81'],
  },
  'service.nodePort': {
    given: { service: { type: 'NodePort' } },
    value: 30_080,
    at: (r) => r.find('Service').spec.ports[0].nodePort,
    expected: 30_080,
  },
  'service.labels': {
    value: { team: 'x' },
    at: (r) => r.find('Service').metadata.labels['team'],
    expected: 'x',
  },
  'service.annotations': {
    value: { a: 'b' },
    at: (r) => r.find('Service').metadata.annotations,
    expected: { a: 'b' },
  },

  'gateway.enabled': {
    given: { gateway: { parentRefs: [{ name: 'public' }] } },
    value: true,
    at: (r) => [
      r.find('Service', 'pets-pawl-stable')?.spec.selector['pawl.dev/track'],
      r.find('Service', 'pets-pawl-canary')?.spec.selector['pawl.dev/track'],
      policyOf(r).traffic,
      r.find('Role').rules.some((rule: KubeObject) => rule.resources.includes('httproutes')),
    ],
    expected: [
      'stable',
      'canary',
      {
        gateway: {
          parentRefs: [{ name: 'public' }],
          hostnames: [],
          stableService: 'pets-pawl-stable',
          canaryService: 'pets-pawl-canary',
        },
      },
      true,
    ],
  },
  'gateway.parentRefs': {
    given: aGateway,
    value: [{ name: 'other' }],
    at: (r) => policyOf(r).traffic.gateway?.parentRefs,
    expected: [{ name: 'other' }],
  },
  'gateway.hostnames': {
    given: aGateway,
    value: ['a.example'],
    at: (r) => policyOf(r).traffic.gateway?.hostnames,
    expected: ['a.example'],
  },

  'networkPolicy.enabled': {
    value: true,
    at: (r) => [
      r.find('NetworkPolicy', 'inference')?.spec.ingress,
      r.find('NetworkPolicy', 'controller')?.spec.policyTypes,
    ],
    expected: [[{ ports: [{ port: 'http' }] }], ['Ingress', 'Egress']],
  },
  'networkPolicy.ingressFrom': {
    given: network,
    value: [{ namespaceSelector: {} }],
    at: (r) => r.find('NetworkPolicy', 'inference').spec.ingress.map((rule: KubeObject) => rule.from as unknown),
    expected: [
      [{ namespaceSelector: {} }],
      [
        {
          podSelector: {
            matchLabels: { 'app.kubernetes.io/name': 'pawl', 'app.kubernetes.io/component': 'controller' },
          },
        },
      ],
    ],
  },
  'networkPolicy.egressPorts': {
    given: network,
    value: [5000],
    at: (r) => r.find('NetworkPolicy', 'inference').spec.egress[1].ports,
    expected: [{ port: 5000 }],
  },
  'networkPolicy.egressTo': {
    given: network,
    value: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
    at: (r) => [
      r.find('NetworkPolicy', 'inference').spec.egress[1].to,
      r.find('NetworkPolicy', 'controller').spec.egress[1].to,
    ],
    expected: [[{ ipBlock: { cidr: '10.0.0.0/8' } }], [{ ipBlock: { cidr: '10.0.0.0/8' } }]],
  },

  'serviceMonitor.enabled': {
    value: true,
    at: (r) => r.find('ServiceMonitor')?.spec.endpoints[0].relabelings[0].replacement,
    expected: 'catdog-api',
  },
  'serviceMonitor.interval': {
    given: { serviceMonitor: { enabled: true } },
    value: '30s',
    at: (r) => r.find('ServiceMonitor').spec.endpoints[0].interval,
    expected: '30s',
  },
  'serviceMonitor.labels': {
    given: { serviceMonitor: { enabled: true } },
    value: { release: 'prometheus' },
    at: (r) => r.find('ServiceMonitor').metadata.labels['release'],
    expected: 'prometheus',
  },
  'prometheusRule.enabled': {
    value: true,
    at: (r) => r.find('PrometheusRule')?.spec.groups[0].rules.map((rule: KubeObject) => rule.alert as string),
    expected: ['PawlErrorsHigh', 'PawlLatencyHigh', 'PawlModelMissing'],
  },
  'prometheusRule.labels': {
    given: { prometheusRule: { enabled: true } },
    value: { release: 'prometheus' },
    at: (r) => r.find('PrometheusRule').metadata.labels['release'],
    expected: 'prometheus',
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
  ...prefixed(
    'controller.image',
    image((r) => r.controller, 'pawl-controller'),
  ),
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

  'smokeTest.argocdHook': {
    value: true,
    at: (r) =>
      Object.entries(r.find('Pod').metadata.annotations as Record<string, string>).filter(([key]) =>
        key.startsWith('argocd.argoproj.io/'),
      ),
    expected: [
      ['argocd.argoproj.io/hook', 'PostSync'],
      ['argocd.argoproj.io/hook-delete-policy', 'BeforeHookCreation,HookSucceeded'],
    ],
  },
  'smokeTest.imageConfigMaps': {
    value: ['pets-acceptance'],
    at: (r) => r.find('Pod').spec.volumes[0].projected.sources.slice(1),
    expected: [{ configMap: { name: 'pets-acceptance', optional: true } }],
  },

  extraObjects: {
    value: [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: '{{ .Release.Name }}-a' } },
      'apiVersion: v1\nkind: Secret\nmetadata: {name: {{ include "pawl.fullname" . }}-b}\n',
    ],
    at: (r) => r.objects.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name as string),
    expected: ['pets-a', 'pets-pawl-b'],
  },

  'crds.install': { value: false, at: (r) => r.find('CustomResourceDefinition'), expected: undefined },
  'crds.keep': {
    value: false,
    at: (r) => r.find('CustomResourceDefinition').metadata.annotations,
    expected: { 'argocd.argoproj.io/sync-wave': '-1' },
  },
};
