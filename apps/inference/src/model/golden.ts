import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { GoldenImage } from '@pawl/shared/bundle/manifest';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { isLate } from '@pawl/shared/errors/late';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { type Answer, toAnswer } from '@pawl/shared/execution/answer';
import type { ModelBackend } from './model-backend.ts';

/** The result of the golden images. */
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
 * Sends every golden image to the loaded model and compares the answer with the one at packaging: the label exactly, the
 * probability of every label within the tolerance. int8 answers differ
 * slightly between CPUs; 8-bit weights on a CPU without VNNI answer other labels, which this check finds before any
 * traffic.
 *
 * @param deadlineMs time for one image, ms.
 * @throws PawlError GOLDEN_MISMATCH that names the image, both answers and the tolerance; BUNDLE_STORE_UNREACHABLE where
 * an image cannot be read, and DEADLINE_EXCEEDED where it is not answered in time: both may pass by themselves.
 */
export async function checkGolden(bundle: Bundle, backend: ModelBackend, deadlineMs: number): Promise<GoldenVerdict> {
  const { golden } = bundle.manifest;
  const differences: number[] = [];
  // As many at once as there are workers: the whole set may be larger than the queue.
  await forEachLimited(golden.images, Math.max(1, backend.usage.readyWorkers), async (image) => {
    const bytes = await bundle.read(image.file);
    const said = await backend.classify([bytes], { deadlineMs }).catch((error: unknown) => {
      throw notAnswered(image.file, error);
    });
    const answer = toAnswer(said, bundle.manifest);
    const off = difference(image, answer);
    const allowed =
      off > golden.tolerance
        ? `the largest allowed difference of a probability is ${golden.tolerance}`
        : 'another label is never allowed, however close';
    // Which label is nearest to a picture of none of them decides nothing.
    const isOther = answer?.label !== image.label && image.abstained !== true;
    if (answer === undefined || off > golden.tolerance || isOther)
      throw new PawlError('GOLDEN_MISMATCH', {
        message: `${image.file}: expected ${describe(image)}, got ${describe(answer)}; ${allowed}.`,
      });
    if (image.abstained !== undefined && answer.abstained !== image.abstained)
      throw new PawlError('GOLDEN_MISMATCH', {
        message: `${image.file}: expected that the model ${image.abstained ? 'abstains' : 'answers'}, it ${image.abstained ? 'answers' : 'abstains'}.`,
      });
    differences.push(off);
  });
  return { images: golden.images.length, largestDifference: Math.max(...differences) };
}

/**
 * A node that was too busy to answer in time says nothing about the model: the check is tried again, as after a lost
 * worker.
 */
function notAnswered(file: string, error: unknown): unknown {
  if (!isLate(error)) return error;
  return new PawlError('DEADLINE_EXCEEDED', {
    message: `${file} was not answered in time; it is tried again.`,
    cause: error,
  });
}

function describe(answer: Pick<Answer, 'label' | 'probabilities'> | undefined): string {
  if (answer === undefined) return 'no finite answer';
  return `${answer.label} (${(answer.probabilities[answer.label] ?? NaN).toFixed(4)})`;
}
