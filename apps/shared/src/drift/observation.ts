/** What is known of one picture and its answer, to compare with `reference.json`. Numbers that are missing are not compared. */
export interface Observation {
  /** By the statistic's name in `reference.json`. */
  readonly numbers: Readonly<Record<string, number | undefined>>;
  /** The label that was answered. */
  readonly label: string;
}

/** A picture and its answer, as the serving path knows them. */
export interface ObservedPicture {
  /** Of `measureImage`. */
  readonly statistics: Readonly<Record<string, number>>;
  /** Of `projectFeatures`; empty where there are none. */
  readonly projections: readonly number[];
  /** Pixels of the file as it is looked at. */
  readonly width: number;
  readonly height: number;
  /** Size of the file. */
  readonly bytes: number;
  readonly label: string;
  readonly confidence: number;
  /** Value of the output by which the model abstains. */
  readonly known: number | undefined;
}

/** Pure: the numbers of a picture by the names that `reference.json` gives them. */
export function observationOf(picture: ObservedPicture): Observation {
  const { statistics, projections, width, height, bytes, label, confidence, known } = picture;
  const numbers: Record<string, number | undefined> = {
    ...statistics,
    width,
    height,
    aspect: width / height,
    bytes,
    bytes_per_pixel: bytes / (width * height),
    confidence,
    known,
  };
  for (const [index, value] of projections.entries()) numbers[`projection_${index}`] = value;
  return { numbers, label };
}
