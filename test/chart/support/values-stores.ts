/* eslint-disable @typescript-eslint/no-unsafe-return --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { environmentOf } from './helm.ts';
import { volume } from './releases.ts';
import type { ValueCase } from './value-case.ts';

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
};
