import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { labels, POLICY_KEY, POLICY_ROLE, PUBLIC_KEY_KEY } from '@pawl/shared/modelversion/names';
import { rolloutPolicySchema, type RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { parse } from 'yaml';
import type { ConfigMap } from '@pawl/shared/kubernetes/objects';
import type { AcceptanceImage } from './pod-client.ts';
import type { PolicyState } from './facts.ts';

/** What the ConfigMaps of a model say: its policy, public keys and acceptance images. */
export interface ModelConfig {
  readonly state: PolicyState;
  readonly policy?: RolloutPolicy;
  readonly publicKeyPem?: string | undefined;
  /** Names of the ConfigMaps that hold the acceptance images, to read them from when they are needed. */
  readonly imagesIn?: readonly string[] | undefined;
}

/** File name extensions of images, which are never text. */
const IMAGE = /\.(avif|bmp|gif|heic|jpe?g|jxl|png|tiff?|webp)$/i;

/** A ConfigMap as a cache keeps it: with a digest in place of each image, because images are most of its size. */
export const withoutImages = (config: ConfigMap): ConfigMap => ({
  ...config,
  // kubectl keeps a copy of everything that it applied in an annotation.
  metadata: { ...config.metadata, managedFields: undefined, annotations: undefined },
  ...(config.binaryData && {
    binaryData: Object.fromEntries(
      Object.entries(config.binaryData).map(([key, base64]) => [key, digestOfBytes(Buffer.from(base64, 'base64'))]),
    ),
  }),
});

/** The acceptance images of whole ConfigMaps, each key once, by key. @throws when two differ under the same key. */
export function readImages(found: readonly ConfigMap[]): readonly AcceptanceImage[] {
  const images = imagesOf(found);
  if (typeof images === 'string') throw new Error(images);
  return [...images].map(([key, base64]) => ({
    key,
    label: key.slice(0, key.indexOf('.')),
    bytes: Buffer.from(base64, 'base64'),
  }));
}

/** Key and content of every acceptance image, by key; or what is wrong with them. */
function imagesOf(found: readonly ConfigMap[]): ReadonlyMap<string, string> | string {
  const images = new Map<string, { readonly content: string; readonly name: string }>();
  for (const { metadata, data = {}, binaryData = {} } of found.toSorted(byName)) {
    const { name } = metadata;
    const text = Object.keys(data).find((key) => IMAGE.test(key));
    if (text !== undefined)
      return `${text} of the ConfigMap ${name} is text; images are files in binaryData, as kubectl and kustomize put them there`;
    for (const [key, content] of Object.entries(binaryData)) {
      if (!/^[^.]+\../.test(key))
        return `${key} of the ConfigMap ${name} has no label; acceptance images are called <label>.<anything>`;
      const other = images.get(key);
      if (other !== undefined && other.content !== content)
        return `The acceptance image ${key} is another one in the ConfigMap ${other.name} than in ${name}; give one of them another name`;
      images.set(key, { content, name });
    }
  }
  return new Map([...images].map(([key, { content }]) => [key, content] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const byName = (a: ConfigMap, b: ConfigMap) => (a.metadata.name < b.metadata.name ? -1 : 1);

/**
 * Reads the policy ConfigMap of a model, of which there must be exactly one, and counts its acceptance images.
 * @param found with the role of a policy. @param more with that of acceptance images; any number.
 */
export function readModelConfig(model: string, found: readonly ConfigMap[], more: readonly ConfigMap[]): ModelConfig {
  const [config] = found;
  const selector = `${labels.model}=${model},${labels.role}=${POLICY_ROLE}`;
  if (config === undefined)
    return unusable('missing', `No ConfigMap with the labels ${selector} says how to roll out; the chart makes one`);
  const names = found.map(({ metadata }) => metadata.name).join(', ');
  if (found.length > 1)
    return unusable('invalid', `${found.length} ConfigMaps have the labels ${selector}: ${names}; keep one`);
  const text = config.data?.[POLICY_KEY];
  if (text === undefined) return unusable('invalid', `The ConfigMap ${names} has no key ${POLICY_KEY}`);
  const policy = readPolicy(text);
  if (typeof policy === 'string') return unusable('invalid', `${POLICY_KEY} of the ConfigMap ${names}: ${policy}`);
  const all = [config, ...more];
  const images = imagesOf(all);
  if (typeof images === 'string') return unusable('invalid', images);
  return {
    state: { kind: 'valid', policy, images: images.size },
    policy,
    publicKeyPem: config.data?.[PUBLIC_KEY_KEY],
    imagesIn: all.filter(({ binaryData }) => binaryData !== undefined).map(({ metadata }) => metadata.name),
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

const unusable = (kind: 'missing' | 'invalid', message: string): ModelConfig => ({ state: { kind, message } });
