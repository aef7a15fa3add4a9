import { NEITHER } from '@pawl/shared/bundle/manifest';
import { readPublicKeys } from '@pawl/shared/bundle/signature';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import {
  ACCEPTANCE_IMAGES_ROLE,
  labels,
  POLICY_KEY,
  POLICY_ROLE,
  PUBLIC_KEY_KEY,
} from '@pawl/shared/modelversion/names';
import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { parse } from 'yaml';
import { count } from '../../../terminal/text.ts';
import { issuesOf, oneLine } from './declaration.ts';
import { notice, problem, type Finding } from './findings.ts';
import { identityOf, objectTitle, type ParsedObject } from './kube-object.ts';

/** A ConfigMap is refused above this, bytes of all values (https://kubernetes.io/docs/concepts/configuration/configmap/). */
const MAX_CONFIG_MAP_BYTES = 1_048_576;

/** What an object says and what it is about, for findings. */
export interface ModelObjects {
  /** Name of the model's folder. */
  readonly model: string;
  /** File that people change, as they type it. */
  readonly file: string;
  readonly objects: readonly ParsedObject[];
}

const withRole = (objects: readonly ParsedObject[], role: string): readonly ParsedObject[] =>
  objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.labels?.[labels.role] === role);

/**
 * Pure: the rollout policy that the chart rendered is what the controller reads: by its schema. None is right where
 * the policy is a ConfigMap of somebody else's.
 */
export function checkPolicy({ model, file, objects }: ModelObjects): {
  readonly found: string;
  readonly findings: readonly Finding[];
} {
  const [config] = withRole(objects, POLICY_ROLE);
  if (config === undefined) return { found: 'a ConfigMap from elsewhere', findings: [] };
  const refuse = (message: string) => ({
    found: 'is not valid',
    findings: [problem('POLICY_INVALID', file, message, "Its fields are the chart's values below rollout.")],
  });
  let value: unknown;
  try {
    value = parse(config.data?.[POLICY_KEY] ?? '');
  } catch (error) {
    return refuse(`the rollout policy is not YAML: ${oneLine(error)}.`);
  }
  const parsed = rolloutPolicySchema.safeParse(value ?? {});
  if (!parsed.success) return refuse(`the rollout policy is not valid: ${issuesOf(parsed.error)}`);
  const { canary, analysis } = parsed.data;
  const weights = canary.steps.map(({ weight }) => weight);
  const name = config.metadata.labels?.[labels.model];
  if (name !== model)
    return {
      found: `of the model ${name ?? '(none)'}`,
      findings: [
        problem(
          'MODEL_INVALID',
          file,
          `model.name is ${name ?? 'not set'} in the folder ${model}; expected the same name, by which versions and images are found.`,
          `Set model.name to ${model}, or rename the folder.`,
        ),
      ],
    };
  const steps = canary.enabled
    ? weights.length === 0
      ? 'acceptance only'
      : weights.map((weight) => `${weight} %`).join(', ')
    : 'no canary';
  return { found: `${steps}${analysis.enabled ? '' : ', no analysis'}`, findings: [] };
}

/**
 * Pure: the public keys that the chart rendered can be read; no key is right too, and said. Where releases are checked by
 * keys of their own file, those must be the same ones.
 *
 * @param releaseKeys `public-key.pem` of the environment
 */
export function checkKeys(
  { file, objects }: ModelObjects,
  releaseKeys: string | undefined,
): { readonly found: string; readonly findings: readonly Finding[] } {
  const [policy] = withRole(objects, POLICY_ROLE);
  const pem = policy?.data?.[PUBLIC_KEY_KEY];
  const described = describeKeys(file, pem);
  if (described.findings.length > 0 || policy === undefined || releaseKeys === undefined) return described;
  if (releaseKeys.trim() === pem?.trim()) return described;
  return {
    found: 'differ',
    findings: [
      problem(
        'KEY_INVALID',
        file,
        `publicKey of the values is not what the environment's public-key.pem holds: releases are checked by one, pods by the other.`,
        'Keep the key in the values alone, where both are read from.',
      ),
    ],
  };
}

function describeKeys(file: string, pem: string | undefined): ReturnType<typeof checkKeys> {
  if (pem === undefined) return { found: 'signatures are not asked for', findings: [] };
  try {
    return { found: count(readPublicKeys(pem).length, 'public key'), findings: [] };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { found: 'cannot be used', findings: [problem('KEY_INVALID', file, `${error.message}.`, error.hint)] };
  }
}

/** An acceptance image as a pod would be asked. */
export interface CheckedImage {
  /** Key in the ConfigMap: `<label>.<anything>`. */
  readonly key: string;
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** Pure: the acceptance images of a model, of all its ConfigMaps; those that the controller would not find are findings. */
export function readAcceptance({ model, file, objects }: ModelObjects): {
  readonly images: readonly CheckedImage[];
  readonly findings: readonly Finding[];
} {
  const policies = withRole(objects, POLICY_ROLE);
  const others = objects.filter(
    ({ kind, metadata, binaryData }) =>
      kind === 'ConfigMap' &&
      metadata.labels?.[labels.role] !== POLICY_ROLE &&
      (binaryData !== undefined || metadata.labels?.[labels.role] === ACCEPTANCE_IMAGES_ROLE),
  );
  const findings = [...policies, ...others].flatMap((config) =>
    checkConfigMap(model, file, config, policies.includes(config)),
  );
  const images = [...policies, ...others].flatMap(({ binaryData = {} }) =>
    Object.entries(binaryData).map(([key, base64]) => ({
      key,
      label: key.split('.', 1)[0] ?? key,
      bytes: new Uint8Array(Buffer.from(base64, 'base64')),
    })),
  );
  const keys = images.map(({ key }) => key);
  const twice = keys.filter((key, index) => keys.indexOf(key) < index);
  return {
    images,
    findings: [
      ...findings,
      ...twice.map((key) =>
        problem('ACCEPTANCE_INVALID', file, `${key} is in two ConfigMaps.`, 'Give one of them another name.'),
      ),
    ],
  };
}

function checkConfigMap(model: string, file: string, config: ParsedObject, isPolicy: boolean): readonly Finding[] {
  const { binaryData = {}, data = {} } = config;
  const size = [
    ...Object.values(binaryData).map((text) => Buffer.byteLength(text, 'base64')),
    ...Object.values(data).map((text) => Buffer.byteLength(text)),
  ].reduce((sum, length) => sum + length, 0);
  const marks = config.metadata.labels ?? {};
  const found = isPolicy || (marks[labels.role] === ACCEPTANCE_IMAGES_ROLE && marks[labels.model] === model);
  return [
    ...(size > MAX_CONFIG_MAP_BYTES
      ? [
          problem(
            'ACCEPTANCE_INVALID',
            file,
            `${objectTitle(config)} has ${size} bytes; Kubernetes takes ${MAX_CONFIG_MAP_BYTES}.`,
            'Make the images smaller, or divide them over several ConfigMaps.',
          ),
        ]
      : []),
    ...(found
      ? []
      : [
          problem(
            'ACCEPTANCE_INVALID',
            file,
            `${objectTitle(config)} lacks the labels ${labels.model}: ${model} and ${labels.role}: ${ACCEPTANCE_IMAGES_ROLE}; the controller would not find it.`,
            'Set them in the kustomization, by options.labels of the generator.',
          ),
        ]),
    ...(isPolicy ? [] : Object.keys(data)).map((key) =>
      problem(
        'ACCEPTANCE_INVALID',
        file,
        `${key} is text, not a picture; the controller would pass it over.`,
        'Put an image there (with Git LFS: fetch it), or take the file out of the kustomization.',
      ),
    ),
  ];
}

/** Objects of one release in one place. */
export interface Placed {
  /** Who renders them, such as `staging/catdog`. */
  readonly owner: string;
  readonly file: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly objects: readonly ParsedObject[];
}

/** Kinds of the chart that belong to a cluster and to no namespace. */
const CLUSTER_KINDS = ['CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding', 'PriorityClass', 'Namespace'];

/** Pure: objects that two releases would both own, and fight over. */
export function checkOwners(releases: readonly Placed[]): readonly Finding[] {
  const owners = new Map<string, string>();
  return releases.flatMap(({ owner, file, cluster, namespace, objects }) =>
    objects.flatMap((object) => {
      const place = CLUSTER_KINDS.includes(object.kind) ? '' : (object.metadata.namespace ?? namespace);
      const key = `${cluster} ${place} ${identityOf(object)}`;
      const other = owners.get(key);
      if (other === undefined) {
        owners.set(key, owner);
        return [];
      }
      const hint =
        object.kind === 'CustomResourceDefinition'
          ? 'A cluster has one: set crds.install to true in one place alone.'
          : 'Let one of them bring it: controller.install: false for every further model of a namespace.';
      return [
        problem('OBJECT_DUPLICATE', file, `${objectTitle(object)} is brought by ${other} and by ${owner}.`, hint),
      ];
    }),
  );
}

/** Pure: whether the images can judge anything: that there are some, of every label that the model knows. */
export function checkImageLabels(
  file: string,
  images: readonly CheckedImage[],
  known: readonly string[] | undefined,
): readonly Finding[] {
  if (images.length === 0)
    return [
      notice(
        'ACCEPTANCE_MISSING',
        file,
        'there are no acceptance images: nothing is asked of a version before users meet it, and none can be promoted from here.',
        'Add <label>.<anything>.jpg to the folder acceptance of the model.',
      ),
    ];
  if (known === undefined) return [];
  const strange = images.filter(({ label }) => !known.includes(label)).map(({ key }) => key);
  // That it abstains is a courtesy: a model of before, which cannot, may still serve here.
  const unasked = known.filter((label) => label !== NEITHER && !images.some((image) => image.label === label));
  return [
    ...(strange.length === 0
      ? []
      : [
          problem(
            'ACCEPTANCE_INVALID',
            file,
            `${strange.join(', ')}: no label of the model, which knows ${known.join(', ')}; no version could ever be accepted.`,
            'What stands before the first dot of a name is its label.',
          ),
        ]),
    ...(unasked.length === 0
      ? []
      : [
          notice(
            'ACCEPTANCE_MISSING',
            file,
            `there is no acceptance image of ${unasked.join(', ')}.`,
            'A model that forgot a label would be accepted: add an image of each.',
          ),
        ]),
  ];
}
