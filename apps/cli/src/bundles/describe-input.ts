import type { InputSpec } from '@pawl/shared/bundle/manifest';

/** `image: uint8 NHWC, 224 x 224, fill, lanczos3, values 0..255 as they are`. */
export function describeInput(input: InputSpec): string {
  const { name, dtype, layout, width, height, channels, kernel } = input;
  const order = channels === undefined ? '' : ` ${channels}`;
  return `${name}: ${dtype} ${layout}${order}, ${width} x ${height}, ${describeFit(input)}, ${kernel}, ${describeFormula(input)}`;
}

/** `cover, the centre of 256 pixels of the shorter side`. */
function describeFit({ fit, crop }: InputSpec): string {
  return crop === undefined ? fit : `${fit}, the centre after the shorter side is ${crop} pixels`;
}

/**
 * What becomes of a value of 0..255, as it is computed: `(value * 0.003922 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]`,
 * without what changes nothing.
 */
export function describeFormula(input: InputSpec): string {
  const { dtype, scale, mean, std, channels } = input;
  const list = (values: readonly number[]) =>
    channels === 'L' || values.every((value) => value === values[0])
      ? figure(values[0] ?? 0)
      : `[${values.map(figure).join(', ')}]`;
  const scaled = scale === 1 ? 'value' : isInverse(scale) ? `value / ${figure(1 / scale)}` : `value * ${figure(scale)}`;
  const isShifted = mean.some((value) => value !== 0);
  const isDivided = std.some((value) => value !== 1);
  if (dtype === 'uint8' || (scale === 1 && !isShifted && !isDivided)) return 'values 0..255 as they are';
  const shifted = isShifted ? `${scaled} - ${list(mean)}` : scaled;
  return isDivided ? `${isShifted ? `(${shifted})` : shifted} / ${list(std)}` : shifted;
}

/** Whether a factor is what people write as 1/255. */
const isInverse = (scale: number): boolean => Math.abs(1 / scale - Math.round(2 / scale) / 2) < 1e-9;
const figure = (value: number): string => String(Number(value.toPrecision(6)));
