import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of numbers that look random and are the same for the same seed, on every machine. */
export interface RandomStream {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform integer in [0, limit). */
  below(limit: number): number;
  /** Normal with mean 0 and deviation 1 (Box and Muller). */
  normal(): number;
  /** The numbers 0 .. length - 1 in random order (Fisher and Yates). */
  permutation(length: number): Uint32Array;
}

/** What stands in the generator's state beside the seed shows in its first numbers: these are thrown away. */
const WARM_UP = 16;

/**
 * xoroshiro128+ of pure-rand, which is what fast-check draws from.
 *
 * @param seed any 32-bit integer; neighbours give streams that have nothing in common.
 */
export function createRandom(seed: number): RandomStream {
  const generator = xoroshiro128plus(scatter(seed));
  for (let thrown = 0; thrown < WARM_UP; thrown++) generator.next();
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

/** The last step of MurmurHash3: every bit of the seed moves half of the result's bits. One to one on 32 bits. */
function scatter(seed: number): number {
  let bits = seed | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
