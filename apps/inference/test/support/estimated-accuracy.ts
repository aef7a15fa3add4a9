/** The lines of `GET /metrics` whose metric and labels match, added up. */
export function sumOf(metrics: string, pattern: RegExp): number {
  return metrics
    .split('\n')
    .filter((line) => pattern.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Kullback-Leibler divergence of two shares, in nats. */
const divergence = (x: number, p: number): number =>
  (x === 0 ? 0 : x * Math.log(x / p)) + (x === 1 ? 0 : (1 - x) * Math.log((1 - x) / (1 - p)));

/**
 * Whether an accuracy is one that calibrated confidences allow, but for a chance of `alpha`: answers that are right with
 * the probabilities that were said are, by Hoeffding's first theorem (Journal of the American Statistical Association 58, 1963),
 * as close to the mean of those as answers that are all equally sure.
 * @param estimate mean confidence, 0..1 @param count of the answers
 */
export const isWithin = (accuracy: number, estimate: number, count: number, alpha: number): boolean =>
  count * divergence(accuracy, estimate) <= Math.log(2 / alpha);
