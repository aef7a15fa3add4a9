/**
 * What a colour means, the same on every dashboard and on light and dark backgrounds. Those of tracks and labels are told
 * apart by people who see few colours (Okabe and Ito 2008).
 */
export const colours = {
  stable: '#56B4E9',
  canary: '#E69F00',
  cat: '#CC79A7',
  dog: '#009E73',
  good: '#73BF69',
  notice: '#F2CC0C',
  warning: '#FF9830',
  bad: '#F2495C',
  quiet: '#8E8E8E',
  plain: '#5794F2',
} as const;

/** A color that a series has if its name matches. */
export interface Paint {
  /** Regular expression on the name of the series. */
  readonly name: string;
  readonly colour?: string;
  readonly isDashed?: boolean;
}

const paints = (colourOf: Readonly<Record<string, string>>): readonly Paint[] =>
  Object.entries(colourOf).map(([name, colour]) => ({ name, colour }));

/** Series that begin with the name of a track. */
export const byTrack = paints({ '^stable.*': colours.stable, '^canary.*': colours.canary });
/** Series named by a label of the shipped model; other labels take the palette's colours. */
export const byLabel = paints({ '^cat$': colours.cat, '^dog$': colours.dog, '^neither$': colours.quiet });
/** Series named by a track and a label: the label has the colour, and the canary is dashed. */
export const byTrackAndLabel: readonly Paint[] = [
  { name: ' cat$', colour: colours.cat },
  { name: ' dog$', colour: colours.dog },
  { name: '^canary ', isDashed: true },
];
/** Series named by an HTTP status. 499: the client left; 429: refused for overload. */
export const byStatus = paints({
  '^2..$': colours.good,
  '^4(?!29|99)..?$': colours.notice,
  '^429$': colours.warning,
  '^499$': colours.quiet,
  '^5..$': colours.bad,
});
/** Series named by a quantile. */
export const byQuantile = paints({ '^p50$': colours.good, '^p95$': colours.warning, '^p99$': colours.bad });
/** Series named by a stage of an image. */
export const byStage = paints({ '^queue$': colours.warning, '^decode$': colours.plain, '^infer$': colours.good });
/** Series named by a phase of a ModelVersion. */
export const byPhase = paints({
  '^Pending$': colours.quiet,
  '^Verifying$': colours.notice,
  '^Canary$': colours.canary,
  '^Promoting$': colours.dog,
  '^Serving$': colours.stable,
  '^Superseded$': '#CCCCDC',
  '^Suspended$': colours.cat,
  '^Failed$': colours.bad,
});
