import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { memoryPlan } from '@pawl/shared/execution/memory-plan';
import { decodeCost } from '@pawl/shared/preprocessing/decode-cost';
import { catdog, inRepository } from '@pawl/test-kit/repository';
import { parse } from 'yaml';
import { parseConfig } from '../../apps/inference/src/config/config.schema.ts';

interface Values {
  readonly resources: Readonly<Record<'requests' | 'limits', { readonly cpu: string; readonly memory: string }>>;
}

const { resources } = parse(readFileSync(inRepository('charts/pawl/values.yaml'), 'utf8')) as Values;
const bytesOf = (quantity: string): number => {
  const mebibytes = /^(\d+)Mi$/.exec(quantity)?.[1];
  if (mebibytes === undefined) throw new Error(`${quantity}: this test reads only Mi`);
  return Number(mebibytes) * 2 ** 20;
};
const config = parseConfig({});
const plan = memoryPlan({
  containerBytes: bytesOf(resources.limits.memory),
  workers: Number(resources.limits.cpu),
  uploadBytes: config.UPLOAD_MEMORY_BYTES,
  modelBytes: statSync(join(catdog, 'model.onnx')).size,
});

/** The header of an ordinary picture, 4:2:0 where the format has it. */
const picture = { frames: 1, channels: 3, bitDepth: 8, metadataBytes: 50_000 } as const;
const sized = (width: number, height: number) => ({ width, height, storedWidth: width, storedHeight: height });

describe('memory, workers and limits of the chart', () => {
  it('agree: the service at rest, an allowance a worker and uploads fit', () => {
    expect(plan.warning).toBeUndefined();
    expect(plan.allowanceBytes).toBe(32_000_000);
  });

  it('the request is what a warm service takes at rest', () => {
    expect(bytesOf(resources.requests.memory)).toBeGreaterThanOrEqual(plan.restBytes - config.UPLOAD_MEMORY_BYTES);
  });

  const photographs = [
    [
      'JPEG of 48 megapixels, 10 MB',
      { format: 'jpeg', ...picture, ...sized(8064, 6048), scans: 1, heldCoefficients: 0 },
      10e6,
    ],
    [
      'progressive JPEG of 24 megapixels without subsampling, 8 MB',
      { format: 'jpeg', ...picture, ...sized(6000, 4000), scans: 10, heldCoefficients: 72_000_000 },
      8e6,
    ],
    [
      'AVIF of 12 megapixels, 1 MB',
      {
        format: 'avif',
        ...picture,
        ...sized(4032, 3024),
        largestPixels: 4032 * 3024,
        codedPixels: 4032 * 3024,
        isSubsampled: true,
      },
      1e6,
    ],
    ['WebP of 24 megapixels, 5 MB', { format: 'webp', ...picture, ...sized(6000, 4000), isWhole: false }, 5e6],
    [
      'screenshot of 8 megapixels',
      { format: 'png', ...picture, ...sized(3840, 2160), isInterlaced: false, storedBits: 24 },
      5e6,
    ],
  ] as const;

  it.each(photographs)('%s is taken', (_, header, bytes) => {
    expect(decodeCost(header, bytes).memoryBytes).toBeLessThanOrEqual(plan.maxDecodeBytes);
  });

  it('are those of docs/cost-model.md', () => {
    const text = readFileSync(inRepository('docs/cost-model.md'), 'utf8');
    const rows = [
      ...photographs.map(([name, header, bytes]) => [name, decodeCost(header, bytes).memoryBytes] as const),
      ['the service at rest, with uploads', plan.restBytes] as const,
      ['decoding, all workers together', plan.decodeBudgetBytes] as const,
      ['a worker without asking', plan.allowanceBytes] as const,
      ['lent to pictures that need more', plan.sharedBytes] as const,
      ['the largest picture', plan.maxDecodeBytes] as const,
    ];
    for (const [name, bytes] of rows)
      expect(text).toMatch(new RegExp(`^\\| ${name} +\\| +${Math.round(bytes / 1e6)} +\\|`, 'm'));
    expect(text).toContain(`The chart gives ${resources.limits.memory} and ${resources.limits.cpu} CPUs`);
  });
});
