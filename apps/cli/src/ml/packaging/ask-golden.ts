import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Classification } from '@pawl/shared/execution/image-task';
import { toAnswer } from '@pawl/shared/execution/answer';
import { CliError } from '../../errors/cli-error.ts';
import { isRefusedPicture, type LocalModel } from '../../bundles/local-model.ts';
import { askGolden, type GoldenCandidate, type GoldenImages, type GoldenRules } from '../training/run/golden.ts';
import type { LeftOut } from './golden-folder.ts';
import { judgeGolden, nameSome } from './judge-golden.ts';

/** What the graph said about the pictures of the golden folder. */
export interface GoldenOutputs {
  readonly said: ReadonlyMap<GoldenCandidate, Classification>;
  /** Pictures that the service would refuse. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Asks about every candidate once; one that cannot be decoded is left out by name.
 *
 * @throws CliError DATA_UNREADABLE where none can be; PawlError of inference.
 */
export async function askCandidates(
  model: LocalModel,
  candidates: readonly GoldenCandidate[],
  signal: AbortSignal,
): Promise<GoldenOutputs> {
  const said = new Map<GoldenCandidate, Classification>();
  const leftOut: LeftOut[] = [];
  const ask = async (candidate: GoldenCandidate) => {
    try {
      said.set(candidate, await model.ask(candidate.bytes));
    } catch (error) {
      // What the service refuses is no golden image; anything else is the model's.
      if (!isRefusedPicture(error)) throw error;
      leftOut.push({ name: candidate.name, reason: error.message });
    }
  };
  await forEachLimited(candidates, model.capacity, ask, signal);
  // In the order of the candidates, not in that of the answers: the same pictures make the same bundle.
  const inOrder = candidates.flatMap((candidate) => {
    const output = said.get(candidate);
    return output === undefined ? [] : [[candidate, output] as const];
  });
  if (said.size > 0) return { said: new Map(inOrder), leftOut };
  throw new CliError(
    'DATA_UNREADABLE',
    `None of the ${candidates.length} golden images can be decoded; the first: ${leftOut[0]?.reason ?? ''}`,
    'Check the folder.',
  );
}

/**
 * The golden images among what was asked about, when the model answers as one whose labels and input are right: at least 80 %
 * of the pictures, and some of each label surely enough to be of use.
 *
 * @throws CliError GATE_FAILED.
 */
export async function chooseGolden({ said }: GoldenOutputs, rules: GoldenRules): Promise<GoldenImages> {
  const { labels } = rules.spec;
  const candidates = [...said.keys()];
  judgeGolden(
    labels,
    candidates.map((candidate) => {
      const output = said.get(candidate);
      return { label: candidate.label, answered: output && toAnswer(output, rules.spec)?.label };
    }),
  );
  const answered = new Map([...said].map(([{ bytes }, output]) => [bytes, output]));
  const golden = await askGolden({ capacity: 1, ask: (bytes) => known(answered.get(bytes)) }, rules, candidates);
  const without = labels.filter(
    (label) =>
      candidates.some((candidate) => candidate.label === label) &&
      !golden.images.some((image) => image.label === label),
  );
  if (without.length === 0) return golden;
  throw new CliError(
    'GATE_FAILED',
    `No golden image of ${nameSome(without)} is answered surely: ${golden.narrow[0]?.problem ?? ''}.`,
    'Give pictures that the model is sure of, or a smaller --tolerance.',
  );
}

const known = (output: Classification | undefined): Promise<Classification> =>
  output === undefined ? Promise.reject(new Error('a picture that nobody was asked about')) : Promise.resolve(output);
