/** What every Kubernetes object has. Timestamps stay the strings of the wire (RFC 3339). */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object to be written: a literal may have any fields besides. */
export type DesiredObject = KubeObject | (KubeObject & Readonly<Record<string, unknown>>);

export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string | undefined;
  /** Set by the server, as are resourceVersion, generation and the timestamps. */
  readonly uid?: string | undefined;
  /** Opaque: only ever compared for equality. */
  readonly resourceVersion?: string | undefined;
  readonly generation?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly managedFields?: readonly unknown[] | undefined;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
}

/** One kind of object and where the API serves it. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  /** Never set: it carries the type of the objects. */
  readonly objects?: T;
}

/** `group/version`, or the version alone in the core group. */
export const apiVersionOf = (type: ResourceType): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

/** `namespace/name`, or the name alone of a cluster-scoped object. The only thing that a work queue holds. */
export const keyOf = ({ metadata }: { readonly metadata: ObjectMeta }): string =>
  joinKey(metadata.namespace, metadata.name);

/** The key of an object that need not exist. */
export const joinKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}/${name}`;
