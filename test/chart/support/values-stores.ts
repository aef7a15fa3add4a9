/* eslint-disable @typescript-eslint/no-unsafe-return --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { environmentOf, type KubeObject, type Rendered } from './helm.ts';
import { volume } from './releases.ts';
import type { ValueCase } from './value-case.ts';

/** Environment and mounts of the containers that fetch bundles. */
const fetching = ({ fetch, controller }: Rendered) =>
  [fetch, controller].map((container) => ({
    env: environmentOf(container),
    mounts: container.volumeMounts as KubeObject[],
  }));
const caFrom = ['/etc/pawl/ca/ca.crt', { name: 'trusted-certificates', mountPath: '/etc/pawl/ca', readOnly: true }];
/** What is never asked through a proxy. */
const own =
  'localhost,127.0.0.1,$(KUBERNETES_SERVICE_HOST),kubernetes,kubernetes.default,kubernetes.default.svc,.svc,.cluster.local';
const claim = { cache: { type: 'pvc' } };

/** Values of where bundles come from and where pods keep them. */
export const storeCases: Readonly<Record<string, ValueCase>> = {
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

  'trustedCertificates.configMap': {
    value: 'company',
    at: (r) => fetching(r).map(({ env, mounts }) => [env['NODE_EXTRA_CA_CERTS'], mounts.at(-1)]),
    expected: [caFrom, caFrom],
  },
  'trustedCertificates.key': {
    given: { trustedCertificates: { configMap: 'company' } },
    value: 'bundle.pem',
    at: (r) => [r.pod, r.controllerPod].map(({ spec }) => (spec.volumes as KubeObject[]).at(-1)),
    expected: Array(2).fill({
      name: 'trusted-certificates',
      configMap: { name: 'company', items: [{ key: 'bundle.pem', path: 'ca.crt' }] },
    }),
  },
  'proxy.httpProxy': {
    value: 'http://proxy.example:3128',
    at: (r) =>
      fetching(r).map(({ env }) => [env['HTTP_PROXY'], env['http_proxy'], env['NO_PROXY'], env['https_proxy']]),
    expected: Array(2).fill(['http://proxy.example:3128', 'http://proxy.example:3128', own, undefined]),
  },
  'proxy.httpsProxy': {
    value: 'http://proxy.example:3128',
    at: (r) =>
      fetching(r).map(({ env }) => [env['HTTPS_PROXY'], env['https_proxy'], env['no_proxy'], env['http_proxy']]),
    expected: Array(2).fill(['http://proxy.example:3128', 'http://proxy.example:3128', own, undefined]),
  },
  'proxy.noProxy': {
    value: ['.corp.example', '.svc'],
    at: (r) => fetching(r).map(({ env }) => [env['NO_PROXY'], env['no_proxy']]),
    expected: Array(2).fill([`${own},.corp.example`, `${own},.corp.example`]),
  },
};
