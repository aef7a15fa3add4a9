import { setTimeout as pause } from 'node:timers/promises';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { publish } from '../../test/e2e/support/bundles.ts';
import { pathOf } from '../../test/e2e/support/cluster.ts';
import { TestEnvironment } from '../../test/e2e/support/environment.ts';
import { startLoad } from '../../test/e2e/support/load.ts';

/** Real pods on a real node. */
export interface RolloutFigures {
  /** Seconds from apply until every pod of a stable track of three serves the new weights, the canary off. */
  readonly applyToServing: readonly number[];
  /** Seconds from the verdict in the API server until the last request was sent that the canary answered. */
  readonly verdictToLastAnswer: readonly number[];
  /** Requests that were not answered in full, in all of it. */
  readonly lost: number;
  readonly sent: number;
}

const RATE = 15;

/** Rolls out and falls back, by a release of the chart, under load. */
export async function measureRollouts(rounds: number): Promise<RolloutFigures> {
  const environment = await TestEnvironment.create({
    values: { replicaCount: 3 },
    policy: { canary: { enabled: false } },
  });
  try {
    await environment.offer(await publish('good', '1.0.0'));
    await environment.settle();
    const load = await startLoad(environment.cluster, environment.namespace, {
      target: await environment.serviceAddress(),
      rate: RATE,
    });
    const applyToServing: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const offer = await publish('good', `1.${round}.0`);
      const begin = performance.now();
      await environment.offer(offer);
      await allPodsServe(environment, offer.digest);
      applyToServing.push((performance.now() - begin) / 1000);
      await environment.settle();
    }

    await environment.upgrade({
      rollout: {
        canary: { enabled: true, steps: [{ weight: 25, holdSeconds: 600 }] },
        analysis: { minRequests: 20, burstSeconds: 2, maxLabelShift: 0.2 },
      },
    });
    const verdictToLastAnswer: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const offer = await publish('subtle', `2.${round}.0`);
      const from = await load.mark();
      const verdictAt = verdictOf(environment, await environment.offer(offer));
      const at = load.at(await verdictAt);
      // Long enough to see an answer that comes much too late.
      await pause(10_000);
      const { byDigest } = await load.between(from);
      verdictToLastAnswer.push(((byDigest[offer.digest]?.last ?? NaN) - at) / 1000);
      await environment.settle();
    }
    const whole = await load.between(0);
    await load.stop();
    return { applyToServing, verdictToLastAnswer, lost: whole.lost, sent: whole.sent };
  } finally {
    await environment.destroy();
  }
}

/** Every pod that gets requests is ready with these weights, there are three of them, and no other is left. */
async function allPodsServe(environment: TestEnvironment, digest: string): Promise<void> {
  for (;;) {
    const pods = await environment.pods('stable');
    const serving = pods.filter(
      ({ metadata, status }) =>
        metadata.annotations?.['pawl.dev/digest'] === digest &&
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
    if (pods.length === 3 && serving.length === 3) return;
    await pause(100);
  }
}

/** When the verdict of failure was seen in the API server, ms since the epoch, by a watch. */
async function verdictOf({ cluster, namespace }: TestEnvironment, name: string): Promise<number> {
  const path = pathOf.modelVersions(namespace);
  const { metadata } = await cluster.get<{ metadata: { resourceVersion: string } }>(path);
  const done = new AbortController();
  try {
    for await (const { object } of cluster.watch(path, metadata.resourceVersion, done.signal)) {
      const version = object as unknown as ModelVersion;
      if (version.metadata.name === name && version.status?.verdict?.outcome === 'Failed') return Date.now();
    }
  } finally {
    done.abort();
  }
  throw new Error(`the watch of ${name} ended`);
}
