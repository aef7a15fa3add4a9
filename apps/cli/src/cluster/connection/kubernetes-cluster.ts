import type { KubeClient } from '@pawl/shared/kubernetes/client';
import type { KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import {
  configMaps,
  deployments,
  events,
  leases,
  namespaces,
  pods,
  type Deployment,
  type KubernetesEvent,
  type Lease,
  type Pod,
} from '@pawl/shared/kubernetes/objects';
import type { ListOptions } from '@pawl/shared/kubernetes/requests';
import { CONTROLLER_LEASE, CONTROLLER_SELECTOR, LEASE_NAME_ENV } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { CliError } from '../../errors/cli-error.ts';
import type { Cluster } from './cluster.ts';
import { clusterFailure, type ClusterDescription } from './failures.ts';

/** Identity of what we write, in `metadata.managedFields`. */
const FIELD_MANAGER = 'pawl-cli';
/** Most events that are read. */
const EVENTS = 500;

/** Where a {@link KubernetesCluster} is, and what its client was made with. */
export interface ClusterScope extends ClusterDescription {
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** {@link Cluster} on a real API server. */
export class KubernetesCluster implements Cluster {
  readonly namespace: string;
  readonly description: string;
  readonly #client: KubeClient;
  readonly #scope: ClusterScope;

  constructor(client: KubeClient, scope: ClusterScope) {
    this.#client = client;
    this.#scope = scope;
    this.namespace = scope.namespace;
    this.description = scope.description;
  }

  modelVersions(allNamespaces = false): Promise<readonly ModelVersion[]> {
    const where = allNamespaces ? 'all namespaces' : `namespace ${this.namespace}`;
    const options = allNamespaces ? {} : { namespace: this.namespace };
    return this.#told(`list ModelVersions in ${where}`, () => this.#all(modelVersions, options));
  }

  modelVersion(name: string): Promise<ModelVersion | undefined> {
    return this.#told(`read ModelVersion ${name}`, () => this.#client.get(modelVersions, this.namespace, name));
  }

  patchModelVersion(name: string, patch: object): Promise<ModelVersion> {
    return this.#told(
      `change ModelVersion ${name}`,
      () => this.#client.mergePatch(modelVersions, this.namespace, name, patch, { fieldManager: FIELD_MANAGER }),
      { name },
    );
  }

  deployments(labelSelector: string): Promise<readonly Deployment[]> {
    return this.#list('Deployments', deployments, { labelSelector });
  }

  pods(labelSelector: string): Promise<readonly Pod[]> {
    return this.#list('pods', pods, { labelSelector });
  }

  events(fieldSelector: string): Promise<readonly KubernetesEvent[]> {
    const options = { namespace: this.namespace, fieldSelector, limit: EVENTS };
    return this.#told(`list events in namespace ${this.namespace}`, async () => {
      const page = await this.#client.list(events, options);
      return page.items;
    });
  }

  configMaps(labelSelector: string): Promise<readonly Pick<KubeObject, 'metadata'>[]> {
    return this.#list('ConfigMaps', configMaps, { labelSelector, metadataOnly: true });
  }

  async controllerLease(namespace = this.namespace): Promise<Lease | undefined> {
    const name = await this.#leaseName(namespace);
    const what = `read Lease ${name} in namespace ${namespace}`;
    return this.#told(what, () => this.#client.get(leases, namespace, name));
  }

  /** The chart can give the Lease another name; then only the controller's Deployment says which. */
  async #leaseName(namespace: string): Promise<string> {
    try {
      const found = await this.#told(`list Deployments in namespace ${namespace}`, () =>
        this.#all(deployments, { namespace, labelSelector: CONTROLLER_SELECTOR }),
      );
      const variables = found.flatMap(({ spec }) => spec.template.spec.containers).flatMap(({ env = [] }) => env);
      return variables.find((variable) => variable.name === LEASE_NAME_ENV)?.value ?? CONTROLLER_LEASE;
    } catch (error) {
      if (error instanceof CliError && error.code === 'CLUSTER_FORBIDDEN') return CONTROLLER_LEASE;
      throw error;
    }
  }

  async namespaceExists(): Promise<boolean> {
    try {
      const what = `read namespace ${this.namespace}`;
      const found = await this.#told(what, () => this.#client.get(namespaces, undefined, this.namespace));
      return found !== undefined;
    } catch (error) {
      if (error instanceof CliError && error.code === 'CLUSTER_FORBIDDEN') return true;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #list<T extends KubeObject>(words: string, type: ResourceType<T>, options: ListOptions): Promise<readonly T[]> {
    const { namespace } = this;
    return this.#told(`list ${words} in namespace ${namespace}`, () => this.#all(type, { ...options, namespace }));
  }

  async #all<T extends KubeObject>(type: ResourceType<T>, options: ListOptions): Promise<readonly T[]> {
    const all: T[] = [];
    for await (const { items } of this.#client.pages(type, options)) all.push(...items);
    return all;
  }

  /**
   * The result, or its failure in the CLI's words.
   * @param what is done, in words: `read pods`.
   * @param changed the ModelVersion that is written.
   */
  async #told<T>(what: string, work: () => Promise<T>, changed?: { readonly name: string }): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#scope.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted', '', error);
      throw clusterFailure(error, what, this.#scope, changed?.name);
    }
  }
}
