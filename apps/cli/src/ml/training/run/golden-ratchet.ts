import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { CliError } from '../../../errors/cli-error.ts';
import type { GoldenCandidate, GoldenImages } from './golden.ts';
import type { Inputs, Learned } from './inputs.ts';

/*
 * Golden images turn forward only: what a version answered rightly its successor answers rightly too, or the image is dropped
 * by name. Otherwise each training could leave out whatever it gets wrong, until nothing is left to compare.
 */

/** Golden images of the test split, by label. */
const PER_LABEL = 6;

/** Whether a golden image is named in `bundle.drop_golden`, with or without its folder. */
const isDropped = (dropped: readonly string[], { name }: GoldenCandidate): boolean =>
  dropped.some((given) => given === name || `golden/${given}` === name);

/**
 * Golden images to ask about: those of the replaced bundle but the dropped ones, and those of `bundle.golden` that are not
 * among them. Without any, right answers of the test split.
 */
export async function goldenCandidates(inputs: Inputs, learned: Learned): Promise<readonly GoldenCandidate[]> {
  const { context, dataset, golden = [], previous, options } = inputs;
  const { drop_golden: dropped } = options.params.bundle;
  const before = previous?.golden ?? [];
  for (const given of dropped.filter((name) => !before.some((candidate) => isDropped([name], candidate))))
    context.stderr.write(`warning: there is no golden image ${given} to drop in what is replaced.\n`);
  const kept = before.filter((candidate) => !isDropped(dropped, candidate));
  const known = new Set(kept.map(({ bytes }) => digestOfBytes(bytes)));
  const all = [...kept, ...golden.filter(({ bytes }) => !known.has(digestOfBytes(bytes)))];
  return all.length > 0 ? all : await fromTestSplit(dataset, learned);
}

async function fromTestSplit(
  dataset: Inputs['dataset'],
  { features, assessment }: Learned,
): Promise<readonly GoldenCandidate[]> {
  const rightItems = features.items.test.filter((_, row) => assessment.right[row] === true);
  const chosen = dataset.labels.flatMap((label) =>
    rightItems.filter((item) => item.label === label).slice(0, PER_LABEL),
  );
  return await Promise.all(
    chosen.map(async (item) => ({ name: item.path, label: item.label, bytes: await dataset.read(item) })),
  );
}

/**
 * Pure: refuses a model that does not answer the golden images of what it replaces.
 *
 * @param before name, version and golden images of what is replaced.
 * @throws CliError GATE_FAILED naming each image.
 */
export function assertRatchet(
  before: { readonly name: string; readonly golden: readonly GoldenCandidate[] } | undefined,
  { wrong, narrow }: Pick<GoldenImages, 'wrong' | 'narrow'>,
): void {
  const names = new Set(before?.golden.map(({ name }) => name));
  const lost = [
    ...wrong.map(({ name, label, answered }) => ({
      name,
      problem: `${name} is ${label}, and the model says ${answered}`,
    })),
    ...narrow.map(({ name, problem }) => ({ name, problem: `${name}: ${problem}` })),
  ].filter(({ name }) => names.has(name));
  if (before === undefined || lost.length === 0) return;
  throw new CliError(
    'GATE_FAILED',
    `No bundle is written: ${before.name} answers ${lost.length === 1 ? 'a golden image' : `${lost.length} golden images`} rightly that the new model does not: ${lost.map(({ problem }) => problem).join('; ')}.`,
    `Train with more photographs of that kind. Where the image is no good, drop it by name: ${lost.map(({ name }) => `--drop-golden ${name}`).join(' ')}`,
  );
}
