import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { NEITHER, type Manifest } from '@pawl/shared/bundle/manifest';
import { toAnswer } from '@pawl/shared/execution/answer';
import type { Classification } from '@pawl/shared/execution/image-task';
import { sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import type { Context } from '../../terminal/context.ts';
import { measuredPictures, type DatasetItem, type Split } from '../data/dataset.ts';
import { openDataset } from '../data/open-dataset.ts';
import { preparedSize, resizedTwice } from '../data/prepared-size.ts';
import { CliError } from '../../errors/cli-error.ts';
import { digestOfPictures } from '../../bundles/diff/measured-on.ts';
import { withBundle } from '../../bundles/read-bundle.ts';
import { createProgress } from '../../terminal/progress.ts';
import { familiarityScores, measureAbstaining, type AbstainReport } from './evaluation/abstain.ts';
import { evaluate } from './evaluation/evaluate.ts';
import { shareIntervals, type ShareIntervals } from './evaluation/gate.ts';
import { sliceTable } from './evaluation/slices.ts';
import { idOf } from '../../bundles/labels.ts';
import { measureStages, type StagesReport } from '../stages/measure-stages.ts';
import { isRefusedPicture, modelOf, withLocalModel, type LocalModel } from '../../bundles/local-model.ts';
import type { Evaluation, Slice } from '../types.ts';

/** What a bundle is measured on. */
export type EvaluationData =
  /** A prepared data set, folder or archive. */
  | { readonly kind: 'dataset'; readonly path: string; readonly split: Split }
  /** Photographs as they are, `folder/label/...`; those in `folder/neither` are of none of the labels. */
  | { readonly kind: 'photos'; readonly path: string };

/** What a bundle says of labelled pictures, and how right that is. */
export interface BundleEvaluation {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly labels: readonly string[];
  /** For people: what it was measured on. */
  readonly data: string;
  /** {@link digestOfPictures} of those that were answered: figures of another evaluation compare where it has the same. */
  readonly measuredOn: string;
  readonly evaluation: Evaluation;
  /** Exact 95 % intervals. */
  readonly intervals: ShareIntervals;
  readonly slices: readonly Slice[];
  /** Absent: the model always answers. */
  readonly abstaining?: AbstainReport | undefined;
  /** Absent: the bundle has one graph. */
  readonly stages?: StagesReport | undefined;
  /** Pictures that the service would refuse. */
  readonly refused: readonly { readonly path: string; readonly message: string }[];
  /** Where the weights come from, for the reader to judge whether the pictures were among what they were trained on. */
  readonly lineage: Readonly<Record<string, string>>;
}

/** Level of the intervals. */
const INTERVAL_LEVEL = 0.95;

/** A picture to ask about. */
interface Question {
  readonly item: DatasetItem;
  read(): Promise<Uint8Array>;
}

/**
 * Asks the session that serves about every picture, and measures the answers as the service gives them.
 *
 * @param uri of the bundle.
 * @throws CliError DATA_*, FILE_NOT_FOUND, GRAPH_INVALID; PawlError of the bundle.
 */
export async function evaluateBundle(context: Context, uri: string, data: EvaluationData): Promise<BundleEvaluation> {
  return await withBundle(context, uri, {}, async (bundle) => {
    const { manifest, digest } = bundle;
    const { name, version, labels, lineage } = manifest;
    return await withLocalModel(await modelOf(bundle, context.signal), context.signal, (model) =>
      withQuestions(context, data, manifest, async (questions, neither, caution) => {
        if (caution !== undefined)
          context.stderr.write(`warning: ${caution}; the figures are not those of the service.\n`);
        const asked = await askAll(context, model, manifest, questions);
        const outside = neither.length === 0 ? undefined : await askAll(context, model, manifest, neither);
        if (asked.items.length === 0)
          throw new CliError(
            'DATA_UNREADABLE',
            `None of the ${questions.length} pictures can be decoded; the first: ${asked.refused[0]?.message ?? ''}`,
            'Check the folder.',
          );
        const threshold = 'threshold' in manifest.output ? manifest.output.threshold : undefined;
        const classes = asked.items.map(({ label }) => labels.indexOf(label));
        const right = asked.items.map(({ label }, row) => asked.answered[row] === label);
        const evaluation = evaluate(asked.probabilities, classes, labels, threshold);
        return {
          name,
          version,
          digest,
          labels,
          data: data.kind === 'photos' ? data.path : `${data.path}, ${data.split} split`,
          measuredOn: digestOfPictures(measuredPictures(asked.items)),
          evaluation,
          intervals: shareIntervals(evaluation, { confidence: INTERVAL_LEVEL }),
          slices: sliceTable(asked.items, right),
          abstaining: abstaining(manifest, asked, right, outside),
          stages: await measureStages(context, bundle, questions),
          refused: [...asked.refused, ...(outside?.refused ?? [])],
          lineage,
        };
      }),
    );
  });
}

/** Answers to pictures, row by row; those that could not be decoded are apart. */
interface Asked {
  readonly items: readonly DatasetItem[];
  /** `rows * outputs`. */
  readonly logits: readonly number[];
  /** `rows * labels`. */
  readonly probabilities: readonly number[];
  /** `rows`, of the output that the manifest abstains by; NaN where it does not. */
  readonly known: readonly number[];
  readonly answered: readonly string[];
  readonly refused: readonly { readonly path: string; readonly message: string }[];
}

async function askAll(
  context: Context,
  model: LocalModel,
  manifest: Manifest,
  questions: readonly Question[],
): Promise<Asked> {
  const progress = await createProgress(context, 'ask', questions.length);
  const said = new Map<Question, Classification>();
  const refused: { path: string; message: string }[] = [];
  let done = 0;
  await forEachLimited(
    questions,
    model.capacity,
    async (question) => {
      try {
        said.set(question, await model.ask(await question.read()));
      } catch (error) {
        // What the service refuses is no answer; anything else ends the evaluation.
        if (!isRefusedPicture(error)) throw error;
        refused.push({ path: question.item.path, message: error.message });
      }
      progress.update(++done);
    },
    context.signal,
  );
  const answered = questions.flatMap((question) => {
    const of = said.get(question);
    const answer = of === undefined ? undefined : toAnswer(of, manifest);
    return of === undefined || answer === undefined ? [] : [{ item: question.item, said: of, answer }];
  });
  progress.done(`${answered.length} of ${questions.length} pictures answered`);
  return {
    items: answered.map(({ item }) => item),
    logits: answered.flatMap(({ said: { output } }) => output),
    known: answered.map(({ said: { known } }) => known ?? NaN),
    probabilities: answered.flatMap(({ answer }) => manifest.labels.map((label) => answer.probabilities[label] ?? 0)),
    answered: answered.map(({ answer }) => answer.label),
    refused: refused.sort((a, b) => compareCodeUnits(a.path, b.path)),
  };
}

function abstaining(
  { abstain }: Manifest,
  asked: Asked,
  right: readonly boolean[],
  outside: Asked | undefined,
): AbstainReport | undefined {
  if (abstain === undefined) return undefined;
  const scores = ({ logits, probabilities, known, items }: Asked) =>
    familiarityScores(abstain.score, { logits, probabilities, known, rows: items.length });
  return measureAbstaining(abstain, scores(asked), right, outside === undefined ? undefined : scores(outside));
}

/** @param caution what is wrong with the size of the pictures, as a clause. */
type Body<Result> = (questions: readonly Question[], neither: readonly Question[], caution?: string) => Promise<Result>;

/** Runs `body` with the pictures of some data. @throws CliError DATA_*, FILE_NOT_FOUND. */
export async function withQuestions<Result>(
  { signal }: Context,
  data: EvaluationData,
  { labels, input, labelNames: names = {} }: Pick<Manifest, 'labels' | 'labelNames' | 'input'>,
  body: Body<Result>,
): Promise<Result> {
  if (data.kind === 'photos') {
    // A folder may be called by the label's name as well.
    const all = (await listPhotos(data.path)).map((question) => ({
      ...question,
      item: { ...question.item, label: idOf({ ids: labels, names }, question.item.label) ?? question.item.label },
    }));
    const neither = all.filter(({ item }) => item.label === NEITHER && !labels.includes(NEITHER));
    const labelled = all.filter((question) => !neither.includes(question));
    assertLabels(data.path, [...new Set(labelled.map(({ item }) => item.label))], labels);
    return await body(labelled, neither);
  }
  const dataset = await openDataset(data.path, signal);
  try {
    const items = dataset.items.filter(({ split }) => split === data.split);
    if (items.length === 0)
      throw new CliError(
        'DATA_SPLIT_EMPTY',
        `The ${data.split} split of ${data.path} is empty.`,
        'Choose another --split.',
      );
    assertLabels(data.path, [...new Set(items.map(({ label }) => label))], labels);
    return await body(
      items.map((item) => ({ item, read: () => dataset.read(item) })),
      [],
      resizedTwice(await preparedSize(dataset), input),
    );
  } finally {
    await dataset.close();
  }
}

/** Pictures below `folder/label`, at any depth, sorted. @throws CliError FILE_NOT_FOUND, DATA_EMPTY. */
async function listPhotos(folder: string): Promise<readonly Question[]> {
  const names = await readdir(folder, { recursive: true, encoding: 'utf8' }).catch((cause: unknown) => {
    throw new CliError('FILE_NOT_FOUND', `${folder} cannot be read.`, 'Give a folder with a folder a label.', cause);
  });
  const found: Question[] = [];
  for (const path of names.map((name) => name.replaceAll('\\', '/')).sort(compareCodeUnits)) {
    const [label = '', ...rest] = path.split('/');
    if (rest.length === 0) continue;
    const head = await readFile(join(folder, path)).catch(() => undefined);
    // Not decoded yet: what is no picture by its first bytes is a text, a folder, a sidecar.
    if (head === undefined || sniffImageFormat(head) === undefined) continue;
    found.push({
      item: { path, split: 'test', label, digest: digestOfBytes(head) },
      read: () => readFile(join(folder, path)),
    });
  }
  if (found.length > 0) return found;
  throw new CliError('DATA_EMPTY', `${folder} holds no pictures in folders of labels.`, 'Expected LABEL/FILE.jpg.');
}

/** @throws CliError DATA_LABELS_DIFFER. */
function assertLabels(path: string, found: readonly string[], labels: readonly string[]): void {
  const stray = found.filter((label) => !labels.includes(label));
  if (stray.length === 0) return;
  throw new CliError(
    'DATA_LABELS_DIFFER',
    `${path} has pictures of ${stray.join(', ')}; the model knows ${labels.join(', ')}.`,
    'Name the folders after the labels of the model; pictures of none of them go into a folder "neither" of --photos.',
  );
}
