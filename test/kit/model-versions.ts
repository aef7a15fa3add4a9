import type { ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';

/** Makes another object of one: `aVersion('1.4.0', withStatus({ phase: 'Canary' }))`. */
export type Change<T> = (value: T) => T;

/** What the versions of a suite have in common. */
interface VersionDefaults {
  readonly model: string;
  readonly namespace: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Name of the object that offers a version; `<model>-<version>` by default. */
  readonly nameOf?: (version: string) => string;
}

/** A digest that begins with a word in hex: each word has its own. */
export const aDigest = (word: string): string =>
  `sha256:${Buffer.from(word).toString('hex').padEnd(64, '0').slice(0, 64)}`;

/**
 * The builder of a suite's versions. A version is of generation 1, without a status, and its digest is that of its number.
 * @returns a function of the version's number and of changes, applied in order.
 */
export function versionBuilder({
  model,
  namespace,
  createdAt,
  nameOf = (version) => `${model}-${version}`,
}: VersionDefaults) {
  return (version: string, ...changes: readonly Change<ModelVersion>[]): ModelVersion => {
    const plain: ModelVersion = {
      apiVersion: API_VERSION,
      kind: MODEL_VERSION.kind,
      metadata: {
        ...{ name: nameOf(version), namespace, uid: `uid-${version}` },
        ...{ resourceVersion: '1', generation: 1, creationTimestamp: createdAt },
      },
      spec: {
        model,
        version,
        artifact: { uri: `oci://registry.example/${model}:${version}`, digest: aDigest(version) },
      },
    };
    return changes.reduce((made, change) => change(made), plain);
  };
}

const blank: ModelVersionStatus = { observedGeneration: 1, phase: 'Pending', weight: 0, message: '', conditions: [] };

/** Lays fields over the status; over an empty one of phase Pending where there is none. */
export const withStatus =
  (status: Partial<ModelVersionStatus>): Change<ModelVersion> =>
  (version) => ({ ...version, status: { ...blank, ...version.status, ...status } });

/** Lays fields over the metadata. */
export const withMetadata =
  (metadata: Partial<ModelVersion['metadata']>): Change<ModelVersion> =>
  (version) => ({ ...version, metadata: { ...version.metadata, ...metadata } });

/** Lays fields over the spec. */
export const withSpec =
  (spec: Partial<ModelVersion['spec']>): Change<ModelVersion> =>
  (version) => ({ ...version, spec: { ...version.spec, ...spec } });
