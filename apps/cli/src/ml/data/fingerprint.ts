/** What tells a picture from others, however it was scaled, compressed or tinted. */
export interface Fingerprint {
  /** 64 bits, 16 hex digits: near-duplicates differ in few of them. See {@link fingerprintOf}. */
  readonly hash: string;
  /** Mean R G B of 8 x 8 cells, row by row, base64 of 192 bytes. */
  readonly grid: string;
  /** Mean luma (ITU-R BT.601), 0..255. */
  readonly brightness: number;
}

/** Side of the luma plane that is transformed. */
const PLANE = 32;
/** Side of the block of frequencies that become bits. */
const BLOCK = 8;
/** Cells of the colour grid in a row. */
const GRID = 8;

/** Rows of the DCT-II of 32 values for the frequencies 1..8. */
const basis = Array.from({ length: BLOCK }, (_, k) =>
  Float64Array.from({ length: PLANE }, (__, n) => Math.cos((Math.PI / PLANE) * (n + 0.5) * (k + 1))),
);

/** ITU-R BT.601, 0..255. */
export const lumaOf = (r: number, g: number, b: number): number => 0.299 * r + 0.587 * g + 0.114 * b;

/**
 * The fingerprint of a picture: R G B of each pixel, row by row, at least 32 pixels a side.
 *
 * The hash is the DCT hash of C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010),
 * section 3.2.1: luma of 32 x 32, two-dimensional DCT-II, the 8 x 8 frequencies above the lowest, one bit each: whether
 * it is above their median.
 */
export function fingerprintOf(pixels: Uint8Array, width: number, height: number): Fingerprint {
  const { sums, counts } = sumCells(pixels, width, height);
  const plane = new Float64Array(PLANE * PLANE);
  const colours = new Float64Array(GRID * GRID * 3);
  const numbers = new Float64Array(GRID * GRID);
  let total = 0;
  for (let cell = 0; cell < plane.length; cell++) {
    const number = counts[cell] ?? 0;
    const luma = lumaOf(sums[cell * 3] ?? 0, sums[cell * 3 + 1] ?? 0, sums[cell * 3 + 2] ?? 0);
    total += luma;
    plane[cell] = luma / number;
    // A cell of the colour grid is 4 x 4 cells of the plane.
    const to = (cell >> 7) * GRID + ((cell % PLANE) >> 2);
    numbers[to] = (numbers[to] ?? 0) + number;
    for (let channel = 0; channel < 3; channel++)
      colours[to * 3 + channel] = (colours[to * 3 + channel] ?? 0) + (sums[cell * 3 + channel] ?? 0);
  }
  const grid = Uint8Array.from(colours, (sum, i) => Math.round(sum / (numbers[Math.floor(i / 3)] ?? 1)));
  return {
    hash: hashOfPlane(plane),
    grid: Buffer.from(grid).toString('base64'),
    brightness: Math.round((total / (width * height)) * 100) / 100,
  };
}

/** Sums of R G B, and the number of pixels, of each of 32 x 32 cells; the one loop over all pixels. */
function sumCells(pixels: Uint8Array, width: number, height: number) {
  const sums = new Float64Array(PLANE * PLANE * 3);
  const counts = new Uint32Array(PLANE * PLANE);
  const columns = Uint16Array.from({ length: width }, (_, x) => Math.floor((x * PLANE) / width));
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor((y * PLANE) / height) * PLANE;
    for (let x = 0; x < width; x++, at += 3) {
      const cell = row + (columns[x] ?? 0);
      const to = cell * 3;
      counts[cell] = (counts[cell] ?? 0) + 1;
      sums[to] = (sums[to] ?? 0) + (pixels[at] ?? 0);
      sums[to + 1] = (sums[to + 1] ?? 0) + (pixels[at + 1] ?? 0);
      sums[to + 2] = (sums[to + 2] ?? 0) + (pixels[at + 2] ?? 0);
    }
  }
  return { sums, counts };
}

function hashOfPlane(plane: Float64Array): string {
  const dot = (a: Float64Array, of: (n: number) => number) => a.reduce((total, value, n) => total + value * of(n), 0);
  // Rows first, then columns: half[k][y] is frequency k of row y.
  const half = basis.map((wave) =>
    Float64Array.from({ length: PLANE }, (_, y) => dot(wave, (x) => plane[y * PLANE + x] ?? 0)),
  );
  // Rounded, so that the frequencies of a flat picture are 0 and not what is left of the sums.
  const frequencies = basis.flatMap((wave) => half.map((row) => Math.round(dot(wave, (y) => row[y] ?? 0) * 1e6) / 1e6));
  const sorted = [...frequencies].sort((a, b) => a - b);
  const middle = frequencies.length / 2;
  const median = ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  let hash = '';
  for (let at = 0; at < frequencies.length; at += 4)
    hash += frequencies
      .slice(at, at + 4)
      .reduce((bits, value) => bits * 2 + Number(value > median), 0)
      .toString(16);
  return hash;
}
