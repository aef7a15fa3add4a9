import { isDeepStrictEqual } from 'node:util';
import { FIELD_MANAGER } from '@pawl/shared/modelversion/names';
import type { Acceptance, ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { configMaps, httpRoutes } from '@pawl/shared/kubernetes/objects';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { isKindMissing, isNotFound } from '@pawl/shared/kubernetes/api-error';
import { type Outcome, Waiting } from '../runtime/controller-loop.ts';
import type { EventRecorder } from '../runtime/events.ts';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import type { Logger } from '../runtime/logger.ts';
import { act, routeWeight, statusPatch, type Scene } from './act.ts';
import { type Caches, ofModel } from './caches.ts';
import type { Action, Decision } from './decision.ts';
import { canaryTrack, needsCounters, readTracks, stableState, withWords } from './gather.ts';
import { plan } from './plan.ts';
import { readModelConfig, readImages, type ModelConfig } from './model-config.ts';
import { attemptOf } from './request-annotations.ts';
import { type AcceptanceImage, askAcceptance, scrape, whyNotReady } from './pod-client.ts';
import { summarize } from './summarize.ts';
import type { Verifier } from './verifier.ts';
import type { AcceptanceRun, Facts } from './facts.ts';
import { weightsByDigest } from './weights.ts';

export interface ReconcilerOptions {
  readonly client: KubernetesApi;
  readonly caches: Caches;
  readonly verifier: Verifier;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly logger: Logger;
  /** Asks for another look at a key. */
  readonly enqueue: (key: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Longest rest before a cache is expected to show our own write, ms. */
const CACHE_LAG_MS = 50;
const ACCEPTANCE_RETRY_MS = 2_000;

/** Brings the versions of one model in one namespace, and its pods, nearer to what is wanted: gather, plan, record, act. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** By uid: the resourceVersion that our last status write replaced. While the cache still has it, it is behind. */
  readonly #replaced = new Map<string, string>();
  /** By attempt; forgotten with a restart, and then asked again. */
  readonly #acceptances = new Map<string, AcceptanceRun>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** One pass. @param key see `keyOfModel`. */
  async reconcile(key: string, signal: AbortSignal): Promise<Outcome> {
    const found = ofModel(this.#options.caches, key);
    this.#requireFresh(found.versions);
    const [namespace = '', model = ''] = key.split('/');
    const environment = readModelConfig(model, found.policies, found.images);
    const [stable] = found.stable;
    const now = this.#options.now();
    const scene: Scene = { namespace, stable, canaries: found.canaries, policy: environment.policy, now, signal };
    const facts = await this.#gather(key, model, found, environment, scene);
    const decided = plan(facts);
    for (const version of decided.versions) {
      const decision = decided.decisions.get(version.metadata.uid);
      if (decision !== undefined) await this.#record(version, decision, facts, signal);
    }
    for (const action of decided.actions) await this.#act(key, action, environment, scene);
    return { requeueAfterMs: decided.requeueAfterMs };
  }

  async #gather(
    key: string,
    model: string,
    found: ReturnType<typeof ofModel>,
    environment: ModelConfig,
    scene: Scene,
  ): Promise<Facts> {
    const ask = (address: string) => whyNotReady(address, scene.signal);
    const canaries = await Promise.all(found.canaries.map((canary) => withWords(canaryTrack(canary, found.pods), ask)));
    const stable = stableState(model, found.stable, found.pods);
    const counters =
      needsCounters(found.versions, canaries) && stable.kind === 'found'
        ? await readTracks(
            stable.track.pods,
            canaries.flatMap((canary) => canary.pods),
            (address) => scrape(address, model, scene.signal),
          )
        : undefined;
    return {
      now: scene.now,
      model,
      versions: found.versions,
      stable,
      canaries,
      policy: environment.state,
      verifications: this.#options.verifier.states(key, found.versions),
      acceptances: this.#acceptances,
      counters,
      routeWeight: await this.#routeWeight(scene),
    };
  }

  async #routeWeight(scene: Scene): Promise<Facts['routeWeight']> {
    const name = scene.stable?.metadata.name;
    if (scene.policy?.traffic.gateway === undefined || name === undefined) return undefined;
    try {
      const route = await this.#options.client.get(httpRoutes, scene.namespace, name, { signal: scene.signal });
      return routeWeight(route, scene);
    } catch (error) {
      // Where the Gateway API is not installed, there is no route.
      if (isKindMissing(error)) return routeWeight(undefined, scene);
      throw error;
    }
  }

  /** Our own write must be seen before the next decision, or it would be taken twice. */
  #requireFresh(versions: readonly ModelVersion[]): void {
    for (const { metadata } of versions) {
      if (this.#replaced.get(metadata.uid) === metadata.resourceVersion)
        throw new Waiting('CacheBehind', 'The cache does not show our last write yet.', CACHE_LAG_MS);
      this.#replaced.delete(metadata.uid);
    }
  }

  async #record(version: ModelVersion, decision: Decision, facts: Facts, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid, resourceVersion } = version.metadata;
    const before = facts.versions.find(({ metadata }) => metadata.uid === uid)?.status;
    const status = summarize(version, decision, weightOf(version, decision, facts), facts.now);
    if (isDeepStrictEqual(withoutUndefined(status), before)) return;
    this.#replaced.set(uid, resourceVersion);
    try {
      const patch = statusPatch(name, namespace, resourceVersion, status);
      const options = { fieldManager: FIELD_MANAGER, force: true, subresource: 'status', signal };
      const written = await this.#options.client.apply(modelVersions, patch, options);
      // Only fields of somebody else differ: nothing was replaced, and no cache will ever show anything newer.
      if (written.metadata.resourceVersion === resourceVersion) this.#replaced.delete(uid);
    } catch (error) {
      this.#replaced.delete(uid);
      // Nothing may be done for a version that is gone.
      if (isNotFound(error)) throw new Waiting('CacheBehind', 'A version is gone.', CACHE_LAG_MS);
      throw error;
    }
    if (status.verdict !== undefined) this.#acceptances.delete(attemptOf(version));
    this.#tell(version, before, status);
  }

  /** An event and a log line where a version enters another state. */
  #tell(version: ModelVersion, before: ModelVersionStatus | undefined, after: ModelVersionStatus): void {
    const reasonOf = (status: ModelVersionStatus | undefined) =>
      status?.conditions.find(({ type }) => type === 'Progressing')?.reason;
    const reason = reasonOf(after) ?? after.phase;
    const isSame =
      before?.phase === after.phase && reasonOf(before) === reason && before.rollout?.step === after.rollout?.step;
    if (isSame) return;
    const { events, logger } = this.#options;
    const isBad = after.conditions.some(({ type }) => type === 'Stalled');
    events.record(version, isBad ? 'Warning' : 'Normal', reason, `${version.spec.version}: ${after.message}`);
    const { namespace, name } = version.metadata;
    const fields = {
      key: `${namespace}/${name}`,
      reason,
      phase: after.phase,
      version: version.spec.version,
      weight: after.weight,
    };
    logger.info(fields, after.message);
  }

  async #act(key: string, action: Action, environment: ModelConfig, scene: Scene): Promise<void> {
    const { policy, publicKeyPem } = environment;
    if (action.kind === 'verify') {
      if (policy !== undefined)
        this.#options.verifier.start(key, action.version, { artifact: policy.artifact, publicKeyPem });
    } else if (action.kind === 'ask-acceptance') this.#ask(key, action, environment);
    else await act(this.#options.client, action, scene);
  }

  /** Reads the acceptance images, which no cache keeps. */
  async #images(
    namespace: string,
    { imagesIn = [] }: ModelConfig,
    signal: AbortSignal,
  ): Promise<readonly AcceptanceImage[]> {
    const read = imagesIn.map(async (name) => {
      const found = await this.#options.client.get(configMaps, namespace, name, { signal });
      if (found === undefined) throw new Error(`the ConfigMap ${name} is gone`);
      return found;
    });
    return readImages(await Promise.all(read));
  }

  /** Asks in the background; what comes of it brings the next look. */
  #ask(
    key: string,
    { version, address, template }: Action & { kind: 'ask-acceptance' },
    environment: ModelConfig,
  ): void {
    const attempt = attemptOf(version);
    const policy = environment.policy?.acceptance;
    if (policy === undefined || this.#acceptances.get(attempt)?.kind === 'running') return;
    this.#acceptances.set(attempt, { kind: 'running' });
    const { now, enqueue } = this.#options;
    const { digest } = version.spec.artifact;
    const signal = AbortSignal.timeout(policy.timeoutSeconds * 1000);
    const rules = { digest, template, minCorrect: policy.minCorrect, now, signal };
    this.#images(version.metadata.namespace, environment, signal)
      .then((images) => askAcceptance(address, images, rules))
      .then(
        (acceptance: Acceptance): AcceptanceRun => ({ kind: 'answered', acceptance }),
        (error: unknown): AcceptanceRun => ({
          kind: 'unanswered',
          message: error instanceof Error ? error.message : String(error),
          retryAt: now() + ACCEPTANCE_RETRY_MS,
        }),
      )
      .then((run) => {
        this.#acceptances.set(attempt, run);
        enqueue(key);
      })
      .catch(() => undefined);
  }
}

/** Percent of the requests that a version answers. A version that is out of the game has none, except while it serves on. */
function weightOf(version: ModelVersion, decision: Decision, facts: Facts): number {
  const stable = facts.stable.kind === 'found' ? facts.stable.track : undefined;
  const { digest } = version.spec.artifact;
  const isOut = decision.kind === 'failed' || decision.kind === 'superseded' || decision.kind === 'blocked';
  if (isOut && stable?.digest !== digest && !stable?.pods.some((pod) => pod.digest === digest)) return 0;
  const canary = facts.canaries.flatMap((track) => track.pods);
  const route = typeof facts.routeWeight === 'number' ? facts.routeWeight : undefined;
  return weightsByDigest(stable?.pods ?? [], canary, route).get(digest) ?? 0;
}

/** As JSON keeps it, to compare with what the server has. */
const withoutUndefined = (status: ModelVersionStatus): unknown => JSON.parse(JSON.stringify(status));
