import type { KubeObject, ResourceType } from './kube-object.ts';

/**
 * The parts of Kubernetes' objects that programs and tests read or write. Whatever a server may leave out is optional.
 * What else an object has is kept as it is: a pod template is cloned with fields that this file does not name.
 */

/** One word about how an object is. */
interface KubeCondition {
  readonly type: string;
  /** `True`, `False` or `Unknown`. */
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  /** Generation of the object that it speaks of. */
  readonly observedGeneration?: number;
}

interface EnvVar {
  readonly name: string;
  readonly value?: string;
}

export interface Container {
  readonly name: string;
  readonly env?: readonly EnvVar[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface Volume {
  readonly name: string;
  readonly image?: { readonly reference: string; readonly pullPolicy?: string };
}

interface PodSpec {
  readonly nodeName?: string;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    /** Its pods stay as they are, whatever its template says. */
    readonly paused?: boolean;
    readonly revisionHistoryLimit?: number;
    readonly strategy?: object;
    readonly selector?: object;
    readonly template: PodTemplate;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly KubeCondition[];
  };
}

/** How a container ended. */
export interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly finishedAt?: string;
}

/** How a container is or was: one of the three. */
export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: Terminated;
}

export interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly ready: boolean;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly KubeCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** What makes the pods of a Deployment, one for each of its pod templates; who owns it is all that is read of it. */
export type ReplicaSet = KubeObject;

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Values in base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

/**
 * Something that happened to an object. core/v1, not events.k8s.io/v1: both show the same stored objects, but
 * `kubectl describe` and `kubectl get events` print "x3 over 5m" from core's count and timestamps, which the newer API
 * does not let its clients write.
 */
export interface KubernetesEvent extends KubeObject {
  /** `Normal` or `Warning`. */
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly involvedObject: {
    readonly kind?: string | undefined;
    readonly name?: string | undefined;
    readonly uid?: string | undefined;
  };
}

/** Who may act, as long as its holder renews it. Times are MicroTime strings: RFC 3339 with six digits of a second. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec | undefined;
}

export interface LeaseSpec {
  readonly holderIdentity?: string | undefined;
  readonly leaseDurationSeconds?: number | undefined;
  readonly acquireTime?: string | undefined;
  readonly renewTime?: string | undefined;
  /** How often the holder changed. */
  readonly leaseTransitions?: number | undefined;
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly ports: readonly { readonly name?: string | undefined; readonly port: number }[];
  };
}

/** What an HTTPRoute attaches to. */
export interface ParentReference {
  /** `gateway.networking.k8s.io` when absent. */
  readonly group?: string | undefined;
  /** `Gateway` when absent. */
  readonly kind?: string | undefined;
  /** The route's own when absent. */
  readonly namespace?: string | undefined;
  readonly name: string;
  /** A listener; all of them when absent. */
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
}

/** What the controller of one gateway says about a route. */
export interface RouteParentStatus {
  readonly parentRef: ParentReference;
  readonly conditions?: readonly KubeCondition[];
}

/** Gateway API v1; only what the controller writes and reads. */
export interface HttpRoute extends KubeObject {
  readonly spec: {
    readonly parentRefs: readonly ParentReference[];
    readonly hostnames?: readonly string[];
    readonly rules: readonly {
      readonly matches?: readonly { readonly path: { readonly type: 'PathPrefix'; readonly value: string } }[];
      readonly filters?: readonly { readonly type: string }[];
      readonly timeouts?: { readonly request?: string | undefined; readonly backendRequest?: string | undefined };
      readonly sessionPersistence?: object;
      readonly backendRefs: readonly { readonly name: string; readonly port: number; readonly weight?: number }[];
    }[];
  };
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

export const deployments: ResourceType<Deployment> = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
};
export const replicaSets: ResourceType = {
  group: 'apps',
  version: 'v1',
  plural: 'replicasets',
  kind: 'ReplicaSet',
};
export const pods: ResourceType<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
export const configMaps: ResourceType<ConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
};
export const events: ResourceType<KubernetesEvent> = { group: '', version: 'v1', plural: 'events', kind: 'Event' };
export const namespaces: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };
export const leases: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
};
export const services: ResourceType<Service> = { group: '', version: 'v1', plural: 'services', kind: 'Service' };
export const httpRoutes: ResourceType<HttpRoute> = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  plural: 'httproutes',
  kind: 'HTTPRoute',
};
