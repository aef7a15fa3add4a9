import { labels, POLICY_KEY, PUBLIC_KEY_KEY } from '@pawl/shared/modelversion/names';
import { rolloutPolicySchema, type RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { parse } from 'yaml';
import type { ConfigMap } from '../api/objects.ts';
import type { AcceptanceImage } from './service-client.ts';
import type { PolicyState } from './world.ts';

/** What an environment's ConfigMap says. */
export interface Environment {
  readonly state: PolicyState;
  readonly policy?: RolloutPolicy;
  readonly publicKeyPem?: string | undefined;
  /** Name of the ConfigMap, to read the acceptance images from when they are needed. */
  readonly configMap?: string | undefined;
}

/** A policy ConfigMap without its images, which are most of it: what a cache keeps. Their keys stay. */
export const withoutImages = (config: ConfigMap): ConfigMap => ({
  ...config,
  metadata: { ...config.metadata, managedFields: undefined },
  ...(config.binaryData && {
    binaryData: Object.fromEntries(Object.keys(config.binaryData).map((key) => [key, ''])),
  }),
});

/** The acceptance images of a whole policy ConfigMap, by key. */
export const readImages = ({ binaryData = {} }: ConfigMap): readonly AcceptanceImage[] =>
  Object.entries(binaryData)
    .map(([key, base64]) => ({ key, label: key.split('.', 1)[0] ?? key, bytes: Buffer.from(base64, 'base64') }))
    .toSorted((a, b) => a.key.localeCompare(b.key));

/** Reads the policy ConfigMap of a model; there must be exactly one. */
export function readEnvironment(model: string, found: readonly ConfigMap[]): Environment {
  const [config] = found;
  const selector = `${labels.model}=${model},${labels.role}=rollout-policy`;
  if (config === undefined)
    return unusable('missing', `No ConfigMap with the labels ${selector} says how to roll out; the chart makes one`);
  const names = found.map(({ metadata }) => metadata.name).join(', ');
  if (found.length > 1)
    return unusable('invalid', `${found.length} ConfigMaps have the labels ${selector}: ${names}; keep one`);
  const text = config.data?.[POLICY_KEY];
  if (text === undefined) return unusable('invalid', `The ConfigMap ${names} has no key ${POLICY_KEY}`);
  const policy = readPolicy(text);
  if (typeof policy === 'string') return unusable('invalid', `${POLICY_KEY} of the ConfigMap ${names}: ${policy}`);
  return {
    state: { kind: 'valid', policy, images: Object.keys(config.binaryData ?? {}).length },
    policy,
    publicKeyPem: config.data?.[PUBLIC_KEY_KEY],
    configMap: config.metadata.name,
  };
}

/** @returns the policy, or what is wrong with it. */
function readPolicy(text: string): RolloutPolicy | string {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    return `is not YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`;
  }
  const parsed = rolloutPolicySchema.safeParse(document ?? {});
  if (parsed.success) return parsed.data;
  return parsed.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join('.') || '(top level)'}: ${message}`)
    .join('; ');
}

const unusable = (kind: 'missing' | 'invalid', message: string): Environment => ({ state: { kind, message } });
