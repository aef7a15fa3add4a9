/** Columns of sRGB's matrix to D50 XYZ, as the profiles of the ICC and of camera makers hold them. */
const srgbColumns: readonly (readonly [tag: string, xyz: readonly number[]])[] = [
  ['rXYZ', [0.4361, 0.2225, 0.0139]],
  ['gXYZ', [0.3851, 0.7169, 0.0971]],
  ['bXYZ', [0.1431, 0.0606, 0.7141]],
];
/** Above the rounding among sRGB profiles in use, far below the distance to any other colour space. */
const columnTolerance = 0.002;
/** Half a step of 8 bits: such a curve changes no pixel by more than rounding. */
const curveTolerance = 0.5 / 255;
const curveSamples = 32;
/** Tags with tables that take precedence over the matrix. */
const tableTags = ['A2B0', 'A2B1', 'A2B2', 'D2B0'];

/** Parameters of a parametric curve by its function type (ICC.1:2022, table 68). */
const parameterCounts = [1, 3, 4, 5, 7];

type Curve = (value: number) => number;

/**
 * Whether an ICC profile says what is assumed without one, so that converting from it is work for nothing. That work is
 * half the time of a decode, and every fourth photograph has such a profile. Judged by the numbers, not by the name: a
 * matrix profile with sRGB's primaries and sRGB's curve. False when in doubt: then libvips converts.
 */
export function isSrgbProfile(profile: Uint8Array): boolean {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const text = (at: number) => String.fromCharCode(...profile.subarray(at, at + 4));
  if (profile.length < 132 || text(16) !== 'RGB ' || text(20) !== 'XYZ ') return false;
  const tags = new Map<string, number>();
  const tagCount = Math.min(view.getUint32(128), 100);
  for (let at = 132; at < 132 + tagCount * 12 && at + 12 <= profile.length; at += 12)
    tags.set(text(at), view.getUint32(at + 4));
  if (tableTags.some((tag) => tags.has(tag))) return false;
  try {
    const columnsAgree = srgbColumns.every(([tag, xyz]) => {
      const at = tags.get(tag);
      return (
        at !== undefined &&
        xyz.every((value, i) => Math.abs(value - view.getInt32(at + 8 + i * 4) / 65_536) <= columnTolerance)
      );
    });
    // Most profiles let all three channels share one curve.
    const curves = new Set(['rTRC', 'gTRC', 'bTRC'].map((tag) => tags.get(tag)));
    return columnsAgree && [...curves].every((at) => at !== undefined && isSrgbCurve(readCurve(view, at)));
  } catch (error) {
    // A tag points past the end of the profile.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function isSrgbCurve(curve: Curve | undefined): boolean {
  if (curve === undefined) return false;
  for (let sample = 0; sample <= curveSamples; sample++) {
    const value = sample / curveSamples;
    const linear = curve(value);
    const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    if (!(Math.abs(encoded - value) <= curveTolerance)) return false;
  }
  return true;
}

/** A curve from 0..1 to linear 0..1; undefined for a type that is not known here. */
function readCurve(view: DataView, at: number): Curve | undefined {
  const type = view.getUint32(at);
  if (type === 0x63757276) return readSampledCurve(view, at); // 'curv'
  if (type === 0x70617261) return readParametricCurve(view, at); // 'para'
  return undefined;
}

function readSampledCurve(view: DataView, at: number): Curve | undefined {
  const count = view.getUint32(at + 8);
  // No entry means linear and one means a gamma; neither is sRGB's curve.
  if (count < 2) return undefined;
  const entry = (index: number) => view.getUint16(at + 12 + index * 2) / 65_535;
  return (value) => {
    const position = value * (count - 1);
    const below = Math.min(Math.floor(position), count - 2);
    return entry(below) + (entry(below + 1) - entry(below)) * (position - below);
  };
}

function readParametricCurve(view: DataView, at: number): Curve | undefined {
  const type = view.getUint16(at + 8);
  const count = parameterCounts[type];
  if (count === undefined) return undefined;
  const values = Array.from({ length: count }, (_, i) => view.getInt32(at + 12 + i * 4) / 65_536);
  const [gamma = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = values;
  // Types 0 to 2 have no linear part and cannot be sRGB's curve.
  if (type < 3) return undefined;
  return (value) => (value >= d ? (a * value + b) ** gamma + e : c * value + f);
}
