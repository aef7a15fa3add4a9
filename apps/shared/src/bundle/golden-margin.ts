/** What {@link goldenMargin} needs of a manifest, which is judged by it and so cannot be imported. */
export interface MarginSpec {
  /** In the order of the graph's output. */
  readonly labels: readonly string[];
  readonly output:
    | { readonly kind: 'binary-logit' | 'binary-probability'; readonly threshold: number }
    | { readonly kind: 'softmax-logits' | 'probabilities' };
}

/** The expected answer to a golden image. */
export interface ExpectedAnswer {
  readonly label: string;
  /** By label, 0..1. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/**
 * Pure: by how much the label of an image wins, as a probability, -1..1: over the threshold of a binary output, else over
 * the next best label; negative where another label wins. An answer within a tolerance of at most this much is hardly
 * another label; a larger tolerance would let a wrong answer pass for the expected one.
 */
export function goldenMargin({ label, probabilities }: ExpectedAnswer, { labels, output }: MarginSpec): number {
  const own = probabilities[label] ?? 0;
  if ('threshold' in output) {
    // The second label is answered from the threshold on, whatever the first one's probability is said to be.
    const over = (probabilities[labels[1] ?? ''] ?? 0) - output.threshold;
    return label === labels[1] ? over : -over;
  }
  const others = labels.filter((other) => other !== label).map((other) => probabilities[other] ?? 0);
  return own - others.reduce((a, b) => Math.max(a, b), 0);
}

/**
 * Pure: what is wrong with a golden image under a tolerance, as the end of a sentence; undefined where it is of use.
 *
 * @param tolerance largest allowed difference of a probability, 0..0.5.
 */
export function goldenProblem(image: ExpectedAnswer, spec: MarginSpec, tolerance: number): string | undefined {
  const margin = goldenMargin(image, spec);
  if (margin < 0) return `its probabilities answer another label than ${image.label}`;
  // A hair less than the tolerance is what decimal fractions make of the tolerance itself.
  if (margin > tolerance - 1e-9) return undefined;
  return `${image.label} wins by ${Number(margin.toPrecision(3))}, less than the tolerance of ${tolerance}, so a wrong answer could pass; expected at least the tolerance`;
}
