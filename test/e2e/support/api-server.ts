import { setTimeout as sleep } from 'node:timers/promises';
import { component, type TestCluster } from './cluster.ts';
import { waitFor } from './wait.ts';

/** Time in which an API server that was started answers, ms. */
const START_MS = 8_000;

/**
 * Starts the API server. One that ends leaves its port a moment later, and its successor, which finds the port taken, gives up:
 * started again until it answers. To start what runs changes nothing.
 */
export async function startApiServer(cluster: TestCluster): Promise<void> {
  await waitFor(
    'the API server',
    async () => {
      await component('start', 'kube-apiserver');
      // Between two starts: one that is started again too soon finds the port taken by itself.
      await sleep(START_MS);
      await cluster.text('/readyz');
      return true;
    },
    { everyMs: 1000 },
  );
}

/** Stops the API server and starts it. */
export async function restartApiServer(cluster: TestCluster): Promise<void> {
  await component('stop', 'kube-apiserver');
  await startApiServer(cluster);
}
