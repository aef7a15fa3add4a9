import type { InputSpec } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../errors/cli-error.ts';

/** What a person says of how values of 0..255 become the input's; mean and std are a channel each, in the tensor's order. */
export interface NormalisationWishes {
  readonly scale?: number | undefined;
  readonly mean?: InputSpec['mean'] | undefined;
  readonly std?: InputSpec['std'] | undefined;
}

/** `(value * scale - mean) / std`, and the reason where somebody has to believe it. */
export interface Normalisation extends Pick<InputSpec, 'scale' | 'mean' | 'std'> {
  /** What nobody said, a clause that the formula can follow; undefined: all was said. */
  readonly assumed: string | undefined;
}

/** Mean and deviation of ImageNet, R G B, as torchvision's models want them. */
const IMAGENET = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const NONE = { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;

/**
 * Pure: how values become the input's. Nothing said means ImageNet's; once something is said, what is left out changes
 * nothing, and the scale follows from whether mean and std are of values of 0..1 or of 0..255.
 *
 * @param channels of the graph's input: of one channel of grey ImageNet's three means say nothing.
 * @throws CliError USAGE for what cannot be computed, GRAPH_AMBIGUOUS where the numbers leave open what is meant.
 */
export function inferNormalisation(
  name: string,
  { dtype, channels }: Pick<InputSpec, 'dtype' | 'channels'>,
  wishes: NormalisationWishes,
): Normalisation {
  const { scale, mean, std } = wishes;
  const isSaid = [scale, mean, std].some((wish) => wish !== undefined);
  if (dtype === 'uint8') {
    if (!isSaid) return { ...copyOf(NONE), assumed: undefined };
    throw new CliError(
      'USAGE',
      `${name} takes uint8, the values of the picture as they are: nothing is scaled before it.`,
      'Leave --scale, --mean and --std out.',
    );
  }
  if (std?.some((value) => value <= 0) === true || (scale !== undefined && scale <= 0))
    throw new CliError(
      'USAGE',
      `--std ${(std ?? []).join(',')} and --scale ${scale ?? ''} must be above 0: values are (value * scale - mean) / std.`,
      'Give the numbers that the model was trained with.',
    );
  if (!isSaid)
    return channels === 'L'
      ? { ...copyOf(NONE), scale: 1 / 255, assumed: 'Values are scaled to 0..1' }
      : { ...copyOf(IMAGENET), assumed: "Values are normalised as ImageNet's" };
  if (scale !== undefined) return { ...copyOf({ ...NONE, ...given({ scale, mean, std }) }), assumed: undefined };
  return withDomain(name, mean, std);
}

/** Values of 0..255 or of 0..1, by the size of the numbers. */
function withDomain(
  name: string,
  mean: InputSpec['mean'] | undefined,
  std: InputSpec['std'] | undefined,
): Normalisation {
  const meansBytes = mean?.some((value) => Math.abs(value) > 1) === true;
  const isShifted = mean?.some((value) => value !== 0) === true;
  const stdOfBytes = std?.some((value) => value > 1) === true;
  const stdOfUnit = std?.every((value) => value < 1) === true;
  if ((meansBytes && stdOfUnit) || (isShifted && !meansBytes && stdOfBytes))
    throw ambiguous(name, '--mean and --std do not go together: one is of values 0..1, the other of 0..255');
  if (meansBytes || stdOfBytes)
    return {
      ...copyOf({ ...NONE, ...given({ mean, std }) }),
      assumed: `${meansBytes ? '--mean' : '--std'} is of values 0..255, so they are not scaled before`,
    };
  if (mean === undefined || std === undefined)
    throw ambiguous(name, `${mean === undefined ? '--std' : '--mean'} is given without the other`);
  return { ...copyOf({ scale: 1 / 255, mean, std }), assumed: '--mean and --std are of values 0..1' };
}

const ambiguous = (name: string, what: string) =>
  new CliError(
    'GRAPH_AMBIGUOUS',
    `${what}, so what ${name} was trained with is open.`,
    'Give all three of (value * scale - mean) / std, such as --scale 1/255 --mean 0.5,0.5,0.5 --std 1,1,1.',
  );

/** Without what was left out. */
const given = (wishes: NormalisationWishes): Partial<Pick<InputSpec, 'scale' | 'mean' | 'std'>> => ({
  ...(wishes.scale !== undefined && { scale: wishes.scale }),
  ...(wishes.mean !== undefined && { mean: wishes.mean }),
  ...(wishes.std !== undefined && { std: wishes.std }),
});

const copyOf = ({ scale, mean, std }: { scale: number; mean: Triple; std: Triple }) => ({
  scale,
  mean: [...mean] satisfies InputSpec['mean'],
  std: [...std] satisfies InputSpec['std'],
});

type Triple = readonly [number, number, number];
