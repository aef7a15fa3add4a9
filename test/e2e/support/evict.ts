import { pathOf } from './cluster.ts';
import type { TestEnvironment } from './environment.ts';
import { waitFor } from './wait.ts';

/** Evicts a stable pod as `kubectl drain` does, which also comes back as long as the PodDisruptionBudget says no. */
export async function evictStable(env: TestEnvironment): Promise<void> {
  await waitFor('the eviction of a stable pod', async () => {
    const [pod] = await env.pods('stable');
    return await env.cluster.post(`${pathOf.pods(env.namespace, pod?.metadata.name)}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod?.metadata.name, namespace: env.namespace },
    });
  });
}
