/**
 * Makes `models/catdog`, the bundle that the repository ships, from the int8 backbone and freely licensed photographs.
 * The same input gives the same digest.
 *
 *   node --conditions=pawl-source scripts/make-catdog-bundle.ts WEIGHTS_FOLDER PHOTOS_FOLDER
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { type Answer, toAnswer } from '@pawl/shared/execution/answer';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { ImageWorkerPool } from '@pawl/shared/execution/worker-pool';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';

const [weightsFolder, photosFolder] = process.argv.slice(2);
if (weightsFolder === undefined || photosFolder === undefined) {
  console.error('usage: make-catdog-bundle.ts WEIGHTS_FOLDER PHOTOS_FOLDER');
  process.exit(2);
}
const weights = join(weightsFolder, 'resnet18-catdog-int8.onnx');

/** Twelve photographs of twelve sources, under licences that allow redistribution; JPEG and PNG, grey and colour. */
const golden = [
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
].map((source) => ({
  source,
  label: source.slice(0, 3),
  file: `golden/${source.replace('/', '-').replaceAll('_', '-')}`,
}));

const base = {
  schemaVersion: 1,
  name: 'catdog',
  version: '1.0.0',
  description: 'Tells cats from dogs: ResNet-18, int8 with 7-bit weights, normalisation inside the graph.',
  labels: ['cat', 'dog'],
  model: 'model.onnx',
  input: {
    name: 'image',
    layout: 'NHWC',
    dtype: 'uint8',
    width: 224,
    height: 224,
    fit: 'fill',
    kernel: 'lanczos3',
    scale: 1,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
  output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
} satisfies Partial<ManifestDraft>;

const pool = new ImageWorkerPool({
  size: 1,
  queueLimit: 1_000,
  inFlightPerWorker: 1,
  setup: {
    model: shareBytes(readFileSync(weights)),
    spec: base,
    limits: { ...defaultImageLimits, timeoutMs: 30_000 },
    niceness: 0,
  },
});
await pool.start();

async function ask(path: string): Promise<Answer> {
  const answer = toAnswer(await pool.classify([readFileSync(path)], { deadlineMs: 60_000 }), base);
  if (answer === undefined) throw new Error(`${path}: the model gave no finite answer`);
  return answer;
}

const round = (value: number) => Math.round(value * 1e6) / 1e6;
const images: ManifestDraft['golden']['images'] = [];
for (const { source, label, file } of golden) {
  const answer = await ask(join(photosFolder, source));
  if (answer.label !== label)
    throw new Error(`${source}: the model says ${answer.label}; a golden image must be right`);
  const probabilities = Object.fromEntries(Object.entries(answer.probabilities).map(([key, p]) => [key, round(p)]));
  images.push({ file, label, probabilities });
}

let right = 0;
let asked = 0;
for (const label of base.labels) {
  for (const name of readdirSync(join(photosFolder, label)).filter((file) => !file.endsWith('.bmp'))) {
    asked += 1;
    if ((await ask(join(photosFolder, label, name))).label === label) right += 1;
  }
}
await pool.close();

const [header = '', ...rows] = readFileSync(join(photosFolder, 'SOURCES.tsv'), 'utf8').trim().split('\n');
const columns = header.split('\t');
const field = (row: string, name: string) => row.split('\t')[columns.indexOf(name)] ?? '';
const credits = golden.map(({ source, file }) => {
  const row = rows.find((line) => field(line, 'file') === source) ?? '';
  return `| ${file.slice('golden/'.length)} | ${field(row, 'author as stated')} | ${field(row, 'licence as stated')} | Debian package ${field(row, 'package')} ${field(row, 'version')} |`;
});
const notice = `# Sources of this bundle

\`model.onnx\`: see "lineage" in \`manifest.json\`.

The photographs in \`golden/\` are unchanged; each keeps its licence:

| file | author as stated | licence as stated | source |
|---|---|---|---|
${credits.join('\n')}
`;

const bundle = await writeBundle(
  'models/catdog',
  {
    ...base,
    // 7-bit weights do not saturate, so CPUs differ only by rounding in resizing and in the float head; 8-bit weights
    // without VNNI are off by whole labels.
    golden: { tolerance: 0.05, images },
    metrics: { accuracy: 0.954, accuracy_by_breed: 0.956, accuracy_photos: round(right / asked) },
    lineage: {
      backbone:
        'ResNet-18 initialised from dlib resnet34_1000_imagenet_classifier (ImageNet-1k, CC0 1.0) and trained on 24,000 Asirra photographs at 180x180',
      head: 'logistic regression on 3,995 full-size Asirra photographs',
      quantisation: 'QDQ, activations uint8, weights int8 of 7 bits per channel, calibrated on 200 Asirra photographs',
      'metrics.accuracy': '370 photographs of pets from an independent source',
      'metrics.accuracy_by_breed': '1,000 photographs by breed from an independent source, partly of ImageNet',
      'metrics.accuracy_photos': `${asked} freely licensed photographs, measured when this bundle was made`,
    },
  },
  [
    { path: 'model.onnx', source: weights },
    { path: 'NOTICE.md', source: Buffer.from(notice) },
    ...golden.map(({ source, file }) => ({ path: file, source: join(photosFolder, source) })),
  ],
);
console.log(`models/catdog ${bundle.digest}: ${right} of ${asked} photographs right`);
