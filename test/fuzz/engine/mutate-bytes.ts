import type { RandomStream } from '@pawl/shared/statistics/random';

/** Most changes of one input. */
const MOST_CHANGES = 8;
/** Longest run of bytes that one change makes or moves. */
const LONGEST_RUN = 512;
/** Inputs grow no larger than this, bytes. */
const LARGEST = 1 << 19;

/** Numbers at which sizes, counts and offsets go wrong. */
const BORDERS = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

type Change = (input: Buffer, random: RandomStream, others: readonly Uint8Array[], words: readonly string[]) => Buffer;

const pick = <Item>(items: readonly Item[], random: RandomStream): Item => items[random.below(items.length)] as Item;
const insert = (input: Buffer, at: number, more: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, at), more, input.subarray(at)]);

/** A place and a length of a run in an input. */
function aRun(input: Uint8Array, random: RandomStream): { readonly at: number; readonly length: number } {
  const at = random.below(input.length + 1);
  return { at, length: Math.min(input.length - at, 1 + random.below(LONGEST_RUN)) };
}

/** Writes a number of 1, 2 or 4 bytes where headers have them more often than elsewhere. */
function setNumber(input: Buffer, random: RandomStream): Buffer {
  const bytes = pick([1, 2, 4], random);
  if (input.length < bytes) return input;
  const range = random.below(2) === 0 ? Math.min(input.length, 128) : input.length;
  const at = random.below(Math.max(1, range - bytes + 1));
  const value = pick(BORDERS, random) % 2 ** (8 * bytes);
  if (random.below(2) === 0) input.writeUIntBE(value, at, bytes);
  else input.writeUIntLE(value, at, bytes);
  return input;
}

/** What is done to bytes: the changes that AFL calls havoc and splice (https://lcamtuf.coredump.cx/afl/technical_details.txt). */
const changes: readonly Change[] = [
  (input, random) => {
    if (input.length > 0) input[random.below(input.length)]! ^= 1 << random.below(8);
    return input;
  },
  (input, random) => {
    if (input.length > 0) input[random.below(input.length)] = random.below(256);
    return input;
  },
  setNumber,
  setNumber,
  (input, random) => {
    const { at, length } = aRun(input, random);
    return Buffer.concat([input.subarray(0, at), input.subarray(at + length)]);
  },
  (input, random) => {
    const { at, length } = aRun(input, random);
    return insert(input, random.below(input.length + 1), input.subarray(at, at + length));
  },
  (input, random) =>
    insert(input, random.below(input.length + 1), Buffer.alloc(1 + random.below(LONGEST_RUN), random.below(256))),
  (input, random) => input.subarray(0, random.below(input.length + 1)),
  (input, random, others) => {
    const other = pick(others, random);
    const { at, length } = aRun(other, random);
    return insert(input, random.below(input.length + 1), other.subarray(at, at + length));
  },
  (input, random, others) => {
    const other = pick(others, random);
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
  (input, random, _, words) =>
    words.length === 0 ? input : insert(input, random.below(input.length + 1), Buffer.from(pick(words, random))),
];

/** Some changes of bytes, each drawn from `random`. The input itself stays as it is. */
export function mutateBytes(
  input: Uint8Array,
  random: RandomStream,
  others: readonly Uint8Array[],
  words: readonly string[] = [],
): Buffer {
  let changed = Buffer.from(input);
  for (let left = 1 + random.below(MOST_CHANGES); left > 0; left--)
    changed = Buffer.from(pick(changes, random)(changed, random, others, words).subarray(0, LARGEST));
  return changed;
}
