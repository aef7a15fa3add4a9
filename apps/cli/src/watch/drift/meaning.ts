import type { Direction, Meaning } from './drift-report.ts';

/** Which statistics moved, and which way. */
export type Moves = ReadonlyMap<string, Direction>;

/** A movement that has a usual cause: the statistics of `when` must all have moved so. */
interface Rule {
  readonly when: Moved;
  /** What usually moves with it, and is then not explained on its own. */
  readonly also?: Moved;
  readonly says: string;
  readonly check: string;
}

type Moved = Readonly<Record<string, Direction | 'any'>>;

/** Contrast, colour and detail are differences of luminance: they shrink with it, and so do the bytes that they cost. */
const FLATTER: Moved = {
  contrast: 'down',
  saturation: 'down',
  sharpness: 'down',
  bytes_per_pixel: 'down',
  bytes: 'down',
};

/**
 * From the particular to the general: a movement that a rule explains is not explained again by a later one. They are what
 * photographs do when they are altered so (apps/cli/test/watch.pets.spec.ts).
 */
const RULES: readonly Rule[] = [
  {
    when: { width: 'down', height: 'down' },
    also: { bytes: 'any', bytes_per_pixel: 'up', sharpness: 'down' },
    says: 'Pictures arrive smaller.',
    check: 'whether thumbnails or previews are sent instead of the pictures themselves',
  },
  {
    when: { width: 'up', height: 'up' },
    also: { bytes: 'any', bytes_per_pixel: 'down', sharpness: 'up' },
    says: 'Pictures arrive larger.',
    check: 'whether cameras or apps changed; answers take longer too, because larger pictures take longer to decode',
  },
  {
    when: { aspect: 'down' },
    also: { width: 'any', height: 'any', bytes: 'any' },
    says: 'Pictures are more often upright.',
    check: 'whether more come from phones, and whether somebody crops or turns them',
  },
  {
    when: { aspect: 'up' },
    also: { width: 'any', height: 'any', bytes: 'any' },
    says: 'Pictures are wider for their height.',
    check: 'new cameras, and whether somebody crops or turns them',
  },
  {
    when: { brightness: 'down' },
    also: FLATTER,
    says: 'Pictures are darker.',
    check: 'the time of day, the lighting, the exposure, and the night mode of the cameras',
  },
  {
    when: { brightness: 'up', contrast: 'down' },
    also: FLATTER,
    says: 'Pictures are bright and flat, as if overexposed or taken through haze.',
    check: 'the exposure, reflections, and the glass in front of the cameras',
  },
  {
    when: { brightness: 'up' },
    says: 'Pictures are brighter.',
    check: 'lighting, exposure, and pictures on white ground',
  },
  {
    when: { contrast: 'down' },
    also: FLATTER,
    says: 'Pictures are flatter.',
    check: 'haze, fog, a dirty lens, and the exposure',
  },
  { when: { contrast: 'up' }, says: 'Pictures have harder contrasts.', check: 'direct light, and filters of apps' },
  {
    when: { bytes_per_pixel: 'down', sharpness: 'down' },
    also: { bytes: 'down' },
    says: 'Pictures have less detail, and need fewer bytes for it: they are blurred, or smoothed by very strong compression.',
    check:
      'focus, movement, a dirty lens, the enlarging of small pictures, and what processes pictures before they are sent',
  },
  {
    when: { bytes_per_pixel: 'up', sharpness: 'up' },
    also: { bytes: 'up' },
    says: 'Pictures have more fine detail, and need more bytes for it: they have grain, or are sharpened.',
    check: 'the light, the sensitivity of the cameras, and filters of apps',
  },
  {
    when: { saturation: 'down' },
    also: { bytes_per_pixel: 'down', bytes: 'down' },
    says: 'Pictures are paler, or grey.',
    check: 'cameras without colour, scans, and how colours are converted before pictures are sent',
  },
  { when: { saturation: 'up' }, says: 'Pictures are more colourful.', check: 'filters of apps, and new cameras' },
  {
    when: { sharpness: 'down' },
    says: 'Pictures are less sharp, in as many bytes.',
    check: 'focus, movement, a dirty lens, and pictures that are enlarged and saved again',
  },
  {
    when: { sharpness: 'up' },
    says: 'Pictures have more fine detail.',
    check: 'sharpening or resizing before they are sent, and what is in the pictures',
  },
  {
    when: { bytes_per_pixel: 'down' },
    also: { bytes: 'down' },
    says: 'Pictures are compressed more strongly: fewer bytes for each pixel.',
    check:
      'the quality of JPEG, proxies that make images smaller, and the format: WebP and AVIF need fewer bytes than JPEG',
  },
  {
    when: { bytes_per_pixel: 'up' },
    also: { bytes: 'up' },
    says: 'Pictures are compressed less: more bytes for each pixel.',
    check: 'the quality of JPEG, and the format: PNG needs several times the bytes of JPEG',
  },
  {
    when: { known: 'down' },
    says: 'More pictures show what the model was not trained for.',
    check: 'a sample of the pictures on which it abstained; collect labels for them',
  },
  {
    when: { confidence: 'down' },
    says: 'The model is less sure, so it is probably wrong more often.',
    check: 'the accuracy by feedback (pawl report), and retrain with pictures of now',
  },
  {
    when: { confidence: 'up' },
    says: 'The model is surer than on the pictures that it was evaluated with: they are easier, or many of them are alike.',
    check: 'whether one client sends the same picture again and again',
  },
];

/** What is said of statistics that no rule explains, by the begin of their name. */
const OTHERS: readonly (readonly [names: RegExp, says: string, check: string])[] = [
  [
    /^label$/,
    'Labels are answered in another mix than on the pictures that the model was evaluated with.',
    'whether what people send has changed; if it has not, compare with the labels of feedback',
  ],
  [
    /^projection_/,
    'What the pictures show has changed in a way that brightness, sharpness and the like need not show.',
    'a sample of what is sent now; new backgrounds, breeds, angles or drawings would do it',
  ],
  [
    /^(width|height|aspect|bytes|bytes_per_pixel)$/,
    'Sizes of pictures or files are distributed otherwise than in the reference.',
    'which clients send them, and what each of them sends',
  ],
  [
    /^(brightness|contrast|saturation|sharpness)$/,
    'Light or detail of the pictures are distributed otherwise than in the reference.',
    'whether pictures of several kinds or sources are mixed now',
  ],
  [
    /^(confidence|known)$/,
    'How sure the model is varies otherwise than before.',
    'the accuracy by feedback (pawl report)',
  ],
];

/** Pure: what movements probably mean, in words. They are usual causes, not proofs. */
export function meaningOf(moves: Moves): Meaning[] {
  const open = new Set(moves.keys());
  const meanings: Meaning[] = [];
  const explain = (statistics: readonly string[], says: string, check: string) => {
    for (const name of statistics) open.delete(name);
    meanings.push({ statistics, says, check });
  };
  const openOf = (moved: Moved) =>
    Object.keys(moved).filter((name) => open.has(name) && ['any', moves.get(name)].includes(moved[name]));
  for (const { when, also = {}, says, check } of RULES) {
    const names = openOf(when);
    if (names.length < Object.keys(when).length) continue;
    explain([...new Set([...names, ...openOf(also)])], says, check);
  }
  for (const [pattern, says, check] of OTHERS) {
    const names = [...open].filter((name) => pattern.test(name));
    if (names.length > 0) explain(names, says, check);
  }
  return meanings;
}
