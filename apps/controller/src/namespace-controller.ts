import type { Clock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import { unlessAborted } from '@pawl/shared/concurrency/unless-aborted';
import type { KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { configMaps, deployments, pods, replicaSets } from '@pawl/shared/kubernetes/objects';
import { labels } from '@pawl/shared/modelversion/names';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { byModel, byModelLabel } from './model-version/caches.ts';
import { withoutImages } from './model-version/model-config.ts';
import { ownersOnly } from './model-version/ownership.ts';
import { Reconciler, type ReconcilerOptions } from './model-version/reconciler.ts';
import { ControllerLoop } from './runtime/controller-loop.ts';
import { Informer, type InformerOptions } from './runtime/informer.ts';
import { LeaderElection } from './runtime/lease.ts';
import type { Logger } from './runtime/logger.ts';
import type { Metrics } from './runtime/metrics.ts';
import { WorkQueue } from './runtime/work-queue.ts';

/** A reconcile only writes and scrapes; longer work runs in the background. */
const RECONCILE_TIMEOUT_MS = 60_000;
/** Lists that take longer are refused, or the server has a problem. */
const SYNC_TIMEOUT_MS = 120_000;

/** ConfigMaps of a page: each may have 1 MiB of images, and the whole page is in memory. */
const CONFIG_MAPS = 20;

export interface NamespaceControllerOptions extends Pick<ReconcilerOptions, 'pods' | 'verifier' | 'events'> {
  readonly namespace: string;
  /** Name of the Lease that one of several processes holds. */
  readonly leaseName: string;
  /** Models that are reconciled at the same time. */
  readonly workers: number;
  readonly client: Omit<KubernetesApi, 'jsonPatch'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Unique to this process. */
  readonly identity: string;
  /** It began to lead, or stopped. */
  readonly onLeading: () => void;
  readonly clock: Clock;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

/**
 * Rolls out the models of one namespace, under the Lease of that namespace. Whoever else follows it needs the same Lease, so
 * no two processes ever roll out in it.
 */
export class NamespaceController {
  readonly queue: WorkQueue;
  /** The copy of the namespace. */
  readonly caches: ReturnType<typeof cachesOf>;
  readonly #options: NamespaceControllerOptions;
  readonly #loop: ControllerLoop;
  #isLeading = false;

  constructor(options: NamespaceControllerOptions) {
    const { client, workers, logger, metrics, clock, signal, pods: podsClient, verifier, events } = options;
    this.#options = options;
    this.queue = new WorkQueue({ clock });
    this.caches = cachesOf(options);
    this.#followChanges();
    const reconciler = new Reconciler({
      api: client,
      caches: this.caches,
      pods: podsClient,
      verifier,
      events,
      logger,
      enqueue: (key) => {
        this.queue.add(key);
      },
      clock,
      signal,
    });
    this.#loop = new ControllerLoop({
      queue: this.queue,
      workers,
      reconcile: (key, reconcileSignal) => reconciler.reconcile(key, reconcileSignal),
      timeoutMs: RECONCILE_TIMEOUT_MS,
      logger,
      metrics: metrics.loop,
      clock,
    });
  }

  /** Milliseconds for which the longest reconcile has been running. */
  get longestRunningMs(): number {
    return this.#loop.longestRunningMs;
  }

  /** Whether the copy has ever been complete. */
  get hasSynced(): boolean {
    return this.#informers.every((cache) => cache.hasSynced);
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  get #informers(): readonly Informer<KubeObject>[] {
    return Object.values(this.caches) as readonly Informer<KubeObject>[];
  }

  /** Has the models of these keys reconciled. */
  enqueue(keys: readonly string[]): void {
    keys.forEach((key) => {
      this.queue.add(key);
    });
  }

  /**
   * Follows the namespace, waits for its Lease, and reconciles until `signal` is aborted.
   * @returns why it ended; after `lost` another process may lead.
   * @throws when the first lists do not come in time, after giving the Lease back.
   */
  async run(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    const { client, namespace, leaseName: name, identity, logger, clock } = this.#options;
    const informersDone = new AbortController();
    const following = Promise.all(this.#informers.map((cache) => cache.run(informersDone.signal)));
    try {
      const election = new LeaderElection({ client, namespace, name, identity, logger, clock });
      return await election.run(signal, {
        onStarted: async (stop, lost) => {
          if (!(await untilSynced(namespace, this.#informers, clock, stop))) return;
          this.#leads(true);
          logger.info({ namespace, identity, versions: this.caches.versions.size }, 'leading');
          await this.#loop.run(stop, lost);
        },
        onNewLeader: (leader) => {
          logger.info({ namespace, leader, mine: leader === identity }, 'a new leader');
        },
      });
    } finally {
      this.#leads(false);
      informersDone.abort();
      await following;
    }
  }

  #leads(leads: boolean): void {
    this.#isLeading = leads;
    this.#options.onLeading();
  }

  #followChanges(): void {
    const { versions, deployments, replicaSets, pods, configMaps } = this.caches;
    // Our own status writes change neither, so they do not cause another reconcile.
    versions.onChange((now, before) => {
      if (now === undefined || before === undefined || isAskedAnew(now, before))
        this.enqueue(byModel(now ?? before ?? never()));
    });
    for (const cache of [deployments, replicaSets, pods, configMaps])
      (cache as Informer<KubeObject>).onChange((now, before) => {
        this.enqueue([
          ...new Set([now, before].flatMap((object) => (object === undefined ? [] : byModelLabel(object)))),
        ]);
      });
    for (const cache of this.#informers)
      cache.onRefusal(() => {
        this.enqueue([...new Set(versions.list().flatMap(byModel))]);
      });
  }
}

/** The copies of a namespace's objects. */
function cachesOf({ client, namespace, logger, metrics, clock }: NamespaceControllerOptions) {
  const informer = <T extends KubeObject>(
    type: ResourceType<T>,
    index: (object: T) => readonly string[],
    more: Pick<InformerOptions<T>, 'labelSelector' | 'transform' | 'pageSize'> = {},
  ) => new Informer({ client, type, namespace, index, logger, metrics: metrics.informer(type.kind), clock, ...more });
  const labelSelector = labels.model;
  return {
    versions: informer(modelVersions, byModel),
    deployments: informer(deployments, byModelLabel, { labelSelector }),
    replicaSets: informer(replicaSets, byModelLabel, { labelSelector, transform: ownersOnly }),
    pods: informer(pods, byModelLabel, { labelSelector }),
    configMaps: informer(configMaps, byModelLabel, { labelSelector, transform: withoutImages, pageSize: CONFIG_MAPS }),
  };
}

/**
 * Waits for the first complete lists.
 * @returns false when `stop` was aborted before.
 * @throws when they do not come in time, so that the restart of the process shows the problem.
 */
async function untilSynced(
  namespace: string,
  informers: readonly Informer<KubeObject>[],
  clock: Clock,
  stop: AbortSignal,
): Promise<boolean> {
  const tooLate = () => {
    const missing = informers.filter(({ hasSynced }) => !hasSynced).map(({ kind }) => kind);
    const kinds = missing.join(', ');
    return new Error(
      `No complete list of ${kinds} in the namespace ${namespace} within ${SYNC_TIMEOUT_MS / 1000} s; the log says why.`,
    );
  };
  const deadline = startDeadline(clock, { ms: SYNC_TIMEOUT_MS, reason: tooLate }, stop);
  try {
    await unlessAborted(Promise.all(informers.map(({ synced }) => synced)), deadline.signal);
    return true;
  } catch (error) {
    if (deadline.expired) throw error;
    return false;
  } finally {
    deadline.done();
  }
}

/** Whether someone other than this controller changed a version. */
function isAskedAnew(now: KubeObject, before: KubeObject): boolean {
  const asked = ({ metadata }: KubeObject) =>
    JSON.stringify([metadata.generation, metadata.uid, metadata.deletionTimestamp, metadata.annotations]);
  return asked(now) !== asked(before);
}

function never(): never {
  throw new Error('a change without an object');
}
