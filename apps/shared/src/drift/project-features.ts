/** Seed of the signs: another one would be another statistic under the same name. */
const SEED = 0x5041574c;

/**
 * A few numbers that move when the features of pictures move, whatever way: products with fixed vectors of signs (Achlioptas,
 * "Database-friendly random projections", JCSS 2003), divided by the root of their length. The same on every machine.
 *
 * @param features one row of the graph's output. @param count of the numbers.
 */
export function projectFeatures(features: ArrayLike<number>, count: number): number[] {
  const { length } = features;
  const scale = 1 / Math.sqrt(Math.max(1, length));
  return Array.from({ length: count }, (_, projection) => {
    let sum = 0;
    for (let at = 0; at < length; at++) sum += isPlus(at, projection) ? (features[at] ?? 0) : -(features[at] ?? 0);
    return sum * scale;
  });
}

/** One bit of MurmurHash3's last step. */
function isPlus(at: number, projection: number): boolean {
  let bits = SEED ^ Math.imul(at + 1, 0x9e3779b1) ^ Math.imul(projection + 1, 0x85ebca77);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) & 1) === 1;
}
