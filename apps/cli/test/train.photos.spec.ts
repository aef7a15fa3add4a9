import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { pawlIn } from './support/pawl-in.ts';

/** Hundreds of photographs through a real backbone, perhaps on a busy machine. */
import.meta.jest.setTimeout(900_000);

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A folder with the repository's parameters and model, and photographs prepared from `raw/{cat,dog}`. */
async function makeFolder(raw: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-photos-'));
  // Only this one: the default --out lies beside it.
  await mkdir(join(folder, 'models/backbones'), { recursive: true });
  await symlink(join(root, 'models/backbones/resnet18'), join(folder, 'models/backbones/resnet18'));
  await cp(join(root, 'params.yaml'), join(folder, 'params.yaml'));
  for (const label of ['cat', 'dog']) await cp(join(raw, label), join(folder, 'data/raw', label), { recursive: true });
  const { code, err } = await pawlIn(folder, ['data', 'prepare', '--check-labels', '']);
  if (code !== 0) throw new Error(err);
  return folder;
}

describeWhenSet('PAWL_TEST_PHOTOS', 'pawl train on photographs', (photos) => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeFolder(photos);
    // Four dozen photographs: the gate of params.yaml believes no figure of so few, and the model that they make is not right
    // about all that the one before it is.
    const params = join(folder, 'params.yaml');
    const golden = await readdir(join(root, 'models/backbones/resnet18/golden'));
    const text = await readFile(params, 'utf8');
    await writeFile(
      params,
      text
        .replace('confidence: 0.95', 'confidence: 0')
        .replace('drop_golden: []', `drop_golden: [${golden.join(', ')}]`),
    );
  });
  afterAll(() => rm(folder, { recursive: true }));
  const train = (out: string, ...flags: readonly string[]) =>
    pawlIn(folder, ['train', '--out', out, ...flags, '--params', 'params.yaml']);

  it('gives the same graph, figures and golden answers twice, from the first pixel on', async () => {
    const first = await train('first', '--cache', 'cache1');
    const second = await train('second', '--cache', 'cache2');
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.err).toMatch(/, 0 from the cache/);
    const [a, b] = await Promise.all(['first', 'second'].map((name) => openBundle(join(folder, name))));
    expect(b?.manifest).toEqual({
      ...a?.manifest,
      lineage: { ...a?.manifest.lineage, run_id: b?.manifest.lineage['run_id'] },
    });
  });

  it('makes a bundle that serves what was trained, and knows its backbone', async () => {
    const { err, out } = await train('third', '--cache', 'cache1');
    const difference = Number(/largest difference ([\d.e+-]+)\)/.exec(err)?.[1]);
    // Float32 sums of 512 products against float64: far below the 1e-4 that is allowed.
    expect(difference).toBeLessThan(1e-5);
    expect(out).toMatch(/Asirra[^]*the figures above are optimistic/);
    const { manifest } = await openBundle(join(folder, 'third'));
    expect(manifest.version).toBe('1.1.0');
    expect(manifest.lineage['backbone']).toContain('Asirra');
    expect(manifest.files.map(({ path }) => path)).toContain('NOTICE.md');
    const evaluated = await pawlIn(folder, ['evaluate', 'third', '--data', 'data/processed', '--json', '-']);
    const { evaluation } = JSON.parse(evaluated.out) as { evaluation: { accuracy: number; logLoss: number } };
    expect(evaluation.accuracy).toBeCloseTo(manifest.metrics['accuracy'] ?? NaN, 6);
    expect(evaluation.logLoss).toBeCloseTo(manifest.metrics['log_loss'] ?? NaN, 4);
  });
});

describeWhenSet('PAWL_TEST_PETS', 'pawl train on 1,500 photographs', (pets) => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeFolder(pets);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('passes the gate of params.yaml, and the second run takes every feature from the cache', async () => {
    const first = await pawlIn(folder, ['train']);
    expect(first.code).toBe(0);
    const figures = JSON.parse(await readFile(join(folder, 'reports/train/metrics.json'), 'utf8')) as Record<
      string,
      number
    >;
    expect(figures['accuracy']).toBeGreaterThan(0.95);
    expect(figures['roc_auc']).toBeGreaterThan(0.99);
    expect(figures['log_loss']).toBeLessThan(0.15);
    const again = await pawlIn(folder, ['train', '--epochs', '3', '--out', 'again']);
    expect(again.err).toMatch(/all \d+ rows are in the cache/);
  });
});
