import { readFileSync } from 'node:fs';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import { type Answer, toAnswer } from '@pawl/shared/execution/answer';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { ImageWorkerPool } from '@pawl/shared/execution/worker-pool';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';

/** What of a manifest says how a graph is asked and read. */
export type ModelSpec = Pick<ManifestDraft, 'labels' | 'input' | 'output' | 'abstain'>;

/** What a graph answers to each of these images, asked as the service asks it. */
export async function answersOf(modelPath: string, spec: ModelSpec, images: readonly Uint8Array[]): Promise<Answer[]> {
  const whole = { ...spec, input: { scale: 1, mean: [0, 0, 0] as const, std: [1, 1, 1] as const, ...spec.input } };
  const pool = new ImageWorkerPool({
    size: 1,
    queueLimit: images.length,
    inFlightPerWorker: 1,
    setup: {
      model: shareBytes(readFileSync(modelPath)),
      spec: whole as never,
      limits: { ...defaultImageLimits, timeoutMs: 60_000 },
      niceness: 0,
    },
  });
  await pool.start();
  try {
    const answers: Answer[] = [];
    for (const image of images) {
      const answer = toAnswer(await pool.classify([image], { deadlineMs: 120_000 }), whole as never);
      if (answer === undefined) throw new Error(`${modelPath} gave no finite answer`);
      answers.push(answer);
    }
    return answers;
  } finally {
    await pool.close();
  }
}
