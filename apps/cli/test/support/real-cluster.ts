import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { RestClient } from '../../src/cluster/connection/rest-client.ts';

/** A namespace of its own on a real API server, made for a suite and taken away after it. */
export class TestNamespace {
  readonly name = `cli-test-${Math.random().toString(36).slice(2, 8)}`;
  readonly #client: RestClient;

  constructor(kubeconfig: string) {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    this.#client = new RestClient(config, 60_000, new AbortController().signal);
  }

  async create(): Promise<void> {
    await this.apply(`/api/v1/namespaces/${this.name}`, { apiVersion: 'v1', kind: 'Namespace' });
  }

  async remove(): Promise<void> {
    await this.#client.send({
      method: 'DELETE',
      path: `/api/v1/namespaces/${this.name}`,
      what: 'delete the namespace',
    });
    await this.#client.close();
  }

  /** Server-side apply of any object by its path. */
  apply<T = object>(path: string, object: object): Promise<T> {
    const name = path
      .split('/')
      .filter((part) => part !== 'status')
      .at(-1);
    const body = { ...object, metadata: { ...(object as { metadata?: object }).metadata, name } };
    return this.#client.send<T>({
      method: 'PATCH',
      path,
      query: { fieldManager: 'cli-test', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body,
      what: `apply ${path}`,
    });
  }

  /** Writes a version and the status that a controller would have written. */
  async version(version: ModelVersion): Promise<ModelVersion> {
    const { name, labels, annotations } = version.metadata;
    const path = this.versionPath(name);
    const kind = { apiVersion: API_VERSION, kind: MODEL_VERSION.kind };
    const written = await this.apply<ModelVersion>(path, {
      ...kind,
      metadata: { ...(labels && { labels }), ...(annotations && { annotations }) },
      spec: version.spec,
    });
    return version.status === undefined ? written : this.status(name, version.status);
  }

  status(name: string, status: object): Promise<ModelVersion> {
    return this.apply(`${this.versionPath(name)}/status`, {
      apiVersion: API_VERSION,
      kind: MODEL_VERSION.kind,
      status,
    });
  }

  read(name: string): Promise<ModelVersion> {
    return this.#client.send({ path: this.versionPath(name), what: `read ${name}` });
  }

  versionPath(name: string): string {
    return `/apis/${API_VERSION}/namespaces/${this.name}/${MODEL_VERSION.plural}/${name}`;
  }
}
