import { paramsSchema } from '../../params/params.ts';
import { evaluate } from './evaluate.ts';
import { mcnemarP } from '@pawl/shared/statistics/mcnemar';
import { violationsOf } from './gate.ts';
import { toAnswers, toProbabilities } from './probabilities.ts';
import { rocAuc, computeRocCurve } from './roc.ts';
import { eight, ten } from './test/answers.ts';

const pets = ['cat', 'dog'];

/*
 * Reference values of scikit-learn 1.9:
 *
 *   y = [0,0,1,1,0,1,1,0,1,0]; p = [0.1,0.4,0.35,0.8,0.35,0.9,0.6,0.7,0.8,0.05]; a = p >= 0.5
 *   accuracy_score(y, a); recall_score(y, a, average=None); roc_auc_score(y, p); log_loss(y, p); confusion_matrix(y, a)
 *   roc_curve(y, p)
 *   Y = [0,1,2,2,1,0,2,1]; P = [...]; roc_auc_score(Y, P, multi_class='ovr', average='macro'); ...
 *
 * The calibration error by numpy, over bins (m/15, (m+1)/15] of conf = max(p, 1-p) or P.max(1):
 *
 *   sum(s.mean() * abs(right[s].mean() - conf[s].mean()) for m in range(15) if (s := (conf > m/15) & (conf <= (m+1)/15)).any())
 */
const pairs = (dog: readonly number[]) => dog.flatMap((p) => [1 - p, p]);

describe('accuracy', () => {
  it.each([
    [1, 'perfect', [0.1, 0.2, 0.8, 0.9]],
    [0, 'all-wrong', [0.9, 0.8, 0.2, 0.1]],
    [0.5, 'half-right', [0.1, 0.8, 0.2, 0.9]],
  ])('is %d on %s answers', (expected, _, dog) => {
    expect(evaluate(pairs(dog), [0, 0, 1, 1], pets).accuracy).toBe(expected);
  });
});

describe('against scikit-learn', () => {
  it('two labels', () => {
    const evaluation = evaluate(pairs(ten.dog), ten.classes, pets, 0.5);
    expect(evaluation.count).toBe(10);
    expect(evaluation.accuracy).toBeCloseTo(0.8, 12);
    expect(evaluation.recall).toEqual({ cat: 0.8, dog: 0.8 });
    expect(evaluation.rocAuc).toBeCloseTo(0.86, 12);
    expect(evaluation.logLoss).toBeCloseTo(0.4414530520780672, 12);
    expect(evaluation.ece).toBeCloseTo(0.245, 12);
    expect(evaluation.confusion).toEqual([
      [4, 1],
      [1, 4],
    ]);
    expect(Object.keys(evaluation.roc)).toEqual(['dog']);
    // roc_curve gives one more point, (0, 0.2), on the line from (0, 0) to (0, 0.6).
    expect(evaluation.roc['dog']).toEqual([
      { fpr: 0, tpr: 0 },
      { fpr: 0, tpr: 0.6 },
      { fpr: 0.2, tpr: 0.6 },
      { fpr: 0.2, tpr: 0.8 },
      { fpr: 0.4, tpr: 0.8 },
      { fpr: 0.6, tpr: 1 },
      { fpr: 1, tpr: 1 },
    ]);
  });

  it('three labels', () => {
    const evaluation = evaluate(eight.probabilities.flat(), eight.classes, ['a', 'b', 'c']);
    expect(evaluation.accuracy).toBe(0.75);
    expect(evaluation.recall).toEqual({ a: 0.5, b: 1, c: 2 / 3 });
    expect(evaluation.rocAuc).toBeCloseTo(0.9166666666666666, 12);
    expect(evaluation.rocAucByLabel['a']).toBeCloseTo(0.9166666666666666, 12);
    expect(evaluation.rocAucByLabel['b']).toBeCloseTo(0.9333333333333333, 12);
    expect(evaluation.rocAucByLabel['c']).toBeCloseTo(0.9, 12);
    expect(evaluation.logLoss).toBeCloseTo(0.658329083785193, 12);
    expect(evaluation.ece).toBeCloseTo(0.3875, 12);
    expect(evaluation.confusion).toEqual([
      [1, 1, 0],
      [0, 3, 0],
      [1, 0, 2],
    ]);
  });
});

describe('evaluate', () => {
  it('takes the threshold of the bundle', () => {
    expect(evaluate(pairs([0.55, 0.65]), [0, 1], pets, 0.6).accuracy).toBe(1);
    expect(evaluate(pairs([0.55, 0.65]), [0, 1], pets, 0.5).accuracy).toBe(0.5);
  });

  it('answers the second label at exactly the threshold, and the first of two equal probabilities without one', () => {
    expect([...toAnswers([0.5, 0.5], 2, 0.5).answered]).toEqual([1]);
    expect([...toAnswers([0.5, 0.5], 2).answered]).toEqual([0]);
  });

  it('keeps the loss of a sure mistake finite', () => {
    expect(evaluate([1, 0], [1], pets).logLoss).toBeCloseTo(-Math.log(Number.EPSILON), 12);
  });

  it('has bins that hold every row: confidence 1 in the last, an edge in the lower', () => {
    const { reliability } = evaluate(pairs([1, 0.6]), [1, 1], pets);
    expect(reliability).toHaveLength(15);
    expect(reliability[14]).toEqual({ lower: 14 / 15, upper: 1, count: 1, confidence: 1, accuracy: 1 });
    expect(reliability[8]).toMatchObject({ count: 1, upper: 0.6 });
    expect(reliability.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it('says NaN of what a label without photographs leaves unmeasured', () => {
    const evaluation = evaluate(pairs([0.2, 0.7]), [0, 0], pets);
    expect(evaluation.recall).toEqual({ cat: 0.5, dog: NaN });
    expect(evaluation.rocAuc).toBeNaN();
    expect(evaluation.roc).toEqual({ dog: [] });
    expect(evaluation.accuracy).toBe(0.5);
  });

  it.each<[string, number[], number[]]>([
    ['no row', [], []],
    ['too few probabilities', [0.5, 0.5, 1], [0, 1]],
    ['NaN', [NaN, 1], [0]],
    ['a logit', [-3, 4], [0]],
    ['a class beyond the labels', [0.5, 0.5], [2]],
  ])('refuses %s', (_, probabilities, classes) => {
    expect(() => evaluate(probabilities, classes, pets)).toThrow(RangeError);
  });
});

describe('probabilities', () => {
  it('are within 0..1, finite, and sum to 1 in each row, for logits of any size', () => {
    const logits = [-900, -40, -1.5, 0, 3, 40, 900];
    for (const values of [toProbabilities(logits, 'binary', 1), toProbabilities([...logits, 7, 7], 'multi-class', 3)]) {
      expect([...values].every((p) => p >= 0 && p <= 1)).toBe(true);
    }
    const three = toProbabilities([1, 2, 3, 1000, 0, -1000], 'multi-class', 3);
    expect(three[0]! + three[1]! + three[2]!).toBeCloseTo(1, 12);
    expect([...three.slice(3)]).toEqual([1, 0, 0]);
  });

  it('of two labels are two columns; the logit speaks for the second', () => {
    expect([...toProbabilities([0, 800], 'binary', 1)]).toEqual([0.5, 0.5, 0, 1]);
    // 1 - sigmoid(40) would be 0.
    expect(toProbabilities([40], 'binary', 1)[0]).toBeCloseTo(4.248354255291589e-18, 24);
  });
});

describe('ROC', () => {
  const positive = (row: number) => row % 2 === 1;

  it.each([
    ['perfect scores', [1, 2, 1, 2], 1],
    ['upside-down scores', [2, 1, 2, 1], 0],
    ['equal scores: all ties', [3, 3, 3, 3], 0.5],
    ['one tie of four pairs', [1, 1, 0, 2], 0.875],
  ])('%s', (_, scores, auc) => {
    expect(rocAuc(scores, positive)).toBe(auc);
  });

  it('is the area under its own curve', () => {
    const scores = Array.from({ length: 200 }, (_, row) => ((row * 7919) % 61) + (row % 2) * 9);
    const points = computeRocCurve(scores, positive);
    const area = points.slice(1).reduce((sum, { fpr, tpr }, at) => {
      const before = points[at]!;
      return sum + ((fpr - before.fpr) * (tpr + before.tpr)) / 2;
    }, 0);
    expect(area).toBeCloseTo(rocAuc(scores, positive), 12);
    expect(points[0]).toEqual({ fpr: 0, tpr: 0 });
    expect(points.at(-1)).toEqual({ fpr: 1, tpr: 1 });
  });
});

describe('the gate', () => {
  const limits = { accuracy: 0.9, recall: 0.85, roc_auc: 0.95, log_loss: 0.3, ece: 0.06 };
  const { gate } = paramsSchema.parse({ gate: limits });
  const plain = paramsSchema.parse({ gate: { ...limits, confidence: 0 } }).gate;
  /** So many cats and dogs, of which so many are answered wrongly. */
  const answered = ([cats, dogs]: readonly [number, number], [wrongCats, wrongDogs] = [0, 0]) => {
    const classes = [...new Array<number>(cats).fill(0), ...new Array<number>(dogs).fill(1)];
    const isWrong = (row: number) => (row < cats ? row < wrongCats : row - cats < wrongDogs);
    const dog = classes.map((label, row) => ((label === 1) === isWrong(row) ? 0.01 : 0.99));
    return { ...evaluate(pairs(dog), classes, pets), rocAuc: 1, logLoss: 0.1, ece: 0.01 };
  };
  const messages = (evaluation: ReturnType<typeof answered>, of = gate) =>
    violationsOf({ evaluation }, of).map(({ message }) => message);

  it('lets a model pass that 150 pictures speak for', () => {
    expect(messages(answered([75, 75], [3, 1]))).toEqual([]);
    expect(messages(answered([75, 75], [5, 0]))).toEqual([]);
  });

  it.each<[string, [number, number], [number, number], RegExp[]]>([
    ['four pictures, all right', [2, 2], [0, 0], [/^Accuracy .*0\.3976/, /^Recall of cat .*0\.1581/, /^Recall of dog/]],
    ['one dog', [20, 1], [0, 0], [/^Accuracy/, /^Recall of cat/, /^Recall of dog is 1.0000 of only 1 test picture /]],
    ['few dogs of many pictures', [140, 10], [0, 0], [/^Recall of dog/]],
    ['22 of a label, all right', [75, 22], [0, 0], [/^Recall of dog .*0\.8456 .*at least 23 pictures/]],
    ['a label with too many mistakes', [75, 75], [6, 0], [/^Recall of cat is 0\.9200 .*as low as 0\.8340/]],
  ])('is not fooled by %s', (_, counts, wrong, expected) => {
    const found = messages(answered(counts, wrong));
    expect(found).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) expect(found[at]).toMatch(pattern);
  });

  it('judges by the figures alone at confidence 0, and passes at exactly the limits', () => {
    expect(messages(answered([2, 2]), plain)).toEqual([]);
    const edge = { ...answered([20, 20], [1, 3]), rocAuc: 0.95, logLoss: 0.3, ece: 0.06 };
    expect(edge.recall).toEqual({ cat: 0.95, dog: 0.85 });
    expect(messages(edge, plain)).toEqual([]);
  });

  it('says each limit that is missed, by how much, and for which label', () => {
    const bad = { ...answered([20, 20], [1, 7]), rocAuc: 0.9, logLoss: 0.5, ece: 0.1 };
    expect(messages(bad, plain)).toEqual([
      'Accuracy is 0.8000 and must be at least 0.9.',
      'Recall of dog is 0.6500 and must be at least 0.85.',
      'ROC AUC is 0.9000 and must be at least 0.95.',
      'Log loss is 0.5000 and may be at most 0.3.',
      'Expected calibration error is 0.1000 and may be at most 0.06.',
    ]);
    expect(violationsOf({ evaluation: bad }, plain)[1]).toMatchObject({ measure: 'recall', label: 'dog', value: 0.65 });
  });

  it('never shows a miss as the limit itself', () => {
    expect(messages({ ...answered([75, 75]), rocAuc: 0.9499999 })[0]).toBe(
      'ROC AUC is 0.94999990 and must be at least 0.95.',
    );
  });

  it('does not pass what could not be measured', () => {
    const oneClass = { ...answered([100, 0]), rocAuc: NaN };
    expect(violationsOf({ evaluation: oneClass }, gate).map(({ measure }) => measure)).toEqual(['recall', 'roc_auc']);
    expect(messages(oneClass)[0]).toBe(
      'Recall of dog cannot be measured, because a label has no photograph in this split, and must be at least 0.85.',
    );
  });

  it.each([
    ['significantly worse', 1, 9, 0.05, ['not_worse']],
    ['as much better', 9, 1, 0.05, []],
    ['worse by chance', 0, 2, 0.05, []],
    ['significantly worse, where nobody asks', 1, 9, 0, []],
  ])('a model that is %s than the replaced one', (_, fixed, broken, level, expected) => {
    const paired = { count: 150, accuracyBefore: 1, accuracyAfter: 1, fixed, broken, p: mcnemarP(fixed, broken) };
    const found = violationsOf({ evaluation: answered([75, 75]), paired }, { ...gate, not_worse: level });
    expect(found.map(({ measure }) => measure)).toEqual(expected);
    if (expected.length > 0)
      expect(found[0]?.message).toBe(
        'It is worse than the bundle it replaces on the same 150 test pictures: 1 fixed, 9 broken, p 0.0215, which chance does in less than 0.05 of all cases.',
      );
  });

  it('asks for nothing by default', () => {
    expect(messages(answered([1, 0], [1, 0]), paramsSchema.parse({}).gate)).toEqual([]);
  });
});
