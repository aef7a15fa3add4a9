import { readFile } from 'node:fs/promises';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { GoldenImage } from '@pawl/shared/bundle/manifest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { type Answer, toAnswer } from '@pawl/shared/execution/answer';
import type { ModelBackend } from './model-backend.ts';

/** What the golden images said. */
export interface GoldenVerdict {
  readonly images: number;
  /** Largest difference of any probability from the expected one, 0..1. */
  readonly largestDifference: number;
}

/** Largest difference of any probability, 0..1; infinite when there is no answer. */
export function difference(expected: GoldenImage, actual: Answer | undefined): number {
  if (actual === undefined) return Infinity;
  return Math.max(
    ...Object.entries(expected.probabilities).map(([label, value]) =>
      Math.abs(value - (actual.probabilities[label] ?? Infinity)),
    ),
  );
}

/**
 * Asks the loaded model for every golden image and compares with what it answered where it was packaged. int8 answers
 * differ slightly between CPUs; 8-bit weights on a CPU without VNNI are off by whole labels, which this finds before any
 * traffic does.
 * @throws PawlError GOLDEN_MISMATCH that names the image, both answers and the tolerance.
 */
export async function checkGolden(bundle: Bundle, backend: ModelBackend, deadlineMs: number): Promise<GoldenVerdict> {
  const { golden } = bundle.manifest;
  const differences: number[] = [];
  // One after another within what the queue admits: the whole set may be larger than the queue.
  const answers = golden.images.map(async (image) => ({ image, bytes: await readFile(bundle.path(image.file)) }));
  const waiting = [...answers];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { image, bytes } = await next;
      const { output } = await backend.classify([bytes], { deadlineMs }).catch((error: unknown) => {
        throw notAnswered(image.file, error);
      });
      const answer = toAnswer(output, bundle.manifest);
      const off = difference(image, answer);
      if (off > golden.tolerance)
        throw new PawlError('GOLDEN_MISMATCH', {
          message:
            `${image.file}: expected ${describe(image)}, got ${describe(answer)}; ` +
            `the largest allowed difference of a probability is ${golden.tolerance}.`,
        });
      differences.push(off);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, backend.usage.readyWorkers) }, worker));
  return { images: golden.images.length, largestDifference: Math.max(...differences) };
}

/** A node that was too busy to answer in time says nothing about the model: that is tried again, like a lost worker. */
function notAnswered(file: string, error: unknown): unknown {
  if (!(error instanceof PawlError) || error.code !== 'IMAGE_TIMEOUT') return error;
  return new PawlError('DEADLINE_EXCEEDED', {
    message: `${file} was not answered in time; it is tried again.`,
    cause: error,
  });
}

function describe(answer: Pick<Answer, 'label' | 'probabilities'> | undefined): string {
  if (answer === undefined) return 'no finite answer';
  return `${answer.label} (${(answer.probabilities[answer.label] ?? NaN).toFixed(4)})`;
}
