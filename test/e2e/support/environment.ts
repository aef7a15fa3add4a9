import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import type { FailureReason, ModelVersion, Phase } from '@pawl/shared/modelversion/model-version';
import { API_VERSION, labels } from '@pawl/shared/modelversion/names';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { Offer } from './bundles.ts';
import { TestCluster, helm, kubectl, type KubeObject, pathOf } from './cluster.ts';
import { crash, KILLED } from './crash.ts';
import { History } from './history.ts';
import { settledViolations } from '@pawl/test-kit/invariants';
import { covers, type Deployment, type Pod } from './objects.ts';
import { type Json, merge, usualValues } from './release-values.ts';
import { repositoryFile } from './settings.ts';
import { GivenUp, type WaitOptions } from '@pawl/test-kit/eventually';
import { waitFor } from './wait.ts';

/** An object whose fields are all optional, to any depth; lists are whole. */
type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

/** How an environment differs from the usual one of these tests. */
export interface EnvironmentOptions {
  /** Merged over the values. */
  readonly values?: Json;
  /** Merged over {@link fastPolicy}. */
  readonly policy?: DeepPartial<RolloutPolicy>;
}

/** How a wait for a version ends early. */
interface WaitForVersion extends WaitOptions {
  /** True: that it fails does not end the wait. */
  readonly mayFail?: boolean;
  /** Whether it has left behind what is waited for, so that the wait ends at once. */
  readonly isPast?: (version: ModelVersion) => boolean;
}

/** Name of the release, and of its Service. */
export const RELEASE = 'pawl';
export const MODEL = 'catdog';

/**
 * A namespace with a release of the chart in it. Restricted Pod Security is enforced, so whatever asks for more than it
 * needs does not start.
 */
export class TestEnvironment {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly history: History;
  readonly #service: string;
  #values: Json;

  private constructor(cluster: TestCluster, namespace: string, values: Json, service = RELEASE) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.#service = service;
    this.#values = values;
    this.history = new History(cluster, namespace);
  }

  static async create(options: EnvironmentOptions = {}): Promise<TestEnvironment> {
    const cluster = new TestCluster();
    const crd = modelVersionCrd();
    const { name } = crd['metadata'] as { name: string };
    const crdPath = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
    // Not written where it is there: whoever keeps it, such as Argo CD, would see a stranger's write.
    const there = await cluster.find<KubeObject & { spec: unknown }>(crdPath);
    if (there === undefined || !covers(there.spec, crd['spec'])) await cluster.apply(crdPath, crd);
    await waitFor('the CRD', async () => {
      const { status } = await cluster.get<{ status?: { conditions?: { type: string; status: string }[] } }>(crdPath);
      return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') ? true : undefined;
    });
    const namespace = `pawl-e2e-${randomBytes(3).toString('hex')}`;
    await cluster.post('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    const values = merge(usualValues(), merge({ rollout: options.policy ?? {} }, options.values ?? {}));
    const environment = new TestEnvironment(cluster, namespace, values);
    await environment.upgrade();
    return environment;
  }

  /** An environment that somebody else keeps, such as Argo CD; `service` is the name of what users reach. */
  static attach(cluster: TestCluster, namespace: string, service: string): TestEnvironment {
    return new TestEnvironment(cluster, namespace, {}, service);
  }

  /** `helm upgrade --install` with more values merged over those of before. */
  async upgrade(change: Json = {}): Promise<void> {
    this.#values = merge(this.#values, change);
    const folder = mkdtempSync(join(tmpdir(), 'pawl-e2e-values-'));
    try {
      const file = join(folder, 'values.json');
      writeFileSync(file, JSON.stringify(this.#values));
      await helm('upgrade', '--install', RELEASE, repositoryFile('charts/pawl'), '-n', this.namespace, '-f', file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** `helm rollback` to the release before. */
  async rollback(): Promise<void> {
    await helm('rollback', RELEASE, '-n', this.namespace);
  }

  async destroy(): Promise<void> {
    this.history.stop();
    // Not waited for: the next environment does not need this one to be gone.
    if (process.env['PAWL_E2E_KEEP'] !== '1') await this.cluster.delete(`/api/v1/namespaces/${this.namespace}`);
    await this.cluster.close();
  }

  // -- versions --------------------------------------------------------------------------------------------------------

  /** Offers a bundle, as a commit would. @returns the object's name. */
  async offer(
    offer: Offer,
    more: { readonly name?: string; readonly suspend?: boolean; readonly digest?: string; readonly uri?: string } = {},
  ): Promise<string> {
    const name = more.name ?? `${MODEL}-${offer.version.replace(/[^0-9a-z]/g, '-')}`;
    await this.cluster.post(pathOf.modelVersions(this.namespace), {
      apiVersion: API_VERSION,
      kind: 'ModelVersion',
      metadata: { name },
      spec: {
        model: MODEL,
        version: offer.version,
        artifact: { uri: more.uri ?? offer.uri, digest: more.digest ?? offer.digest },
        ...(more.suspend === undefined ? {} : { suspend: more.suspend }),
      },
    });
    return name;
  }

  async version(name: string): Promise<ModelVersion> {
    return await this.cluster.get<ModelVersion>(pathOf.modelVersions(this.namespace, name));
  }

  async versions(): Promise<readonly ModelVersion[]> {
    return await this.cluster.list<ModelVersion>(pathOf.modelVersions(this.namespace));
  }

  async delete(name: string): Promise<void> {
    await this.cluster.delete(pathOf.modelVersions(this.namespace, name));
  }

  /**
   * An act of a person, by kubectl: `pawl.dev/<act>` with a value that it did not have before. Waits until it was acted on;
   * a promotion waits for its moment itself.
   */
  async act(name: string, act: 'abort' | 'retry' | 'promote'): Promise<void> {
    const value = new Date().toISOString();
    await kubectl('annotate', 'modelversion', name, '-n', this.namespace, '--overwrite', `pawl.dev/${act}=${value}`);
    if (act === 'promote') return;
    await this.waitUntil(name, `told to ${act}`, ({ status }) => status?.handled?.[act] === value, { mayFail: true });
  }

  async suspend(name: string, suspend: boolean): Promise<void> {
    const patch = JSON.stringify({ spec: { suspend } });
    await kubectl('patch', 'modelversion', name, '-n', this.namespace, '--type=merge', '-p', patch);
  }

  /** Waits for a version to be as `holds` says; gives up at once when it failed and that was not waited for. */
  async waitUntil(
    name: string,
    what: string,
    holds: (version: ModelVersion) => boolean,
    options: WaitForVersion = {},
  ): Promise<ModelVersion> {
    return await waitFor(
      `${name} to be ${what}`,
      async () => {
        const version = await this.version(name);
        if (holds(version)) return version;
        const { phase, verdict, message } = version.status ?? {};
        if (phase === 'Failed' && options.mayFail !== true)
          throw new GivenUp(
            `${name} failed while it was to be ${what}: ${verdict?.reason ?? ''} (${verdict?.message ?? ''})`,
          );
        if (options.isPast?.(version) === true)
          throw new GivenUp(`${name} cannot come to be ${what} any more: it is ${phase ?? '?'} (${message ?? ''})`);
        return undefined;
      },
      options,
    );
  }

  /** Waits for a phase that was reached for the present generation. */
  async waitForPhase(name: string, phase: Phase, options: WaitForVersion = {}): Promise<ModelVersion> {
    const mayFail = options.mayFail ?? phase === 'Failed';
    const isNow = ({ metadata, status }: ModelVersion, wanted: Phase) =>
      status?.phase === wanted && status.observedGeneration === metadata.generation;
    const isPast = (version: ModelVersion) =>
      (phase === 'Suspended' || phase === 'Promoting') && isNow(version, 'Serving');
    return await this.waitUntil(name, phase, (version) => isNow(version, phase), { isPast, ...options, mayFail });
  }

  /** Waits for Failed. @returns the version; its reason was `reason`. */
  async waitForFailure(name: string, reason: FailureReason): Promise<ModelVersion> {
    const version = await this.waitForPhase(name, 'Failed');
    const { verdict } = version.status ?? {};
    if (verdict?.reason !== reason)
      throw new Error(`${name} failed by ${verdict?.reason ?? '?'} instead of ${reason}: ${verdict?.message ?? ''}`);
    return version;
  }

  /**
   * Waits until a version is at a step of its rollout, from 1, and at least `requests` were counted there. How long it stays
   * there is a matter of the policy: who acts at a step gives it one that lasts.
   */
  async waitForStep(name: string, step: number, requests = 0): Promise<ModelVersion> {
    const isAt = ({ status }: ModelVersion) => {
      const counted = status?.analysis?.step === step ? status.analysis.canaryRequests : 0;
      return status?.phase === 'Canary' && status.rollout?.step === step && counted >= requests;
    };
    const isPast = ({ status }: ModelVersion) =>
      status?.phase === 'Promoting' ||
      status?.phase === 'Serving' ||
      (status?.phase === 'Canary' && (status.rollout?.step ?? 0) > step);
    return await this.waitUntil(name, `at step ${step}`, isAt, { isPast });
  }

  /** `kubectl wait`, as a pipeline does. */
  async waitForCondition(name: string, condition: string): Promise<void> {
    await kubectl(
      'wait',
      `modelversion/${name}`,
      '-n',
      this.namespace,
      `--for=condition=${condition}`,
      '--timeout=180s',
    );
  }

  /**
   * Waits until nothing is under way: every version has come to rest, no canary is left, and the stable pods run what the
   * one that serves offers. Then holds everything against the rules.
   */
  async settle(): Promise<ModelVersion> {
    const resting = new Set<Phase | undefined>(['Serving', 'Superseded', 'Suspended', 'Failed']);
    const serving = await waitFor('everything to come to rest', async () => {
      const versions = await this.versions();
      const found = versions.filter(({ status }) => status?.phase === 'Serving');
      const atRest = versions.every(
        ({ metadata, status }) => resting.has(status?.phase) && status?.observedGeneration === metadata.generation,
      );
      if (!atRest || found.length !== 1 || settledViolations(versions).length > 0) return undefined;
      if ((await this.canaries()).length > 0) return undefined;
      const { spec, status, metadata } = await this.stable();
      const done =
        status.observedGeneration === metadata.generation &&
        status.replicas === spec.replicas &&
        status.updatedReplicas === spec.replicas &&
        status.readyReplicas === spec.replicas;
      return done ? found[0] : undefined;
    });
    const { spec } = await this.stable();
    const digest = spec.template.metadata?.annotations?.['pawl.dev/digest'];
    if (digest !== serving.spec.artifact.digest)
      throw new Error(`${serving.metadata.name} serves, but the stable pods have ${digest ?? 'no digest'}`);
    this.assertRules();
    return serving;
  }

  /** @throws Error that names every rule that some status has broken since this was last asked. */
  assertRules(): void {
    const broken = [...this.history.broken];
    // Told once: the next scenario has nothing to do with it.
    this.history.broken.clear();
    if (broken.length > 0) throw new Error(`rules were broken:\n${broken.join('\n')}`);
  }

  // -- Deployments, pods and controllers ------------------------------------------------------------------------------

  /** The Deployment of the stable track. */
  async stable(): Promise<Deployment> {
    const found = await this.#deployments(`${labels.model}=${MODEL},${labels.track}=stable`);
    if (found[0] === undefined) throw new Error('there is no stable Deployment');
    return found[0];
  }

  async canaries(): Promise<readonly Deployment[]> {
    return await this.#deployments(`${labels.track}=canary`);
  }

  /** Pods of the model that are not on their way out; of one track, if it is given. */
  async pods(track?: 'stable' | 'canary'): Promise<readonly Pod[]> {
    const selector = track === undefined ? labels.model : `${labels.track}=${track}`;
    const pods = await this.cluster.list<Pod>(pathOf.pods(this.namespace), selector);
    return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** Pods of the model that were told to end and have not ended yet. */
  async leaving(): Promise<readonly Pod[]> {
    const pods = await this.cluster.list<Pod>(pathOf.pods(this.namespace), labels.model);
    return pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  }

  /** Pods that the Service sends requests to, by the label that the controller sets. */
  async inService(): Promise<readonly Pod[]> {
    return await this.cluster.list<Pod>(pathOf.pods(this.namespace), `${labels.inService}=true`);
  }

  /** Changes the number of stable pods as an autoscaler does, through the scale subresource. */
  async scale(replicas: number): Promise<void> {
    const { metadata } = await this.stable();
    await this.cluster.patch(`${pathOf.deployments(this.namespace, metadata.name)}/scale`, { spec: { replicas } });
  }

  async controllerPods(): Promise<readonly Pod[]> {
    return await this.cluster.list<Pod>(pathOf.pods(this.namespace), 'app.kubernetes.io/component=controller');
  }

  /** Name of the controller pod that leads, by the Lease. */
  async leader(): Promise<string> {
    return await waitFor('a leader', async () => {
      const leases = await this.cluster.list<KubeObject & { spec: { holderIdentity?: string } }>(
        pathOf.leases(this.namespace),
      );
      const holder = leases[0]?.spec.holderIdentity;
      const pods = await this.controllerPods();
      return pods.find(({ metadata }) => metadata.deletionTimestamp === undefined && holder?.startsWith(metadata.name))
        ?.metadata.name;
    });
  }

  /**
   * Ends a controller, the leading one by default, as SIGKILL does: between two instructions, with nothing released. The
   * pod is removed then, so that its successor need not wait for a back-off. @returns its name.
   */
  async killController(name?: string): Promise<string> {
    const victim = name ?? (await this.leader());
    await crash(this.namespace, victim);
    await waitFor(`the end of ${victim}`, async () => {
      const pod = await this.cluster.find<Pod>(pathOf.pods(this.namespace, victim));
      if (pod === undefined) throw new GivenUp(`${victim} went before it was killed`);
      const [status] = pod.status.containerStatuses ?? [];
      const ended = status?.state?.terminated ?? status?.lastState?.terminated;
      if (ended !== undefined && ended.exitCode !== KILLED) throw new GivenUp(`${victim} ended by ${ended.exitCode}`);
      return ended;
    });
    await this.cluster.delete(pathOf.pods(this.namespace, victim), { gracePeriodSeconds: 0 });
    return victim;
  }

  /** `host:port` of the Service inside the cluster; an address, so that DNS is no part of the measurement. */
  async serviceAddress(): Promise<string> {
    const { spec } = await this.cluster.get<KubeObject & { spec: { clusterIP: string; ports: { port: number }[] } }>(
      pathOf.core(this.namespace, 'services', this.#service),
    );
    return `${spec.clusterIP}:${spec.ports[0]?.port ?? 80}`;
  }

  async #deployments(selector: string): Promise<readonly Deployment[]> {
    return await this.cluster.list<Deployment>(pathOf.deployments(this.namespace), selector);
  }
}
