import { setImmediate as nextTick } from 'node:timers/promises';
import { lumaOf, type Fingerprint } from './fingerprint.ts';

/** Standard deviation of a grid's luma below which a picture is flat: its hash is then made of noise. */
const FLAT_DEVIATION = 8;
/** Two flat pictures are alike when their grids differ by at most this on average; steps of 8 bits. */
const FLAT_DIFFERENCE = 6;
/** Two pictures are alike when the lumas of their grids correlate at least this much. */
const CORRELATION = 0.9;
/** Comparisons between two looks at the signal, and two chances for others to run. */
const COMPARISONS_A_TURN = 4_000_000;

/** A colour grid, prepared for comparison. */
interface Grid {
  /** R G B of each cell. */
  readonly colours: Uint8Array;
  /** Luma of each cell, less their mean. */
  readonly lumas: Float64Array;
  /** Standard deviation of the lumas. */
  readonly deviation: number;
}

/**
 * Groups near-duplicates: pictures whose hashes differ in at most `bits` of 64 and whose grids agree too, so that pictures
 * whose hash says little (a wall, a sky) are not taken for one another. Groups are closed under transitivity.
 * All pairs of hashes are compared: 25,000 pictures take some seconds.
 *
 * @returns indices of each group of 2 or more, ascending, groups by their first index.
 * @throws the reason of `signal`.
 */
export async function groupNearDuplicates(
  prints: readonly Fingerprint[],
  bits: number,
  signal?: AbortSignal,
): Promise<number[][]> {
  const high = Int32Array.from(prints, ({ hash }) => Number.parseInt(hash.slice(0, 8), 16));
  const low = Int32Array.from(prints, ({ hash }) => Number.parseInt(hash.slice(8), 16));
  const grids = prints.map(({ grid }) => gridOf(grid));
  const parents = Int32Array.from(prints, (_, index) => index);
  let turn = 0;
  for (let a = 0; a < prints.length; a++) {
    const [highA = 0, lowA = 0] = [high[a], low[a]];
    for (let b = a + 1; b < prints.length; b++) {
      if (bitsOf(highA ^ (high[b] ?? 0), lowA ^ (low[b] ?? 0)) > bits) continue;
      const [rootA, rootB] = [rootOf(parents, a), rootOf(parents, b)];
      // The smaller index leads its group.
      if (rootA !== rootB && agree(grids[a], grids[b])) parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
    }
    turn += prints.length - a;
    if (turn > COMPARISONS_A_TURN) {
      turn = 0;
      signal?.throwIfAborted();
      await nextTick();
    }
  }
  const groups = new Map<number, number[]>();
  for (let index = 0; index < prints.length; index++) {
    const root = rootOf(parents, index);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [index]);
    else group.push(index);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Bits in which two hashes of 16 hex digits differ. */
export function hammingDistance(a: string, b: string): number {
  const word = (text: string, at: number) => Number.parseInt(text.slice(at, at + 8), 16) | 0;
  return bitsOf(word(a, 0) ^ word(b, 0), word(a, 8) ^ word(b, 8));
}

/** Whether two colour grids (base64, {@link Fingerprint}) are of the same picture. */
export function gridsAgree(a: string, b: string): boolean {
  return agree(gridOf(a), gridOf(b));
}

/** Set bits of two words together, counted in parallel in ever wider fields. */
function bitsOf(a: number, b: number): number {
  let x = a - ((a >>> 1) & 0x55555555);
  let y = b - ((b >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  y = (y & 0x33333333) + ((y >>> 2) & 0x33333333);
  // Two words have at most 16 bits in fields of 8: the sum cannot overflow.
  const sum = ((x + (x >>> 4)) & 0x0f0f0f0f) + ((y + (y >>> 4)) & 0x0f0f0f0f);
  return Math.imul(sum, 0x01010101) >>> 24;
}

function rootOf(parents: Int32Array, index: number): number {
  let root = index;
  for (let parent = parents[root] ?? root; parent !== root; parent = parents[root] ?? root) root = parent;
  for (let at = index; at !== root;) {
    const next = parents[at] ?? root;
    parents[at] = root;
    at = next;
  }
  return root;
}

function gridOf(base64: string): Grid {
  const colours = Buffer.from(base64, 'base64');
  const lumas = Float64Array.from({ length: colours.length / 3 }, (_, cell) => {
    const [r = 0, g = 0, b = 0] = colours.subarray(cell * 3, cell * 3 + 3);
    return lumaOf(r, g, b);
  });
  const mean = lumas.reduce((sum, luma) => sum + luma, 0) / lumas.length;
  for (const [cell, luma] of lumas.entries()) lumas[cell] = luma - mean;
  return { colours, lumas, deviation: Math.sqrt(dot(lumas, lumas) / lumas.length) };
}

function agree(a: Grid | undefined, b: Grid | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if (Math.min(a.deviation, b.deviation) < FLAT_DEVIATION) {
    const difference = a.colours.reduce((sum, value, i) => sum + Math.abs(value - (b.colours[i] ?? 0)), 0);
    return difference / a.colours.length <= FLAT_DIFFERENCE;
  }
  return dot(a.lumas, b.lumas) / a.lumas.length >= CORRELATION * a.deviation * b.deviation;
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
