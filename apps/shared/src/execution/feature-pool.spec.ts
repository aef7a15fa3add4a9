import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import sharp from 'sharp';
import type { WorkerOptions } from 'node:worker_threads';
import type { Manifest } from '../bundle/manifest.ts';
import { augment, type Augmentation } from '../preprocessing/augment.ts';
import { createImageDecoder } from '../preprocessing/decode-image.ts';
import { defaultImageLimits } from '../preprocessing/limits.ts';
import { measureImage } from '../preprocessing/image-statistics.ts';
import { DEADLY, poison } from '@pawl/test-kit/poison-worker';
import { catdog as bundle } from '@pawl/test-kit/repository';
import type { FeaturePool } from './feature-pool.ts';
import { shareBytes } from './share-bytes.ts';

const real = await import('node:worker_threads');
jest.unstable_mockModule('node:worker_threads', () => ({
  ...real,
  Worker: class extends real.Worker {
    constructor(entry: URL, options: WorkerOptions) {
      super(entry, { ...options, execArgv: ['--no-warnings', `--import=${poison}`] });
    }
  },
}));
const { FeaturePool: Pool } = await import('./feature-pool.ts');
const { ImageWorkerPool } = await import('./worker-pool.ts');

const { input } = JSON.parse(readFileSync(join(bundle, 'manifest.json'), 'utf8')) as Manifest;
const photo = readFileSync(join(bundle, 'golden/cat-python3-pyglet-kitten.jpg'));
const own = (bytes: Uint8Array) => new Uint8Array(bytes);
const limits = { ...defaultImageLimits, timeoutMs: 60_000 };
const spec = { input, outputs: ['features'] };
const model = shareBytes(readFileSync(join(bundle, 'model.onnx')));
const altered: Augmentation = {
  flip: true,
  rotation: 7,
  brightness: 1.1,
  contrast: 0.9,
  saturation: 1.2,
  order: ['saturation', 'brightness', 'contrast'],
};

describe('a pool that computes features', () => {
  const pools: FeaturePool[] = [];
  const start = async (size = 1, graph = model) => {
    const pool = await Pool.start({ model: graph, spec, limits }, size);
    pools.push(pool);
    return pool;
  };
  /** What the service would answer, if features were what it is asked for. */
  async function serving() {
    const labels = Array.from({ length: 1280 }, (_, i) => `feature_${i}`);
    const served = { labels, input, output: { kind: 'softmax-logits', name: 'features' } } as const;
    const setup = { model, spec: served, limits, niceness: 0 };
    const pool = new ImageWorkerPool({ size: 1, queueLimit: 8, inFlightPerWorker: 1, setup });
    await pool.start();
    closing.push(() => pool.close());
    return async (bytes: Uint8Array) => (await pool.classify([bytes], { deadlineMs: 120_000 })).output;
  }
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });

  it('gives what the pool that serves gives, bit for bit, for the picture and for an altered copy', async () => {
    const pool = await start(2);
    expect([pool.width, pool.shape, pool.capacity]).toEqual([1280, ['N', 1280], 4]);
    const { rows, statistics } = await pool.extract(own(photo), [null, altered]);
    const { pixels } = await createImageDecoder(input, limits).decode(photo);
    expect(statistics).toEqual(measureImage(pixels, input.width));
    const other = augment(pixels, input.width, input.height, altered);
    const png = await sharp(other, { raw: { width: input.width, height: input.height, channels: 3 } })
      .png()
      .toBuffer();
    const served = await serving();
    expect([...(rows[0] ?? [])]).toEqual(await served(photo));
    expect([...(rows[1] ?? [])]).toEqual(await served(png));
    expect(rows[1]).not.toEqual(rows[0]);
  });

  it('refuses a broken picture and goes on with the others', async () => {
    const pool = await start();
    const [broken, fine] = await Promise.allSettled([
      pool.extract(own(photo.subarray(0, 5000)), [null]),
      pool.extract(own(photo), [null]),
    ]);
    expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'IMAGE_UNREADABLE' } });
    expect(fine.status).toBe('fulfilled');
  });

  it('ends with a clear error when a worker dies, for what it held, what waits and what comes', async () => {
    const pool = await start();
    const deadly = () => pool.extract(own(Buffer.concat([photo, Buffer.from(DEADLY)])), [null]);
    const outcomes = await Promise.allSettled([deadly(), deadly(), deadly(), deadly()]);
    for (const outcome of [...outcomes, ...(await Promise.allSettled([pool.extract(own(photo), [null])]))])
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'WORKER_CRASHED', hint: expect.stringContaining('kept') },
      });
  });

  it('lets what is under way finish when it closes, and takes no more', async () => {
    const pool = await start();
    const last = pool.extract(own(photo), [null]);
    await pool.close();
    expect((await last).rows[0]).toHaveLength(1280);
    await expect(pool.extract(own(photo), [null])).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
  });

  it('says what onnxruntime says about a graph that it cannot load', async () => {
    // Whole ONNX by its form, so that onnxruntime gets to see it: a model without a graph.
    const noGraph = shareBytes(Uint8Array.of(0x08, 0x08));
    await expect(start(2, noGraph)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE', cause: expect.any(String) });
  });
});
