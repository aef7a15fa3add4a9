import { bytes } from '../../terminal/text.ts';
import type { BinReport, Direction, DriftReport } from './drift-report.ts';

/** What statistics are, for those who read their names first here. */
const descriptions: Readonly<Record<string, string>> = {
  brightness: 'mean luminance of a picture, 0 to 255',
  contrast: 'standard deviation of its luminance',
  saturation: 'how colourful it is',
  sharpness: 'how much fine detail it has, at the size that the model sees',
  width: 'pixels',
  height: 'pixels',
  aspect: 'width divided by height',
  bytes: 'size of the file',
  bytes_per_pixel: 'size of the file for each pixel: how strongly it is compressed',
  confidence: 'probability of the answered label',
  known: 'by which the model abstains: low is unlike what it was trained on',
  label: 'the label that was answered',
};

export const describe = (name: string): string =>
  descriptions[name] ??
  (name.startsWith('projection_') ? 'a number that stands for the features that the model sees' : '');

export const directions: Readonly<Record<Direction, string>> = {
  up: 'higher',
  down: 'lower',
  wider: 'more extreme',
  narrower: 'less varied',
  other: 'another mix',
};

/** log10 below which evidence says nothing: 24 starts without a single picture add up to 24. */
export const QUIET = 2;

/** `10^5`. */
export const evidenceText = (log10: number): string => (log10 < QUIET ? 'none' : `10^${Math.floor(log10)}`);

/** The numbers of a bin, such as `0.31 to 0.35`; a label as it is. */
export function binText(name: string, { bin, from, to }: BinReport): string {
  const number = (value: number) => (name === 'bytes' ? bytes(value) : String(Number(value.toPrecision(3))));
  if (from === null && to === null) return bin;
  if (from === null) return `below ${number(to ?? 0)}`;
  return to === null ? `from ${number(from)}` : `${number(from)} to ${number(to)}`;
}

/** Since when all that moved looks like the reference again; undefined where something does not. */
export function overSince({ statistics }: Pick<DriftReport, 'statistics'>): string | undefined {
  const ends = statistics.filter(({ first_moved }) => first_moved !== null).map(({ ended_at }) => ended_at);
  return ends.every((end) => end !== null) ? ends.toSorted().at(-1) : undefined;
}
