import { randomBytes } from 'node:crypto';
import { settledViolations } from '@pawl/test-kit/invariants';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { annotations, API_VERSION, CANARY, labels } from '@pawl/shared/modelversion/names';
import { configMaps, type Deployment, deployments, namespaces, type Pod, pods } from '@pawl/shared/kubernetes/objects';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { digestOf } from '../../src/model-version/canary.ts';
import { Informer } from '../../src/runtime/informer.ts';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import { Bundles, type SmallBundle } from './bundles.ts';
import { installCrd } from './crd.ts';
import { FakePods } from './fake-pods.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { freePort } from '@pawl/test-kit/free-port';
import type { Behaviour } from './pod-service.ts';
import { History, stateOf } from './history.ts';
import { MODEL, policyConfigMap, type PolicyChange, quiet, stableDeployment } from './objects.ts';
import { ProcessController } from './process-controller.ts';
import { LocalController, type LocalOptions } from './local-controller.ts';

/** Generous: what is awaited comes within seconds, on an idle machine. */
const PATIENCE_MS = 180_000;

export interface FixtureOptions {
  readonly replicas?: number;
  readonly policy?: PolicyChange | undefined;
  readonly publicKeyPem?: string;
  readonly images?: Readonly<Record<string, string>>;
  readonly progressDeadlineSeconds?: number;
}

interface Offer {
  readonly behaviour?: Partial<Behaviour>;
  readonly privateKeyPem?: string;
  readonly spec?: { readonly suspend?: boolean };
  readonly artifact?: { readonly uri?: string; readonly digest?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One environment in a namespace of its own: a stable track of fake pods, a policy, versions, and controllers. */
export class EnvironmentFixture {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly bundles: Bundles;
  readonly fakePods: FakePods;
  readonly history: History;
  readonly kubeconfig: string;
  readonly #port: number;
  readonly #versions: Informer<ModelVersion>;
  readonly #deployments: Informer<Deployment>;
  readonly #pods: Informer<Pod>;
  readonly #following: Promise<unknown>;
  readonly #end = new AbortController();
  readonly #controllers: { stop(): Promise<unknown> }[] = [];
  readonly #offered = new Map<string, SmallBundle>();

  private constructor(client: KubeClient, kubeconfig: string, namespace: string, bundles: Bundles, port: number) {
    this.client = client;
    this.kubeconfig = kubeconfig;
    this.namespace = namespace;
    this.bundles = bundles;
    this.#port = port;
    const options = { client, namespace, logger: quiet };
    this.#versions = new Informer({ ...options, type: modelVersions });
    this.#deployments = new Informer({ ...options, type: deployments });
    this.#pods = new Informer({ ...options, type: pods });
    this.fakePods = new FakePods(client, this.#pods, { model: MODEL, port });
    this.history = new History(this.#versions, this.#pods);
    const all = [this.#versions, this.#deployments, this.#pods];
    this.#following = Promise.all(all.map((informer) => informer.run(this.#end.signal)));
  }

  /** Without a controller yet. */
  static async create(kubeconfig: string, options: FixtureOptions = {}): Promise<EnvironmentFixture> {
    const client = KubeClient.fromKubeconfig({ path: kubeconfig });
    await installCrd(client);
    const namespace = `controller-test-${randomBytes(4).toString('hex')}`;
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const port = await freePort('0.0.0.0');
    const fixture = new EnvironmentFixture(client, kubeconfig, namespace, await Bundles.make(), port);
    await fixture.setPolicy(options);
    await fixture.createStable(options);
    await Promise.all([fixture.#versions.synced, fixture.#pods.synced, fixture.#deployments.synced]);
    return fixture;
  }

  async setPolicy({ policy = {}, images, publicKeyPem }: FixtureOptions): Promise<void> {
    const object = policyConfigMap(this.namespace, { policy, images, publicKeyPem });
    await this.client.apply(configMaps, object, { fieldManager: 'test' });
  }

  /** What the chart installs. */
  async createStable({ replicas = 3, progressDeadlineSeconds = 600 }: FixtureOptions = {}): Promise<void> {
    const { client, namespace } = this;
    const options = { namespace, replicas, port: this.#port, progressDeadlineSeconds };
    await client.create(deployments, stableDeployment(options), { fieldManager: 'helm' });
  }

  async close(): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.stop()));
    this.#end.abort();
    await this.#following;
    this.fakePods.close();
    await this.client.delete(namespaces, undefined, this.namespace, { propagationPolicy: 'Background' });
    await this.client.close();
    await this.bundles.remove();
    for (const controller of this.#controllers)
      if (controller instanceof LocalController) expect(await controller.failures()).toEqual([]);
    expect(this.fakePods.failures).toEqual([]);
    expect(this.history.broken).toEqual([]);
  }

  // -- controllers -----------------------------------------------------------------------------------------------------

  /** A controller in this process. */
  start(options: LocalOptions = {}): LocalController {
    const controller = new LocalController(this.kubeconfig, this.namespace, this.bundles.folder, options);
    this.#controllers.push(controller);
    return controller;
  }

  /** A controller in a process of its own, which can be killed. */
  spawn(): ProcessController {
    const controller = new ProcessController(this.kubeconfig, this.namespace, this.bundles.folder);
    this.#controllers.push(controller);
    return controller;
  }

  // -- versions --------------------------------------------------------------------------------------------------------

  /** Writes a bundle and offers it, as a commit would. @returns the object's name. */
  async offer(version: string, offer: Offer = {}): Promise<string> {
    const bundle = await this.bundles.write(version, { privateKeyPem: offer.privateKeyPem });
    if (offer.behaviour !== undefined) this.fakePods.behave(bundle.digest, offer.behaviour);
    const name = `${MODEL}-${version.replaceAll('.', '-')}`;
    this.#offered.set(name, bundle);
    const artifact = { uri: bundle.uri, digest: bundle.digest, ...offer.artifact };
    await this.create(name, { model: MODEL, version, artifact, ...offer.spec }, offer.annotations);
    return name;
  }

  create(name: string, spec: object, annotated: Readonly<Record<string, string>> = {}): Promise<ModelVersion> {
    return this.client.create(modelVersions, {
      apiVersion: API_VERSION,
      kind: 'ModelVersion',
      metadata: { name, namespace: this.namespace, annotations: annotated },
      spec,
    });
  }

  bundleOf(name: string): SmallBundle {
    const bundle = this.#offered.get(name);
    if (bundle === undefined) throw new Error(`${name} was not offered`);
    return bundle;
  }

  /** The first version of a fixture that is served, with a controller that did it. */
  async serving(version = '1.0.0'): Promise<string> {
    const name = await this.offer(version);
    await this.until(name, 'Serving');
    this.history.countPods();
    return name;
  }

  delete(name: string): Promise<void> {
    return this.client.delete(modelVersions, this.namespace, name, { propagationPolicy: 'Background' });
  }

  async ask(name: string, what: 'abort' | 'retry' | 'promote', value = 'now'): Promise<void> {
    const patch = { metadata: { annotations: { [annotations[what]]: value } } };
    await this.client.mergePatch(modelVersions, this.namespace, name, patch);
  }

  async suspend(name: string, suspend: boolean): Promise<void> {
    await this.client.mergePatch(modelVersions, this.namespace, name, { spec: { suspend } });
  }

  // -- what is there ---------------------------------------------------------------------------------------------------

  /** As the watch shows it. */
  version(name: string): ModelVersion | undefined {
    return this.#versions.get(this.namespace, name);
  }

  status(name: string): NonNullable<ModelVersion['status']> {
    const status = this.version(name)?.status;
    if (status === undefined) throw new Error(`${name} has no status`);
    return status;
  }

  condition(name: string, type: string): string | undefined {
    const found = this.version(name)?.status?.conditions.find((one) => one.type === type);
    return found && `${found.status} ${found.reason}`;
  }

  get stable(): Deployment {
    const found = this.#deployments.get(this.namespace, 'web');
    if (found === undefined) throw new Error('there is no stable Deployment');
    return found;
  }

  get stableDigest(): string | undefined {
    return digestOf(this.stable.spec.template);
  }

  get canaries(): readonly Deployment[] {
    return this.#deployments.list().filter(({ metadata }) => metadata.labels?.[labels.track] === CANARY);
  }

  /** Pods that are not being deleted. */
  get livePods(): readonly Pod[] {
    return this.#pods.list().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  get canaryPods(): readonly Pod[] {
    return this.livePods.filter(({ metadata }) => metadata.labels?.[labels.track] === CANARY);
  }

  /** Digests of the pods that the Service would choose, each once. */
  get digestsInService(): readonly string[] {
    const digests = this.livePods
      .filter(({ metadata, status }) => {
        const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
        return isReady && metadata.labels?.[labels.inService] === 'true';
      })
      .map(({ metadata }) => metadata.annotations?.[annotations.digest] ?? 'none');
    return [...new Set(digests)];
  }

  // -- waiting ---------------------------------------------------------------------------------------------------------

  /** Waits until a version is in a state, such as `Canary StepRunning 1` or its beginning. */
  async until(name: string, state: string): Promise<void> {
    await this.eventually(`${name} is ${state}`, () => stateOf(this.#require(name)).startsWith(state));
  }

  /** Waits until a version has been in a state, now or before. */
  async untilSeen(name: string, state: string): Promise<void> {
    await this.eventually(`${name} was ${state}`, () => this.history.of(name).some((seen) => seen.startsWith(state)));
  }

  async eventually(what: string, met: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await eventually(what, met, { timeoutMs: PATIENCE_MS });
    } catch (error) {
      const told = this.#versions.list().map(({ metadata, status }) => {
        const states = this.history.of(metadata.name).join(' -> ');
        return `${metadata.name}: ${states}: ${status?.message ?? 'no status'}`;
      });
      throw new Error(`${(error as Error).message}\n${told.join('\n')}`, { cause: error });
    }
  }

  /** Waits until a version serves alone and nothing of a rollout is left, and checks what must hold then. */
  async settled(name: string): Promise<void> {
    await this.until(name, 'Serving');
    const { digest } = this.bundleOf(name);
    await this.eventually(
      'the canary and its pods are gone',
      () => this.canaries.length + this.canaryPods.length === 0,
    );
    await this.eventually('all pods in service serve it', () => this.digestsInService.join() === digest);
    await this.eventually(
      'the statuses are settled',
      () => settledViolations(this.#versions.list().filter((one) => one.status !== undefined)).length === 0,
    );
    expect(this.stableDigest).toBe(digest);
    expect(this.condition(name, 'Ready')).toBe('True Serving');
    expect(this.history.unaccepted).toEqual([]);
  }

  /** resourceVersions of everything that a controller of this namespace may write, its lease and events left out. */
  async resourceVersions(): Promise<Readonly<Record<string, string>>> {
    const found: Record<string, string> = {};
    for (const type of [modelVersions, deployments, pods, configMaps]) {
      const { items } = await this.client.list<KubeObject>(type, { namespace: this.namespace });
      for (const { metadata } of items) found[`${type.plural}/${metadata.name}`] = metadata.resourceVersion ?? '';
    }
    return found;
  }

  #require(name: string): ModelVersion {
    return this.version(name) ?? { ...({} as ModelVersion) };
  }
}
