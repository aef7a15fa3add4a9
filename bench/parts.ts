import { Worker } from 'node:worker_threads';
import type { PartSetup } from './part-worker.ts';

/** How fast one part of the work is on a number of cores at once. */
export interface PartRate {
  /** Images a second, all workers together. */
  readonly perSecond: number;
  /** Milliseconds of one core an image. */
  readonly coreMs: number;
}

/** Runs one part in `cores` worker threads at once and adds up. */
export async function measurePart(setup: Omit<PartSetup, 'index'>, cores: number): Promise<PartRate> {
  const workers = Array.from(
    { length: cores },
    (_, index) => new Worker(new URL('part-worker.ts', import.meta.url), { workerData: { ...setup, index } }),
  );
  const next = <T>(worker: Worker) =>
    new Promise<T>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  await Promise.all(workers.map((worker) => next(worker)));
  const results = workers.map((worker) => next<{ done: number; ms: number }>(worker));
  for (const worker of workers) worker.postMessage('go');
  const rates = await Promise.all(results);
  await Promise.all(workers.map((worker) => worker.terminate()));
  const perSecond = rates.reduce((sum, { done, ms }) => sum + (done / ms) * 1000, 0);
  return { perSecond, coreMs: (cores / perSecond) * 1000 };
}
