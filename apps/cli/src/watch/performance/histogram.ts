/** A quantile as far as the buckets of a histogram tell. */
export interface BucketQuantile {
  /** Within the bucket, as if its values were spread evenly; the last edge where it lies beyond. */
  readonly value: number;
  /** Whether it lies beyond the last edge: the value is then the least that it can be. */
  readonly beyond: boolean;
}

/**
 * Pure: a quantile of a histogram, by the rule of Prometheus' `histogram_quantile`.
 *
 * @param cumulative by the upper edge (`le`): events at or below it; `+Inf` counts all of them.
 * @param share in (0, 1].
 * @returns undefined where there are no events.
 */
export function quantileOf(cumulative: ReadonlyMap<string, number>, share: number): BucketQuantile | undefined {
  const buckets = [...cumulative]
    .map(([le, count]) => ({ edge: le === '+Inf' ? Infinity : Number(le), count }))
    .sort((a, b) => a.edge - b.edge);
  const all = buckets.at(-1)?.count ?? 0;
  const at = buckets.findIndex(({ count }) => count >= share * all);
  const bucket = buckets[at];
  if (all === 0 || bucket === undefined) return undefined;
  const below = buckets[at - 1];
  if (bucket.edge === Infinity) return below === undefined ? undefined : { value: below.edge, beyond: true };
  const [from, before] = [below?.edge ?? 0, below?.count ?? 0];
  return { value: from + (bucket.edge - from) * ((share * all - before) / (bucket.count - before)), beyond: false };
}
