import { createHash } from 'node:crypto';
import { createRandom, type RandomStream } from '@pawl/shared/statistics/random';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import type { FuzzTarget } from './target.ts';

/** Of how many inputs one is a seed as it is. */
const UNCHANGED = 16;
/** Of how many JSON documents one is changed as bytes. */
const NO_JSON = 5;

const randomOf = (...parts: readonly (string | number | Uint8Array)[]): RandomStream => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(typeof part === 'number' ? String(part) : part).update('\0');
  return createRandom(hash.digest().readInt32BE());
};

/** The n-th input of a target: the same for the same seeds, seed and number, on every machine. */
export function inputOf(
  name: string,
  target: FuzzTarget,
  seeds: readonly Uint8Array[],
  seed: number,
  iteration: number,
): Uint8Array {
  const random = randomOf(name, seed, iteration);
  const chosen = seeds[random.below(seeds.length)];
  if (chosen === undefined) throw new Error(`the fuzz target ${name} has no seeds`);
  if (random.below(UNCHANGED) === 0) return chosen;
  const input =
    target.kind === 'json' && random.below(NO_JSON) > 0
      ? mutateJson(chosen, random, target.words)
      : mutateBytes(chosen, random, seeds, target.words);
  // Half of them keep their wrong checksums.
  if (target.repair !== undefined && random.below(2) === 0) target.repair(input);
  return input;
}

/** What a target draws from while it reads an input: by the input alone, so that a saved one fails again. */
export const randomOfInput = (input: Uint8Array): RandomStream => randomOf(input);
