import { readFileSync } from 'node:fs';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { ProjectionsSpec } from '@pawl/shared/bundle/reference';
import { bundleAt, openBundle } from '@pawl/shared/bundle/open-bundle';
import type { ObservedPicture } from '@pawl/shared/drift/observation';
import { toAnswer } from '@pawl/shared/execution/answer';
import { readGraphs } from '@pawl/shared/execution/bundle-graphs';
import { ImageWorkerPool } from '@pawl/shared/execution/worker-pool';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';

/** What the service would know of a picture; undefined where it would refuse it. */
export type Observe = (bytes: Buffer) => Promise<ObservedPicture | undefined>;

/** Runs `body` with a model as it serves. */
export async function withObserver<Result>(
  folder: string,
  projections: ProjectionsSpec,
  body: (observe: Observe) => Promise<Result>,
): Promise<Result> {
  const { manifest, digest } = await openBundle(folder);
  const graphs = await readGraphs(bundleAt(folder, manifest, digest), { projections });
  const setup = { ...graphs, limits: { ...defaultImageLimits, timeoutMs: 60_000 }, niceness: 0, measures: true };
  const pool = new ImageWorkerPool({ size: 2, queueLimit: 10_000, inFlightPerWorker: 2, setup });
  await pool.start();
  try {
    return await body(async (bytes) => {
      const said = await pool.classify([bytes], { deadlineMs: 600_000 });
      const answer = toAnswer(said, manifest);
      if (answer === undefined) return undefined;
      const { image, projections: projected, known } = said;
      const { statistics = {}, width, height } = image;
      const { label, confidence } = answer;
      return { statistics, projections: projected, width, height, bytes: bytes.length, label, confidence, known };
    });
  } finally {
    await pool.close();
  }
}

/** Observes pictures, each altered before. */
export async function observeAll(
  observe: Observe,
  paths: readonly string[],
  alter: (bytes: Buffer) => Promise<Buffer> = (bytes) => Promise.resolve(bytes),
): Promise<ObservedPicture[]> {
  const found: ObservedPicture[] = [];
  await forEachLimited(paths, 4, async (path) => {
    const seen = await observe(await alter(readFileSync(path)));
    if (seen !== undefined) found.push(seen);
  });
  return found;
}
