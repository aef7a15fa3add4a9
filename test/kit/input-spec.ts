import { inputSpecSchema, type InputSpec } from '@pawl/shared/bundle/manifest';

/** An input spec like catdog's, with changes. */
export function anInputSpec(changes: Partial<InputSpec> = {}): InputSpec {
  return inputSpecSchema.parse({
    name: 'image',
    layout: 'NHWC',
    dtype: 'uint8',
    width: 224,
    height: 224,
    fit: 'fill',
    kernel: 'lanczos3',
    ...changes,
  });
}
