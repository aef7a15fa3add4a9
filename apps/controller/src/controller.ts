import { type Clock, systemClock } from '@pawl/shared/concurrency/clock';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { phases } from '@pawl/shared/modelversion/model-version';
import { type Config, watchedNamespaces } from './config.ts';
import { byModel } from './model-version/caches.ts';
import { type PodClient, podClient } from './model-version/pod-client.ts';
import { countVerdicts } from './model-version/verdict-metrics.ts';
import { answerVerdictsOf } from './model-version/verdicts.ts';
import { Verifier } from './model-version/verifier.ts';
import { abnormalConditions, lastVerdicts, rolloutSeconds } from './model-version/version-metrics.ts';
import { NamespaceController } from './namespace-controller.ts';
import { EventRecorder } from './runtime/events.ts';
import { HttpServer } from './runtime/http-server.ts';
import type { Logger } from './runtime/logger.ts';
import type { Metrics } from './runtime/metrics.ts';

/** A worker that holds a key for longer than this hangs, and the process is restarted: five times a reconcile's limit. */
const HANGS_AFTER_MS = 300_000;

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
 * Follows every watched namespace, waits for its lease, and reconciles its models until `signal` is aborted. A replica without
 * a lease keeps its copy of the namespace warm and does nothing.
 * @returns why it ended; after `lost` the process must exit, because another replica may lead now.
 * @throws when the first lists do not come in time, after giving the leases back.
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<'stopped' | 'lost'> {
  const { config, client, logger, metrics, identity, pods = podClient, clock = systemClock } = options;
  const events = new EventRecorder({ client, component: 'pawl-controller', instance: identity, logger, clock });
  // One for all namespaces: it has the memory and the disk of one process.
  const verifier = new Verifier({
    directory: config.VERIFY_DIR,
    onChange: (version) => {
      controllers.get(version.metadata.namespace)?.enqueue(byModel(version));
    },
    logger,
    clock,
    signal,
  });
  const common = { client, logger, metrics, identity, pods, verifier, events, clock, signal };
  const onLeading = (): void => {
    metrics.leading(all.some(({ isLeading }) => isLeading));
  };
  const controllers: ReadonlyMap<string, NamespaceController> = new Map(
    watchedNamespaces(config).map((namespace) => [
      namespace,
      new NamespaceController({
        ...common,
        namespace,
        leaseName: config.LEASE_NAME,
        workers: config.RECONCILE_WORKERS,
        onLeading,
      }),
    ]),
  );
  const all = [...controllers.values()];
  metrics.observeQueues(all.map(({ queue }) => queue));
  metrics.observedGauge(
    'pawl_controller_verdicts',
    'ModelVersions that have a verdict, by outcome and reason.',
    ['model_namespace', 'outcome', 'reason'],
    () => [...controllers].flatMap(([namespace, { caches }]) => countVerdicts(namespace, caches.versions.list())),
  );
  metrics.observedGauge('pawl_controller_model_versions', 'ModelVersions by phase.', ['phase'], () => {
    const counts = new Map<string, number>(phases.map((phase) => [phase, 0]));
    for (const { status } of all.flatMap(({ caches }) => caches.versions.list()))
      counts.set(status?.phase ?? 'Pending', (counts.get(status?.phase ?? 'Pending') ?? 0) + 1);
    return [...counts].map(([phase, value]) => ({ labels: { phase }, value }));
  });
  observeVersions(metrics, controllers, clock);

  const versions = new Map([...controllers].map(([namespace, { caches }]) => [namespace, caches.versions]));
  const server = new HttpServer({
    metrics,
    logger,
    alive: () =>
      all.some(({ longestRunningMs }) => longestRunningMs > HANGS_AFTER_MS) ? 'a reconcile hangs' : undefined,
    ready: () =>
      all.every(({ hasSynced }) => hasSynced) ? undefined : 'the first list of the cluster is not complete',
    other: (path) => answerVerdictsOf(path, config.NAMESPACE, versions),
  });
  const port = await server.listen(config.PORT, config.HOST);
  logger.info({ port, namespaces: [...controllers.keys()], identity }, 'listening');
  try {
    return await untilAllEnd(all, signal);
  } finally {
    await events.drain();
    await server.close();
  }
}

/** Publishes what alerts ask of the versions: with a label for the namespace, whose number is that of the settings. */
function observeVersions(
  metrics: Metrics,
  controllers: ReadonlyMap<string, NamespaceController>,
  clock: Pick<Clock, 'now'>,
): void {
  const watched = () =>
    [...controllers].map(([namespace, { caches, hasSynced }]) => ({
      namespace,
      versions: hasSynced ? caches.versions.list() : undefined,
    }));
  metrics.observedGauge(
    'pawl_controller_version_conditions',
    'ModelVersions whose condition is True: Stalled (without a verdict), Degraded or Refused.',
    ['model_namespace', 'condition'],
    () => abnormalConditions(watched()),
  );
  metrics.observedGauge(
    'pawl_controller_last_verdict_timestamp_seconds',
    'When a ModelVersion was last judged, by outcome: Passed or Failed.',
    ['model_namespace', 'outcome'],
    () => lastVerdicts(watched()),
  );
  metrics.observedGauge(
    'pawl_controller_rollout_seconds',
    'How long the ModelVersion that has been on its way longest has been so; 0: none is.',
    ['model_namespace'],
    () => rolloutSeconds(watched(), clock.now()),
  );
}

/** Runs them until all have ended. Where one loses its lease or fails, the process is about to end, so all stop. */
async function untilAllEnd(
  controllers: readonly NamespaceController[],
  signal: AbortSignal,
): Promise<'stopped' | 'lost'> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const running = controllers.map(async (controller) => {
    try {
      return await controller.run(stop);
    } finally {
      over.abort();
    }
  });
  const ends = await Promise.allSettled(running);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ends.some((end) => end.status === 'fulfilled' && end.value === 'lost') ? 'lost' : 'stopped';
}
