import { type Clock, systemClock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import { unlessAborted } from '@pawl/shared/concurrency/unless-aborted';
import { labels } from '@pawl/shared/modelversion/names';
import { phases } from '@pawl/shared/modelversion/model-version';
import { configMaps, deployments, pods, replicaSets } from '@pawl/shared/kubernetes/objects';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import type { Config } from './config.ts';
import { byModel, byModelLabel } from './model-version/caches.ts';
import { withoutImages } from './model-version/model-config.ts';
import { ownersOnly } from './model-version/ownership.ts';
import { type PodClient, podClient } from './model-version/pod-client.ts';
import { Reconciler } from './model-version/reconciler.ts';
import { answerVerdicts } from './model-version/verdicts.ts';
import { Verifier } from './model-version/verifier.ts';
import { ControllerLoop } from './runtime/controller-loop.ts';
import { EventRecorder } from './runtime/events.ts';
import { HttpServer } from './runtime/http-server.ts';
import { Informer, type InformerOptions } from './runtime/informer.ts';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import type { KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import { LeaderElection } from './runtime/lease.ts';
import type { Logger } from './runtime/logger.ts';
import type { Metrics } from './runtime/metrics.ts';
import { WorkQueue } from './runtime/work-queue.ts';

/** A reconcile only writes and scrapes; longer work runs in the background. */
const RECONCILE_TIMEOUT_MS = 60_000;
/** A worker that holds a key for longer than this hangs, and the process is restarted. */
const HANGS_AFTER_MS = 5 * RECONCILE_TIMEOUT_MS;

/** Lists that take longer are refused, or the server has a problem. */
const SYNC_TIMEOUT_MS = 120_000;

/** ConfigMaps of a page: each may have 1 MiB of images, and the whole page is in memory. */
const CONFIG_MAPS = 20;

/** What the controller is made of. */
export interface ControllerOptions {
  readonly config: Config;
  readonly client: Omit<KubernetesApi, 'jsonPatch'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Unique to this process: no other process and no earlier run has it. */
  readonly identity: string;
  /** How pods are asked, over HTTP by default. */
  readonly pods?: PodClient | undefined;
  /** The machine's by default. */
  readonly clock?: Clock | undefined;
}

/**
 * Follows the cluster, waits for the lease, and reconciles models until `signal` is aborted. A replica without the lease
 * keeps its copy of the cluster warm and does nothing.
 * @returns why it ended; after `lost` the process must exit, because another replica may lead now.
 * @throws when the first lists do not come in time, after giving the lease back.
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<'stopped' | 'lost'> {
  const { config, client, logger, metrics, identity, pods: podsClient = podClient, clock = systemClock } = options;
  const namespace = config.NAMESPACE;
  const queue = new WorkQueue({ clock });
  metrics.observeQueue(queue);
  const events = new EventRecorder({ client, component: 'pawl-controller', instance: identity, logger, clock });

  const informer = <T extends KubeObject>(
    type: ResourceType<T>,
    index: (object: T) => readonly string[],
    more: Pick<InformerOptions<T>, 'labelSelector' | 'transform' | 'pageSize'> = {},
  ) => new Informer({ client, type, namespace, index, logger, metrics: metrics.informer(type.kind), clock, ...more });
  const labelSelector = labels.model;
  const caches = {
    versions: informer(modelVersions, byModel),
    deployments: informer(deployments, byModelLabel, { labelSelector }),
    replicaSets: informer(replicaSets, byModelLabel, { labelSelector, transform: ownersOnly }),
    pods: informer(pods, byModelLabel, { labelSelector }),
    configMaps: informer(configMaps, byModelLabel, { labelSelector, transform: withoutImages, pageSize: CONFIG_MAPS }),
  };
  const enqueue = (keys: readonly string[]): void => {
    keys.forEach((key) => {
      queue.add(key);
    });
  };
  // Our own status writes change neither, so they do not cause another reconcile.
  caches.versions.onChange((now, before) => {
    if (now === undefined || before === undefined || isAskedAnew(now, before))
      enqueue(byModel(now ?? before ?? never()));
  });
  for (const cache of [caches.deployments, caches.replicaSets, caches.pods, caches.configMaps])
    (cache as Informer<KubeObject>).onChange((now, before) => {
      enqueue([...new Set([now, before].flatMap((object) => (object === undefined ? [] : byModelLabel(object))))]);
    });

  for (const cache of Object.values(caches))
    cache.onRefusal(() => {
      enqueue([...new Set(caches.versions.list().flatMap(byModel))]);
    });

  const verifier = new Verifier({
    directory: config.VERIFY_DIR,
    onChange: (version) => {
      enqueue(byModel(version));
    },
    logger,
    clock,
    signal,
  });
  const reconciler = new Reconciler({
    api: client,
    caches,
    pods: podsClient,
    verifier,
    events,
    logger,
    enqueue: (key) => {
      queue.add(key);
    },
    clock,
    signal,
  });
  const loop = new ControllerLoop({
    queue,
    workers: config.RECONCILE_WORKERS,
    reconcile: (key, reconcileSignal) => reconciler.reconcile(key, reconcileSignal),
    timeoutMs: RECONCILE_TIMEOUT_MS,
    logger,
    metrics: metrics.loop,
    clock,
  });
  metrics.observedGauge('pawl_controller_model_versions', 'ModelVersions by phase.', ['phase'], () => {
    const counts = new Map<string, number>(phases.map((phase) => [phase, 0]));
    for (const { status } of caches.versions.list())
      counts.set(status?.phase ?? 'Pending', (counts.get(status?.phase ?? 'Pending') ?? 0) + 1);
    return [...counts].map(([phase, value]) => ({ labels: { phase }, value }));
  });

  const all = Object.values(caches) as readonly Informer<KubeObject>[];
  const server = new HttpServer({
    metrics,
    logger,
    alive: () => (loop.longestRunningMs > HANGS_AFTER_MS ? 'a reconcile hangs' : undefined),
    ready: () => (all.every((cache) => cache.hasSynced) ? undefined : 'the first list of the cluster is not complete'),
    other: (path) => answerVerdicts(path, caches.versions),
  });
  const port = await server.listen(config.PORT, config.HOST);
  logger.info({ port, namespace, identity }, 'listening');

  const informersDone = new AbortController();
  const following = Promise.all(all.map((cache) => cache.run(informersDone.signal)));
  try {
    const election = new LeaderElection({ client, namespace, name: config.LEASE_NAME, identity, logger, clock });
    return await election.run(signal, {
      onStarted: async (stop, lost) => {
        if (!(await untilSynced(all, clock, stop))) return;
        metrics.leading(true);
        logger.info({ identity, versions: caches.versions.size }, 'leading');
        await loop.run(stop, lost);
      },
      onNewLeader: (leader) => {
        logger.info({ leader, mine: leader === identity }, 'a new leader');
      },
    });
  } finally {
    metrics.leading(false);
    await events.drain();
    informersDone.abort();
    await following;
    await server.close();
  }
}

/**
 * Waits for the first complete lists.
 * @returns false when `stop` was aborted before.
 * @throws when they do not come in time, so that the restart of the process shows the problem.
 */
async function untilSynced(
  informers: readonly Informer<KubeObject>[],
  clock: Clock,
  stop: AbortSignal,
): Promise<boolean> {
  const tooLate = () => {
    const missing = informers.filter(({ hasSynced }) => !hasSynced).map(({ kind }) => kind);
    return new Error(`No complete list of ${missing.join(', ')} within ${SYNC_TIMEOUT_MS / 1000} s; the log says why.`);
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
