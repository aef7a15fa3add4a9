import { merge, type Values } from './helm.ts';
import { aGateway, aKey, standalone } from './releases.ts';

/** A container that PodSecurity `restricted` admits. */
const restricted = (name: string) => ({
  name,
  image: 'registry.example/tool:1',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
});

/** Releases that differ in what they render. */
export const variants: Readonly<Record<string, Values>> = {
  'the defaults': {},
  'everything on': merge(aGateway, {
    publicKey: aKey,
    autoscaling: { enabled: true, targetQueueDepth: 4 },
    ingress: {
      enabled: true,
      className: 'nginx',
      hosts: ['pets.example'],
      tls: [{ secretName: 'cert', hosts: ['pets.example'] }],
    },
    networkPolicy: { enabled: true, ingressFrom: [{ namespaceSelector: {} }] },
    storeCredentials: { envSecret: 's3', dockerConfigSecret: 'registry' },
    trustedCertificates: { configMap: 'company' },
    proxy: { httpProxy: 'http://proxy:3128', httpsProxy: 'http://proxy:3128', noProxy: ['.corp.example'] },
    predictionIdKey: { secretName: 'ids', oldKeysKey: 'old' },
    predictionLog: { to: 'stdout', s3Endpoint: 'https://minio.example:9000', envSecret: 'log-writer' },
    traces: { endpoint: 'https://collector.example:4318', ratio: 0.1, serviceName: 'pets', envSecret: 'token' },
    cache: { type: 'pvc', keep: 3, pvc: { storageClassName: 'fast' } },
    service: { type: 'NodePort', labels: { team: 'v' }, annotations: { a: 'b' } },
    imagePullSecrets: [{ name: 'pull' }],
    podAnnotations: { a: 'b' },
    podLabels: { team: 'x' },
    commonLabels: { team: 'all', cost: 'y' },
    controller: { verdicts: { enabled: true }, podMonitor: { enabled: true, labels: { team: 'p' } } },
    serviceMonitor: { enabled: true, labels: { team: 's' } },
    prometheusRule: { enabled: true, labels: { team: 'r' } },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
    hostAliases: [{ ip: '10.0.0.1', hostnames: ['registry.example'] }],
    dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
    sidecars: [restricted('beside')],
    initContainers: [restricted('before')],
  }),
  'a route of the chart': {
    httpRoute: {
      enabled: true,
      parentRefs: [{ name: 'public' }],
      hostnames: ['pets.example'],
      timeouts: { request: '10s' },
      filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x-debug'] } }],
    },
    ingress: { enabled: true },
  },
  'image volumes': { rollout: { artifact: { mount: 'image' } } },
  'a second model of a namespace': {
    model: { name: 'lynx' },
    controller: { install: false },
    crds: { install: false },
  },
  'a policy of one’s own': { existingPolicy: { configMap: 'mine', hasPublicKey: true } },
  'without the controller': standalone,
  'without the controller, image volumes': merge(standalone, { rollout: { artifact: { mount: 'image' } } }),
  'without the controller, a mounted model': merge(standalone, {
    model: { uri: 'file:///mnt/pets', digest: '', version: '' },
    volumes: [{ name: 'pets', persistentVolumeClaim: { claimName: 'pets' } }],
    volumeMounts: [{ name: 'pets', mountPath: '/mnt/pets' }],
  }),
};
