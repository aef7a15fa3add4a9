import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import { API_VERSION, labels, POLICY_KEY, POLICY_ROLE, STABLE } from '@pawl/shared/modelversion/names';
import { configMaps, deployments } from '@pawl/shared/kubernetes/objects';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import type { DesiredObject, KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';

const namespaces: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };
const crds: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
};
/** The images that the chart ships, so that policies are as large as they are. */
const IMAGES = 'charts/pawl/acceptance';
const AT_ONCE = 16;
const LOOK_MS = 500;
/** For one version of every model; far beyond what it takes. */
const PATIENCE_MS = 300_000;

/**
 * Many models in a namespace of their own. Their stable Deployments have no pods, so that the number of versions is all
 * that there is to measure.
 */
export class Fleet {
  readonly namespace = `controller-bench-${randomBytes(4).toString('hex')}`;
  readonly #client: KubeClient;
  readonly #folder = mkdtempSync(join(tmpdir(), 'pawl-controller-bench-'));
  readonly #models: readonly string[];

  constructor(kubeconfig: string, models: number) {
    this.#client = KubeClient.fromKubeconfig({ path: kubeconfig });
    this.#models = Array.from({ length: models }, (_, index) => `model_${index}`);
  }

  /** Everything but the versions. */
  async make(): Promise<void> {
    const crd = modelVersionCrd() as unknown as DesiredObject;
    await this.#client.apply(crds, crd, { fieldManager: 'pawl-test', force: true });
    await this.#client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } });
    const images = readdirSync(IMAGES).filter((name) => name.endsWith('.jpg'));
    const binaryData = Object.fromEntries(
      images.map((name) => [name, readFileSync(join(IMAGES, name)).toString('base64')]),
    );
    await forEachLimited(this.#models, AT_ONCE, async (model) => {
      const name = model.replace('_', '-');
      const { namespace } = this;
      await this.#client.create(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace, labels: { [labels.model]: model, [labels.role]: POLICY_ROLE } },
        data: { [POLICY_KEY]: 'canary: { enabled: false }' },
        binaryData,
      });
      await this.#client.create(deployments, stable(namespace, name, model));
    });
  }

  /** Offers a version of every model, and waits until the controller has made each of them the one that serves. */
  async offer(minor: number): Promise<void> {
    const version = `1.${minor}.0`;
    await forEachLimited(this.#models, AT_ONCE, async (model) => {
      const directory = join(this.#folder, `${model}-${version}`);
      const { digest } = await writeBundle(directory, draft(model, version), [
        { path: 'model.onnx', source: Buffer.from(`${model} ${version}`) },
        { path: 'golden/cat.jpg', source: Buffer.from('a cat') },
      ]);
      await this.#client.create(modelVersions, {
        apiVersion: API_VERSION,
        kind: 'ModelVersion',
        metadata: { namespace: this.namespace, name: `${model.replace('_', '-')}-${minor}` },
        spec: { model, version, artifact: { uri: `file://${directory}`, digest } },
      });
    });
    const until = performance.now() + PATIENCE_MS;
    while (performance.now() < until) {
      await pause(LOOK_MS);
      const serving = (await this.#all(modelVersions)).filter(
        ({ spec, status }) => spec.version === version && status?.phase === 'Serving',
      );
      if (serving.length === this.#models.length) return;
    }
    throw new Error(`not every model serves ${version} within ${PATIENCE_MS / 1000} s`);
  }

  /** Of everything that a controller may write, its lease and events left out. */
  async resourceVersions(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const type of [modelVersions, deployments, configMaps])
      for (const { metadata } of await this.#all<KubeObject>(type))
        found.set(`${type.plural}/${metadata.name}`, metadata.resourceVersion ?? '');
    return found;
  }

  /** Bytes of a version as the API server sends it, on average, and how many versions there are in each phase. */
  async describe(): Promise<{ readonly bytes: number; readonly phases: Readonly<Record<string, number>> }> {
    const all = await this.#all(modelVersions);
    const phases: Record<string, number> = {};
    for (const { status } of all) phases[status?.phase ?? 'none'] = (phases[status?.phase ?? 'none'] ?? 0) + 1;
    return { bytes: Math.round(JSON.stringify(all).length / all.length), phases };
  }

  async remove(): Promise<void> {
    await this.#client.delete(namespaces, undefined, this.namespace, { propagationPolicy: 'Background' });
    await this.#client.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #all<T extends KubeObject>(type: ResourceType<T>): Promise<T[]> {
    const all: T[] = [];
    for await (const page of this.#client.pages(type, { namespace: this.namespace })) all.push(...page.items);
    return all;
  }
}

/** A stable track without pods. */
function stable(namespace: string, name: string, model: string): DesiredObject {
  const own = { [labels.model]: model, [labels.track]: STABLE };
  const container = { image: 'none.invalid/none' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: own },
    spec: {
      replicas: 0,
      // As the chart has it by default, give or take: every revision is a ReplicaSet that the bench does not measure.
      revisionHistoryLimit: 1,
      selector: { matchLabels: own },
      template: {
        metadata: { labels: { ...own, [labels.inService]: 'true' } },
        spec: {
          initContainers: [{ ...container, name: 'fetch-model' }],
          containers: [{ ...container, name: 'inference', ports: [{ name: 'http', containerPort: 8000 }] }],
        },
      },
    },
  };
}

const draft = (name: string, version: string) => ({
  schemaVersion: 1 as const,
  name,
  version,
  labels: ['cat', 'dog'],
  model: 'model.onnx',
  input: {
    name: 'image',
    layout: 'NHWC' as const,
    dtype: 'uint8' as const,
    width: 224,
    height: 224,
    fit: 'fill' as const,
    kernel: 'lanczos3' as const,
  },
  output: { kind: 'binary-logit' as const, name: 'logit' },
  golden: {
    tolerance: 0.02,
    images: [{ file: 'golden/cat.jpg', label: 'cat', probabilities: { cat: 0.9, dog: 0.1 } }],
  },
  lineage: { 'git-commit': '0123456789abcdef0123456789abcdef01234567', run: 'run-20260102-030405' },
});
