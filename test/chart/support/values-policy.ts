/* eslint-disable @typescript-eslint/no-unsafe-return --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { environmentOf, type Values } from './helm.ts';
import { aKey, names, policyOf, standalone, volume } from './releases.ts';
import type { ValueCase } from './value-case.ts';

const policyField = (name: string, value: unknown): ValueCase => ({
  value,
  at: (r) => name.split('.').reduce<unknown>((at, key) => (at as Values)[key], policyOf(r)),
  expected: value,
});

/** Values of the rollout policy, its acceptance images and its keys. */
export const policyCases: Readonly<Record<string, ValueCase>> = {
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
};
