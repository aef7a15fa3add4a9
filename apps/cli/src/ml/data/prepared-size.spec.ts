import { encodePng } from '@pawl/shared/preprocessing/encode-image';
import { inputSpecSchema } from '@pawl/shared/bundle/manifest';
import type { DatasetItem } from './dataset.ts';
import { preparedSize, resizedTwice } from './prepared-size.ts';

const input = inputSpecSchema.parse({
  name: 'image',
  layout: 'NHWC',
  dtype: 'uint8',
  width: 260,
  height: 260,
  fit: 'fill',
  kernel: 'lanczos3',
});
const source = { path: 'cat/1.jpg', digest: '', format: 'jpeg', width: 500, height: 375, bytes: 1, brightness: 1 };
const item: DatasetItem = { path: 'test/cat/1.png', split: 'test', label: 'cat', digest: '', source };

describe('the size that a data set was prepared at', () => {
  const png = () => encodePng({ pixels: new Uint8Array(48 * 48 * 3), width: 48, height: 48 });
  const read = async () => new Uint8Array(await png());

  it('is that of its pictures', async () => {
    expect(await preparedSize({ items: [item], read })).toMatchObject({ width: 48, height: 48 });
  });

  it('is not known of pictures that something else made', async () => {
    expect(await preparedSize({ items: [{ ...item, source: undefined }], read })).toBeUndefined();
  });

  it.each([
    ['at the size of the model', 260, {}, undefined],
    ['smaller', 224, {}, /prepared at 224 x 224 and the model takes 260 x 260: its pictures are resized twice/],
    ['larger', 320, {}, /prepared at 320 x 320 and the model takes 260 x 260/],
    ['where the model takes no square', 260, { height: 200 }, /at 260 x 260 and the model takes 260 x 200/],
    [
      'whole, where the service crops',
      260,
      { fit: 'cover' as const },
      /with fill and lanczos3 .* with cover and lanczos3/,
    ],
    ['with another kernel', 260, { kernel: 'linear' as const }, /with fill and linear/],
  ])('%s', (_, side, changes, expected) => {
    const problem = resizedTwice({ width: side, height: side }, { ...input, ...changes });
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
  });

  it('is no matter where it is not known', () => {
    expect(resizedTwice(undefined, { ...input, fit: 'cover' })).toBeUndefined();
  });
});
