import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { configMaps, type Deployment, deployments, pods, replicaSets, services } from '@pawl/shared/kubernetes/objects';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { labels, POLICY_KEY, POLICY_ROLE, STABLE } from '@pawl/shared/modelversion/names';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { FakeApi } from '@pawl/test-kit/fake-api';
import { MemoryLogger } from '../../runtime/test/fake-objects.ts';
import type { Caches } from '../caches.ts';
import type { PodClient } from '../pod-client.ts';
import { Reconciler } from '../reconciler.ts';
import { NOW } from './builders.ts';

export const KEY = 'ns/m';

/** The stable Deployment of the model `m`, rolled out with the weights of a digest. */
export const stableDeployment = (of: string, more: Readonly<Record<string, string>> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'ns',
    uid: 'uid-web',
    labels: { [labels.model]: 'm', [labels.track]: STABLE, ...more },
  },
  spec: {
    replicas: 3,
    template: {
      metadata: { labels: {} },
      spec: { containers: [{ name: 'inference', env: [{ name: 'MODEL_DIGEST', value: of }] }] },
    },
  },
  status: { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 },
});

/** The policy ConfigMap of the model `m`. @param policy YAML. */
export const policyOf = (policy = '{}') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'policy', namespace: 'ns', labels: { [labels.model]: 'm', [labels.role]: POLICY_ROLE } },
  data: { [POLICY_KEY]: policy },
});

/** A Service with one port. */
export const aService = (name: string, port: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'ns', uid: `uid-${name}` },
  spec: { ports: [{ name: 'http', port }] },
});

/** Pods that answer no request. */
export const silentPods: PodClient = {
  scrape: () => Promise.reject(new Error('nobody answers')),
  whyNotReady: () => Promise.resolve(undefined),
  askAcceptance: () => Promise.reject(new Error('nobody answers')),
};

/** One model in a cluster in memory, whose caches are never behind, with a reconciler and a clock that tests move. */
export class ModelCluster {
  readonly clock = new FakeClock(NOW);
  readonly api = new FakeApi(() => this.clock.now());
  readonly logger = new MemoryLogger();
  /** `type reason note`, in order. */
  readonly events: string[] = [];
  readonly enqueued: string[] = [];
  readonly verified: string[] = [];
  /** The content of the cache of versions while it is behind. */
  seen: readonly ModelVersion[] | undefined;
  readonly caches: Caches = {
    versions: { byIndex: () => this.seen ?? this.api.all(modelVersions) },
    deployments: { byIndex: () => this.api.all(deployments) },
    replicaSets: { byIndex: () => this.api.all(replicaSets) },
    pods: { byIndex: () => this.api.all(pods) },
    configMaps: { byIndex: () => this.api.all(configMaps) },
  };
  readonly reconciler: Reconciler;

  constructor(podClient: PodClient = silentPods) {
    this.reconciler = new Reconciler({
      api: this.api,
      caches: this.caches,
      pods: podClient,
      verifier: {
        states: () => new Map(),
        start: (_key, version) => {
          this.verified.push(version.metadata.name);
        },
      },
      events: {
        record: (_object, type, reason, note) => {
          this.events.push(`${type} ${reason} ${note}`);
        },
      },
      logger: this.logger,
      enqueue: (key) => {
        this.enqueued.push(key);
      },
      clock: this.clock,
      signal: new AbortController().signal,
    });
  }

  /** Puts objects there, status and all. */
  has(
    ...objects: readonly (ModelVersion | Deployment | ReturnType<typeof policyOf> | ReturnType<typeof aService>)[]
  ): this {
    for (const object of objects) this.api.put(object);
    return this;
  }

  /** One pass; what it failed with, if it did. */
  async pass(): Promise<unknown> {
    try {
      await this.reconciler.reconcile(KEY, new AbortController().signal);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  version(name: string): ModelVersion {
    const found = this.api.all(modelVersions).find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  /** `True Reason: message` of a condition; undefined when there is none. */
  condition(name: string, type: string): string | undefined {
    const found = this.version(name).status?.conditions.find((condition) => condition.type === type);
    return found && `${found.status} ${found.reason}: ${found.message}`;
  }

  deployment(name: string): Deployment | undefined {
    return this.api.all(deployments).find(({ metadata }) => metadata.name === name);
  }

  service(name: string) {
    return this.api.all(services).find(({ metadata }) => metadata.name === name);
  }
}
