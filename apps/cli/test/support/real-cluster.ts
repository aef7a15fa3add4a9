import { KubeClient } from '@pawl/shared/kubernetes/client';
import { apiVersionOf, type KubeObject, type ResourceType } from '@pawl/shared/kubernetes/kube-object';
import { namespaces } from '@pawl/shared/kubernetes/objects';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { modelVersions } from '@pawl/shared/modelversion/resource';

/** More than an API server takes on the busiest machine, ms. */
const TIMEOUT_MS = 60_000;
const AS_TEST = { fieldManager: 'cli-test', force: true } as const;

/** A namespace of its own on a real API server, made for a suite and taken away after it. */
export class TestNamespace {
  readonly name = `cli-test-${Math.random().toString(36).slice(2, 8)}`;
  readonly #client: KubeClient;

  constructor(kubeconfig: string) {
    this.#client = KubeClient.fromKubeconfig({ path: kubeconfig }, { timeoutMs: TIMEOUT_MS });
  }

  async create(): Promise<void> {
    await this.#client.apply(
      namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.name } },
      AS_TEST,
    );
  }

  async remove(): Promise<void> {
    await this.#client.delete(namespaces, undefined, this.name);
    await this.#client.close();
  }

  /** Server-side apply of an object of the namespace, forced. */
  apply<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    object: { readonly metadata?: object; readonly [field: string]: unknown },
    subresource?: string,
  ): Promise<T> {
    const metadata = { ...object.metadata, name, namespace: this.name };
    return this.#client.apply(
      type,
      { ...object, apiVersion: apiVersionOf(type), kind: type.kind, metadata },
      { ...AS_TEST, subresource },
    );
  }

  /** Writes a version and the status that a controller would have written. */
  async version(version: ModelVersion): Promise<ModelVersion> {
    const { name, labels, annotations } = version.metadata;
    const metadata = { ...(labels && { labels }), ...(annotations && { annotations }) };
    const written = await this.apply(modelVersions, name, { metadata, spec: version.spec });
    return version.status === undefined ? written : this.status(name, version.status);
  }

  status(name: string, status: object): Promise<ModelVersion> {
    return this.apply(modelVersions, name, { status }, 'status');
  }

  async read(name: string): Promise<ModelVersion> {
    const found = await this.#client.get(modelVersions, this.name, name);
    if (found === undefined) throw new Error(`There is no ModelVersion ${name}.`);
    return found;
  }
}
