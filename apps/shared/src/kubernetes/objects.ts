import type { KubeObject, ResourceType } from './kube-object.ts';

/**
 * The parts of Kubernetes' objects that a rollout reads or writes. What else an object has is kept as it is: a pod
 * template is cloned with fields that this file does not name.
 */

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
}

export interface Container {
  readonly name: string;
  readonly env?: readonly EnvVar[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

export interface Volume {
  readonly name: string;
  readonly image?: { readonly reference: string; readonly pullPolicy?: string };
}

export interface PodSpec {
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
    readonly revisionHistoryLimit?: number;
    readonly strategy?: object;
    readonly selector?: object;
    readonly template: PodTemplate;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

/** How a container is or was. */
export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly message?: string };
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
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Values in base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
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

/** Gateway API v1; only what the controller writes. */
export interface HttpRoute extends KubeObject {
  readonly spec: {
    readonly parentRefs: readonly ParentReference[];
    readonly hostnames?: readonly string[];
    readonly rules: readonly {
      readonly backendRefs: readonly { readonly name: string; readonly port: number; readonly weight?: number }[];
    }[];
  };
}

export const deployments: ResourceType<Deployment> = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
};
export const pods: ResourceType<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
export const configMaps: ResourceType<ConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
};
export const services: ResourceType<Service> = { group: '', version: 'v1', plural: 'services', kind: 'Service' };
export const httpRoutes: ResourceType<HttpRoute> = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  plural: 'httproutes',
  kind: 'HTTPRoute',
};
