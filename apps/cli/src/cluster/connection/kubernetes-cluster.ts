import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import { CliError } from '../../errors/cli-error.ts';
import type { Cluster } from './cluster.ts';
import type { Deployment, KubernetesEvent, List, Meta, Pod } from './objects.ts';
import type { RestClient } from './rest-client.ts';

/** Identity of what we write, in `metadata.managedFields`. */
export const FIELD_MANAGER = 'pawl-cli';

/** {@link Cluster} on a real API server. */
export class KubernetesCluster implements Cluster {
  readonly namespace: string;
  readonly #client: RestClient;

  constructor(client: RestClient, namespace: string) {
    this.#client = client;
    this.namespace = namespace;
  }

  get description(): string {
    return this.#client.description;
  }

  async modelVersions(allNamespaces = false): Promise<readonly ModelVersion[]> {
    const { items } = await this.#client.send<List<ModelVersion>>({
      path: allNamespaces ? `/apis/${API_VERSION}/${MODEL_VERSION.plural}` : this.#versionPath(),
      what: `list ModelVersions in ${allNamespaces ? 'all namespaces' : `namespace ${this.namespace}`}`,
    });
    return items;
  }

  modelVersion(name: string): Promise<ModelVersion | undefined> {
    return this.#client.send<ModelVersion>(
      { path: this.#versionPath(name), what: `read ModelVersion ${name}` },
      'undefined',
    );
  }

  async patchModelVersion(name: string, patch: object): Promise<ModelVersion> {
    const patched = await this.#client.send<ModelVersion>(
      {
        method: 'PATCH',
        path: this.#versionPath(name),
        query: { fieldManager: FIELD_MANAGER },
        contentType: 'application/merge-patch+json',
        body: patch,
        what: `change ModelVersion ${name}`,
      },
      'undefined',
    );
    if (patched === undefined) {
      throw new CliError(
        'VERSION_NOT_FOUND',
        `ModelVersion ${name} was deleted meanwhile`,
        'List what there is: pawl get',
      );
    }
    return patched;
  }

  deployments(labelSelector: string): Promise<readonly Deployment[]> {
    return this.#list(`/apis/apps/v1/namespaces/${this.#ns}/deployments`, 'Deployments', { labelSelector });
  }

  pods(labelSelector: string): Promise<readonly Pod[]> {
    return this.#list(`/api/v1/namespaces/${this.#ns}/pods`, 'pods', { labelSelector });
  }

  events(fieldSelector: string): Promise<readonly KubernetesEvent[]> {
    return this.#list(`/api/v1/namespaces/${this.#ns}/events`, 'events', { fieldSelector, limit: '500' });
  }

  async configMaps(labelSelector: string): Promise<readonly { readonly metadata: Meta }[]> {
    const { items } = await this.#client.send<List<{ metadata: Meta }>>({
      path: `/api/v1/namespaces/${this.#ns}/configmaps`,
      query: { labelSelector },
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      what: `list ConfigMaps in namespace ${this.namespace}`,
    });
    return items;
  }

  async namespaceExists(): Promise<boolean> {
    try {
      const found = await this.#client.send(
        { path: `/api/v1/namespaces/${this.#ns}`, what: `read namespace ${this.namespace}` },
        'undefined',
      );
      return found !== undefined;
    } catch (error) {
      if (error instanceof CliError && error.code === 'CLUSTER_FORBIDDEN') return true;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  get #ns(): string {
    return encodeURIComponent(this.namespace);
  }

  #versionPath(name?: string): string {
    const all = `/apis/${API_VERSION}/namespaces/${this.#ns}/${MODEL_VERSION.plural}`;
    return name === undefined ? all : `${all}/${encodeURIComponent(name)}`;
  }

  async #list<T>(path: string, words: string, query: Record<string, string>): Promise<readonly T[]> {
    const what = `list ${words} in namespace ${this.namespace}`;
    const { items } = await this.#client.send<List<T>>({ path, query, what });
    return items;
  }
}
