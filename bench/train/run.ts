/**
 * `npm run bench:train`: from photographs to a bundle, end to end, as a user runs it, and the feature stage next to raw
 * onnxruntime on all cores in the same run.
 *
 *   npm run bench:train -- --data FOLDER [--rounds 3] [--seconds 5] [--out reports/bench-train.json]
 *
 * `--data`: `cat/` and `dog/` with photographs; default: the folder that PAWL_TEST_PETS names.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { createRandom } from '../../apps/shared/src/statistics/random.ts';
import { trainHead } from '../../apps/cli/src/ml/training/head/train-head.ts';
import type { FeatureTable } from '../../apps/cli/src/ml/types.ts';
import { median } from '../statistics.ts';
import { runChild } from './child.ts';
import { measureStage } from './feature-stage.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: process.env['PAWL_TEST_PETS'] },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    out: { type: 'string', default: 'reports/bench-train.json' },
  },
});
if (options.data === undefined) {
  console.error('usage: npm run bench:train -- --data FOLDER (with cat/ and dog/), or set PAWL_TEST_PETS');
  process.exit(2);
}
const say = (text: string) => {
  process.stderr.write(`${text}\n`);
};
const repository = process.cwd();
const pawl = join(repository, 'apps/cli/dist/bundle/main.js');
const cores = cpuLimit();
const folder = mkdtempSync(join(tmpdir(), 'pawl-bench-train-'));
const raw = resolve(options.data);
const photographs = ['cat', 'dog'].reduce((sum, label) => sum + readdirSync(join(raw, label)).length, 0);
say(`${photographs} photographs, ${cores} cores, ${cpus()[0]?.model ?? 'unknown CPU'}`);

mkdirSync(join(folder, 'models'));
symlinkSync(join(repository, 'models/backbones/resnet18'), join(folder, 'models/backbones/resnet18'));
cpSync('params.yaml', join(folder, 'params.yaml'));
say('prepare ...');
const prepare = await runChild([pawl, 'data', 'prepare', '--raw', raw, '--check-labels', ''], folder);
say('train, first ...');
const cold = await runChild([pawl, 'train'], folder);
say('train, second ...');
const warm = await runChild([pawl, 'train', '--lr', '0.002'], folder);

const bundle = await openBundle('models/backbones/resnet18');
const { labels, input, output, model } = bundle.manifest;
const rates = await measureStage(
  {
    modelPath: bundle.path(model),
    spec: { labels, input, output },
    pictures: join(folder, 'data/processed/test'),
    cores,
    rounds: Number(options.rounds),
    seconds: Number(options.seconds),
  },
  say,
);

say('head ...');
const random = createRandom(1);
const table = (rows: number): FeatureTable => ({
  rows,
  width: 512,
  values: Float32Array.from({ length: rows * 512 }, () => Math.abs(random.normal())),
  classes: Uint16Array.from({ length: rows }, (_, row) => row % 2),
});
const trainRows = Math.round(photographs * 0.8);
const tables = { tables: [table(trainRows), table(trainRows), table(trainRows)] };
const settings = {
  epochs: 10,
  batch_size: 32,
  lr: 0.001,
  weight_decay: 0.0001,
  seed: 42,
  dropout: 0.3,
  step_size: 5,
  gamma: 0.5,
  patience: 0,
  class_weights: 'none' as const,
  labels,
};
const headBegin = performance.now();
await trainHead(settings, tables, table(Math.round(photographs * 0.1)), () => undefined, new AbortController().signal);
const headSeconds = (performance.now() - headBegin) / 1000;
rmSync(folder, { recursive: true });

const of = (pick: (rate: (typeof rates)[number]) => number) => median(rates.map(pick));
const goals = [
  {
    name: 'feature stage with copies / raw onnxruntime',
    value: of(({ withCopies, raw: limit }) => withCopies / limit),
    sign: '>=',
    goal: 0.9,
  },
  { name: 'ten epochs of the head, s', value: headSeconds, sign: '<', goal: 10 },
  { name: 'peak RSS, MB', value: Math.max(prepare.peakMb, cold.peakMb, warm.peakMb), sign: '<', goal: 700 },
  { name: 'second run, s', value: warm.seconds, sign: '<', goal: 15 },
].map((goal) => ({ ...goal, met: goal.sign === '<' ? goal.value < goal.goal : goal.value >= goal.goal }));
const seconds = {
  prepare: prepare.seconds,
  train: cold.seconds,
  'prepare + train': prepare.seconds + cold.seconds,
  'train again': warm.seconds,
  'head, 10 epochs': headSeconds,
};
const perSecond = {
  'raw onnxruntime': of(({ raw: limit }) => limit),
  'features of originals': of(({ originals }) => originals),
  'features with copies': of(({ withCopies }) => withCopies),
};
const peakMb = { prepare: prepare.peakMb, train: cold.peakMb, 'train again': warm.peakMb };
const print = (title: string, values: Readonly<Record<string, number>>, digits: number) => {
  console.log(`\n${title}`);
  for (const [name, value] of Object.entries(values))
    console.log(`  ${name.padEnd(24)}${value.toFixed(digits).padStart(9)}`);
};
print('seconds', seconds, 1);
print(`images a second, ${cores} cores`, perSecond, 1);
print('peak RSS, MB', peakMb, 0);
console.log('');
for (const { name, value, sign, goal, met } of goals)
  console.log(`${met ? 'met   ' : 'MISSED'}  ${name}: ${value.toFixed(3)} (goal ${sign} ${goal})`);
mkdirSync(dirname(options.out), { recursive: true });
const report = { cpu: cpus()[0]?.model, cores, photographs, seconds, perSecond, peakMb, goals, rounds: rates };
writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
say(`written to ${options.out}`);
