/**
 * Pure: how many values an output has for one image, by the shape that the graph says: the product of all dimensions but the
 * batch, so [N,10] and [N,10,1,1] have 10. A shape of one dimension has no batch: all its values are the image's.
 *
 * @param shape a number, or the name of a dynamic dimension; negative numbers are dynamic too.
 * @returns undefined when the graph does not say.
 */
export function valuesPerImage(shape: readonly (number | string)[] | undefined): number | undefined {
  if (shape === undefined || shape.length === 0) return undefined;
  return (shape.length === 1 ? shape : shape.slice(1)).reduce<number | undefined>(
    (product, size) => (product === undefined || typeof size === 'string' || size < 0 ? undefined : product * size),
    1,
  );
}
