import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AbstainSpec } from '@pawl/shared/bundle/manifest';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { aColourSet, colourPhotos } from './support/colours.ts';
import { bytesOf, colourModel, threeColours, type ColourModel } from './support/graphs.ts';
import { pawlIn } from './support/pawl-in.ts';

/** Sessions in worker threads. */
import.meta.jest.setTimeout(400_000);

let folder: string;
const at = (...path: readonly string[]) => join(folder, ...path);
const pawl = (line: string) => pawlIn(folder, line.split(' '));

/** Packages a graph as a bundle. */
async function packaged(name: string, graph: ColourModel, labels = 'red,blue', golden = 'golden'): Promise<void> {
  await writeFile(at('model.onnx'), bytesOf(colourModel({ withFeatures: false, ...graph })));
  const { code, err } = await pawl(
    `package model.onnx --name colours --version 1.2.0 --labels ${labels} --output out --golden ${golden} --tolerance 0.01 --out ${name}`,
  );
  expect(err).not.toContain('error');
  expect(code).toBe(0);
}

/** A bundle that abstains. */
async function abstaining(from: string, to: string, abstain: AbstainSpec): Promise<void> {
  const bundle = await openBundle(at(from));
  const { files, ...manifest } = bundle.manifest;
  const sources = await Promise.all(files.map(async ({ path }) => ({ path, source: await bundle.read(path) })));
  await writeBundle(at(to), { ...manifest, abstain }, sources);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-cascade-test-'));
  await colourPhotos(at('golden'), ['red', 'blue'], 2);
  await colourPhotos(at('three'), ['red', 'green', 'blue'], 2);
  await colourPhotos(at('photos'), ['red', 'blue'], 24);
  await aColourSet(at('data'), { labels: ['red', 'blue'] });
  // Sure of every blue picture; half of the red ones it takes for blue, by less than a logit.
  await packaged('first', { weight: [[-0.6, 0, 1.95]], size: [8, 8] });
  await packaged('final', { size: [16, 16] });
  await packaged('large', { size: [1024, 1024] });
  await packaged('softmax', { weight: threeColours! }, 'red,green,blue', 'three');
});
afterAll(() => rm(folder, { recursive: true }));

describe('pawl cascade', () => {
  it('makes a bundle of two graphs, with the smallest margin that loses nothing', async () => {
    const { code, out, err } = await pawl('cascade first large --photos photos --out two --json curve.json');
    expect(err).not.toContain('error');
    expect(code).toBe(0);
    const bundle = await openBundle(at('two'));
    const { firstStage, version, input, golden, lineage, metrics } = bundle.manifest;
    expect(firstStage).toMatchObject({ model: 'first-stage.onnx', input: { width: 8, height: 8 }, output: 'out' });
    // What the small graph gets wrong it gets wrong by less than a logit; of the blue ones it is sure by more.
    expect(firstStage!.sure).toBeGreaterThan(0);
    expect(firstStage!.sure).toBeLessThanOrEqual(1);
    expect(version).toBe('1.3.0');
    expect(input.width).toBe(1024);
    expect(metrics).toMatchObject({ stages_accuracy: 1, stages_accuracy_final_alone: 1, stages_pictures: 48 });
    const [first, large] = await Promise.all(['first', 'large'].map((name) => openBundle(at(name))));
    expect(lineage).toMatchObject({
      first_stage: `colours 1.2.0 ${first!.digest}`,
      final_stage: `colours 1.2.0 ${large!.digest}`,
    });
    expect(Buffer.from(await bundle.read('first-stage.onnx'))).toEqual(Buffer.from(await first!.read('model.onnx')));
    expect(golden.images.length).toBeGreaterThan(0);
    expect(out).toMatch(/final alone\s+100 %\s+1\.0000/);
    expect(out).toMatch(/answers first\s+from a margin of [\d.]+ on: \d\d % of the pictures/);
  });

  it('makes one that every command knows', async () => {
    const made = await pawl('cascade first final --photos photos --margin 1 --out staged');
    expect(made.err).not.toContain('error');
    expect((await pawl('verify staged')).out).toContain('first-stage.onnx');
    expect((await pawl('inspect staged')).out).toMatch(
      /first asked\s+first-stage\.onnx \(image: uint8 NHWC, 8 x 8, fill, lanczos3, values 0..255 as they are\), answers from a margin of 1 on/,
    );
    expect((await pawl('diff final staged')).out).toMatch(/firstStage\.sure\s+.*1/);
    const evaluated = await pawl('evaluate staged --photos photos');
    expect(evaluated.out).toMatch(/accuracy\s+1\.0000/);
    expect(evaluated.out).toMatch(/Two stages {2}on 48 pictures[^]*✓ 1 /);
    // Without the large graph behind it the small one is often wrong.
    expect((await pawl('evaluate first --photos photos --json -')).out).not.toMatch(/"accuracy": 1,/);
    const { stages } = JSON.parse((await pawl('evaluate staged --data data --json -')).out) as {
      stages: { sure: number; pictures: number; curve: { sure: number; passedOn: number }[] };
    };
    expect(stages).toMatchObject({ sure: 1, pictures: 12 });
    expect(stages.curve.find(({ sure }) => sure === 0)?.passedOn).toBe(0);
    expect((await pawl('evaluate final --photos photos --json -')).out).not.toContain('"stages"');
  });

  it('passes on what the small graph does not know, where the large one abstains', async () => {
    const known = { weight: [[-0.6, 0, 1.95]], size: [8, 8], withKnown: true } as const;
    await packaged('knowing', known);
    await packaged('large-knowing', { size: [16, 16], withKnown: true });
    await abstaining('large-knowing', 'wary', { output: 'known', threshold: 0.5 });
    const made = await pawl('cascade knowing wary --photos photos --margin 1 --out careful');
    expect(made.err).not.toContain('error');
    const { firstStage, abstain } = (await openBundle(at('careful'))).manifest;
    expect(abstain).toEqual({ output: 'known', threshold: 0.5 });
    expect(firstStage!.known!.output).toBe('known');
    // The brightest channel of these pictures, of 0 to 4.
    expect(firstStage!.known!.threshold).toBeGreaterThan(2);
    expect(firstStage!.known!.threshold).toBeLessThan(4);

    await abstaining('knowing', 'own', { output: 'known', threshold: 1.25 });
    await pawl('cascade own wary --photos photos --margin 1 --out careful');
    expect((await openBundle(at('careful'))).manifest.firstStage!.known).toEqual({ output: 'known', threshold: 1.25 });

    const blind = await pawl('cascade first wary --photos photos --margin 1 --out never');
    expect(blind.code).toBe(1);
    expect(blind.err).toMatch(
      /abstains by the output known, which the graph of colours 1.2.0 lacks.*\[STAGES_DIFFER\]/,
    );
  });

  it.each([
    [
      'labels',
      'softmax final --photos photos',
      1,
      /its labels are red, green, blue; expected red, blue.*STAGES_DIFFER/,
    ],
    ['neither data', 'first final', 2, /Expected one of --photos and --data.*USAGE/],
    ['a margin of no use', 'first final --photos photos --margin -1', 2, /Expected a number of logits, at least 0/],
    ['a loss', 'first final --photos photos --margin 0', 1, /worse from a margin of 0 on.*0 fixed.*STAGES_USELESS/],
    ['the large one first', 'large first --photos photos', 1, /saves nothing: from a margin of 0 on.*STAGES_USELESS/],
    ['a version before', 'first final --photos photos --version 1.0.0', 1, /does not come after 1\.2\.0/],
  ])('refuses %s', async (_, line, code, message) => {
    const refused = await pawl(`cascade ${line} --out never`);
    expect(refused.err).toMatch(message);
    expect(refused.code).toBe(code);
    await expect(openBundle(at('never'))).rejects.toMatchObject({ code: 'BUNDLE_NOT_FOUND' });
  });

  it('refuses a bundle that has two stages already', async () => {
    await pawl('cascade first final --photos photos --margin 1 --out twice');
    const { code, err } = await pawl('cascade first twice --photos photos --out never');
    expect(err).toMatch(/colours 1\.3\.0 has a first stage already.*\[STAGES_DIFFER\]/);
    expect(code).toBe(1);
  });
});
