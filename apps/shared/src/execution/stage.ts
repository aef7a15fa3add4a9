import type { FirstStageSpec, InputSpec, OutputSpec } from '../bundle/manifest.ts';
import type { ProjectionsSpec } from '../bundle/reference.ts';
import type { ModelOutput } from './answer.ts';
import type { SessionSpec } from './onnx-session.ts';

/** What the sessions of a bundle need of its manifest. */
export type StagedSpec = SessionSpec & {
  readonly firstStage?: FirstStageSpec | undefined;
  /** What to tell of the features of a picture, for drift; of the one graph, and where there are two of the final one. */
  readonly projections?: ProjectionsSpec | undefined;
};

/** The inputs of a bundle's graphs, in the order in which a picture meets them. */
export const inputsOf = ({ firstStage, input }: Pick<StagedSpec, 'firstStage' | 'input'>): readonly InputSpec[] =>
  firstStage === undefined ? [input] : [firstStage.input, input];

/** What a session of the first stage needs to know; undefined where a bundle has one graph. */
export function firstSessionSpec({ labels, output, firstStage }: StagedSpec): SessionSpec | undefined {
  if (firstStage === undefined) return undefined;
  const { input, output: name, known } = firstStage;
  return { labels, input, output: { ...output, name }, abstain: known };
}

/**
 * Pure: how far an answer is from another label, in logits: distance of a binary logit from that of its threshold, else
 * of the best logit from the second; at least 0. NaN where a logit is not finite, and for probabilities, which have none.
 *
 * @param values of the output: [1] for a binary logit, else [labels].
 */
export function marginOf(values: ArrayLike<number>, output: OutputSpec): number {
  const logits = Array.from(values);
  if (output.kind === 'probabilities' || logits.length === 0 || !logits.every(Number.isFinite)) return NaN;
  if (output.kind === 'binary-logit')
    return Math.abs((logits[0] ?? NaN) - Math.log(output.threshold / (1 - output.threshold)));
  const [best = NaN, second = NaN] = logits.sort((a, b) => b - a);
  return best - second;
}

/**
 * Pure: whether the first stage may answer: its margin is large enough, and it takes the picture for one of the labels.
 *
 * @param said by the first stage. @param output of the model, whose kind and threshold both stages share.
 */
export function isSure(
  said: ModelOutput,
  { sure, known }: Pick<FirstStageSpec, 'sure' | 'known'>,
  output: OutputSpec,
): boolean {
  // A comparison with NaN is false: what is broken is passed on.
  return marginOf(said.output, output) >= sure && (known === undefined || (said.known ?? NaN) >= known.threshold);
}
