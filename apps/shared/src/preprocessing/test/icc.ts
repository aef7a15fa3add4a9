/** D50 tristimulus values of a colour space's primaries and its gamma. */
export interface RgbSpace {
  /** Rows X, Y, Z; columns R, G, B. */
  readonly toXyz: readonly (readonly number[])[];
  readonly gamma: number;
}

// Bradford-adapted to D50, from http://www.brucelindbloom.com/Eqn_RGB_XYZ_Matrix.html
/** Adobe RGB (1998). */
export const adobeRgb: RgbSpace = {
  toXyz: [
    [0.6097559, 0.2052401, 0.149224],
    [0.3111242, 0.625656, 0.0632197],
    [0.0194811, 0.0608902, 0.7448387],
  ],
  gamma: 563 / 256,
};
/** The primaries of Display P3 with a plain gamma, so that the profile stays a number rather than a curve. */
export const p3: RgbSpace = {
  toXyz: [
    [0.5151187, 0.2919778, 0.1571035],
    [0.2411892, 0.6922441, 0.0665668],
    [-0.0010505, 0.0418791, 0.7840713],
  ],
  gamma: 563 / 256,
};
const xyzToSrgb = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
];

const multiply = (matrix: readonly (readonly number[])[], vector: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, factor, index) => sum + factor * (vector[index] ?? 0), 0));

/** A linear value 0..1 as an sRGB byte (IEC 61966-2-1). */
export const encodeSrgb = (linear: number) =>
  Math.round(
    255 * Math.min(1, Math.max(0, linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055)),
  );

/** What bytes of a colour space are in sRGB, by the matrices alone. */
export const toSrgb = (rgb: readonly number[], space: RgbSpace) =>
  multiply(
    xyzToSrgb,
    multiply(
      space.toXyz,
      rgb.map((value) => (value / 255) ** space.gamma),
    ),
  ).map(encodeSrgb);

const text = (value: string) => Buffer.from(value, 'latin1');
const uint32 = (...values: number[]) => Buffer.concat(values.map((v) => Buffer.of(v >>> 24, v >>> 16, v >>> 8, v)));
const fixed = (value: number) => uint32(Math.round(value * 65_536));

const xyzTag = (values: readonly number[]) => Buffer.concat([text('XYZ '), uint32(0), ...values.map(fixed)]);
/** One gamma as u8Fixed8, padded to a multiple of 4. */
const curveTag = (gamma: number) =>
  Buffer.concat([text('curv'), uint32(0, 1), Buffer.of(Math.floor(gamma), Math.round((gamma % 1) * 256), 0, 0)]);
const descriptionTag = Buffer.concat([text('desc'), uint32(0, 5), text('test\0'), Buffer.alloc(81)]);

/** A profile of version 2 (ICC.1:2001-04), from its tags. */
function profile(colourSpace: 'RGB ' | 'GRAY', tags: readonly (readonly [signature: string, data: Buffer])[]): Buffer {
  const white = [0.9642, 1, 0.8249];
  const all = [...tags, ['wtpt', xyzTag(white)] as const, ['desc', descriptionTag] as const];
  let at = 128 + 4 + 12 * all.length;
  const size = at + all.reduce((sum, [, data]) => sum + data.length, 0);
  const header = Buffer.concat([
    uint32(size, 0, 0x02400000),
    text(`mntr${colourSpace}XYZ `),
    Buffer.alloc(12),
    text('acsp'),
    Buffer.alloc(28),
    ...white.map(fixed),
    Buffer.alloc(48),
  ]);
  const table = all.map(([signature, data]) => {
    const entry = Buffer.concat([text(signature), uint32(at, data.length)]);
    at += data.length;
    return entry;
  });
  return Buffer.concat([header, uint32(all.length), ...table, ...all.map(([, data]) => data)]);
}

/** A matrix profile of an RGB space. */
export const rgbProfile = ({ toXyz, gamma }: RgbSpace): Buffer =>
  profile('RGB ', [
    ...['rXYZ', 'gXYZ', 'bXYZ'].map((name, i) => [name, xyzTag(toXyz.map((row) => row[i] ?? 0))] as const),
    ...['rTRC', 'gTRC', 'bTRC'].map((name) => [name, curveTag(gamma)] as const),
  ]);

/** A profile of grey with a plain gamma. */
export const greyProfile = (gamma: number): Buffer => profile('GRAY', [['kTRC', curveTag(gamma)]]);
