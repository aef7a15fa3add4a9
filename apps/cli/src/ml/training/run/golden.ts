import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { goldenProblem } from '@pawl/shared/bundle/golden-margin';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { NEITHER, type GoldenImage } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { BundleSourceFile } from '@pawl/shared/bundle/write-bundle';
import { type Answer, type AnswerSpec, toAnswer } from '@pawl/shared/execution/answer';
import { sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { CliError } from '../../../errors/cli-error.ts';
import type { LocalModel } from '../../../bundles/local-model.ts';

/** A picture that may become a golden image. */
export interface GoldenCandidate {
  /** For people: a path. */
  readonly name: string;
  /** What it shows; of {@link showsNeither}, the nearest label. */
  readonly label: string;
  /** It shows none of the labels: right is a model that abstains. */
  readonly showsNeither?: boolean;
  readonly bytes: Uint8Array;
  /** Path in the bundle; default: made of label and name. */
  readonly file?: string;
}

/** What goes into a bundle of golden images, and which candidates do not. */
export interface GoldenImages {
  readonly images: readonly GoldenImage[];
  readonly sources: readonly BundleSourceFile[];
  /** Answered wrongly: a golden image must be right. */
  readonly wrong: readonly { readonly name: string; readonly label: string; readonly answered: string }[];
  /** Answered rightly, but so narrowly that a wrong answer would lie within the tolerance; `problem` ends a sentence. */
  readonly narrow: readonly { readonly name: string; readonly problem: string }[];
}

/** What the answers to golden images are judged by. */
export interface GoldenRules {
  readonly spec: AnswerSpec;
  /** Largest allowed difference of a probability on another machine, 0..0.5. */
  readonly tolerance: number;
}

/** Most that a manifest may list. */
const MOST = 256;

/**
 * Asks the session that serves about each candidate, and keeps those that it answers rightly and by a margin that the
 * tolerance leaves standing, with the probabilities that it gave.
 *
 * @throws CliError GATE_FAILED when none is left; PawlError when a picture cannot be decoded.
 */
export async function askGolden(
  model: LocalModel,
  { spec, tolerance }: GoldenRules,
  candidates: readonly GoldenCandidate[],
): Promise<GoldenImages> {
  const images: GoldenImage[] = [];
  const sources: BundleSourceFile[] = [];
  const wrong: { name: string; label: string; answered: string }[] = [];
  const narrow: { name: string; problem: string }[] = [];
  const answers = new Map<GoldenCandidate, ReturnType<typeof toAnswer>>();
  await forEachLimited(candidates, model.capacity, async (candidate) => {
    answers.set(candidate, toAnswer(await model.ask(candidate.bytes), spec));
  });
  const names = new Set<string>();
  for (const candidate of candidates) {
    if (images.length === MOST) break;
    const answer = answers.get(candidate);
    const { label, isRight } = judge(candidate, answer);
    if (answer === undefined || !isRight) {
      wrong.push({ name: candidate.name, label, answered: answer?.label ?? 'nothing finite' });
      continue;
    }
    const probabilities = Object.fromEntries(Object.entries(answer.probabilities).map(([key, p]) => [key, round(p)]));
    // Which label is nearest to a picture of none decides nothing, so that it may be as narrow as it likes.
    const problem =
      candidate.showsNeither === true ? undefined : goldenProblem({ label, probabilities }, spec, tolerance);
    if (problem !== undefined) {
      narrow.push({ name: candidate.name, problem });
      continue;
    }
    const file = fileOf(candidate, names);
    images.push(
      candidate.showsNeither === true
        ? { file, label: answer.label, probabilities, abstained: true }
        : { file, label, probabilities },
    );
    sources.push({ path: file, source: candidate.bytes });
  }
  if (images.length > 0) return { images, sources, wrong, narrow };
  const [narrowest] = narrow;
  throw narrowest === undefined
    ? new CliError(
        'GATE_FAILED',
        `The model answers none of the ${candidates.length} golden images rightly.`,
        'Check that labels and the input (mean, std, layout) are those it was trained with.',
      )
    : new CliError(
        'GATE_FAILED',
        `None of the ${candidates.length} golden images tells a right answer from a wrong one: ${narrowest.name}, for one: ${narrowest.problem}.`,
        'Give pictures that the model is sure of, or a smaller tolerance. Probabilities that are all nearly alike come of an output that is softmax already: check --kind.',
      );
}

/** What a picture is for people, and whether an answer to it is right. */
function judge({ label, showsNeither }: GoldenCandidate, answer: Answer | undefined) {
  if (showsNeither === true) return { label: NEITHER, isRight: answer?.abstained === true };
  return { label, isRight: answer?.label === label };
}

/** The golden images of a bundle, where its labels are the same; those that it abstains from show none of them. */
export async function readGoldenOf(bundle: Bundle, labels: readonly string[]): Promise<readonly GoldenCandidate[]> {
  const { images } = bundle.manifest.golden;
  if (!images.every(({ label }) => labels.includes(label))) return [];
  return await Promise.all(
    images.map(async ({ file, label, abstained }) => ({
      name: file,
      file,
      label,
      ...(abstained === true && { showsNeither: true }),
      bytes: await bundle.read(file),
    })),
  );
}

/** `golden/cat-kitten.jpg`, made of what a manifest takes in a path, each once. */
function fileOf({ name, label, bytes, file: wanted }: GoldenCandidate, taken: Set<string>): string {
  if (wanted !== undefined && !taken.has(wanted)) {
    taken.add(wanted);
    return wanted;
  }
  const last = name.split(/[\\/]/).at(-1) ?? '';
  const extension = sniffImageFormat(bytes) === 'jpeg' ? 'jpg' : (sniffImageFormat(bytes) ?? 'bin');
  const clean = last
    .replace(/\.\w+$/, '')
    .replace(/[^A-Za-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80);
  const stem = clean.startsWith(`${label}-`) ? clean : `${label}-${clean}`;
  const plain = `golden/${stem}.${extension}`;
  const file = taken.has(plain) ? `golden/${stem}-${digestOfBytes(bytes).slice(7, 15)}.${extension}` : plain;
  taken.add(file);
  return file;
}

const round = (value: number): number => Math.round(value * 1e6) / 1e6;
