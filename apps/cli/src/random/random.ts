import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of numbers that look random and are the same for the same seed, on every machine. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform integer in [0, limit). */
  below(limit: number): number;
  /** Normal with mean 0 and deviation 1 (Box and Muller). */
  normal(): number;
  /** The numbers 0 .. length - 1 in random order (Fisher and Yates). */
  permutation(length: number): Uint32Array;
}

/** xoroshiro128+ of pure-rand, which is what fast-check draws from. */
export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const next = () => (generator.next() >>> 0) / 2 ** 32;
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    permutation(length) {
      const order = Uint32Array.from({ length }, (_, index) => index);
      for (let at = length - 1; at > 0; at--) {
        const other = below(at + 1);
        const kept = order[at] ?? 0;
        order[at] = order[other] ?? 0;
        order[other] = kept;
      }
      return order;
    },
  };
}
