import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Cluster, ConnectOptions } from '../../src/cluster/connection/cluster.ts';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import type { Deployment, KubernetesEvent, Lease, Pod } from '@pawl/shared/kubernetes/objects';
import type { ClusterContext } from '../../src/cluster/cluster-context.ts';
import { CliError } from '../../src/errors/cli-error.ts';
import { run } from '../../src/program.ts';
import { aLease, NOW } from './objects.ts';

/** A cluster in memory: what is in it can be changed between reads, and any read can be made to fail. */
export class FakeCluster implements Cluster {
  readonly namespace: string;
  readonly description = 'https://cluster.example (context demo)';
  versions: readonly ModelVersion[] = [];
  stable: readonly Deployment[] = [];
  canaries: readonly Deployment[] = [];
  allPods: readonly Pod[] = [];
  allEvents: readonly KubernetesEvent[] = [];
  policies: readonly Pick<KubeObject, 'metadata'>[] = [];
  /** By namespace, and for those that are not named. */
  leases: Readonly<Record<string, Lease | undefined>> = {};
  lease: Lease | undefined = aLease(2);
  hasNamespace = true;
  /** Thrown by reads of pods, events, Deployments, ConfigMaps and Leases. */
  refuses: CliError | undefined;
  /** Thrown by reads of ModelVersions, once each. */
  readonly troubles: CliError[] = [];
  readonly patches: { readonly name: string; readonly patch: object }[] = [];
  closed = 0;

  constructor(namespace = 'demo') {
    this.namespace = namespace;
  }

  modelVersions(): Promise<readonly ModelVersion[]> {
    const trouble = this.troubles.shift();
    return trouble === undefined ? Promise.resolve(this.versions) : Promise.reject(trouble);
  }

  modelVersion(name: string): Promise<ModelVersion | undefined> {
    return this.modelVersions().then((versions) => versions.find((version) => version.metadata.name === name));
  }

  patchModelVersion(name: string, patch: object): Promise<ModelVersion> {
    this.patches.push({ name, patch });
    const version = this.versions.find((each) => each.metadata.name === name);
    return version === undefined ? Promise.reject(new Error('no such version')) : Promise.resolve(version);
  }

  deployments(labelSelector: string): Promise<readonly Deployment[]> {
    return this.#read(labelSelector.includes('model-version') ? this.canaries : this.stable);
  }

  pods(labelSelector: string): Promise<readonly Pod[]> {
    const name = /model-version=([^,]+)/.exec(labelSelector)?.[1];
    return this.#read(
      this.allPods.filter((pod) => name === undefined || pod.metadata.labels?.['pawl.dev/model-version'] === name),
    );
  }

  events(fieldSelector: string): Promise<readonly KubernetesEvent[]> {
    const own = fieldSelector.startsWith('involvedObject.kind=ModelVersion');
    return this.#read(this.allEvents.filter((event) => (event.involvedObject.kind === 'ModelVersion') === own));
  }

  configMaps(): Promise<readonly Pick<KubeObject, 'metadata'>[]> {
    return this.#read(this.policies);
  }

  controllerLease(namespace = this.namespace): Promise<Lease | undefined> {
    return this.#read(namespace in this.leases ? this.leases[namespace] : this.lease);
  }

  namespaceExists(): Promise<boolean> {
    return Promise.resolve(this.hasNamespace);
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }

  #read<T>(value: T): Promise<T> {
    return this.refuses === undefined ? Promise.resolve(value) : Promise.reject(this.refuses);
  }
}

/** What a command line did. */
export interface ClusterCommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What the command connected with; undefined when it did not. */
  readonly connected: ConnectOptions | undefined;
}

export interface Surroundings {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly env?: ClusterContext['env'];
  /** Called at each sleep, with how many there were before: a test may change the cluster there. */
  readonly onSleep?: (slept: number) => void;
  readonly connect?: ClusterContext['connect'];
  readonly now?: () => Date;
}

/** Runs `pawl` in this process against a fake cluster; time passes only while it sleeps. */
export async function pawl(
  line: string,
  cluster: FakeCluster,
  surroundings: Surroundings = {},
): Promise<ClusterCommandRun> {
  let out = '';
  let err = '';
  let time = NOW.getTime();
  let slept = 0;
  let connected: ConnectOptions | undefined;
  const terminal = { isTTY: surroundings.isTTY ?? false, columns: surroundings.columns ?? 120, rows: 50 };
  const interrupt = new AbortController();
  const code = await run(line.split(' ').filter(Boolean), {
    stdout: { ...terminal, write: (text) => (out += text) },
    stderr: { isTTY: false, write: (text) => (err += text) },
    env: { LANG: 'C.UTF-8', ...surroundings.env },
    cwd: process.cwd(),
    signal: interrupt.signal,
    now: surroundings.now ?? (() => new Date(time)),
    sleep: (ms) => {
      time += ms;
      surroundings.onSleep?.(slept++);
      return Promise.resolve();
    },
    random: () => 'abc123',
    connect: (options) => {
      connected = options;
      return surroundings.connect?.(options) ?? Promise.resolve(cluster);
    },
  });
  return { code, out, err, connected };
}
