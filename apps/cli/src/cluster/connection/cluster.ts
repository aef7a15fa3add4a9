import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import type { Deployment, KubernetesEvent, Lease, Pod } from '@pawl/shared/kubernetes/objects';

/** The cluster, the user, and the time limit of a connection. */
export interface ConnectOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly requestTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** What the commands need of a cluster: the port that tests replace. Every call ends within the request timeout. */
export interface Cluster {
  /** Namespace of every call that does not say otherwise. */
  readonly namespace: string;
  /** Address and context, for error messages. */
  readonly description: string;
  /** Versions of the namespace, or of all. @throws CliError `CRD_MISSING` */
  modelVersions(allNamespaces?: boolean): Promise<readonly ModelVersion[]>;
  modelVersion(name: string): Promise<ModelVersion | undefined>;
  /** JSON merge patch. @throws CliError `CONFLICT` when `metadata.uid` is given and the object is another one by now */
  patchModelVersion(name: string, patch: object): Promise<ModelVersion>;
  deployments(labelSelector: string): Promise<readonly Deployment[]>;
  pods(labelSelector: string): Promise<readonly Pod[]>;
  /** Events of the namespace, by field selector. */
  events(fieldSelector: string): Promise<readonly KubernetesEvent[]>;
  /** Metadata alone: the images in a policy ConfigMap may be a megabyte. */
  configMaps(labelSelector: string): Promise<readonly Pick<KubeObject, 'metadata'>[]>;
  /**
   * The Lease that the controller of a namespace renews while it works; undefined where there is none.
   * @param namespace in place of the usual one.
   */
  controllerLease(namespace?: string): Promise<Lease | undefined>;
  /** False only when the server says that there is none; true also when we may not ask. */
  namespaceExists(): Promise<boolean>;
  close(): Promise<void>;
}
