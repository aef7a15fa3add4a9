import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { widthOf } from '../src/terminal/text.ts';
import { pawlIn } from './support/pawl-in.ts';
import { writeSmallBundle } from './support/publishing.ts';

afterEach(cleanFolders);

const ACCEPTANCE = 'charts/pawl/acceptance';
const SHIPPED = 'models/backbones/resnet18';

/** The shipped weights with another threshold: they take every dog that they are not all but certain of for a cat. */
async function writeTimidBundle(folder: string): Promise<void> {
  const { files, ...shipped } = JSON.parse(await readFile(join(SHIPPED, 'manifest.json'), 'utf8')) as Manifest;
  // No dog lies as far above that threshold as the tolerance wants of a golden image.
  const images = shipped.golden.images.filter(({ label }) => label === 'cat');
  await writeBundle(
    folder,
    {
      ...shipped,
      version: '1.1.0',
      output: { ...shipped.output, threshold: 0.99 } as Manifest['output'],
      golden: { ...shipped.golden, images },
      metrics: { ...shipped.metrics, accuracy: 0.8 },
    },
    files.map(({ path }) => ({ path, source: join(SHIPPED, path) })),
  );
}

/** A data set of the chart's acceptance photographs, all of them test pictures; what is in a file decides, not its name. */
async function aDataset(folder: string): Promise<string> {
  for (const file of (await readdir(ACCEPTANCE)).filter((name) => name.endsWith('.jpg'))) {
    const [label = '', ...rest] = file.split('.');
    await mkdir(join(folder, 'data/test', label), { recursive: true });
    await copyFile(join(ACCEPTANCE, file), join(folder, 'data/test', label, `${rest.join('.')}.png`));
  }
  return join(folder, 'data');
}

describe('pawl diff', () => {
  it('shows two manifests side by side', async () => {
    const folder = await aFolder();
    const metrics = { accuracy: 0.95, log_loss: 0.1 };
    const on = { measured_on: 'sha256:aa' };
    await writeSmallBundle(folder, 'a', { changes: { metrics, lineage: { ...on, run_id: 'a', head: 'linear' } } });
    await writeSmallBundle(folder, 'b', {
      version: '1.1.0',
      weights: 2,
      changes: { metrics: { accuracy: 0.9, log_loss: 0.05 }, lineage: { ...on, run_id: 'b', git_commit: 'c0ffee' } },
    });
    const { code, out } = await pawlIn(folder, ['diff', 'a', 'b']);
    expect(code).toBe(0);
    for (const line of [
      /^catdog 1.0.0 → catdog 1.1.0\n {2}change {2}minor: only the weights changed; demands 1.1.0 or higher\n/,
      /\n {2}accuracy +0.95 +0.9 +▼ -0.05 worse\n/,
      /\n {2}log_loss +0.1 +0.05 +▼ -0.05 better\n/,
      /\nLineage\n {2}\+ git_commit c0ffee\n {2}- head linear\n {2}~ run_id {2}a → b\n/,
      /\nGolden images\n {2}1 in both, no answer changed by more than 0.02\n/,
    ])
      expect(out).toMatch(line);
    expect(out).not.toMatch(/\n(Labels|Input)/);
    expect(JSON.parse((await pawlIn(folder, ['diff', 'a', 'b', '-o', 'json'])).out)).toMatchObject({
      change: { change: 'minor' },
      metrics: [
        { name: 'accuracy', verdict: 'worse' },
        { name: 'log_loss', verdict: 'better' },
      ],
    });
  });

  it('asks both versions about every test picture', async () => {
    const folder = await aFolder();
    await writeTimidBundle(join(folder, 'timid'));
    const data = await aDataset(folder);
    const argv = ['diff', SHIPPED, join(folder, 'timid'), '--data', data];
    const { code, out, err } = await pawlIn('.', argv);
    expect(code).toBe(0);
    expect(err).toMatch(/Asking catdog 1.0.0 – 16 pictures\nAsking catdog 1.1.0 – 16 pictures\n/);
    const { answers } = JSON.parse((await pawlIn('.', [...argv, '-o', 'json'])).out) as {
      answers: Record<string, number> & { moves: unknown[] };
    };
    // The same weights: no probability moves; only dogs become cats, and all of that is wrong.
    expect(answers).toMatchObject({ count: 16, accuracyBefore: 1, fixed: 0, meanShift: 0, worst: [] });
    expect(answers['broken']).toBeGreaterThan(0);
    expect(answers.moves).toEqual([{ before: 'dog', after: 'cat', count: answers['broken'] }]);
    expect(out).toContain(`labels changed  ${String(answers['broken'])} (`);
    expect(out).toMatch(/0 fixed, \d+ broken, p [\d.e-]+\n {2}moves +dog → cat \d+\n/);
    expect(out).not.toContain('Worst changes');
  });

  it.each([80, 120])('fits a terminal of %i columns', async (columns) => {
    const folder = await aFolder();
    const long = 'a sentence that says at length where the weights come from, '.repeat(4);
    await writeSmallBundle(folder, 'a', { changes: { lineage: { backbone: long, head: 'linear' } } });
    await writeSmallBundle(folder, 'b', {
      version: '1.1.0',
      weights: 2,
      changes: { lineage: { backbone: `${long}!` } },
    });
    const { out } = await pawlIn(folder, ['diff', 'a', 'b'], { isTTY: true, columns });
    const lines = stripVTControlCharacters(out).split('\n');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    // Wrapped, not cut.
    expect(out.replace(/\s+/g, ' ')).not.toContain('…');
  });

  it.each<[string, number, readonly string[], RegExp]>([
    ['a bundle that is not there', 4, ['diff', 'a', 'nothing'], /BUNDLE_NOT_FOUND/],
    ['data that is not there', 4, ['diff', 'a', 'a', '--data', 'nothing'], /FILE_NOT_FOUND/],
    ['data without test pictures', 1, ['diff', 'a', 'a', '--data', 'train-only'], /no test pictures.*DATA_SPLIT_EMPTY/],
    [
      'data of other labels',
      1,
      ['diff', 'a', 'a', '--data', 'other'],
      /knows none of the data set's labels \(fox, owl\).*DATA_LABELS_DIFFER/,
    ],
  ])('%s: exit code %i', async (_, code, argv, message) => {
    const folder = await aFolder();
    await writeSmallBundle(folder, 'a');
    for (const path of ['train-only/train/cat', 'train-only/train/dog', 'other/test/fox', 'other/test/owl']) {
      await mkdir(join(folder, path), { recursive: true });
      await copyFile(join(ACCEPTANCE, 'cat.face.jpg'), join(folder, path, 'x.png'));
    }
    const outcome = await pawlIn(folder, argv);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(message);
  });
});
