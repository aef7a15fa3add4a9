import { settings } from './settings.ts';

/** Values of the chart, or a part of them. */
export interface Json {
  readonly [key: string]: unknown;
}

/**
 * Two short steps. The latency limit is wide, because the machine that runs this may be busy with anything; chance is the
 * controller's own concern, which fails nothing on few requests that many could excuse.
 */
export const fastPolicy = {
  artifact: { registryPlainHttp: true },
  canary: {
    steps: [
      { weight: 25, holdSeconds: 2 },
      { weight: 50, holdSeconds: 2 },
    ],
    readyTimeoutSeconds: 180,
  },
  analysis: {
    intervalSeconds: 1,
    minRequests: 12,
    burstSeconds: 2,
    maxP95Ratio: 2,
    p95FloorSeconds: 4,
    maxLabelShift: 0.25,
  },
};

/** Values of a small release of the images under test, with {@link fastPolicy}. */
export function usualValues(): Json {
  return {
    image: { ...imageValues(settings().inferenceImage), pullPolicy: 'IfNotPresent' },
    controller: {
      image: { ...imageValues(settings().controllerImage), pullPolicy: 'IfNotPresent' },
      resources: { requests: { cpu: '20m', memory: '64Mi' } },
    },
    replicaCount: 2,
    resources: { requests: { cpu: '50m', memory: '128Mi' } },
    env: [{ name: 'WORKERS', value: '1' }],
    rollout: fastPolicy,
    crds: { install: false },
  };
}

/** `registry/name:tag` or `name@sha256:...` as the chart's values. */
export function imageValues(reference: string): Json {
  const [withTag = '', digest = ''] = reference.split('@');
  const colon = withTag.lastIndexOf(':');
  if (colon <= withTag.lastIndexOf('/')) return { repository: withTag, tag: '', digest };
  return { repository: withTag.slice(0, colon), tag: withTag.slice(colon + 1), digest };
}

/** `over` laid over `base`: objects field by field, anything else whole, as Helm merges values. */
export function merge(base: Json, over: Json): Json {
  const isObject = (value: unknown): value is Json =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return result;
}
