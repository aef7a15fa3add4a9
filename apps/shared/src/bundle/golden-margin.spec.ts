import { goldenMargin, goldenProblem, type MarginSpec } from './golden-margin.ts';

const binary = (threshold: number): MarginSpec => ({
  labels: ['cat', 'dog'],
  output: { kind: 'binary-logit', threshold },
});
const many = (labels: readonly string[]): MarginSpec => ({
  labels,
  output: { kind: 'softmax-logits' },
});
const animals = many(['ant', 'bee', 'cow']);

describe('the margin of a golden image', () => {
  it.each<[string, MarginSpec, string, Record<string, number>, number]>([
    ['the first of two labels: below the threshold', binary(0.5), 'cat', { cat: 0.9, dog: 0.1 }, 0.4],
    ['the second: over it', binary(0.5), 'dog', { cat: 0.1, dog: 0.9 }, 0.4],
    ['another threshold', binary(0.8), 'dog', { cat: 0.1, dog: 0.9 }, 0.1],
    ['another threshold, the first label', binary(0.8), 'cat', { cat: 0.3, dog: 0.7 }, 0.1],
    ['a label that does not win', binary(0.5), 'cat', { cat: 0.2, dog: 0.8 }, -0.3],
    ['two labels that both claim to be sure', binary(0.5), 'cat', { cat: 0.9, dog: 0.9 }, -0.4],
    ['three labels: over the next best', animals, 'bee', { ant: 0.3, bee: 0.6, cow: 0.1 }, 0.3],
    ['three labels, another wins', animals, 'cow', { ant: 0.3, bee: 0.6, cow: 0.1 }, -0.5],
  ])('%s', (_, spec, label, probabilities, margin) => {
    expect(goldenMargin({ label, probabilities }, spec)).toBeCloseTo(margin, 12);
  });
});

describe('goldenProblem', () => {
  it('has nothing against an image whose margin is the tolerance, also after decimal fractions', () => {
    const at = (dog: number) => goldenProblem({ label: 'dog', probabilities: { cat: 1 - dog, dog } }, binary(0.3), 0.1);
    expect([at(0.4), at(0.41)]).toEqual([undefined, undefined]);
    expect(at(0.399)).toBe(
      'dog wins by 0.099, less than the tolerance of 0.1, so a wrong answer could pass; expected at least the tolerance',
    );
  });

  it('finds that 1,000 labels of one in a thousand each check nothing', () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `label_${i}`);
    const probabilities = Object.fromEntries(labels.map((label, i) => [label, i === 7 ? 0.0017 : 0.0009993]));
    expect(goldenProblem({ label: 'label_7', probabilities }, many(labels), 0.05)).toMatch(
      /^label_7 wins by 0\.000701, less than the tolerance of 0\.05/,
    );
  });

  it('finds a label that its own probabilities do not answer', () => {
    expect(goldenProblem({ label: 'cat', probabilities: { cat: 0.1, dog: 0.9 } }, binary(0.5), 0.05)).toBe(
      'its probabilities answer another label than cat',
    );
  });
});
