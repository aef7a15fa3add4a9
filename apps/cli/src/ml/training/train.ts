import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Context } from '../../terminal/context.ts';
import type { Dataset } from '../data/dataset.ts';
import { openDataset } from '../data/open-dataset.ts';
import { preparation, preparedSize, resizedTwice, type PictureSize } from '../data/prepared-size.ts';
import { CliError } from '../../errors/cli-error.ts';
import { resumable } from '../../errors/resumable.ts';
import { withLocalModel } from '../../bundles/local-model.ts';
import { writeGraph } from '../../bundles/onnx/read-graph.ts';
import { outputNameOf, replaceHead } from '../../bundles/onnx/replace-head.ts';
import { readKey } from '../../bundles/read-bundle.ts';
import type { Theme } from '../../terminal/theme.ts';
import { extractFeatures } from './features/extract-features.ts';
import { openBackbone, type Backbone } from './features/open-backbone.ts';
import { trainHead } from './head/train-head.ts';
import { assess, THRESHOLD } from './run/assess.ts';
import { compareWithPrevious } from './run/compare-previous.ts';
import { epochLine } from './run/epoch-line.ts';
import { readGoldenFolder } from '../packaging/golden-folder.ts';
import { askGolden, type GoldenCandidate } from './run/golden.ts';
import type { BundleBase, Inputs, Learned, TrainOptions } from './run/inputs.ts';
import { judgeModel } from './run/judge.ts';
import { trainingOriginOf } from './run/lineage.ts';
import { assertVersion, readPrevious } from './run/previous-bundle.ts';
import { startRecord } from './run/record.ts';
import { assertRatchet, goldenCandidates } from './run/golden-ratchet.ts';
import { GOLDEN_TOLERANCE, ship } from './run/ship.ts';
import { askKnown } from './run/known.ts';
import { assertAgrees } from './run/verify-model.ts';

export type { TrainOptions } from './run/inputs.ts';

/**
 * From a prepared data set to a bundle that can be published: features, head, calibration, figures, gate, graph, check of
 * the graph, golden images, manifest; all of it on record.
 *
 * @throws CliError GATE_FAILED after everything was recorded, INTERRUPTED, and those of every part; PawlError of bundles.
 */
export async function train(context: Context, options: TrainOptions, theme: Theme): Promise<void> {
  await resumable(context.signal, 'the features so far are kept', () => trainOnRecord(context, options, theme));
}

async function trainOnRecord(context: Context, options: TrainOptions, theme: Theme): Promise<void> {
  const { params } = options;
  const dataset = await openDataset(options.data, context.signal);
  try {
    assertTestSplit(dataset);
    // What could fail after minutes of work fails now.
    const previous = await readPrevious(context, params.bundle.replaces, dataset.labels);
    if (options.version !== undefined) assertVersion(options.version, previous?.manifest, params.bundle.name);
    const privateKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'private');
    const golden =
      params.bundle.golden === '' ? undefined : await goldenOf(context, params.bundle.golden, dataset.labels);
    const backbone = await openBackbone(context, params.train.backbone, params.train.features);
    assertSize(await preparedSize(dataset), backbone);
    const origin = trainingOriginOf(params, options.revision);
    const tracker = await startRecord({ context, options, dataset, backbone, origin });
    try {
      await run({ context, options, theme, dataset, backbone, previous, golden, privateKeyPem, origin, tracker });
      await tracker.end('FINISHED');
    } catch (error) {
      await tracker.end(context.signal.aborted ? 'KILLED' : 'FAILED').catch(() => undefined);
      throw error;
    }
  } finally {
    await dataset.close();
  }
}

async function run(inputs: Inputs): Promise<void> {
  const { context, options, dataset, backbone } = inputs;
  const learned = await learn(inputs);
  const comparison = await compareWithPrevious(inputs, learned);
  const { head } = learned.assessment;
  const output = outputNameOf(head);
  const { features, further, knows } = backbone;
  const bytes = writeGraph(replaceHead(backbone.model, { features, head, output, further }));
  const base: BundleBase = {
    name: options.params.bundle.name,
    labels: [...dataset.labels],
    input: backbone.input,
    output:
      head.kind === 'binary'
        ? { kind: 'binary-logit', name: output, threshold: THRESHOLD }
        : { kind: 'softmax-logits', name: output },
  };
  const folder = await mkdtemp(join(tmpdir(), 'pawl-train-'));
  try {
    // No threshold yet: the output is fetched, and one is chosen by what it says.
    const spec = { ...base, ...(knows !== undefined && { abstain: { output: knows, threshold: 0 } }) };
    const source = { bytes, spec, name: 'the trained model' };
    await withLocalModel(source, context.signal, async (model) => {
      const { items } = learned.features;
      const { known } = await assertAgrees(context, model, dataset, items.test, learned.assessment.test.logits);
      const familiar =
        knows === undefined
          ? undefined
          : { output: knows, val: await askKnown(context, model, dataset, items.val), test: known };
      const abstaining = await judgeModel(inputs, { ...learned, familiar }, model, comparison);
      const rules = { spec: { ...base, abstain: abstaining?.spec }, tolerance: GOLDEN_TOLERANCE };
      const golden = await askGolden(model, rules, await goldenCandidates(inputs, learned));
      const { previous } = inputs;
      assertRatchet(
        previous && { name: `${previous.manifest.name} ${previous.manifest.version}`, golden: previous.golden },
        golden,
      );
      for (const { name, label, answered } of golden.wrong)
        context.stderr.write(`warning: ${name} is no golden image: it is ${label}, and the model says ${answered}.\n`);
      for (const { name, problem } of golden.narrow)
        context.stderr.write(`warning: ${name} is no golden image: ${problem}.\n`);
      await ship(inputs, learned, { base, bytes, abstaining, comparison, golden, known: familiar?.val, folder });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The golden folder; what of it is no golden image is said by name. */
async function goldenOf(
  { cwd, stderr }: Context,
  folder: string,
  labels: readonly string[],
): Promise<readonly GoldenCandidate[]> {
  const { candidates, leftOut } = await readGoldenFolder(resolve(cwd, folder), { ids: labels, names: {} }, 'any label');
  for (const { name, reason } of leftOut) stderr.write(`warning: ${folder}/${name} is no golden image: ${reason}\n`);
  return candidates;
}

/** Features, head, calibration, figures. */
async function learn({ context, options, theme, dataset, backbone, tracker }: Inputs): Promise<Learned> {
  const { train: settings } = options.params;
  const features = await extractFeatures({
    context,
    dataset,
    backbone,
    augmentation: settings.augmentation,
    seed: settings.seed,
    cache: options.cache,
  });
  context.stdout.write(`${theme.paint('dim', epochLine())}\n`);
  const trained = await trainHead(
    { ...settings, labels: dataset.labels },
    features.train,
    features.val,
    async (record) => {
      context.stdout.write(`${epochLine(record)}\n`);
      const { epoch, ...values } = record;
      await tracker.metrics(values, epoch);
    },
    context.signal,
  );
  const assessment = assess({
    head: trained.head,
    labels: dataset.labels,
    val: features.val,
    test: features.test,
    testItems: features.items.test,
  });
  return { features, trained, assessment };
}

/** @throws CliError DATA_SIZE_DIFFERS: what is trained on is what is served on, or the promise of no skew is broken. */
function assertSize(size: PictureSize | undefined, { name, input }: Backbone): void {
  const problem = resizedTwice(size, input);
  if (problem === undefined || size === undefined) return;
  const { width, height, fit, kernel } = input;
  const sameWay = fit === preparation.fit && kernel === preparation.kernel;
  const advice = !sameWay
    ? `Package the backbone with --fit ${preparation.fit} --kernel ${preparation.kernel}, as pictures are prepared, and name that bundle in train.backbone.`
    : width === height
      ? `Set preprocess.image_size: ${width} in params.yaml and run pawl data prepare again, or set train.backbone to one of ${size.width} x ${size.height}.`
      : 'Set train.backbone to one of a square input: pictures are prepared as squares.';
  throw new CliError('DATA_SIZE_DIFFERS', `${name} cannot be trained on these pictures: ${problem}.`, advice);
}

/** @throws CliError DATA_SPLIT_EMPTY: without test pictures there are no figures, and nothing to judge by. */
function assertTestSplit({ items }: Dataset): void {
  if (items.some(({ split }) => split === 'test')) return;
  throw new CliError(
    'DATA_SPLIT_EMPTY',
    'The test split is empty, and the gate judges by it.',
    'Add photographs, or raise preprocess.split_ratios.test, and run pawl data prepare again.',
  );
}
