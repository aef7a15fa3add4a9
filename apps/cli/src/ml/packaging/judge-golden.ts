import { CliError } from '../../errors/cli-error.ts';
import { count } from '../../terminal/text.ts';

/** What the model answered about a picture whose label is known. */
export interface GoldenAnswer {
  readonly label: string;
  /** Undefined: nothing finite. */
  readonly answered: string | undefined;
}

/** Share of the golden images that must be answered rightly: less comes of a wrong normalisation or of wrong labels. */
const LEAST_RIGHT = 0.8;
/** Labels that are named one by one. */
const NAMED = 10;

/**
 * Pure: refuses a model that answers the golden images as one does whose labels or input are not those that it was trained
 * with: fewer than 80 % rightly, or none of a label.
 *
 * @param labels all of them, in the order of the output.
 * @throws CliError GATE_FAILED, with the order of the labels that the answers speak for where there is one.
 */
export function judgeGolden(labels: readonly string[], answers: readonly GoldenAnswer[]): void {
  const right = answers.filter(({ label, answered }) => label === answered).length;
  const without = labels.filter(
    (label) =>
      answers.some((answer) => answer.label === label) &&
      !answers.some((answer) => answer.label === label && answer.answered === label),
  );
  if (without.length === 0 && right >= LEAST_RIGHT * answers.length) return;
  const order = permutedLabels(labels, answers);
  if (order !== undefined)
    throw new CliError(
      'GATE_FAILED',
      `The labels look permuted: ${labels.join(',')} -> ${order.join(',')}; as given, ${right} of ${count(answers.length, 'golden image')} are answered rightly, in that order nearly all.`,
      `If that is the order of the output, say --labels ${order.join(',')}; a model that takes B, G, R (--channels BGR) can look like it too.`,
    );
  const only = onlyAnswer(answers);
  throw new CliError(
    'GATE_FAILED',
    [
      `The model answers ${right} of ${count(answers.length, 'golden image')} rightly`,
      right < LEAST_RIGHT * answers.length ? `, less than ${LEAST_RIGHT * 100} %` : '',
      without.length === 0 ? '' : `, and none of ${nameSome(without)}`,
      only === undefined ? '.' : `: it says ${only} of every picture.`,
    ].join(''),
    only === undefined
      ? 'Check that the labels are in the order of the output, and that the input (scale, mean, std, channels, fit) is what it was trained with.'
      : 'Check the input (scale, mean, std, channels, fit): a model that gets other values than it was trained with often says the same of all.',
  );
}

/**
 * The order of the labels in which the model answers at least 80 % rightly, where the given order is that one in disguise: the
 * pictures of each label are mostly answered by one other label, and no two by the same.
 */
function permutedLabels(labels: readonly string[], answers: readonly GoldenAnswer[]): readonly string[] | undefined {
  const trueOf = new Map<string, string>();
  let fitting = 0;
  for (const label of labels) {
    const counts = new Map<string, number>();
    for (const { label: own, answered } of answers)
      if (own === label && answered !== undefined) counts.set(answered, (counts.get(answered) ?? 0) + 1);
    const [most] = [...counts].sort(([, a], [, b]) => b - a);
    if (most === undefined || trueOf.has(most[0])) return undefined;
    trueOf.set(most[0], label);
    fitting += most[1];
  }
  const isOther = labels.some((label) => trueOf.get(label) !== label);
  return isOther && fitting >= LEAST_RIGHT * answers.length
    ? labels.map((label) => trueOf.get(label) ?? label)
    : undefined;
}

/** The label that is answered always, if it is one alone. */
function onlyAnswer(answers: readonly GoldenAnswer[]): string | undefined {
  const all = new Set(answers.map(({ answered }) => answered));
  return all.size === 1 ? [...all][0] : undefined;
}

/** `a, b and 3 more`. */
export const nameSome = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;
