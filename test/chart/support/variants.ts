import { merge, type Values } from './helm.ts';
import { aGateway, aKey, standalone } from './values.ts';

/** Releases that differ in what they render. */
export const variants: Readonly<Record<string, Values>> = {
  'the defaults': {},
  'everything on': merge(aGateway, {
    publicKey: aKey,
    autoscaling: { enabled: true },
    controller: { verdicts: { enabled: true } },
    networkPolicy: { enabled: true, ingressFrom: [{ namespaceSelector: {} }] },
    storeCredentials: { envSecret: 's3', dockerConfigSecret: 'registry' },
    predictionIdKey: { secretName: 'ids' },
    cache: { type: 'pvc', keep: 3, pvc: { storageClassName: 'fast' } },
    service: { type: 'NodePort' },
    imagePullSecrets: [{ name: 'pull' }],
    podAnnotations: { a: 'b' },
    podLabels: { team: 'x' },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
  }),
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
