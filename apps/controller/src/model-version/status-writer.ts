import { isDeepStrictEqual } from 'node:util';
import { isNotFound } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { API_VERSION, FIELD_MANAGER, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import type { ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { Waiting } from '../runtime/controller-loop.ts';
import type { Announcer } from './announcer.ts';
import type { Decision, Plan } from './decision.ts';
import type { Facts } from './facts.ts';
import { Refusals } from './refusals.ts';
import { withinLimits } from './status-limits.ts';
import { summarize } from './summarize.ts';
import { unreadRoute } from './tell-refusals.ts';
import { weightsByDigest } from './weights.ts';

/** Time within which a cache is expected to show our own write, ms. */
const CACHE_LAG_MS = 50;

/** Writes decisions into the versions' statuses, and ensures that no decision is made from an older status. */
export class StatusWriter {
  readonly #api: Pick<KubernetesApi, 'apply'>;
  readonly #announcer: Announcer;
  /** By uid: the resourceVersion that our last write replaced. While the cache still has it, it is behind. */
  readonly #replaced = new Map<string, string>();
  /** By uid: statuses that the API server does not take. */
  readonly #refusals = new Refusals();

  constructor(api: Pick<KubernetesApi, 'apply'>, announcer: Announcer) {
    this.#api = api;
    this.#announcer = announcer;
  }

  /** @throws Waiting CacheBehind while the cache does not show our last write: its decision would be taken twice. */
  requireFresh(versions: readonly ModelVersion[]): void {
    for (const { metadata } of versions) {
      if (this.#replaced.get(metadata.uid) === metadata.resourceVersion)
        throw new Waiting('CacheBehind', 'The cache does not show our last write yet.', CACHE_LAG_MS);
      this.#replaced.delete(metadata.uid);
    }
  }

  /**
   * Writes the statuses that change.
   * @throws Waiting CacheBehind when a version is gone; ApiError, a conflict among them, which leaves nothing to be done.
   */
  async record({ versions, decisions }: Plan, facts: Facts, signal: AbortSignal): Promise<void> {
    for (const version of versions) {
      const decision = decisions.get(version.metadata.uid);
      if (decision !== undefined) await this.#recordOne(version, decision, facts, signal);
    }
  }

  async #recordOne(version: ModelVersion, decision: Decision, facts: Facts, signal: AbortSignal): Promise<void> {
    const { uid } = version.metadata;
    const before = facts.versions.find(({ metadata }) => metadata.uid === uid)?.status;
    const status = withinLimits(summarize(version, decision, weightOf(version, decision, facts), facts.now));
    if (isDeepStrictEqual(asJson(status), before)) return;
    await this.#tellingRefusals(version, () => this.#write(version, status, signal));
    this.#announcer.announce(version, before, status, 'isRefused' in decision && decision.isRefused);
  }

  /** A status cannot tell that it is refused: an event does. */
  async #tellingRefusals(version: ModelVersion, write: () => Promise<void>): Promise<void> {
    const { uid, name } = version.metadata;
    const request = { kind: 'write-status', uid, name } as const;
    try {
      await write();
    } catch (error) {
      const words = error instanceof Waiting ? undefined : this.#refusals.note(uid, request, error);
      if (words !== undefined) this.#announcer.announceUnwritten(version, words);
      throw error;
    }
    if (this.#refusals.succeeded(uid, request)) this.#announcer.announceUnwritten(version, undefined);
  }

  /** Optimistic: with the resourceVersion that was read, so that a stale view never overwrites a verdict. */
  async #write({ metadata }: ModelVersion, status: ModelVersionStatus, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid, resourceVersion } = metadata;
    const object = {
      apiVersion: API_VERSION,
      kind: MODEL_VERSION.kind,
      metadata: { name, namespace, resourceVersion },
      status,
    };
    this.#replaced.set(uid, resourceVersion);
    try {
      const options = { fieldManager: FIELD_MANAGER, force: true, subresource: 'status', signal };
      const written = await this.#api.apply(modelVersions, object, options);
      // Only fields of other managers differ: nothing was replaced, so no cache will show a newer version.
      if (written.metadata.resourceVersion === resourceVersion) this.#replaced.delete(uid);
    } catch (error) {
      this.#replaced.delete(uid);
      // Nothing may be done for a version that is gone.
      if (isNotFound(error)) throw new Waiting('CacheBehind', 'A version is gone.', CACHE_LAG_MS);
      throw error;
    }
  }
}

/**
 * Percent of the requests that a version answers. A version that failed or was superseded answers none, except while it
 * still serves.
 */
function weightOf(version: ModelVersion, decision: Decision, facts: Facts): number {
  // The last that is known.
  if (unreadRoute(facts) !== undefined) return version.status?.weight ?? 0;
  const stable = facts.stable.kind === 'found' ? facts.stable.track : undefined;
  const { digest } = version.spec.artifact;
  const isOut = decision.kind === 'failed' || decision.kind === 'superseded' || decision.kind === 'blocked';
  if (isOut && stable?.digest !== digest && !stable?.pods.some((pod) => pod.digest === digest)) return 0;
  const canary = facts.canaries.flatMap((track) => track.pods);
  const route = typeof facts.routeWeight === 'number' ? facts.routeWeight : undefined;
  return weightsByDigest(stable?.pods ?? [], canary, route).get(digest) ?? 0;
}

/** As JSON keeps it, to compare with what the server has. */
const asJson = (status: ModelVersionStatus): unknown => JSON.parse(JSON.stringify(status));
