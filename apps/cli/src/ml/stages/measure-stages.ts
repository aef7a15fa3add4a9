import type { FirstStageSpec, OutputSpec } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { toAnswer } from '@pawl/shared/execution/answer';
import type { Classification } from '@pawl/shared/execution/image-task';
import type { SessionSpec } from '@pawl/shared/execution/onnx-session';
import { firstSessionSpec, isSure, marginOf } from '@pawl/shared/execution/stage';
import { isRefusedPicture, type LocalModelSource, withLocalModel } from '../../bundles/local-model.ts';
import { CliError } from '../../errors/cli-error.ts';
import { createProgress } from '../../terminal/progress.ts';
import type { Context } from '../../terminal/context.ts';
import { type CurvePoint, MARGINS, type StageCosts, stageCurve, type StageRow } from './curve.ts';

/** A picture of which it is known what it shows. */
export interface LabelledPicture {
  readonly item: { readonly path: string; readonly label: string };
  read(): Promise<Uint8Array>;
}

/** One graph, asked alone, about some pictures. */
export interface StageAnswers {
  /** By picture; undefined for one that the service would refuse. */
  readonly said: readonly (Classification | undefined)[];
  /** Of a picture alone, decoding included, median, ms. */
  readonly ms: number;
}

/** Pictures that costs are measured with, one at a time. */
const TIMED = 48;

/**
 * Asks a graph alone about pictures, then a few once more, one at a time, for what each costs.
 *
 * @throws CliError GRAPH_INVALID; PawlError of inference.
 */
export async function askStage(
  context: Context,
  source: LocalModelSource,
  pictures: readonly LabelledPicture[],
): Promise<StageAnswers> {
  const progress = await createProgress(context, `ask ${source.name}`, pictures.length);
  const said: (Classification | undefined)[] = pictures.map(() => undefined);
  let done = 0;
  return await withLocalModel(source, context.signal, async (model) => {
    await forEachLimited(
      [...pictures.entries()],
      model.capacity,
      async ([index, picture]) => {
        try {
          said[index] = await model.ask(await picture.read());
        } catch (error) {
          // What the service refuses is no answer; anything else ends the measurement.
          if (!isRefusedPicture(error)) throw error;
        }
        progress.update(++done);
      },
      context.signal,
    );
    const times: number[] = [];
    for (const picture of pictures.filter((_, index) => said[index] !== undefined).slice(0, TIMED)) {
      const { timings } = await model.ask(await picture.read());
      times.push(timings.decodeMs + timings.inferMs);
    }
    progress.done(`${source.name} answered ${said.filter((each) => each !== undefined).length} pictures`);
    return { said, ms: median(times) };
  });
}

/** What both stages of a bundle share, and what the first is asked by. */
export interface StagesSpec {
  readonly labels: readonly string[];
  readonly output: OutputSpec;
  readonly known?: FirstStageSpec['known'];
}

/**
 * Pure: the answers of both graphs to the same pictures, side by side; without those that either could not answer.
 *
 * @throws CliError DATA_UNREADABLE where none is left.
 */
export function pairStages(
  { labels, output, known }: StagesSpec,
  pictures: readonly LabelledPicture[],
  first: StageAnswers,
  final: StageAnswers,
): { readonly rows: readonly StageRow[]; readonly costs: StageCosts } {
  const spec = { labels: [...labels], output };
  const rows = pictures.flatMap(({ item: { label } }, index): StageRow[] => {
    const [small, large] = [first.said[index], final.said[index]];
    if (small === undefined || large === undefined) return [];
    const knows = isSure(small, { sure: 0, known }, output);
    return [
      {
        margin: knows ? marginOf(small.output, output) : -Infinity,
        firstRight: toAnswer(small, spec)?.label === label,
        finalRight: toAnswer(large, spec)?.label === label,
      },
    ];
  });
  if (rows.length === 0)
    throw new CliError('DATA_UNREADABLE', 'Neither graph can answer any of the pictures.', 'Check the folder.');
  return { rows, costs: { first: first.ms, final: final.ms } };
}

/** What two stages do at each margin, the one that holds among them. */
export interface StagesReport {
  /** From which margin on the first stage answers, logits. */
  readonly sure: number;
  readonly curve: readonly CurvePoint[];
  readonly costs: StageCosts;
  /** Pictures that both graphs answered. */
  readonly pictures: number;
  /** Of the final stage alone on them, 0..1. */
  readonly finalAccuracy: number;
}

/** Pure: the report on rows, for a margin that was chosen. */
export function reportOn(rows: readonly StageRow[], costs: StageCosts, sure: number): StagesReport {
  const margins = [...new Set([...MARGINS, sure])].sort((a, b) => a - b);
  const finalAccuracy = rows.filter(({ finalRight }) => finalRight).length / rows.length;
  return { sure, curve: stageCurve(rows, costs, margins), costs, pictures: rows.length, finalAccuracy };
}

/**
 * Asks both graphs of a bundle alone about pictures; undefined where it has one.
 *
 * @throws CliError DATA_UNREADABLE, GRAPH_INVALID; PawlError of the bundle.
 */
export async function measureStages(
  context: Context,
  bundle: Bundle,
  pictures: readonly LabelledPicture[],
): Promise<StagesReport | undefined> {
  const { manifest } = bundle;
  const { firstStage, labels, output, model } = manifest;
  const firstSpec = firstSessionSpec(manifest);
  if (firstStage === undefined || firstSpec === undefined) return undefined;
  const first = aloneAs('the first stage', await bundle.read(firstStage.model, context.signal), firstSpec);
  const final = aloneAs('the final stage', await bundle.read(model, context.signal), manifest);
  const { rows, costs } = pairStages(
    { labels, output, known: firstStage.known },
    pictures,
    await askStage(context, first, pictures),
    await askStage(context, final, pictures),
  );
  return reportOn(rows, costs, firstStage.sure);
}

/** A graph of a bundle, to be asked alone. */
export const aloneAs = (name: string, bytes: Uint8Array, { labels, input, output, abstain }: SessionSpec) =>
  ({ name, bytes, spec: { labels, input, output, abstain } }) satisfies LocalModelSource;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
