import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { PartCount, PartOrder, PartSetup } from './part-worker.ts';

/** The parts of the work, each measured alone or on several cores at once, as often as asked. */
export class Parts {
  readonly #workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  /** Starts a worker a core, with the model loaded and the photographs decoded. */
  static async start(setup: PartSetup, cores: number): Promise<Parts> {
    const workers = Array.from(
      { length: cores },
      () => new Worker(new URL('part-worker.ts', import.meta.url), { workerData: setup }),
    );
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new Parts(workers);
  }

  /** Milliseconds of one core an image, while `cores` of them do the same. */
  async coreMs(part: PartOrder['part'], cores: number, seconds: number): Promise<number> {
    const counts = this.#workers.slice(0, cores).map(async (worker, offset) => {
      worker.postMessage({ part, seconds, offset } satisfies PartOrder);
      return ((await once(worker, 'message')) as [PartCount])[0];
    });
    const perMs = (await Promise.all(counts)).reduce((sum, { done, ms }) => sum + done / ms, 0);
    return cores / perMs;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
