import type { Manifest } from '../bundle/manifest.ts';
import { shareInterval, type ShareInterval } from '../statistics/share-interval.ts';

/** What a manifest says of the accuracy that a version was released with. */
export interface AccuracyAtRelease {
  /** Share of the test pictures whose label was answered, 0..1, whether or not the model abstained. */
  readonly accuracy: number;
  /** Number of the test pictures; undefined where the manifest does not say. */
  readonly pictures: number | undefined;
  /** Where the accuracy on all such pictures may lie. Of an unknown number of pictures it is the figure itself: taken for exact. */
  readonly interval: ShareInterval;
}

/** A figure of a manifest that is so close to a whole number of pictures is one: figures have six decimals. */
const ROUNDING = 1e-6;

/**
 * The accuracy in a manifest, `metrics.accuracy`. The number of pictures is `metrics.test_pictures`, as `pawl train` writes it, or
 * else the number that `lineage["metrics.accuracy"]` begins with, such as "370 photographs".
 * @param level confidence of the interval, above 0 and below 1
 * @returns undefined where the manifest has no accuracy in 0..1
 */
export function accuracyAtRelease(
  { metrics, lineage }: Pick<Manifest, 'metrics' | 'lineage'>,
  level: number,
): AccuracyAtRelease | undefined {
  const accuracy = metrics['accuracy'];
  if (accuracy === undefined || !(accuracy >= 0 && accuracy <= 1)) return undefined;
  const pictures = wholeOf(metrics['test_pictures']) ?? leadingNumber(lineage['metrics.accuracy']);
  if (pictures === undefined) return { accuracy, pictures, interval: { lower: accuracy, upper: accuracy } };
  const right = accuracy * pictures;
  // A figure that was rounded lies between two numbers of pictures; each end takes the one that makes the interval wider.
  const slack = ROUNDING * pictures;
  const lower = shareInterval(Math.floor(right + slack), pictures, level).lower;
  const upper = shareInterval(Math.min(pictures, Math.ceil(right - slack)), pictures, level).upper;
  return { accuracy, pictures, interval: { lower, upper } };
}

const wholeOf = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : undefined;

/** `1,000 photographs` -> 1000. */
function leadingNumber(text: string | undefined): number | undefined {
  const [digits] = /^\d{1,3}(,\d{3})+(?!\d)|^\d{1,12}/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : wholeOf(Number(digits.replaceAll(',', '')));
}
