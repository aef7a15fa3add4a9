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

/** Pure: what `inputs` of `reference.json` says of a picture, by its names: nothing of the answer. */
export function inputNumbersOf(
  picture: Omit<ObservedPicture, 'label' | 'confidence' | 'known'>,
): Record<string, number> {
  const { statistics, projections, width, height, bytes } = picture;
  const numbers: Record<string, number> = {
    ...statistics,
    width,
    height,
    aspect: width / height,
    bytes,
    bytes_per_pixel: bytes / (width * height),
  };
  for (const [index, value] of projections.entries()) numbers[`projection_${index}`] = value;
  return numbers;
}

/** Pure: all that is known of a picture and its answer, by the names of `reference.json`. */
export function observationOf(picture: ObservedPicture): Observation {
  const { label, confidence, known } = picture;
  return { label, numbers: { ...inputNumbersOf(picture), confidence, known } };
}
