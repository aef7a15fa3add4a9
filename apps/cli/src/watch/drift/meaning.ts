import type { Direction, Meaning } from './drift-report.ts';

/** Which statistics moved, and which way. */
export type Moves = ReadonlyMap<string, Direction>;

/** A movement that has a usual cause: the statistics of `when` must all have moved so. */
interface Rule {
  readonly when: Readonly<Record<string, Direction>>;
  readonly says: string;
  readonly check: string;
}

/** From the particular to the general: a movement that a rule explains is not explained again by a later one. */
const RULES: readonly Rule[] = [
  {
    when: { bytes_per_pixel: 'down', sharpness: 'down' },
    says: 'Pictures are compressed more strongly: fewer bytes for each pixel, and less detail.',
    check: 'the quality with which whoever sends them encodes JPEG or WebP, and proxies that "optimise" images',
  },
  {
    when: { bytes_per_pixel: 'up', sharpness: 'up' },
    says: 'Pictures have more grain: noise costs bytes, and looks like detail.',
    check: 'the light, the sensitivity of the cameras, and sharpening in what processes the pictures',
  },
  {
    when: { brightness: 'down', saturation: 'down' },
    says: 'Pictures are darker and paler, as at night or from an infrared camera.',
    check: 'the time of day, the lighting, and the night mode of the cameras',
  },
  {
    when: { brightness: 'up', contrast: 'down' },
    says: 'Pictures are bright and flat, as if overexposed or taken through haze.',
    check: 'the exposure, reflections, and the glass in front of the cameras',
  },
  {
    when: { width: 'down', height: 'down' },
    says: 'Pictures arrive smaller.',
    check: 'whether thumbnails or previews are sent instead of the pictures themselves',
  },
  {
    when: { width: 'up', height: 'up' },
    says: 'Pictures arrive larger.',
    check: 'whether cameras or apps changed; answers take longer too, because larger pictures take longer to decode',
  },
  {
    when: { sharpness: 'down' },
    says: 'Pictures are less sharp, though not compressed more strongly.',
    check: 'focus, movement, a dirty lens, and enlarging of small pictures before they are sent',
  },
  {
    when: { sharpness: 'up' },
    says: 'Pictures have more fine detail.',
    check: 'sharpening or resizing before they are sent, and what is in the pictures',
  },
  {
    when: { bytes_per_pixel: 'down' },
    says: 'Files have fewer bytes for each pixel.',
    check: 'format and quality of the files: WebP and AVIF are smaller than JPEG without being worse',
  },
  {
    when: { bytes_per_pixel: 'up' },
    says: 'Files have more bytes for each pixel.',
    check: 'format and quality of the files: PNG is several times larger than JPEG',
  },
  { when: { brightness: 'down' }, says: 'Pictures are darker.', check: 'lighting, time of day and exposure' },
  {
    when: { brightness: 'up' },
    says: 'Pictures are brighter.',
    check: 'lighting, exposure, and pictures on white ground',
  },
  { when: { contrast: 'down' }, says: 'Pictures are flatter.', check: 'haze, fog, a dirty lens, and the exposure' },
  { when: { contrast: 'up' }, says: 'Pictures have harder contrasts.', check: 'direct light, and filters of apps' },
  {
    when: { saturation: 'down' },
    says: 'Pictures are paler, or grey.',
    check: 'cameras without colour, scans, and how colours are converted before pictures are sent',
  },
  { when: { saturation: 'up' }, says: 'Pictures are more colourful.', check: 'filters of apps, and new cameras' },
  {
    when: { aspect: 'down' },
    says: 'Pictures are more often upright.',
    check: 'whether more come from phones, and whether somebody crops or turns them',
  },
  {
    when: { aspect: 'up' },
    says: 'Pictures are wider for their height.',
    check: 'new cameras, and whether somebody crops or turns them',
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
  for (const { when, says, check } of RULES) {
    const names = Object.keys(when);
    if (names.every((name) => open.has(name) && moves.get(name) === when[name])) explain(names, says, check);
  }
  // The size of a file follows from what was said of its pixels and of the bytes for each.
  if (meanings.some(({ statistics }) => statistics.some((name) => /^(width|bytes_per_pixel)$/.test(name))))
    open.delete('bytes');
  for (const [pattern, says, check] of OTHERS) {
    const names = [...open].filter((name) => pattern.test(name));
    if (names.length > 0) explain(names, says, check);
  }
  return meanings;
}
